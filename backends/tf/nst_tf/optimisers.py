"""The functions of TensorFlow for `nst_core.optimisers`, and TensorFlow's own Adam."""

from functools import partial

import tensorflow as tf

from nst_core import optimisers, plan
from nst_core.optimisers import Arithmetic


class NativeAdam:
    """`tf.keras.optimizers.Adam`: adds ε = 1e-7 to √v, before the bias correction."""

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
        """Does nothing, because this optimiser stores no steps."""


MATHS = Arithmetic(
    dot=lambda a, b: tf.tensordot(tf.reshape(a, [-1]), tf.reshape(b, [-1]), 1),
    sqrt=tf.sqrt,
    magnitude=lambda g: tf.reduce_sum(tf.abs(g)),
    clip=lambda x, upper: tf.minimum(tf.maximum(x, 0), upper),
)

make_optimiser = partial(optimisers.make_optimiser, maths=MATHS, native=NativeAdam)
boxed = partial(optimisers.boxed, maths=MATHS)
