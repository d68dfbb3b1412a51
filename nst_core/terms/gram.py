"""The style loss compares the Gram matrix of the painting's features with that of the style's.

Equation numbers are those of Gatys, Ecker & Bethge, "Image Style Transfer Using Convolutional
Neural Networks", CVPR 2016.
"""

from collections.abc import Iterator, Mapping
from math import isclose, prod
from typing import ClassVar, Literal, Self

import numpy as np
from pydantic import model_validator

from nst_core.notation import Equation, error, factor, fraction, layered, number, product, term
from nst_core.section import Positive, Taps, Weight
from nst_core.terms.formula import Array, Comparison, Formula, Needs, Sum, Target, energy


class Gram(Comparison):
    """Σ(G − A)² over the Gram matrices G of the painting and A of the style."""

    KIND = "gram"
    TITLE = "style"
    TARGET: ClassVar[Target] = "styles"
    NO_RATIO = ("shift",)
    MUST_AGREE = {  # noqa: RUF012
        "centred": ", so the Gram matrices are those of other features",
        "shift": ", so the Gram matrices are those of other features",
    }

    weight: Weight
    """The weight of the term in the total.

    A larger weight takes on more of the style."""
    taps: Taps
    """The layers whose Gram matrices are compared, each with its share of the weight.

    Shallow layers determine colours and strokes, deep layers larger shapes."""
    average: Literal["none", "one", "double"] = "none"
    """Whether the shares may have any sum, must add up to one, or are also divided by their number.

    With `one` the shares must add up to one; with `double` they are also divided by the number of
    layers, which makes the term smaller."""
    gram: Literal["raw", "positions", "elements"] = "raw"
    """F Fᵀ is divided by 1, by M = height·width, or by N·M with N channels.

    The Gram matrix has another divisor, whose square divides the term; raw requires pictures of
    equal size, positions (M) does not, and elements (N·M) also makes the term N² times smaller in a
    layer of N channels."""
    centred: bool = False
    """Whether the mean over positions is subtracted from F first, which makes G a covariance.

    A covariance does not contain the mean activations, which determine much of the colour."""
    shift: float = 0.0
    """A constant that is added to F before the product.

    With a shift, the mean activations have an effect on every element of the Gram matrix."""
    reduction: Literal["sum", "mean", "relative", "image"] = "sum"
    """The sum is divided by 1, by N², by ΣA², or by (3·H·W)² for a painting of H×W pixels.

    The error has another divisor; that of image is the same for every layer, the others are not."""
    factor: Positive = 1.0
    """A constant factor, such as the 1/4 of a paper.

    The factor multiplies the term, as the weight does."""

    @model_validator(mode="after")
    def _shares_add_up(self) -> Self:
        total = sum(self.taps.values())
        if self.average != "none" and not isclose(total, 1, abs_tol=1e-6):
            raise ValueError(
                f"taps must add up to 1, not {total:g}, because average is '{self.average}'"
            )
        return self

    @property
    def cancels(self) -> bool:
        """Subtracting the mean from a nearly constant channel leaves only rounding errors."""
        return self.centred

    def weights(self) -> Mapping[str, float]:
        weight = self.weight / (len(self.taps) if self.average == "double" else 1)
        return {tap: weight * share for tap, share in self.taps.items()}

    def divisor(self, shape: tuple[int, ...]) -> float:
        """The divisor of F Fᵀ for features (N, height, width) or (N, M): 1, M or N·M."""
        channels, positions = shape[0], prod(shape[1:])
        return {"raw": 1, "positions": positions, "elements": channels * positions}[self.gram]

    def rows(self, x: Array) -> Array:
        """The features as a matrix (N, M), centred and shifted as the recipe says."""
        rows = x.reshape(len(x), -1)
        if self.centred:
            rows = rows - rows.mean(1, keepdims=True)
        return rows + self.shift

    def statistic(self, x: Array) -> Array:
        """G = F Fᵀ over its divisor (eq. 3), of shape (N, N)."""
        rows = self.rows(x)
        return rows @ rows.T / self.divisor(rows.shape)

    def pullback(self, x: Array, gradient: Array) -> Array:
        """Eq. 6. The gradient at G is symmetric, so both factors of F Fᵀ contribute equally."""
        rows = self.rows(x)
        g = 2 / self.divisor(rows.shape) * gradient @ rows
        if self.centred:
            g = g - g.mean(1, keepdims=True)
        return g.reshape(x.shape)

    def statistic_mass(self, x: Array) -> Sum:
        """F Fᵀ of absolute values; a mean or a shift is one more term of each factor."""
        size = np.abs(x)
        offset = abs(self.shift) + (size.mean((1, 2), keepdims=True) if self.centred else 0)
        plain = self.model_copy(update={"centred": False, "shift": 0.0})
        return Sum(self.statistic(x), plain.statistic(size + offset), x[0].size)

    def coefficient(self, target: Array | None, pixels: int) -> float:
        assert target is not None
        divisors = {"sum": 1.0, "mean": float(target.size), "image": float((3 * pixels) ** 2)}
        if self.reduction == "relative":
            return self.factor / energy(target)
        return self.factor / divisors[self.reduction]

    def needs(self, other: Formula) -> Needs:
        assert isinstance(other, Gram)
        reductions = {self.reduction, other.reduction}
        if "relative" in reductions and len(reductions) > 1:
            return "activations"
        grams = {self.gram, other.gram}
        positions = "raw" in grams and len(grams) > 1 and self.reduction != "relative"
        return "size" if positions or ("image" in reductions and len(reductions) > 1) else ""

    def equations(self, name: str) -> Iterator[Equation]:
        """Eqs. 3 to 5, and the weighted term as a multiple of Σ(F Fᵀ − S Sᵀ)²."""
        body = fraction(error("G - A"), self.divisor_latex)
        body = product(self.averaged, factor(self.factor), body)
        yield from layered(name, "w", body, self.taps)
        F, S = self.features_latex("F"), self.features_latex("S")
        where = "A likewise from S" + ", with its own M" * self.keeps_shape
        yield Equation("G", fraction(rf"{F} {F}^\top", self.gram_divisor_latex), where)
        if F != "F":
            mean = rf"{F[-1]} - \bar F" if self.centred else "F"
            shift = f" {'-' if self.shift < 0 else '+'} {number(abs(self.shift))}"
            where = "S likewise" + "; the bar: the mean over positions" * self.centred
            yield Equation(F, mean + shift * bool(self.shift), where)
        yield self.reduced(name, F, S)

    @property
    def keeps_shape(self) -> bool:
        """Whether the style may have another M than the painting."""
        return self.gram != "raw"

    def reduced(self, name: str, F: str, S: str) -> Equation:
        """The weighted term as a multiple of Σ(FFᵀ − SSᵀ)², in which recipes can be compared."""
        shares = list(self.taps.values())
        parts = len(shares) if self.average == "double" else 1
        alone = shares[0] if len(shares) == 1 else 1.0
        coefficient = number(self.weight * self.factor * alone / parts)
        body = fraction(error(rf"{F} {F}^\top - {S} {S}^\top"), self.reduced_divisor(S))
        left = product(number(self.weight), term(name))
        where = "" if self.gram == "raw" else "where both have the same M"
        summed = r"\sum_l w_l" if len(shares) > 1 else ""
        return Equation(left, product(summed, coefficient, body), where)

    def reduced_divisor(self, S: str) -> str:
        """Both divisors as one product; the divisor of G cancels in a relative error."""
        if self.reduction == "relative":
            return error(rf"{S} {S}^\top")
        channels = 2 * (self.reduction == "mean") + 2 * (self.gram == "elements")
        parts = [self.divisor_latex] if self.reduction == "image" else []
        parts += [f"N^{channels}"] if channels else []
        parts += ["M^2"] if self.gram != "raw" else []
        return r" \, ".join(parts)

    @property
    def divisor_latex(self) -> str:
        """The divisor of the error of G in LaTeX."""
        divisors = {"sum": "", "mean": "N^2", "relative": error("A"), "image": r"(3 \, H \, W)^2"}
        return divisors[self.reduction]

    @property
    def gram_divisor_latex(self) -> str:
        """The divisor of F Fᵀ in LaTeX."""
        return {"raw": "", "positions": "M", "elements": r"N \, M"}[self.gram]

    @property
    def averaged(self) -> str:
        """The second division, by the number of layers, in LaTeX."""
        double = self.average == "double" and len(self.taps) > 1
        return rf"\tfrac{{1}}{{{len(self.taps)}}}" if double else ""

    def features_latex(self, letter: str) -> str:
        """The letter, with a hat if G is not the Gram matrix of the features themselves."""
        return rf"\hat {letter}" if self.centred or self.shift else letter
