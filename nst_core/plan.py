"""A plan: how the picture is found. Scales, iterations, optimiser, first image, seed.

An iteration is one evaluation of the total and its gradient, followed by one step.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from nst_core.section import Positive, Section

Fraction = Annotated[float, Field(ge=0, lt=1)]
Optimizer = Literal["lbfgs", "adam", "native-adam", "sgd"]
INITS = ("content", "style", "noise")


class Lbfgs(Section):
    """Constants of `nst_core.optimisers.Lbfgs`."""

    lr: Positive = 1.0
    """The length of every step, in units of the quasi-Newton step."""
    history: Annotated[int, Field(ge=1)] = 100
    """How many pairs of steps and gradient differences are kept.

    More memory of the curvature takes more of the machine's memory."""
    curvature: Annotated[float, Field(ge=0)] = 1e-10
    """A pair is skipped unless y·s exceeds this share of ‖y‖‖s‖; or this, with `absolute`.

    A higher threshold drops more pairs."""
    absolute: bool = False
    """Whether the threshold is absolute.

    An absolute threshold depends on the size of the weights; a relative one does not."""
    restart: Annotated[int, Field(ge=1)] | None = None
    """Everything is forgotten after so many iterations.

    Progress is slower when what is known of the curvature is forgotten so often."""


class Adam(Section):
    """Constants of `nst_core.optimisers.Adam` (Kingma & Ba 2015, algorithm 1)."""

    lr: Positive = 0.02
    """The length of a step, in units of the variable."""
    beta1: Fraction = 0.9
    """The decay of the mean of the gradients.

    A larger value averages over more gradients: the path is smoother and slower to turn."""
    beta2: Fraction = 0.999
    """The decay of the mean of the squared gradients.

    A larger value remembers large gradients for longer."""
    epsilon: Positive = 1e-8
    """What is added to the root of the mean square.

    A large value makes the step depend on the size of the weights."""


class Sgd(Section):
    """x ← x − lr·decay^(t / every)·g, t from 0."""

    lr: Positive = 100.0
    """The length of a step is this times the gradient."""
    decay: Annotated[float, Field(gt=0, le=1)] = 0.96
    """What the rate is multiplied by after `every` evaluations.

    The smaller it is, the faster the rate falls."""
    every: Positive = 100.0
    """How many evaluations the decay is for."""


class Noise(Section):
    """White noise, in units of the unit interval."""

    distribution: Literal["normal", "uniform"] = "normal"
    """The distribution of the first image's noise: a bell or a box."""
    width: Positive = 0.25
    """The standard deviation, or half the range.

    Wider noise begins further from a flat colour."""
    centre: Literal["grey", "mean", "black"] = "grey"
    """Mid-grey, the mean colour of the preprocessing, or black.

    The first image lies around this colour."""


def section(optimizer: Optimizer) -> str:
    """The part of a plan that has the optimiser's settings: `native-adam` takes Adam's lr alone."""
    return "adam" if optimizer == "native-adam" else optimizer


class Stage(Section):
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


class Plan(Section):
    """The schedule."""

    size: Annotated[int, Field(ge=1)] = 512
    """The size in pixels of the side that `side` names.

    Strokes keep their size in pixels: a larger painting has finer ones."""
    side: Literal["longest", "shortest", "area"] = "longest"
    """Which side has that size; with `area`, a square of it has as many pixels as the painting.

    A picture that is not square gets another number of pixels."""
    iterations: Annotated[int, Field(ge=1)] = 100
    """Evaluations of the total and its gradient at the finest scale.

    More evaluations come closer to the minimum."""
    coarsest: Annotated[int, Field(ge=1)] | None = None
    """Coarse to fine: the size is halved while it stays at or above this; unset: one scale.

    Coarse scales come first and find the large strokes."""
    coarser: Annotated[float, Field(ge=1, allow_inf_nan=False)] = 1.0
    """Each coarser scale gets this times the iterations of the next finer one.

    A larger value gives the coarse scales more of the work."""
    optimizer: Optimizer = "lbfgs"
    """Which optimiser makes the steps.

    L-BFGS goes further in one evaluation; Adam's step does not depend on the size of the weights,
    although that of a framework's own Adam (native-adam), which has another ε, may; plain descent
    depends on it entirely."""
    lbfgs: Lbfgs = Lbfgs()
    """Used by `lbfgs`."""
    adam: Adam = Adam()
    """Used by `adam`; `native-adam` takes its `lr` alone."""
    sgd: Sgd = Sgd()
    """Used by `sgd`."""
    init: str = "content"
    """The first image: `content`, `style`, `noise`, or the path of a picture.

    From the photograph its outlines stay; from noise the style decides more, and it takes
    longer."""
    noise: Noise = Noise()
    """Used where `init` is `noise`."""
    seed: Annotated[int, Field(ge=0)] = 0
    """The seed of the noise.

    Another seed gives another first image, and a picture that differs in detail."""

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
