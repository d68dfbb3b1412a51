"""Total variation: the differences between neighbouring pixels of the painting.

Discrete forms of Rudin, Osher & Fatemi 1992; the power is that of Mahendran & Vedaldi 2015 (arXiv
1412.0035). It uses the variable of the optimiser, in its unit, and has no target.
"""

from collections.abc import Iterator
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from nst_core.notation import Equation, factor, product, term
from nst_core.section import Positive, Weight
from nst_core.terms.formula import Array, Formula, Sum, total_error

DOWN, RIGHT = r"\downarrow", r"\rightarrow"
DIAGONALS = (r"\searrow", r"\swarrow")


class TotalVariation(Formula):
    """Differences d between neighbouring values of the variable: Σ|d|, Σd², or Σ(d₁² + d₂²)^p."""

    KIND = "tv"
    TITLE = "total variation"
    NO_RATIO = ("exponent",)

    weight: Weight = 0.0
    """The weight of the term in the total.

    A larger weight makes the painting smoother."""
    norm: Literal["absolute", "squared", "power"] = "squared"
    """Whether |d|, d², or a power of d₁² + d₂² is summed.

    Absolute differences keep edges and flatten the areas between them; squares blur edges; a power
    above 1 blurs them more."""
    exponent: Annotated[float, Field(ge=1, allow_inf_nan=False)] = 1.25
    """The exponent p of the norm `power`; the sum is over pixels that have both neighbours.

    An exponent of 1 gives a sum of squares; a larger one penalises edges more."""
    stencil: Literal["cross", "nine"] = "cross"
    """The neighbours below and on the right; or the diagonal ones too, with shares 1/3 and 1/12.

    With `nine` the term includes diagonal neighbours; it is smaller, and prefers vertical and
    horizontal edges less."""
    reduction: Literal["sum", "mean"] = "mean"
    """Whether the differences are summed or averaged, along each direction separately.

    A sum grows with the picture's pixels, a mean does not."""
    factor: Positive = 1.0
    """A constant factor.

    The factor multiplies the term, as the weight does."""
    last_row: bool = False
    """Whether `power` takes every right neighbour from the last row; a mistake in SSUML's code.

    Pixels are compared with the last row instead of their right neighbours, which causes stripes
    instead of smoothness."""
    counted: bool = True
    """Whether the term is part of the reported total; its gradient is used in either case.

    The picture is the same, but the reported total is not."""

    @model_validator(mode="after")
    def _power_is_a_sum(self) -> Self:
        if self.norm == "power" and (self.reduction, self.stencil) != ("sum", "cross"):
            raise ValueError(
                "norm 'power' needs reduction 'sum' and stencil 'cross', "
                f"not '{self.reduction}' and '{self.stencil}'"
            )
        return self

    @property
    def is_counted(self) -> bool:
        return self.counted

    def uses(self, field: str) -> bool:
        if field in ("exponent", "last_row") and self.norm != "power":
            return False
        return super().uses(field)

    def coefficient(self, target: Array | None, pixels: int) -> float:
        return self.factor

    def value(self, x: Array, target: Array | None, pixels: int) -> float:
        if self.norm == "power":
            return self.factor * float(np.power(self.squares(x), self.exponent).sum())
        total = 0.0
        for down, across, share in self.directions(*x.shape[1:]):
            total += share * total_error(difference(x, down, across), self.norm)
        return self.factor * total

    def evaluate(self, x: Array, target: Array | None, pixels: int) -> tuple[float, Array]:
        """Each difference d adds ±sign(d) or ±2d to the gradient at its two pixels."""
        g = np.zeros_like(x)
        if self.norm == "power":
            self.pull_powers(g, x)
        else:
            for down, across, share in self.directions(*x.shape[1:]):
                d = difference(x, down, across)
                # sign(0) is 0: the kink of |d| lies at equal pixels, of which flat areas have many
                pull(g, share * (np.sign(d) if self.norm == "absolute" else 2 * d), down, across)
        return self.value(x, target, pixels), self.factor * g

    def mass(self, x: Array, target: Array | None, pixels: int) -> Sum:
        """The mass of |d| is that of its two pixels; the mass of d² is |d| times this."""
        value, size = np.array(self.value(x, target, pixels)), np.abs(x)
        if self.norm == "power":
            below = size[:, 1:, :-1]
            right = size[:, -1:, 1:] if self.last_row else size[:, :-1, 1:]
            # |d| ≤ √s bounds the derivative of s^p, and is finite where s = d₁² + d₂² is 0
            slope = self.exponent * np.power(self.squares(x), self.exponent - 0.5)
            mass = np.sum(slope * (below + right + 2 * size[:, :-1, :-1]))
            return Sum(value, np.array(self.factor * mass), slope.size)
        mass, count = np.zeros(()), 0
        for down, across, share in self.directions(*x.shape[1:]):
            d, both = difference(x, down, across), difference(size, down, across)
            both = both + 2 * before(size, down, across)
            mass = mass + share * np.sum(both if self.norm == "absolute" else np.abs(d) * both)
            count += d.size
        return Sum(value, self.factor * mass, count)

    def directions(self, height: int, width: int) -> tuple[tuple[int, int, float], ...]:
        """(down, across, share): the offset of each neighbour, and the factor of its sum.

        The mean is taken along each direction separately.
        """
        cross, diagonal = ((1, 0), (0, 1)), ((1, 1), (1, -1))
        shares = dict.fromkeys(cross, 1.0)
        if self.stencil == "nine":
            shares = dict.fromkeys(cross, 1 / 3) | dict.fromkeys(diagonal, 1 / 12)
        # each direction has its own number of differences, which decides its mean
        counts = {(dy, dx): 3 * (height - dy) * (width - abs(dx)) for dy, dx in shares}
        mean = self.reduction == "mean"
        return tuple((*d, share / counts[d] if mean else share) for d, share in shares.items())

    def squares(self, x: Array) -> Array:
        """d₁² + d₂² at each pixel that has a neighbour below and one on its right.

        With `last_row` the right neighbour is taken from the last row.
        """
        here = x[:, :-1, :-1]
        below = x[:, 1:, :-1]
        right = x[:, -1:, 1:] if self.last_row else x[:, :-1, 1:]
        summed: Array = np.square(below - here) + np.square(right - here)
        return summed

    def pull_powers(self, g: Array, x: Array) -> None:
        """d(s^p) = p s^(p−1) (2 d₁ + 2 d₂), with s = d₁² + d₂²."""
        p = self.exponent
        slope = 2 * p * np.power(self.squares(x), p - 1)
        here = x[:, :-1, :-1]
        below = slope * (x[:, 1:, :-1] - here)
        right = slope * ((x[:, -1:, 1:] if self.last_row else x[:, :-1, 1:]) - here)
        g[:, 1:, :-1] += below
        g[:, :-1, :-1] -= below + right
        if self.last_row:
            g[:, -1, 1:] += right.sum(1)
        else:
            g[:, :-1, 1:] += right

    def equations(self, name: str) -> Iterator[Equation]:
        where = "x': the neighbour in the direction of the arrow"
        if self.norm == "power":
            where = "where x' exists both below and on the right"
            power = "" if self.exponent == 1 else f"^{{{self.exponent:.12g}}}"
            body = rf"\sum (d_{DOWN}^2 + d_{RIGHT}^2){power}"
            if self.last_row:
                where += ", taken from the last row"
        elif self.stencil == "nine":
            body = rf"\tfrac{{1}}{{3}} ({self.along((DOWN, RIGHT))})"
            body += rf" + \tfrac{{1}}{{12}} ({self.along(DIAGONALS)})"
        else:
            body = self.along((DOWN, RIGHT))
        times = factor(self.factor)
        bracketed = f"({body})" if times and self.norm != "power" else body
        yield Equation(term(name), product(times, bracketed))
        yield Equation("d", "x' - x", where)

    def along(self, directions: tuple[str, ...]) -> str:
        """The sums or means of the differences, one for each direction."""
        sign = {"sum": r"\sum ", "mean": r"\mathrm{mean}\ "}[self.reduction]
        form = "|d_{}|" if self.norm == "absolute" else "d_{}^2"
        return " + ".join(sign + form.format(direction) for direction in directions)


def difference(x: Array, down: int, across: int) -> Array:
    """The neighbour of each pixel, at this offset, minus the pixel."""
    width = x.shape[2]
    left, right = max(0, -across), max(0, across)
    after = x[:, down:, right : width - left]
    return after - before(x, down, across)


def before(x: Array, down: int, across: int) -> Array:
    """The pixels that `difference` subtracts."""
    height, width = x.shape[1:]
    kept: Array = x[:, : height - down, max(0, -across) : width - max(0, across)]
    return kept


def pull(g: Array, gradient: Array, down: int, across: int) -> None:
    """Adds the gradient of each difference to the gradient at both of its pixels."""
    height, width = g.shape[1:]
    left, right = max(0, -across), max(0, across)
    g[:, down:, right : width - left] += gradient
    g[:, : height - down, left : width - right] -= gradient
