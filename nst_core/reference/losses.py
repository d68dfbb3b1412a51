"""The gradients of `nst_core.formulas`, by hand.

Each returns the value and its derivative with respect to its first argument.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nst_core.formulas import (
    content_loss,
    gram_divisor,
    gram_matrix,
    squared_error_divisor,
    style_loss,
    total_variation,
)
from nst_core.recipe import Content, Style, TotalVariation

Array = NDArray[np.floating[Any]]


def content(F: Array, P: Array, formula: Content) -> tuple[float, Array]:
    """Eq. 2, without its case for F < 0, which is the rectification's own derivative."""
    slope = 2 * formula.factor / squared_error_divisor(P, formula.reduction)
    return content_loss(F, P, formula), slope * (F - P)


def style(F: Array, A: Array, formula: Style) -> tuple[float, Array]:
    """Eq. 6: with G = F Fᵀ / d, the derivative of Σ(G − A)² is 4/d (G − A) F."""
    rows = F.reshape(len(F), -1)
    G = gram_matrix(F, formula)
    slope = 2 * formula.factor / squared_error_divisor(A, formula.reduction)
    slope *= 2 / gram_divisor(formula, *rows.shape)
    return style_loss(G, A, formula), (slope * (G - A) @ rows).reshape(F.shape)


def smoothness(x: Array, formula: TotalVariation) -> tuple[float, Array]:
    """Each difference d pulls its two pixels apart by sign(d) or 2d."""
    g = np.zeros_like(x)
    for axis in (1, 2):
        d = np.diff(x, axis=axis)
        slope = np.sign(d) if formula.norm == "absolute" else 2 * d
        if formula.reduction == "mean":
            slope = slope / d.size
        before, after = [slice(None)] * 3, [slice(None)] * 3
        before[axis], after[axis] = slice(None, -1), slice(1, None)
        g[tuple(before)] -= slope
        g[tuple(after)] += slope
    return total_variation(x, formula), g
