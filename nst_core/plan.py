"""A plan says how a picture is optimised: scales, iterations, optimiser, first image, seed.

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
    """The length of every step, as a multiple of the quasi-Newton step."""
    history: Annotated[int, Field(ge=1)] = 100
    """The number of pairs of steps and gradient differences that are stored.

    More pairs describe the curvature better and take more memory."""
    curvature: Annotated[float, Field(ge=0)] = 1e-10
    """A pair is stored only if y·s exceeds this share of ‖y‖‖s‖, or this number if `absolute`.

    With a larger threshold fewer pairs are stored."""
    absolute: bool = False
    """Whether the threshold `curvature` is absolute.

    An absolute threshold depends on the size of the loss weights; a relative one does not."""
    restart: Annotated[int, Field(ge=1)] | None = None
    """Discards all stored pairs after this many iterations.

    After each restart L-BFGS knows nothing about the curvature, so progress is slower."""


class Adam(Section):
    """Constants of `nst_core.optimisers.Adam` (Kingma & Ba 2015, algorithm 1)."""

    lr: Positive = 0.02
    """The learning rate, in units of the variable."""
    beta1: Fraction = 0.9
    """The decay rate of the mean of the gradients.

    A larger value averages over more gradients, so the path is smoother and changes direction more
    slowly."""
    beta2: Fraction = 0.999
    """The decay rate of the mean of the squared gradients.

    With a larger value, large gradients have an effect for longer."""
    epsilon: Positive = 1e-8
    """A constant that is added to the root of the mean square.

    With a large value, steps depend on the size of the loss weights."""


class Sgd(Section):
    """x ← x − lr·decay^(t / every)·g, t from 0."""

    lr: Positive = 100.0
    """The learning rate: a step is the gradient times this number."""
    decay: Annotated[float, Field(gt=0, le=1)] = 0.96
    """The factor by which the learning rate falls in `every` evaluations.

    With a smaller factor the learning rate falls faster."""
    every: Positive = 100.0
    """The number of evaluations in which the learning rate falls by `decay`."""


class Noise(Section):
    """White noise, for an image in [0, 1]."""

    distribution: Literal["normal", "uniform"] = "normal"
    """The distribution of the noise in the first image."""
    width: Positive = 0.25
    """The standard deviation (normal), or half the range (uniform).

    With wider noise the first image differs more from a flat colour."""
    centre: Literal["grey", "mean", "black"] = "grey"
    """The mean of the noise: mid-grey, the mean colour of the preprocessing, or black.

    The first image has another mean colour."""


def section(optimizer: Optimizer) -> str:
    """The section of a plan with the optimiser's settings; `native-adam` uses only Adam's `lr`."""
    return "adam" if optimizer == "native-adam" else optimizer


class Stage(Section):
    """One scale of the plan: its size in pixels, its iterations, and the optimiser."""

    size: int
    iterations: int
    optimizer: Optimizer
    lbfgs: Lbfgs
    adam: Adam
    sgd: Sgd

    @property
    def settings(self) -> Lbfgs | Adam | Sgd:
        """The settings of its optimiser."""
        if self.optimizer == "lbfgs":
            return self.lbfgs
        return self.sgd if self.optimizer == "sgd" else self.adam


class Plan(Section):
    """How a picture is optimised."""

    size: Annotated[int, Field(ge=1)] = 512
    """The size in pixels of the side that is given by `side`.

    Strokes keep their size in pixels, so they are finer in a larger painting."""
    side: Literal["longest", "shortest", "area"] = "longest"
    """The side that `size` means; with `area`, the picture has as many pixels as a square.

    A picture that is not square has another number of pixels."""
    iterations: Annotated[int, Field(ge=1)] = 100
    """The number of evaluations of the total and its gradient at the finest scale.

    With more evaluations the result is closer to the minimum."""
    coarsest: Annotated[int, Field(ge=1)] | None = None
    """Adds coarser scales: the size is halved while it stays at or above this value.

    Coarse scales are painted first and determine the large strokes."""
    coarser: Annotated[float, Field(ge=1, allow_inf_nan=False)] = 1.0
    """Each coarser scale has this many times the iterations of the next finer one.

    With a larger value the coarse scales have more iterations."""
    optimizer: Optimizer = "lbfgs"
    """The optimiser.

    L-BFGS makes more progress in one evaluation; a step of Adam does not depend on the size of the
    loss weights; a step of the framework's own Adam (native-adam) may, because it has another ε; a
    step of gradient descent is proportional to them."""
    lbfgs: Lbfgs = Lbfgs()
    """The settings of `lbfgs`."""
    adam: Adam = Adam()
    """The settings of `adam`; `native-adam` uses only `lr`."""
    sgd: Sgd = Sgd()
    """The settings of `sgd`."""
    init: str = "content"
    """The first image: `content`, `style`, `noise`, or the path of a picture.

    A painting that starts from the photograph keeps its outlines; one that starts from noise takes
    on more of the style and needs more iterations."""
    noise: Noise = Noise()
    """The noise that is used if `init` is `noise`."""
    seed: Annotated[int, Field(ge=0)] = 0
    """The seed of the noise.

    Another seed gives another first image, and a picture that differs in detail."""

    @model_validator(mode="after")
    def _native_adam_takes_a_rate_alone(self) -> Self:
        unused = self.adam.model_dump(exclude={"lr"}, exclude_defaults=True)
        if self.optimizer == "native-adam" and unused:
            fields = " and ".join(f"plan.adam.{key} {value:g}" for key, value in unused.items())
            raise ValueError(
                f"native-adam uses only plan.adam.lr, not {fields}: use --optimizer adam, "
                f"or remove the other settings with --set 'plan.adam={{lr={self.adam.lr!r}}}'"
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
