"""The optimisers of `nst_core.optimisers`, in PyTorch, with their state on the device."""

from collections import deque

import torch
from torch import Tensor

from nst_core import plan


class Adam:
    def __init__(self, settings: plan.Adam) -> None:
        self.settings = settings
        self.t = 0
        self.m: Tensor | float = 0.0
        self.v: Tensor | float = 0.0

    def step(self, x: Tensor, g: Tensor) -> Tensor:
        s = self.settings
        self.t += 1
        self.m = s.beta1 * self.m + (1 - s.beta1) * g
        self.v = s.beta2 * self.v + (1 - s.beta2) * g.square()
        m_hat = self.m / (1 - s.beta1**self.t)
        v_hat = self.v / (1 - s.beta2**self.t)
        return x - s.lr * m_hat / (v_hat.sqrt() + s.epsilon)

    def moved(self, s: Tensor) -> None:
        """It remembers no steps."""


class NativeAdam:
    """`torch.optim.Adam`, whose own ε is 1e-8 beside √v̂."""

    def __init__(self, settings: plan.Adam) -> None:
        self.lr = settings.lr
        self.x: Tensor | None = None
        self.adam: torch.optim.Adam | None = None

    def step(self, x: Tensor, g: Tensor) -> Tensor:
        if self.x is None:
            self.x = torch.empty_like(x)
            self.adam = torch.optim.Adam([self.x], lr=self.lr)
        self.x.copy_(x)
        self.x.grad = g
        self.adam.step()
        return self.x.clone()

    def moved(self, s: Tensor) -> None:
        """It remembers no steps."""


class Sgd:
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
    def __init__(self, settings: plan.Lbfgs) -> None:
        self.settings = settings
        self.pairs: deque[tuple[Tensor, Tensor, Tensor]] = deque(maxlen=settings.history)
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
            length = length * (1 / g.abs().sum()).clamp(max=1.0)
        self.s = length * self.direction(g)
        self.g = g
        return x + self.s

    def moved(self, s: Tensor) -> None:
        """The step that was really made."""
        self.s = s

    def remember(self, g: Tensor) -> None:
        if self.s is None or self.g is None:
            return
        y = g - self.g
        curvature = dot(y, self.s)
        floor = self.settings.curvature
        if not self.settings.absolute:
            floor = floor * y.norm() * self.s.norm()
        if curvature > floor:
            self.pairs.append((self.s, y, 1 / curvature))

    def direction(self, g: Tensor) -> Tensor:
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


def dot(a: Tensor, b: Tensor) -> Tensor:
    return torch.dot(a.flatten(), b.flatten())


def make_optimiser(stage: plan.Stage) -> Adam | NativeAdam | Sgd | Lbfgs:
    match stage.optimizer:
        case "adam":
            return Adam(stage.adam)
        case "native-adam":
            return NativeAdam(stage.adam)
        case "sgd":
            return Sgd(stage.sgd)
        case "lbfgs":
            return Lbfgs(stage.lbfgs)
