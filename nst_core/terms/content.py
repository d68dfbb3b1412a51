"""The content loss compares features of the painting with those of the photograph.

Gatys, Ecker & Bethge, "Image Style Transfer Using Convolutional Neural Networks", CVPR 2016, eq. 1.
"""

from collections.abc import Iterator, Mapping
from math import sqrt
from typing import ClassVar, Literal

import numpy as np

from nst_core.notation import Equation, error, factor, fraction, layered, product
from nst_core.section import Norm, Positive, Taps, Weight
from nst_core.terms.formula import Array, Comparison, Formula, Needs, Sum, Target, energy


class Content(Comparison):
    """Σ(F − P)² over the features F of the painting and P of the photograph; or Σ|F − P|."""

    KIND = "content"
    TITLE = "content"
    TARGET: ClassVar[Target] = "content"
    MUST_AGREE = {"norm": ", which are not proportional"}  # noqa: RUF012

    weight: Weight = 1.0
    """The weight of the term in the total.

    A larger weight keeps more of the photograph."""
    taps: Taps
    """The layers whose features are compared, each with its share of the weight.

    A deep layer keeps objects and lets their pixels change; a shallow layer keeps the pixels."""
    norm: Norm = "squared"
    """Whether the term sums squares or absolute values of the differences.

    Absolute errors allow a few large differences, squared errors do not; the unit of the term
    changes too."""
    reduction: Literal["sum", "mean", "root", "relative"] = "sum"
    """The sum is divided by 1, by its number of terms K, by √K, or by its value for F = 0.

    The error has another divisor, for which the weight must compensate; sum and mean differ by a
    factor of N·M, which is half a million at relu4_2 of a picture of 256² pixels."""
    factor: Positive = 1.0
    """A constant factor, such as the 1/2 of a paper.

    The factor multiplies the term, as the weight does."""

    @property
    def norm_of_error(self) -> Norm:
        return self.norm

    def weights(self) -> Mapping[str, float]:
        return {tap: self.weight * share for tap, share in self.taps.items()}

    def statistic(self, x: Array) -> Array:
        """F itself."""
        return x

    def pullback(self, x: Array, gradient: Array) -> Array:
        return gradient

    def statistic_mass(self, x: Array) -> Sum:
        return Sum(x, np.abs(x), 0)

    def coefficient(self, target: Array | None, pixels: int) -> float:
        assert target is not None
        divisors = {"sum": 1.0, "mean": float(target.size), "root": sqrt(target.size)}
        if self.reduction == "relative":
            return self.factor / energy(target, self.norm)
        return self.factor / divisors[self.reduction]

    def needs(self, other: Formula) -> Needs:
        assert isinstance(other, Content)
        if self.reduction == other.reduction:
            return ""
        return "activations" if "relative" in (self.reduction, other.reduction) else "size"

    def equations(self, name: str) -> Iterator[Equation]:
        body = fraction(error("F - P", self.norm), self.divisor_latex)
        return layered(name, "v", product(factor(self.factor), body), self.taps)

    @property
    def divisor_latex(self) -> str:
        """The divisor of the error in LaTeX."""
        relative = error("P", self.norm)
        divisors = {"sum": "", "mean": r"N \, M", "root": r"\sqrt{N \, M}", "relative": relative}
        return divisors[self.reduction]
