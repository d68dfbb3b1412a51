"""Adam and L-BFGS of `nst_core.optimisers`, in JAX, with their state on the device."""

from collections import deque

import jax
import jax.numpy as jnp
from jax import Array

from nst_core import plan


class Adam:
    def __init__(self, settings: plan.Adam) -> None:
        self.settings = settings
        self.t = 0
        self.m: Array | float = 0.0
        self.v: Array | float = 0.0

    def step(self, x: Array, g: Array) -> Array:
        s = self.settings
        self.t += 1
        self.m = s.beta1 * self.m + (1 - s.beta1) * g
        self.v = s.beta2 * self.v + (1 - s.beta2) * jnp.square(g)
        m_hat = self.m / (1 - s.beta1**self.t)
        v_hat = self.v / (1 - s.beta2**self.t)
        return x - s.lr * m_hat / (jnp.sqrt(v_hat) + s.epsilon)


class Lbfgs:
    def __init__(self, settings: plan.Lbfgs) -> None:
        self.settings = settings
        self.pairs: deque[tuple[Array, Array, Array]] = deque(maxlen=settings.history)
        self.s: Array | None = None
        self.g: Array | None = None

    def step(self, x: Array, g: Array) -> Array:
        self.remember(g)
        length: Array | float = self.settings.lr
        if self.g is None:
            length = length / jnp.maximum(1.0, jnp.abs(g).sum())
        self.s = length * self.direction(g)
        self.g = g
        return x + self.s

    def remember(self, g: Array) -> None:
        if self.s is None or self.g is None:
            return
        y = g - self.g
        curvature = dot(y, self.s)
        floor = self.settings.curvature * jnp.sqrt(dot(y, y)) * jnp.sqrt(dot(self.s, self.s))
        if curvature > floor:
            self.pairs.append((self.s, y, 1 / curvature))

    def direction(self, g: Array) -> Array:
        q, alphas = -g, []
        for s, y, rho in reversed(self.pairs):
            q, alpha = back(q, s, y, rho)
            alphas.append(alpha)
        if self.pairs:
            _, y, rho = self.pairs[-1]
            q = q / (rho * dot(y, y))
        for (s, y, rho), alpha in zip(self.pairs, reversed(alphas), strict=True):
            q = forth(q, s, y, rho, alpha)
        return q


@jax.jit  # one pair of a loop, not the loop: that would compile again for each number of pairs
def back(q: Array, s: Array, y: Array, rho: Array) -> tuple[Array, Array]:
    alpha = rho * dot(s, q)
    return q - alpha * y, alpha


@jax.jit
def forth(q: Array, s: Array, y: Array, rho: Array, alpha: Array) -> Array:
    return q + (alpha - rho * dot(y, q)) * s


def dot(a: Array, b: Array) -> Array:
    """In full precision on the fast path too, where a product may otherwise be TF32."""
    return jnp.vdot(a, b, precision="highest")


def make_optimiser(stage: plan.Stage) -> Adam | Lbfgs:
    return Adam(stage.adam) if stage.optimizer == "adam" else Lbfgs(stage.lbfgs)
