"""The functions of PyTorch for `nst_core.optimisers`, and PyTorch's own Adam."""

from functools import partial

import torch
from torch import Tensor

from nst_core import optimisers, plan
from nst_core.optimisers import Arithmetic


class NativeAdam:
    """`torch.optim.Adam`: adds ε = 1e-8 to √v̂, after the bias correction."""

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
        """Does nothing, because this optimiser stores no steps."""


MATHS = Arithmetic(
    dot=lambda a, b: torch.dot(a.flatten(), b.flatten()),
    sqrt=torch.sqrt,
    magnitude=lambda g: g.abs().sum(),
    clip=lambda x, upper: x.clamp(min=0).minimum(upper),
)

make_optimiser = partial(optimisers.make_optimiser, maths=MATHS, native=NativeAdam)
boxed = partial(optimisers.boxed, maths=MATHS)
