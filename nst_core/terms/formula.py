"""The base classes of the kinds of terms, which the core, `nst check` and the backends use."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nst_core.notation import Equation
from nst_core.section import Norm, Section, Weight

Array = NDArray[np.floating[Any]]
Target = Literal["content", "styles", "none"]
Needs = Literal["", "size", "activations"]


class Sum(NamedTuple):
    """A sum of `terms` terms, or an array of such sums.

    `terms` is 0 if nothing is summed, as in the features themselves. `mass` is the sum of the
    absolute values of the terms. Rounding each of them with the unit roundoff u changes the sum by
    at most u·mass, so |y − value| / (u·mass) measures the error of a computed y independently of
    the scale of the numbers.
    """

    value: Array
    mass: Array
    terms: int


class Formula(Section, ABC):
    """A kind of term, with its settings in a recipe.

    The input x of a term is the features (N, height, width) at a layer, or, if it has no taps, the
    variable (3, height, width) of the optimiser. `target` is the statistic that x is compared
    with, or None. `pixels` is the height times the width of the painting.
    """

    KIND: ClassVar[str]
    """The name of the kind in recipes and backends."""
    TITLE: ClassVar[str]
    """The name of the term in text."""
    TARGET: ClassVar[Target] = "none"
    """The pictures from which the target is computed."""
    EXAMPLE: ClassVar[Mapping[str, Any]] = {}
    """The fields of a term with which backends are checked. Every field should have an effect."""
    MISTAKES: ClassVar[Mapping[str, tuple[int, type["Formula"]]]] = {}
    """Common wrong versions by name: the lowest level of `nst check` at which each must fail, and
    the wrong formula."""
    NO_RATIO: ClassVar[tuple[str, ...]] = ()
    """Fields that are numbers, but whose ratio between two recipes is meaningless."""
    MUST_AGREE: ClassVar[Mapping[str, str]] = {}
    """Fields that must be equal if one recipe's term is to be a multiple of another's. The values
    end the sentence that says why."""

    weight: Weight = 1.0
    """The weight of the term in the total.

    A larger weight gives the term more influence compared with the others."""

    def weights(self) -> Mapping[str, float]:
        """The weight of the term at each layer; the key `""` means the variable."""
        return {"": self.weight}

    @property
    def is_counted(self) -> bool:
        """Whether the term is part of the total, and not only of the gradient."""
        return True

    @property
    def cancels(self) -> bool:
        """Whether its sums nearly cancel even for pictures that are not flat."""
        return False

    def uses(self, field: str) -> bool:
        """Whether the field has an effect, given the other fields."""
        return field == "weight" or bool(self.weight)

    @abstractmethod
    def coefficient(self, target: Array | None, pixels: int) -> float:
        """The factor of the term's error, without the weight."""

    @abstractmethod
    def value(self, x: Array, target: Array | None, pixels: int) -> float:
        """The term without its weight."""

    @abstractmethod
    def evaluate(self, x: Array, target: Array | None, pixels: int) -> tuple[float, Array]:
        """The value, and d value / d x, of the shape of x."""

    @abstractmethod
    def mass(self, x: Array, target: Array | None, pixels: int) -> Sum:
        """The value as a sum with its mass."""

    @abstractmethod
    def equations(self, name: str) -> Iterator[Equation]:
        """The equation of the term called `name`, without its weight, then those of its symbols."""

    def divisor(self, shape: tuple[int, ...]) -> float:
        """The divisor of the statistic, for an x of this shape."""
        return 1.0

    def needs(self, other: "Formula") -> Needs:
        """What the ratio of the coefficients of this term and another one depends on.

        It depends on nothing, the `size` of the painting, or the `activations` of the pictures.
        """
        return "" if self == other else "activations"


class Comparison(Formula):
    """A term that compares a statistic y of x with the target t, a statistic of another picture.

    Its value is c·Σ(y − t)², or c·Σ|y − t|, with the coefficient c.
    """

    @property
    def norm_of_error(self) -> Norm:
        """Whether errors are squared or absolute."""
        return "squared"

    @abstractmethod
    def statistic(self, x: Array) -> Array:
        """The statistic of x that is compared with the target."""

    @abstractmethod
    def pullback(self, x: Array, gradient: Array) -> Array:
        """d L / d x, given `gradient` = d L / d y at y = statistic(x)."""

    @abstractmethod
    def statistic_mass(self, x: Array) -> Sum:
        """The statistic as sums with their masses."""

    def value(self, x: Array, target: Array | None, pixels: int) -> float:
        assert target is not None
        error = total_error(self.statistic(x) - target, self.norm_of_error)
        return self.coefficient(target, pixels) * error

    def evaluate(self, x: Array, target: Array | None, pixels: int) -> tuple[float, Array]:
        assert target is not None
        d, c = self.statistic(x) - target, self.coefficient(target, pixels)
        # sign(0) is 0: equal values have no gradient, as in every backend
        gradient = 2 * d if self.norm_of_error == "squared" else np.sign(d)
        return c * total_error(d, self.norm_of_error), self.pullback(x, c * gradient)

    def mass(self, x: Array, target: Array | None, pixels: int) -> Sum:
        """The mass of y − t is the mass of y plus |t|; that of its square is |y − t| times this."""
        assert target is not None
        y, mass, terms = self.statistic_mass(x)
        d, c = y - target, self.coefficient(target, pixels)
        both = mass + np.abs(target)
        if self.norm_of_error == "squared":
            both = both * np.abs(d)
        value = np.array(c * total_error(d, self.norm_of_error))
        return Sum(value, c * both.sum(), terms + y.size)


def total_error(d: Array, norm: Norm = "squared") -> float:
    """Σd² or Σ|d|."""
    return float(np.square(d).sum() if norm == "squared" else np.abs(d).sum())


def energy(target: Array, norm: Norm = "squared") -> float:
    """The error of a statistic of zeros; 1 if the target is zero everywhere.

    A target of zeros has no scale, so relative errors are absolute errors there. The sum is
    computed in double precision, because the squares of a Gram matrix overflow in single precision.
    """
    return total_error(target.astype(np.float64), norm) or 1.0
