"""The gradients of `nst_core.formulas`, by hand.

Each returns the value and its derivative with respect to its first argument.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nst_core.formulas import (
    coefficient,
    content_loss,
    difference,
    directions,
    gram_divisor,
    gram_matrix,
    squares,
    style_loss,
    total_variation,
)
from nst_core.recipe import Content, Style, TotalVariation

Array = NDArray[np.floating[Any]]


def content(F: Array, P: Array, formula: Content) -> tuple[float, Array]:
    """Eq. 2, without its case for F < 0, which is the rectification's own derivative."""
    d = F - P
    slope = 2 * d if formula.norm == "squared" else np.sign(d)
    return content_loss(F, P, formula), coefficient(formula, P) * slope


def style(F: Array, A: Array, formula: Style, pixels: int = 1) -> tuple[float, Array]:
    """Eq. 6: with G = F Fᵀ / d, the derivative of Σ(G − A)² is 4/d (G − A) F."""
    rows = F.reshape(len(F), -1)
    G = gram_matrix(F, formula)
    slope = 4 * coefficient(formula, A, pixels) / gram_divisor(formula, *rows.shape)
    if formula.centred:
        rows = rows - rows.mean(1, keepdims=True)
    g = slope * (G - A) @ (rows + formula.shift)
    if formula.centred:
        g = g - g.mean(1, keepdims=True)
    return style_loss(G, A, formula, pixels), g.reshape(F.shape)


def smoothness(x: Array, formula: TotalVariation) -> tuple[float, Array]:
    """Each difference d pulls its two pixels apart by sign(d) or 2d."""
    g = np.zeros_like(x)
    if formula.norm == "power":
        pull_powers(g, x, formula)
    else:
        for down, across, share in directions(formula, *x.shape[1:]):
            d = difference(x, down, across)
            pull(g, share * (np.sign(d) if formula.norm == "absolute" else 2 * d), down, across)
    return total_variation(x, formula), formula.factor * g


def pull(g: Array, slope: Array, down: int, across: int) -> None:
    """Adds the slope of the differences to the gradient at both their pixels."""
    height, width = g.shape[1:]
    left, right = max(0, -across), max(0, across)
    g[:, down:, right : width - left] += slope
    g[:, : height - down, left : width - right] -= slope


def pull_powers(g: Array, x: Array, formula: TotalVariation) -> None:
    """d(s^p) = p s^(p−1) (2 d₁ + 2 d₂), with s = d₁² + d₂²."""
    p = formula.exponent
    slope = 2 * p * np.power(squares(x, formula), p - 1)
    here = x[:, :-1, :-1]
    below = slope * (x[:, 1:, :-1] - here)
    right = slope * ((x[:, -1:, 1:] if formula.last_row else x[:, :-1, 1:]) - here)
    g[:, 1:, :-1] += below
    g[:, :-1, :-1] -= below + right
    if formula.last_row:
        g[:, -1, 1:] += right.sum(1)
    else:
        g[:, :-1, 1:] += right
