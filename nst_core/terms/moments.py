"""A term that compares the mean and the standard deviation of every channel.

Galerne, Raad, Lezama & Morel, "Scaling Painting Style Transfer", arXiv 2212.13459: at high
resolution, Gram matrices alone do not match these means and standard deviations well.
"""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Literal

import numpy as np

from nst_core.notation import Equation, error, factor, fraction, layered, product
from nst_core.section import Positive, Taps, Weight
from nst_core.terms.formula import Array, Comparison, Sum, Target, energy


class Moments(Comparison):
    """Σ(μ − μ_S)² + Σ(σ − σ_S)² over the means μ and standard deviations σ of the channels."""

    KIND = "moments"
    TITLE = "moments"
    TARGET: ClassVar[Target] = "styles"
    EXAMPLE: ClassVar[Mapping[str, Any]] = {
        "weight": 2.0,
        "taps": {"relu1_1": 0.5, "conv3_1": 0.25},
        "reduction": "relative",
        "factor": 0.5,
    }

    weight: Weight
    """The weight of the term in the total.

    A larger weight makes the mean and the contrast of the activations more like the style's."""
    taps: Taps
    """The layers whose channels are compared, each with its share of the weight.

    Shallow layers determine colour and contrast, deep layers how often each shape occurs."""
    reduction: Literal["sum", "mean", "relative"] = "relative"
    """The sum is divided by 1, by its number of terms 2·N, or by its value for F = 0.

    Relative errors are of similar size in every layer; sums depend on the size of the
    activations."""
    factor: Positive = 1.0
    """A constant factor.

    The factor multiplies the term, as the weight does."""

    def weights(self) -> Mapping[str, float]:
        return {tap: self.weight * share for tap, share in self.taps.items()}

    def statistic(self, x: Array) -> Array:
        """The means in the first row and the standard deviations in the second: (2, N)."""
        rows = x.reshape(len(x), -1)
        return np.stack([rows.mean(1), rows.std(1)])

    def pullback(self, x: Array, gradient: Array) -> Array:
        """dμ/dF = 1/M and dσ/dF = (F − μ)/(M·σ), which is defined as 0 for a constant channel."""
        rows = x.reshape(len(x), -1)
        mean, deviation = rows.mean(1, keepdims=True), rows.std(1, keepdims=True)
        # σ = 0 implies F − μ = 0, and 0 / 1 gives the 0 that is wanted
        along = (rows - mean) / np.where(deviation > 0, deviation, 1)
        g = (gradient[0][:, None] + gradient[1][:, None] * along) / rows.shape[1]
        pulled: Array = g.reshape(x.shape)
        return pulled

    def statistic_mass(self, x: Array) -> Sum:
        """The masses of the means and of the standard deviations.

        σ is a norm, so a rounding error of F − μ changes it by at most the norm of the error. The
        mass therefore contains no division by σ and is valid for nearly constant channels.
        """
        size = np.abs(x.reshape(len(x), -1))
        mean = size.mean(1, keepdims=True)
        deviation = np.sqrt(np.square(size + mean).mean(1))
        return Sum(self.statistic(x), np.stack([mean[:, 0], deviation]), size.shape[1])

    def coefficient(self, target: Array | None, pixels: int) -> float:
        assert target is not None
        if self.reduction == "relative":
            return self.factor / energy(target)
        return self.factor / (target.size if self.reduction == "mean" else 1)

    def equations(self, name: str) -> Iterator[Equation]:
        divisors = {"sum": "", "mean": r"2 \, N", "relative": r"\sum (\mu_S^2 + \sigma_S^2)"}
        errors = error(r"\mu - \mu_S") + " + " + error(r"\sigma - \sigma_S")
        divisor = divisors[self.reduction]
        body = fraction(f"({errors})" if divisor else errors, divisor)
        yield from layered(name, "m", product(factor(self.factor), body), self.taps)
        where = "over the positions of each channel; of S likewise"
        yield Equation(r"\mu, \sigma", r"\text{mean}(F), \text{deviation}(F)", where)


class Variances(Moments):
    def statistic(self, x: Array) -> Array:
        mean, deviation = super().statistic(x)
        return np.stack([mean, deviation**2])


class OneLess(Moments):
    def statistic(self, x: Array) -> Array:
        M = x[0].size
        scaled: Array = super().statistic(x) * np.array([[1.0], [(M / (M - 1)) ** 0.5]])
        return scaled


class MeansAlone(Moments):
    def pullback(self, x: Array, gradient: Array) -> Array:
        return super().pullback(x, gradient * np.array([[1.0], [0.0]]))


Moments.MISTAKES = {
    "variances for deviations": (1, Variances),
    "deviations over M − 1": (1, OneLess),
    "a gradient of the means alone": (3, MeansAlone),
}
