"""The budgets: how far a backend may be from the reference. The measurements are beside them.

The error of an operation is measured as in Higham's analysis: with unit roundoff u, a sum of n
terms differs from the exact sum by less than (8 + 2√n) u times its mass, in any usual order of
summation. The other budgets are norm-wise relative errors. They are about ten times the errors of
correct backends and well below the error of the closest mutant.
"""

from dataclasses import dataclass
from math import sqrt


@dataclass(frozen=True)
class Precision:
    """The budgets of one precision. `flips` is a fraction of all activations with a kink."""

    unit: float
    """The unit roundoff u of the layers."""
    features: float
    gradient: float
    flips: float
    curve: float
    """The budget of the total at each step of a path."""
    image_unit: float
    """The unit roundoff of the image and the optimiser, which stay in single precision at least."""

    @property
    def undecided(self) -> float:
        """How close to its kink an activation must be for its side to be uncertain.

        The unit is the layer's standard deviation. The value is the error of correct features,
        a tenth of their budget.
        """
        return self.features / 10


# u, features, gradient, flips, curve and image_unit, from measurements on VGG16 and VGG19 with
# pictures of 16 to 131 pixels on two CPU cores
PRECISIONS = {
    "float64": Precision(2**-53, 1e-13, 1e-12, 0.0, 1e-3, 2**-53),
    "float32": Precision(2**-24, 5e-6, 5e-5, 1e-5, 5e-2, 2**-24),
    "tf32": Precision(2**-11, 1e-2, 5e-2, 5e-2, 2e-1, 2**-24),
    "bfloat16": Precision(2**-8, 1e-1, 9e-1, 1e-1, 1e1, 2**-24),
}
# In units of u(|x| + lr). L-BFGS subtracts nearly equal numbers in its recursion: 775 was measured
# for a correct backend, and 4.9 with Adam.
STEP = {"adam": 8.0, "lbfgs": 1e4, "sgd": 8.0}
# times the effect of a small change of the first image: paths diverge from the first flip on
DISTANCE = 10.0


def operation(terms: int, *, flat: bool = False) -> float:
    """The budget of a sum of `terms` terms, in units of u times its mass.

    In a flat picture many terms are equal and have the same rounding error, so the errors add up,
    at most to n. Measured: n/8 in float64 (n = 2240), n/2.6 in float32 (n = 357).
    """
    return 8 + 2 * sqrt(terms) + flat * terms
