"""Adam, L-BFGS and gradient descent, as every backend runs them.

An optimiser maps (x, g), a point and the gradient there, to the next point. One call is one
iteration, and none asks for another evaluation. The text uses operators only, and takes what a
framework has no operator for from its `Arithmetic`, so that it runs on arrays of any framework and
the state stays on their device.
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
    """What a framework computes on its arrays where it has no operator for it.

    A scalar product may be a number or an array without dimensions.
    """

    dot: Callable[[Tensor, Tensor], Any]
    sqrt: Callable[[Tensor], Tensor]
    magnitude: Callable[[Tensor], Any]
    """‖g‖₁, the sum of the absolute values."""
    clip: Callable[[Tensor, Tensor], Tensor]
    """clip(x, upper): x where it is between 0 and `upper`, else the nearer of the two."""


NUMPY = Arithmetic(
    dot=lambda a, b: float((a * b).sum()),
    sqrt=lambda v: v**0.5,
    magnitude=lambda g: float(abs(g).sum()),
    clip=lambda x, upper: x.clip(0, upper),
)
"""For NumPy, and for arrays that have its methods."""


class Optimiser(Protocol):
    """The state of one painting."""

    def step(self, x: Tensor, g: Tensor) -> Tensor:
        """The next point."""

    def moved(self, s: Tensor) -> None:
        """Says that the last step was cut, and that s is what is left of it."""


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
        """It remembers no steps."""


class Sgd:
    """Gradient descent whose rate decays exponentially: x ← x − lr·decay^(t / every)·g."""

    def __init__(self, settings: plan.Sgd) -> None:
        self.settings = settings
        self.t = 0

    def step(self, x: Tensor, g: Tensor) -> Tensor:
        s = self.settings
        rate = s.lr * s.decay ** (self.t / s.every)
        self.t += 1
        return x - rate * g

    def moved(self, s: Tensor) -> None:
        """It remembers no steps."""


class Lbfgs:
    """Nocedal & Wright 2006, algorithm 7.4, with steps of fixed length and no line search.

    The first step goes down the gradient, with length min(1, 1/‖g‖₁)·lr; each later one is
    lr times the quasi-Newton direction, scaled by y·s / y·y of the newest pair (eq. 7.20).
    A pair with y·s ≤ curvature·‖y‖‖s‖ is not kept; with `absolute`, one with y·s ≤ curvature.
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
            # nothing is known of the curvature yet: the first step is short, whatever the weights
            length /= max(1.0, float(self.maths.magnitude(g)))
        self.s = length * self.direction(g)
        self.g = g
        return x + self.s

    def moved(self, s: Tensor) -> None:
        """The step that was really made, whose curvature the next gradient will tell."""
        self.s = s

    def remember(self, g: Tensor) -> None:
        """Keeps (s, y, 1/y·s) of the step that led here, if its curvature is positive."""
        if self.s is None or self.g is None:
            return
        dot, y = self.maths.dot, g - self.g
        curvature = dot(y, self.s)
        floor = self.settings.curvature
        if not self.settings.absolute:
            # relative to both lengths, so that the threshold means the same for all weights
            floor = floor * dot(y, y) ** 0.5 * dot(self.s, self.s) ** 0.5
        if curvature > floor:
            self.pairs.append((self.s, y, 1 / curvature))

    def direction(self, g: Tensor) -> Tensor:
        """−H g by the two-loop recursion."""
        dot, q, alphas = self.maths.dot, -g, []
        for s, y, rho in reversed(self.pairs):
            alphas.append(rho * dot(s, q))
            q = q - alphas[-1] * y
        if self.pairs:
            _, y, rho = self.pairs[-1]
            q = q / (rho * dot(y, y))
        for (s, y, rho), alpha in zip(self.pairs, reversed(alphas), strict=True):
            q = q + (alpha - rho * dot(y, q)) * s
        return q


class Boxed:
    """An optimiser whose every step is cut to 0 ≤ x ≤ upper."""

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
    """The optimiser, with its steps cut as `variable.box` of a recipe says.

    After `clip` it is told what was left of the step, after `clamp` it is not.
    """
    return optimiser if box == "none" else Boxed(optimiser, box, upper, maths)


def make_optimiser(
    stage: plan.Stage,
    maths: Arithmetic = NUMPY,
    native: Callable[[plan.Adam], Optimiser] | None = None,
) -> Optimiser:
    """A fresh optimiser for the stage. `native` makes the framework's own Adam.

    Raises NstError if the stage asks for that and there is none.
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
