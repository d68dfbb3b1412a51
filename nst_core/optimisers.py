"""Adam and L-BFGS as every backend runs them, in NumPy.

Each holds its state in plain attributes and maps (x, g), a point and the gradient there, to the
next point. One call is one iteration; neither asks for another evaluation.
"""

from collections import deque
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nst_core import plan

Array = NDArray[np.floating[Any]]


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
        return x - s.lr * m_hat / (np.sqrt(v_hat) + s.epsilon)


class Lbfgs:
    """Nocedal & Wright 2006, algorithm 7.4, with steps of fixed length and no line search.

    The first step goes down the gradient, with length min(1, 1/‖g‖₁)·lr; each later one is
    lr times the quasi-Newton direction, scaled by y·s / y·y of the newest pair (eq. 7.20).
    A pair with y·s ≤ curvature·‖y‖‖s‖ is not kept.
    """

    def __init__(self, settings: plan.Lbfgs) -> None:
        self.settings = settings
        self.pairs: deque[tuple[Array, Array, float]] = deque(maxlen=settings.history)
        self.s: Array | None = None
        self.g: Array | None = None

    def step(self, x: Array, g: Array) -> Array:
        self.remember(g)
        length = self.settings.lr
        if self.g is None:
            length /= max(1.0, float(np.abs(g).sum()))
        self.s = length * self.direction(g)
        self.g = g
        return x + self.s

    def remember(self, g: Array) -> None:
        """Keeps (s, y, 1/y·s) of the step that led here, if its curvature is positive."""
        if self.s is None or self.g is None:
            return
        y = g - self.g
        curvature = float(np.vdot(y, self.s))
        floor = self.settings.curvature * float(np.linalg.norm(y) * np.linalg.norm(self.s))
        if curvature > floor:
            self.pairs.append((self.s, y, 1 / curvature))

    def direction(self, g: Array) -> Array:
        """−H g by the two-loop recursion."""
        q, alphas = -g, []
        for s, y, rho in reversed(self.pairs):
            alphas.append(rho * float(np.vdot(s, q)))
            q = q - alphas[-1] * y
        if self.pairs:
            _, y, rho = self.pairs[-1]
            q = q / (rho * float(np.vdot(y, y)))
        for (s, y, rho), alpha in zip(self.pairs, reversed(alphas), strict=True):
            q = q + (alpha - rho * float(np.vdot(y, q))) * s
        return q


def make_optimiser(stage: plan.Stage) -> Adam | Lbfgs:
    """A fresh optimiser for the stage."""
    return Adam(stage.adam) if stage.optimizer == "adam" else Lbfgs(stage.lbfgs)
