"""The optimisers of `nst_core.optimisers`, in TensorFlow, with their state on the device."""

from collections import deque

import tensorflow as tf

from nst_core import plan


class Adam:
    def __init__(self, settings: plan.Adam) -> None:
        self.settings = settings
        self.t = 0
        self.m: tf.Tensor | float = 0.0
        self.v: tf.Tensor | float = 0.0

    def step(self, x: tf.Tensor, g: tf.Tensor) -> tf.Tensor:
        s = self.settings
        self.t += 1
        self.m = s.beta1 * self.m + (1 - s.beta1) * g
        self.v = s.beta2 * self.v + (1 - s.beta2) * tf.square(g)
        m_hat = self.m / (1 - s.beta1**self.t)
        v_hat = self.v / (1 - s.beta2**self.t)
        return x - s.lr * m_hat / (tf.sqrt(v_hat) + s.epsilon)

    def moved(self, s: tf.Tensor) -> None:
        """It remembers no steps."""


class NativeAdam:
    """`tf.keras.optimizers.Adam`, whose own ε is 1e-7 beside √v."""

    def __init__(self, settings: plan.Adam) -> None:
        self.lr = settings.lr
        self.x: tf.Variable | None = None
        self.adam: tf.keras.optimizers.Adam | None = None

    def step(self, x: tf.Tensor, g: tf.Tensor) -> tf.Tensor:
        if self.x is None:
            self.x = tf.Variable(x)
            self.adam = tf.keras.optimizers.Adam(learning_rate=self.lr)
        self.x.assign(x)
        self.adam.apply([g], [self.x])
        return tf.identity(self.x)

    def moved(self, s: tf.Tensor) -> None:
        """It remembers no steps."""


class Sgd:
    def __init__(self, settings: plan.Sgd) -> None:
        self.settings = settings
        self.t = 0

    def step(self, x: tf.Tensor, g: tf.Tensor) -> tf.Tensor:
        s = self.settings
        rate = s.lr * s.decay ** (self.t / s.every)
        self.t += 1
        return x - rate * g

    def moved(self, s: tf.Tensor) -> None:
        """It remembers no steps."""


class Lbfgs:
    def __init__(self, settings: plan.Lbfgs) -> None:
        self.settings = settings
        self.pairs: deque[tuple[tf.Tensor, tf.Tensor, tf.Tensor]] = deque(maxlen=settings.history)
        self.s: tf.Tensor | None = None
        self.g: tf.Tensor | None = None
        self.t = 0

    def step(self, x: tf.Tensor, g: tf.Tensor) -> tf.Tensor:
        if self.settings.restart and self.t % self.settings.restart == 0:
            self.pairs.clear()
            self.s = self.g = None
        self.t += 1
        self.remember(g)
        length = self.settings.lr
        if self.g is None:
            length = length * tf.minimum(1 / tf.reduce_sum(tf.abs(g)), 1)
        self.s = length * self.direction(g)
        self.g = g
        return x + self.s

    def moved(self, s: tf.Tensor) -> None:
        """The step that was really made."""
        self.s = s

    def remember(self, g: tf.Tensor) -> None:
        if self.s is None or self.g is None:
            return
        y = g - self.g
        curvature = dot(y, self.s)
        floor = self.settings.curvature
        if not self.settings.absolute:
            floor = floor * tf.norm(y) * tf.norm(self.s)
        if curvature > floor:
            self.pairs.append((self.s, y, 1 / curvature))

    def direction(self, g: tf.Tensor) -> tf.Tensor:
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


def dot(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    return tf.tensordot(tf.reshape(a, [-1]), tf.reshape(b, [-1]), 1)


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
