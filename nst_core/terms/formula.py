"""What the rest of the core, the judge and the backends know of a kind of term."""

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
    """A sum, or an array of sums, each of `terms` summands.

    `terms` is 0 where nothing is summed, as in the features themselves. `mass` is the sum of the
    absolute values of the summands. Rounding each of them to a unit u
    moves the sum by at most u·mass, so that |y − value| / (u·mass) measures the error of a
    computed y whatever the scale of the numbers.
    """

    value: Array
    mass: Array
    terms: int


class Formula(Section, ABC):
    """A kind of term, with the numbers that a recipe chose for it.

    A term looks at x: the features (N, height, width) at a tap, or, if it has no taps, the
    variable (3, height, width) that the optimiser moves. `target` is what x is compared with, or
    None. `pixels` is the height times the width of the painting.
    """

    KIND: ClassVar[str]
    """The name by which recipes and backends know the kind."""
    TITLE: ClassVar[str]
    """What people call the term."""
    TARGET: ClassVar[Target] = "none"
    """Which pictures the target is computed from."""
    EXAMPLE: ClassVar[Mapping[str, Any]] = {}
    """Fields of a term on which backends are tried, so that every one of them matters."""
    MISTAKES: ClassVar[Mapping[str, tuple[int, type["Formula"]]]] = {}
    """Wrong versions that people really write: by name, the lowest level of `nst check` at which
    each must be caught, and the version."""
    NO_RATIO: ClassVar[tuple[str, ...]] = ()
    """Number fields of which a ratio between two recipes would say nothing."""
    MUST_AGREE: ClassVar[Mapping[str, str]] = {}
    """Fields that must be equal for one recipe's term to be a multiple of another's, and the end of
    the sentence that says why."""

    weight: Weight = 1.0
    """What the term is multiplied by in the total.

    A larger weight counts for more against the other terms."""

    def weights(self) -> Mapping[str, float]:
        """The weight of the term at each tap; `""` stands for the variable."""
        return {"": self.weight}

    @property
    def is_counted(self) -> bool:
        """Whether the term is part of the total, not of the gradient alone."""
        return True

    @property
    def cancels(self) -> bool:
        """Whether it sums numbers that nearly cancel even where a picture is not flat."""
        return False

    def uses(self, field: str) -> bool:
        """Whether the field has an effect, given the other fields."""
        return field == "weight" or bool(self.weight)

    @abstractmethod
    def coefficient(self, target: Array | None, pixels: int) -> float:
        """What the error of the term is multiplied by, before its weight."""

    @abstractmethod
    def value(self, x: Array, target: Array | None, pixels: int) -> float:
        """The term, before its weight."""

    @abstractmethod
    def gradient(self, x: Array, target: Array | None, pixels: int) -> Array:
        """d value / d x, of the shape of x."""

    @abstractmethod
    def mass(self, x: Array, target: Array | None, pixels: int) -> Sum:
        """The value as a sum with its mass."""

    @abstractmethod
    def equations(self, name: str) -> Iterator[Equation]:
        """The term, called `name`, without its weight; then what its symbols are."""

    def divisor(self, shape: tuple[int, ...]) -> float:
        """What the statistic of an x of that shape is divided by."""
        return 1.0

    def needs(self, other: "Formula") -> Needs:
        """What the ratio of this term's coefficient to another one's depends on.

        That is nothing, the `size` of the painting, or the `activations` of its pictures.
        """
        return "" if self == other else "activations"


class Comparison(Formula):
    """A term that compares a statistic y of x with that of another picture, the target t.

    Its value is c·Σ(y − t)², or c·Σ|y − t|, with the coefficient c.
    """

    @property
    def norm_of_error(self) -> Norm:
        """Whether errors are squared or absolute."""
        return "squared"

    @abstractmethod
    def statistic(self, x: Array) -> Array:
        """What is compared."""

    @abstractmethod
    def pullback(self, x: Array, slope: Array) -> Array:
        """d L / d x, given `slope` = d L / d y at y = statistic(x)."""

    @abstractmethod
    def statistic_mass(self, x: Array) -> Sum:
        """The statistic as sums with their masses."""

    def value(self, x: Array, target: Array | None, pixels: int) -> float:
        assert target is not None
        error = total_error(self.statistic(x) - target, self.norm_of_error)
        return self.coefficient(target, pixels) * error

    def gradient(self, x: Array, target: Array | None, pixels: int) -> Array:
        assert target is not None
        d = self.statistic(x) - target
        slope = 2 * d if self.norm_of_error == "squared" else np.sign(d)
        return self.pullback(x, self.coefficient(target, pixels) * slope)

    def mass(self, x: Array, target: Array | None, pixels: int) -> Sum:
        """Each y − t has the mass of y and |t|; its square has |y − t| times that."""
        assert target is not None
        y, mass, terms = self.statistic_mass(x)
        both = mass + np.abs(target)
        if self.norm_of_error == "squared":
            both = both * np.abs(y - target)
        value = np.array(self.value(x, target, pixels))
        return Sum(value, self.coefficient(target, pixels) * both.sum(), terms + y.size)


def total_error(d: Array, norm: Norm = "squared") -> float:
    """Σd² or Σ|d|."""
    return float(np.square(d).sum() if norm == "squared" else np.abs(d).sum())


def energy(target: Array, norm: Norm = "squared") -> float:
    """The error that a statistic of zero would have; 1 for a target that is zero everywhere.

    A target of zeros has no scale of its own, so that a relative error is an absolute one there.
    It is computed in double precision: in single precision the squares of a Gram matrix overflow.
    """
    return total_error(target.astype(np.float64), norm) or 1.0
