"""Adam, L-BFGS and gradient descent as every backend runs them, in NumPy.

Each holds its state in plain attributes and maps (x, g), a point and the gradient there, to the
next point. One call is one iteration; none asks for another evaluation. `moved` says that a box
cut the last step. Only operators and `sum` are used, so that they run on any array that has them.
"""

from collections import deque
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nst_core import plan
from nst_core.errors import NstError

Array = NDArray[np.floating[Any]]
NO_NATIVE = "this backend has no Adam of its own: use --optimizer adam"


class Adam:
    """Kingma & Ba 2015, algorithm 1: x ← x − lr·m̂ / (√v̂ + ε)."""

    def __init__(self, settings: plan.Adam) -> None:
        self.settings = settings
        self.t = 0
        self.m: Array | float = 0.0
        self.v: Array | float = 0.0

    def step(self, x: Array, g: Array) -> Array:
        s = self.settings
        self.t += 1
        self.m = s.beta1 * self.m + (1 - s.beta1) * g
        self.v = s.beta2 * self.v + (1 - s.beta2) * g * g
        m_hat = self.m / (1 - s.beta1**self.t)
        v_hat = self.v / (1 - s.beta2**self.t)
        moved: Array = x - s.lr * m_hat / (v_hat**0.5 + s.epsilon)
        return moved

    def moved(self, s: Array) -> None:
        """It remembers no steps."""


class Sgd:
    """Gradient descent whose rate decays exponentially: x ← x − lr·decay^(t / every)·g."""

    def __init__(self, settings: plan.Sgd) -> None:
        self.settings = settings
        self.t = 0

    def step(self, x: Array, g: Array) -> Array:
        s = self.settings
        rate = s.lr * s.decay ** (self.t / s.every)
        self.t += 1
        moved: Array = x - rate * g
        return moved

    def moved(self, s: Array) -> None:
        """It remembers no steps."""


class Lbfgs:
    """Nocedal & Wright 2006, algorithm 7.4, with steps of fixed length and no line search.

    The first step goes down the gradient, with length min(1, 1/‖g‖₁)·lr; each later one is
    lr times the quasi-Newton direction, scaled by y·s / y·y of the newest pair (eq. 7.20).
    A pair with y·s ≤ curvature·‖y‖‖s‖ is not kept; with `absolute`, one with y·s ≤ curvature.
    """

    def __init__(self, settings: plan.Lbfgs) -> None:
        self.settings = settings
        self.pairs: deque[tuple[Array, Array, float]] = deque(maxlen=settings.history)
        self.s: Array | None = None
        self.g: Array | None = None
        self.t = 0

    def step(self, x: Array, g: Array) -> Array:
        if self.settings.restart and self.t % self.settings.restart == 0:
            self.pairs.clear()
            self.s = self.g = None
        self.t += 1
        self.remember(g)
        length = self.settings.lr
        if self.g is None:
            length /= max(1.0, float(abs(g).sum()))
        self.s = length * self.direction(g)
        self.g = g
        return x + self.s

    def moved(self, s: Array) -> None:
        """The step that was really made."""
        self.s = s

    def remember(self, g: Array) -> None:
        """Keeps (s, y, 1/y·s) of the step that led here, if its curvature is positive."""
        if self.s is None or self.g is None:
            return
        y = g - self.g
        curvature = dot(y, self.s)
        floor = self.settings.curvature
        if not self.settings.absolute:
            floor *= (dot(y, y) ** 0.5) * (dot(self.s, self.s) ** 0.5)
        if curvature > floor:
            self.pairs.append((self.s, y, 1 / curvature))

    def direction(self, g: Array) -> Array:
        """−H g by the two-loop recursion."""
        q, alphas = -g, []
        for s, y, rho in reversed(self.pairs):
            alphas.append(rho * dot(s, q))
            q = q - alphas[-1] * y
        if self.pairs:
            _, y, rho = self.pairs[-1]
            q = q / (rho * dot(y, y))
        for (s, y, rho), alpha in zip(self.pairs, reversed(alphas), strict=True):
            q = q + (alpha - rho * dot(y, q)) * s
        return q


def dot(a: Array, b: Array) -> float:
    return float((a * b).sum())


Optimiser = Adam | Lbfgs | Sgd


def make_optimiser(stage: plan.Stage) -> Optimiser:
    """A fresh optimiser for the stage; raises NstError for a framework's own."""
    match stage.optimizer:
        case "adam":
            return Adam(stage.adam)
        case "native-adam":
            raise NstError(NO_NATIVE)
        case "sgd":
            return Sgd(stage.sgd)
        case "lbfgs":
            return Lbfgs(stage.lbfgs)
