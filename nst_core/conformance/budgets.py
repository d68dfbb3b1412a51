"""How far a backend may be from the truth: every budget, and the measurement behind it.

An operation is held to the error unit of Higham's analysis: with unit roundoff u, a sum of n
terms that is added in any sensible order differs from the exact one by less than (8 + 2√n) u
times its mass. Everything else is a norm-wise relative error, about ten times what correct
backends show and well below what the nearest mutant does.
"""

from dataclasses import dataclass
from math import sqrt


@dataclass(frozen=True)
class Precision:
    """What numbers of one kind may lose. `flips` is a share of all units with a kink."""

    unit: float
    features: float
    gradient: float
    flips: float
    curve: float
    """Of the total at each step of a path."""
    image_unit: float

    @property
    def undecided(self) -> float:
        """In deviations of a layer: as far as correct features are from the truth, a tenth of
        their budget. On which side of its kink a unit is so near to it, no program can say."""
        return self.features / 10


# u, features, gradient and flips: numerics of VGG16 and VGG19 at 16 to 131 pixels, two CPU cores
PRECISIONS = {
    "float64": Precision(2**-53, 1e-13, 1e-12, 0.0, 1e-3, 2**-53),
    "float32": Precision(2**-24, 5e-6, 5e-5, 1e-5, 5e-2, 2**-24),
    "tf32": Precision(2**-11, 1e-2, 5e-2, 5e-2, 2e-1, 2**-24),
    "bfloat16": Precision(2**-8, 1e-1, 9e-1, 1e-1, 1e1, 2**-24),
}
STEP = {"adam": 8.0, "lbfgs": 1e4, "sgd": 8.0}
DISTANCE = 10.0


def operation(terms: int, *, flat: bool = False) -> float:
    """The budget of a sum of that many terms, in units of u times its mass.

    In a flat picture many terms are equal and round alike: their errors add up, to the bound of
    any order of summation. Measured: n/8 in float64 (n = 2240), n/2.6 in float32 (n = 357).
    """
    return 8 + 2 * sqrt(terms) + flat * terms
