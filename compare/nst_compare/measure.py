"""What every backend computes, in a worker process for each backend and precision."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from nst_core import registry, run
from nst_core.backend import About, Array, Dtype, choose
from nst_core.conformance import worker
from nst_core.conformance.cases import single
from nst_core.conformance.check import addresses
from nst_core.conformance.jobs import Job, Outcome
from nst_core.errors import BackendError, NstError, WorkerError, unknown
from nst_core.recipe import Recipe
from nst_core.request import Request
from nst_core.weights import Weights

ITERATIONS = 10
SIZE = 256
NOISE = 0.1  # standard deviation; at the photograph itself the content term would be zero
NATIVE = "native-adam"
DEFAULT_RATE = 1e-3  # of torch.optim.Adam and keras.optimizers.Adam
ONCE = ("features", "itself", "terms", "gradient", "paint")


@dataclass(frozen=True)
class Precision:
    """A precision by its name. `exact` is the slow path: no TF32, nothing compiled."""

    name: str
    dtype: Dtype
    exact: bool


DOUBLE = Precision("float64", "float64", exact=True)
# not exact is what `nst run` paints with: on a CPU single precision, on a GPU perhaps TF32
ON_CPU = (DOUBLE, Precision("float32", "float32", exact=False))
ON_ACCELERATOR = (
    DOUBLE,
    Precision("float32", "float32", exact=True),
    Precision("tf32", "float32", exact=False),
)
BFLOAT16 = Precision("bfloat16", "bfloat16", exact=False)


def named(asked: Sequence[str] = ()) -> list[str]:
    """The backends that are compared: those of `asked`, or all that are ready, but for the truth.

    Raises BackendError for one that is unknown, and if none is asked and none is ready.
    """
    if asked:
        return addresses(asked)
    ready = [line.name for line in registry.listing() if not line.problem and line.name != "numpy"]
    if not ready:
        raise BackendError("no backend is ready to compare: 'nst backends' says what to install")
    return ready


def precisions(device: str, asked: Sequence[str] = ()) -> tuple[Precision, ...]:
    """The precisions that are compared on a device: those of `asked`, or the usual ones."""
    usual = ON_CPU if device in ("cpu", "auto") else (*ON_ACCELERATOR, BFLOAT16)
    known = {one.name: one for one in (*usual, BFLOAT16)}
    for name in asked:
        if name not in known:
            there = f"On the device '{device}' choose from"
            raise NstError(unknown("precision", name, known, there))
    return tuple(known[name] for name in asked) or usual


@dataclass(frozen=True)
class Variant:
    """An optimiser: that of the plan, or the framework's own with a learning rate."""

    optimizer: str = ""
    rate: float = 0.0

    @property
    def name(self) -> str:
        if not self.optimizer:
            return ""
        return "Adam()" if self.rate == DEFAULT_RATE else f"Adam({self.rate:g})"


@dataclass(frozen=True)
class Task:
    """What one worker does: a backend at one precision, with one optimiser."""

    backend: str
    precision: Precision
    variant: Variant = Variant()


class Subject:
    """What every backend computes, for the user's own pictures.

    Features, terms and gradient are computed for the photograph with white noise added, where no
    term is zero. The painting starts from the first image of the plan.
    """

    flat = False

    def __init__(self, request: Request) -> None:
        plan = request.recipe.plan
        self.native = plan.optimizer == NATIVE
        own = {"coarsest": None} | ({"optimizer": "adam"} if self.native else {})
        plan = plan.model_copy(update=own)
        self.recipe: Recipe = request.recipe.model_copy(update={"plan": plan})
        self.painting = run.Job(replace(request, recipe=self.recipe))
        self.calls = (*ONCE, "paths")

    @cached_property
    def layers(self) -> tuple[str, ...]:
        return tuple(layer.name for layer in self.painting.network.until(self.recipe.taps()))

    def loaded(self) -> Weights:
        return self.painting.weights

    @cached_property
    def pictures(self) -> dict[str, Array]:
        job, (stage,) = self.painting, self.painting.stages
        content = job.at(job.content, stage.size)
        seen = job.colour.seen(content)
        noise = np.random.default_rng(self.recipe.plan.seed).standard_normal(seen.shape)
        styles = [job.colour.recoloured(job.at(s, stage.size), content) for s in job.styles]
        found = {"image": seen + NOISE * noise, "content": seen, "start": job.first_image(stage)}
        found |= {f"style{index}": style for index, style in enumerate(styles)}
        return {name: single(array) for name, array in found.items()}

    def given(self) -> dict[str, Array]:
        return self.pictures

    def tasks(self, backends: Sequence[str], modes: Sequence[Precision]) -> Iterator[Task]:
        """A task for each backend and precision, then those for the frameworks' own Adam."""
        yield from (Task(backend, mode) for backend in backends for mode in modes)
        if self.native:
            rates = dict.fromkeys((self.recipe.plan.adam.lr, DEFAULT_RATE))
            for rate in rates:
                for backend in backends:
                    yield Task(backend, modes[-1], Variant(NATIVE, rate))

    def job(self, task: Task, device: str) -> Job:
        """The job of a task's worker."""
        plan = self.recipe.plan
        if task.variant.optimizer:
            adam = plan.adam.model_copy(update={"lr": task.variant.rate})
            plan = plan.model_copy(update={"optimizer": NATIVE, "adam": adam})
        recipe = self.recipe.model_copy(update={"plan": plan})
        mode = task.precision
        # in double precision nothing flips: the first, the middle and the last step are enough
        paths = "paths" if mode.dtype == "float64" else "all_paths"
        return Job(
            self.painting.weights.name,
            recipe.model_dump(mode="json"),
            (*ONCE, paths),
            self.layers,
            device,
            mode.dtype,
            mode.exact,
            preprocessing=self.painting.request.preprocessing or "",
        )


@dataclass(frozen=True)
class Measurement:
    """What a worker returned, or why it failed, with the last lines of its `output`."""

    task: Task
    seconds: float
    about: About | None = None
    outcome: Outcome | None = None
    failure: str = ""
    output: str = ""


@dataclass(frozen=True)
class Setting:
    """The device of the workers, their time limit in seconds, and their threads."""

    device: str = "cpu"
    timeout: float = worker.TIMEOUT
    threads: int | None = None


def check_device(backends: Sequence[str], device: str) -> None:
    """Raises NstError if no backend has the device.

    If only some lack it, their workers fail later, and the others are compared.
    """
    problem: NstError | None = None
    for backend in backends:
        try:
            choose(device, worker.about(backend).devices, f"device of {backend}")
        except NstError as error:
            problem = problem or error
        else:
            return
    if problem:
        raise problem


def measure(subject: Subject, task: Task, setting: Setting) -> Measurement:
    """Runs a task in a separate worker process."""
    began, jobs = time.monotonic(), (subject.job(task, setting.device),)
    try:
        about, (outcome,) = worker.run(
            task.backend, jobs, subject.pictures, setting.timeout, setting.threads
        )
    except WorkerError as error:
        seconds = time.monotonic() - began
        return Measurement(task, seconds, failure=str(error), output=error.output)
    return Measurement(task, time.monotonic() - began, about, outcome)
