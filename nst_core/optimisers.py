"""Adam, L-BFGS and gradient descent, as every backend runs them.

An optimiser maps (x, g), a point and the gradient there, to the next point. One call is one
iteration, and no iteration needs a further evaluation. The code uses only operators and the four
functions of `Arithmetic`. It therefore runs on arrays of any framework, and the state stays on
their device.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from nst_core import plan
from nst_core.errors import NstError

Tensor = Any  # an array of NumPy or of a framework
NO_NATIVE = "this backend has no Adam of its own: use --optimizer adam"


@dataclass(frozen=True)
class Arithmetic:
    """The functions of a framework that the optimisers need besides operators.

    A scalar product may be a number or an array without dimensions.
    """

    dot: Callable[[Tensor, Tensor], Any]
    sqrt: Callable[[Tensor], Tensor]
    magnitude: Callable[[Tensor], Any]
    """‖g‖₁, the sum of the absolute values."""
    clip: Callable[[Tensor, Tensor], Tensor]
    """clip(x, upper): x limited to the interval from 0 to `upper`."""


NUMPY = Arithmetic(
    dot=lambda a, b: float((a * b).sum()),
    sqrt=lambda v: v**0.5,
    magnitude=lambda g: float(abs(g).sum()),
    clip=lambda x, upper: x.clip(0, upper),
)
"""The functions for NumPy, and for arrays with the same methods."""


class Optimiser(Protocol):
    """An optimiser with the state of one painting."""

    def step(self, x: Tensor, g: Tensor) -> Tensor:
        """The next point."""

    def moved(self, s: Tensor) -> None:
        """Replaces the last step by s, because the point was clipped."""


class Adam:
    """Kingma & Ba 2015, algorithm 1: x ← x − lr·m̂ / (√v̂ + ε)."""

    def __init__(self, settings: plan.Adam, maths: Arithmetic = NUMPY) -> None:
        self.settings = settings
        self.maths = maths
        self.t = 0
        self.m: Tensor = 0.0
        self.v: Tensor = 0.0

    def step(self, x: Tensor, g: Tensor) -> Tensor:
        s = self.settings
        self.t += 1
        self.m = s.beta1 * self.m + (1 - s.beta1) * g
        self.v = s.beta2 * self.v + (1 - s.beta2) * (g * g)
        m_hat = self.m / (1 - s.beta1**self.t)
        v_hat = self.v / (1 - s.beta2**self.t)
        # ε is added after the correction, as in the paper's algorithm; Keras adds it before
        return x - s.lr * m_hat / (self.maths.sqrt(v_hat) + s.epsilon)

    def moved(self, s: Tensor) -> None:
        """Does nothing, because this optimiser stores no steps."""


class Sgd:
    """Gradient descent with an exponentially decaying rate: x ← x − lr·decay^(t / every)·g."""

    def __init__(self, settings: plan.Sgd) -> None:
        self.settings = settings
        self.t = 0

    def step(self, x: Tensor, g: Tensor) -> Tensor:
        s = self.settings
        rate = s.lr * s.decay ** (self.t / s.every)
        self.t += 1
        return x - rate * g

    def moved(self, s: Tensor) -> None:
        """Does nothing, because this optimiser stores no steps."""


class Lbfgs:
    """Nocedal & Wright 2006, algorithm 7.4, with steps of fixed length and no line search.

    The first step is min(1, 1/‖g‖₁)·lr times the negative gradient. Each later step is lr times
    the quasi-Newton direction, with an initial inverse Hessian of y·s / y·y of the newest pair
    (eq. 7.20). A pair is stored only if y·s > curvature·‖y‖‖s‖, or, with `absolute`, if
    y·s > curvature.
    """

    def __init__(self, settings: plan.Lbfgs, maths: Arithmetic = NUMPY) -> None:
        self.settings = settings
        self.maths = maths
        self.pairs: deque[tuple[Tensor, Tensor, Any]] = deque(maxlen=settings.history)
        self.s: Tensor | None = None
        self.g: Tensor | None = None
        self.t = 0

    def step(self, x: Tensor, g: Tensor) -> Tensor:
        if self.settings.restart and self.t % self.settings.restart == 0:
            self.pairs.clear()
            self.s = self.g = None
        self.t += 1
        self.remember(g)
        length = self.settings.lr
        if self.g is None:
            # the curvature is not known yet, so the first step is short for any loss weights
            length /= max(1.0, float(self.maths.magnitude(g)))
        self.s = length * self.direction(g)
        self.g = g
        return x + self.s

    def moved(self, s: Tensor) -> None:
        """Stores the step that was really made, which belongs to the next gradient difference."""
        self.s = s

    def remember(self, g: Tensor) -> None:
        """Stores (s, y, 1/y·s) of the last step if its curvature is large enough."""
        if self.s is None or self.g is None:
            return
        dot, y = self.maths.dot, g - self.g
        curvature = dot(y, self.s)
        floor = self.settings.curvature
        if not self.settings.absolute:
            # relative to both norms, so that the threshold does not depend on the loss weights
            floor = floor * dot(y, y) ** 0.5 * dot(self.s, self.s) ** 0.5
        if curvature > floor:
            self.pairs.append((self.s, y, 1 / curvature))

    def direction(self, g: Tensor) -> Tensor:
        """−H g, where H is the inverse Hessian, by the two-loop recursion."""
        dot, q, alphas = self.maths.dot, -g, []
        for s, y, rho in reversed(self.pairs):
            alphas.append(rho * dot(s, q))
            q = q - alphas[-1] * y
        if self.pairs:
            _, y, rho = self.pairs[-1]
            q = q / (rho * dot(y, y))  # = q · (y·s / y·y), the initial inverse Hessian
        for (s, y, rho), alpha in zip(self.pairs, reversed(alphas), strict=True):
            q = q + (alpha - rho * dot(y, q)) * s
        return q


class Boxed:
    """An optimiser whose points are clipped to 0 ≤ x ≤ upper after each step."""

    def __init__(self, optimiser: Optimiser, box: str, upper: Tensor, maths: Arithmetic) -> None:
        self.optimiser = optimiser
        self.tells = box == "clip"
        self.upper = upper
        self.clip = maths.clip

    def step(self, x: Tensor, g: Tensor) -> Tensor:
        after = self.clip(self.optimiser.step(x, g), self.upper)
        if self.tells:
            self.optimiser.moved(after - x)
        return after

    def moved(self, s: Tensor) -> None:
        self.optimiser.moved(s)


def boxed(optimiser: Optimiser, box: str, upper: Tensor, maths: Arithmetic = NUMPY) -> Optimiser:
    """The optimiser with the limits of a recipe's `variable.box`.

    With `clip` the optimiser stores the step after clipping, with `clamp` the step before.
    """
    return optimiser if box == "none" else Boxed(optimiser, box, upper, maths)


def make_optimiser(
    stage: plan.Stage,
    maths: Arithmetic = NUMPY,
    native: Callable[[plan.Adam], Optimiser] | None = None,
) -> Optimiser:
    """A new optimiser for the stage; `native` creates the framework's own Adam.

    Raises NstError if the stage needs the framework's own Adam and `native` is None.
    """
    match stage.optimizer:
        case "adam":
            return Adam(stage.adam, maths)
        case "native-adam" if native:
            return native(stage.adam)
        case "native-adam":
            raise NstError(NO_NATIVE)
        case "sgd":
            return Sgd(stage.sgd)
        case "lbfgs":
            return Lbfgs(stage.lbfgs, maths)
