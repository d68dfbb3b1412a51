"""The functions of Keras for `nst_core.optimisers`, and Keras' own Adam."""

from functools import partial

from keras import KerasTensor, Variable, ops, optimizers

from nst_core import optimisers, plan
from nst_core.optimisers import Arithmetic


class NativeAdam:
    """`keras.optimizers.Adam`: adds ε = 1e-7 to √v, before the bias correction."""

    def __init__(self, settings: plan.Adam) -> None:
        self.lr = settings.lr
        self.x: Variable | None = None
        self.adam: optimizers.Adam | None = None

    def step(self, x: KerasTensor, g: KerasTensor) -> KerasTensor:
        if self.x is None:
            self.x = Variable(ops.zeros_like(x), trainable=False)
            self.adam = optimizers.Adam(learning_rate=self.lr)
        self.x.assign(x)
        self.adam.apply([g], [self.x])
        return ops.copy(self.x)

    def moved(self, s: KerasTensor) -> None:
        """Does nothing, because this optimiser stores no steps."""


MATHS = Arithmetic(
    dot=lambda a, b: ops.sum(a * b),  # ops.dot would compute in single precision on two engines
    sqrt=ops.sqrt,
    magnitude=lambda g: ops.sum(ops.abs(g)),
    clip=lambda x, upper: ops.clip(x, ops.zeros_like(upper), upper),
)

make_optimiser = partial(optimisers.make_optimiser, maths=MATHS, native=NativeAdam)
boxed = partial(optimisers.boxed, maths=MATHS)
