"""The loss formulas, in NumPy: what every backend computes.

Features F of the painting and P of the photograph have shape (N, height, width): N channels of
M = height·width positions. Equation numbers are those of Gatys, Ecker & Bethge, "Image Style
Transfer Using Convolutional Neural Networks", CVPR 2016.
"""

from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nst_core.recipe import Content, Norm, Style, TotalVariation

Array = NDArray[np.floating[Any]]


def gram_matrix(F: Array, formula: Style) -> Array:
    """G = F Fᵀ (eq. 3) over the divisor that the recipe names; shape (N, N).

    F is first centred over its positions, or shifted, where the recipe says so.
    """
    F = F.reshape(len(F), -1)
    if formula.centred:
        F = F - F.mean(1, keepdims=True)
    F = F + formula.shift
    return F @ F.T / gram_divisor(formula, *F.shape)


def gram_divisor(formula: Style, channels: int, positions: int) -> float:
    """What F Fᵀ is divided by: 1, M or N·M."""
    return {"raw": 1, "positions": positions, "elements": channels * positions}[formula.gram]


def content_loss(F: Array, P: Array, formula: Content) -> float:
    """Σ(F − P)² (eq. 1) or Σ|F − P|, reduced and scaled as the recipe says."""
    return coefficient(formula, P) * error(F, P, formula.norm)


def style_loss(G: Array, A: Array, formula: Style, pixels: int = 1) -> float:
    """Σ(G − A)² (eq. 4) at one tap, reduced and scaled as the recipe says."""
    return coefficient(formula, A, pixels) * error(G, A)


def error(y: Array, target: Array, norm: Norm = "squared") -> float:
    """Σ(y − target)² or Σ|y − target|."""
    d = y - target
    return float(np.square(d).sum() if norm == "squared" else np.abs(d).sum())


def coefficient(
    formula: Content | Style | TotalVariation, target: Array | None, pixels: int = 1
) -> float:
    """What the error of a term is multiplied by, before its weight.

    `pixels` is the height times the width of the painting.
    """
    if isinstance(formula, TotalVariation) or target is None:
        return formula.factor
    return formula.factor / divisor(formula, target, pixels)


def divisor(formula: Content | Style, target: Array, pixels: int) -> float:
    """What the sum of a term's errors is divided by.

    It is 1 for `sum`, the number of summands for `mean`, its square root for `root`, (3·pixels)²
    for `image`, and for `relative` the error that features of zero would have. A target that is
    zero everywhere has no scale of its own: its divisor is one.
    """
    match formula.reduction:
        case "mean":
            return float(target.size)
        case "root":
            return sqrt(target.size)
        case "image":
            return float((3 * pixels) ** 2)
        case "relative":
            norm = formula.norm if isinstance(formula, Content) else "squared"
            return error(target.astype(np.float64), np.zeros(()), norm) or 1.0
        case _:
            return 1.0


def total_variation(x: Array, formula: TotalVariation) -> float:
    """Σ|d|, Σd² or Σ(d₁² + d₂²)^p over differences d of neighbours in x, (3, height, width)."""
    if formula.norm == "power":
        return formula.factor * float(np.power(squares(x, formula), formula.exponent).sum())
    total = 0.0
    for down, across, share in directions(formula, *x.shape[1:]):
        d = difference(x, down, across)
        total += share * error(d, np.zeros(()), formula.norm)
    return formula.factor * total


def directions(
    formula: TotalVariation, height: int, width: int
) -> tuple[tuple[int, int, float], ...]:
    """(down, across, share): to which neighbours the differences go, and what each sum is
    multiplied by. The mean is taken along each direction separately."""
    cross, diagonal = ((1, 0), (0, 1)), ((1, 1), (1, -1))
    shares = dict.fromkeys(cross, 1.0)
    if formula.stencil == "nine":
        shares = dict.fromkeys(cross, 1 / 3) | dict.fromkeys(diagonal, 1 / 12)
    counts = {(dy, dx): 3 * (height - dy) * (width - abs(dx)) for dy, dx in shares}
    mean = formula.reduction == "mean"
    return tuple((*d, share / counts[d] if mean else share) for d, share in shares.items())


def difference(x: Array, down: int, across: int) -> Array:
    """Each pixel's neighbour, so far down and across, minus the pixel itself."""
    height, width = x.shape[1:]
    left, right = max(0, -across), max(0, across)
    after = x[:, down:, right : width - left]
    before: Array = x[:, : height - down, left : width - right]
    return after - before


def squares(x: Array, formula: TotalVariation) -> Array:
    """d₁² + d₂² at each pixel that has a neighbour below and one on its right.

    With `last_row` the second is compared with its right neighbour in the last row.
    """
    here = x[:, :-1, :-1]
    below = x[:, 1:, :-1]
    right = x[:, -1:, 1:] if formula.last_row else x[:, :-1, 1:]
    summed: Array = np.square(below - here) + np.square(right - here)
    return summed
