"""A plan: how the picture is found. Scales, iterations, optimiser, first image, seed.

An iteration is one evaluation of the total and its gradient, followed by one step.
"""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Fraction = Annotated[float, Field(ge=0, lt=1)]
Optimizer = Literal["lbfgs", "adam", "native-adam", "sgd"]
INITS = ("content", "style", "noise")


class Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Lbfgs(Settings):
    """Constants of `nst_core.optimisers.Lbfgs`."""

    lr: Positive = 1.0
    history: Annotated[int, Field(ge=1)] = 100
    """Pairs of steps and gradient differences that are kept."""
    curvature: Annotated[float, Field(ge=0)] = 1e-10
    """A pair is skipped unless y·s exceeds this share of ‖y‖‖s‖; or this, with `absolute`."""
    absolute: bool = False
    restart: Annotated[int, Field(ge=1)] | None = None
    """Everything is forgotten after so many iterations."""


class Adam(Settings):
    """Constants of `nst_core.optimisers.Adam` (Kingma & Ba 2015, algorithm 1)."""

    lr: Positive = 0.02
    beta1: Fraction = 0.9
    beta2: Fraction = 0.999
    epsilon: Positive = 1e-8


class Sgd(Settings):
    """x ← x − lr·decay^(t / every)·g, t from 0."""

    lr: Positive = 100.0
    decay: Annotated[float, Field(gt=0, le=1)] = 0.96
    every: Positive = 100.0


class Noise(Settings):
    """White noise, in units of the unit interval."""

    distribution: Literal["normal", "uniform"] = "normal"
    width: Positive = 0.25
    """The standard deviation, or half the range."""
    centre: Literal["grey", "mean", "black"] = "grey"
    """Mid-grey, the mean colour of the preprocessing, or black."""


def section(optimizer: Optimizer) -> str:
    """The part of a plan that has the optimiser's settings: `native-adam` takes Adam's lr alone."""
    return "adam" if optimizer == "native-adam" else optimizer


class Stage(Settings):
    """One scale of the plan: its size in pixels, its share of the work."""

    size: int
    iterations: int
    optimizer: Optimizer
    lbfgs: Lbfgs
    adam: Adam
    sgd: Sgd

    @property
    def settings(self) -> Lbfgs | Adam | Sgd:
        """The constants of its optimiser."""
        if self.optimizer == "lbfgs":
            return self.lbfgs
        return self.sgd if self.optimizer == "sgd" else self.adam


class Plan(Settings):
    """The schedule."""

    size: Annotated[int, Field(ge=1)] = 512
    """In pixels: of the side that `side` says."""
    side: Literal["longest", "shortest", "area"] = "longest"
    """`area`: a picture of as many pixels as a square of that side."""
    iterations: Annotated[int, Field(ge=1)] = 100
    """At the finest scale."""
    coarsest: Annotated[int, Field(ge=1)] | None = None
    """Coarse-to-fine: the size is halved while it stays at or above this; unset: one scale."""
    coarser: Annotated[float, Field(ge=1, allow_inf_nan=False)] = 1.0
    """Each coarser scale gets this times the iterations of the next finer one."""
    optimizer: Optimizer = "lbfgs"
    lbfgs: Lbfgs = Lbfgs()
    adam: Adam = Adam()
    sgd: Sgd = Sgd()
    init: str = "content"
    """`content`, `style`, `noise`, or the path of a picture."""
    noise: Noise = Noise()
    seed: Annotated[int, Field(ge=0)] = 0

    @model_validator(mode="after")
    def _native_adam_takes_a_rate_alone(self) -> Self:
        unused = self.adam.model_dump(exclude={"lr"}, exclude_defaults=True)
        if self.optimizer == "native-adam" and unused:
            fields = " and ".join(f"plan.adam.{key} {value:g}" for key, value in unused.items())
            raise ValueError(
                f"native-adam takes plan.adam.lr alone, and not {fields}: use --optimizer adam, "
                f"or have the framework's own with --set 'plan.adam={{lr={self.adam.lr!r}}}'"
            )
        return self

    def sizes(self) -> tuple[int, ...]:
        """The scales, coarsest first."""
        sizes = [self.size]
        while self.coarsest and sizes[0] // 2 >= self.coarsest:
            sizes.insert(0, sizes[0] // 2)
        return tuple(sizes)

    def stages(self) -> tuple[Stage, ...]:
        """One stage for each scale, coarsest first."""
        sizes = self.sizes()
        return tuple(
            Stage(
                size=size,
                iterations=round(self.iterations * self.coarser ** (len(sizes) - 1 - level)),
                optimizer=self.optimizer,
                lbfgs=self.lbfgs,
                adam=self.adam,
                sgd=self.sgd,
            )
            for level, size in enumerate(sizes)
        )
