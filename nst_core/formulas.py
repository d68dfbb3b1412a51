"""The loss formulas, in NumPy: what every backend computes.

Features F of the painting and P of the photograph have shape (N, height, width): N channels of
M = height·width positions. Equation numbers are those of Gatys, Ecker & Bethge, "Image Style
Transfer Using Convolutional Neural Networks", CVPR 2016.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nst_core.recipe import Content, Reduction, Style, TotalVariation

Array = NDArray[np.floating[Any]]


def gram_matrix(F: Array, formula: Style) -> Array:
    """G = F Fᵀ (eq. 3) over the divisor that the recipe names; shape (N, N)."""
    F = F.reshape(len(F), -1)
    return F @ F.T / gram_divisor(formula, *F.shape)


def gram_divisor(formula: Style, channels: int, positions: int) -> int:
    """What F Fᵀ is divided by: 1, M or N·M."""
    return {"raw": 1, "positions": positions, "elements": channels * positions}[formula.gram]


def content_loss(F: Array, P: Array, formula: Content) -> float:
    """Σ(F − P)² (eq. 1), reduced and scaled as the recipe says."""
    return formula.factor * squared_error(F, P, formula.reduction)


def style_loss(G: Array, A: Array, formula: Style) -> float:
    """Σ(G − A)² (eq. 4) at one tap, reduced and scaled as the recipe says."""
    return formula.factor * squared_error(G, A, formula.reduction)


def squared_error(y: Array, target: Array, reduction: Reduction) -> float:
    """Σ(y − target)², reduced."""
    return float(np.square(y - target).sum()) / squared_error_divisor(target, reduction)


def squared_error_divisor(target: Array, reduction: Reduction) -> float:
    """1 for a sum, the number of terms for a mean, Σ target² for a relative error.

    A target that is zero everywhere has no scale of its own: its divisor is one.
    """
    if reduction == "relative":
        return float(np.square(target).sum()) or 1.0
    return float(target.size) if reduction == "mean" else 1.0


def total_variation(x: Array, formula: TotalVariation) -> float:
    """Σ|d| or Σd² over differences d of neighbours in x, (3, height, width).

    The mean is taken down and across separately, and added.
    """
    power = {"absolute": np.abs, "squared": np.square}[formula.norm]
    down, across = power(x[:, 1:, :] - x[:, :-1, :]), power(x[:, :, 1:] - x[:, :, :-1])
    if formula.reduction == "mean":
        return float(down.mean() + across.mean())
    return float(down.sum() + across.sum())
