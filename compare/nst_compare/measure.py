"""What is asked of every backend, and the worker processes that answer: one for each precision."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from nst_core import run
from nst_core.backend import About, Array, Dtype, choose
from nst_core.conformance import worker
from nst_core.conformance.cases import single
from nst_core.conformance.jobs import Job, Outcome
from nst_core.errors import NstError, WorkerError, unknown
from nst_core.recipe import Recipe
from nst_core.request import Request
from nst_core.weights import Weights

ITERATIONS = 10
SIZE = 256
NOISE = 0.1
NATIVE = "native-adam"
DEFAULT_RATE = 1e-3  # of torch.optim.Adam and keras.optimizers.Adam
ONCE = ("features", "itself", "terms", "gradient", "paint")


@dataclass(frozen=True)
class Precision:
    """What a worker is asked for. `exact` is the slow path: no TF32, nothing compiled."""

    name: str
    dtype: Dtype
    exact: bool


DOUBLE = Precision("float64", "float64", exact=True)
# the path that paints: on a CPU it is single precision, on a GPU it may be TF32
ON_CPU = (DOUBLE, Precision("float32", "float32", exact=False))
ON_GPU = (
    DOUBLE,
    Precision("float32", "float32", exact=True),
    Precision("tf32", "float32", exact=False),
)
BFLOAT16 = Precision("bfloat16", "bfloat16", exact=False)


def precisions(device: str, asked: Sequence[str] = ()) -> tuple[Precision, ...]:
    """Those that are compared on a device, or those of them that are asked for."""
    usual = (*ON_GPU, BFLOAT16) if device.startswith("cuda") else ON_CPU
    known = {one.name: one for one in (*usual, BFLOAT16)}
    for name in asked:
        if name not in known:
            there = f"On the device '{device}' choose from"
            raise NstError(unknown("precision", name, known, there))
    return tuple(known[name] for name in asked) or usual


@dataclass(frozen=True)
class Variant:
    """An optimiser: the plan's own, or a framework's at a learning rate."""

    optimizer: str = ""
    rate: float = 0.0

    @property
    def name(self) -> str:
        if not self.optimizer:
            return ""
        return "Adam()" if self.rate == DEFAULT_RATE else f"Adam({self.rate:g})"


@dataclass(frozen=True)
class Task:
    """A backend at one precision, with one optimiser: what one worker does."""

    backend: str
    precision: Precision
    variant: Variant = Variant()


class Subject:
    """The question that every backend is asked, on a person's own pictures.

    Features, terms and gradient are asked for the photograph under white noise, where no term is
    zero; the painting starts from the plan's first image.
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
        """One worker for each backend and precision; the frameworks' own optimisers last."""
        yield from (Task(backend, mode) for backend in backends for mode in modes)
        if self.native:
            rates = dict.fromkeys((self.recipe.plan.adam.lr, DEFAULT_RATE))
            for rate in rates:
                for backend in backends:
                    yield Task(backend, modes[-1], Variant(NATIVE, rate))

    def job(self, task: Task, device: str) -> Job:
        """What the worker of a task is told."""
        plan = self.recipe.plan
        if task.variant.optimizer:
            adam = plan.adam.model_copy(update={"lr": task.variant.rate})
            plan = plan.model_copy(update={"optimizer": NATIVE, "adam": adam})
        recipe = self.recipe.model_copy(update={"plan": plan})
        mode = task.precision
        # in double precision no unit flips: the beginning, the middle and the end will do
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
    """What a worker returned; `failure` is why it did not, `output` its last lines."""

    task: Task
    seconds: float
    about: About | None = None
    outcome: Outcome | None = None
    failure: str = ""
    output: str = ""


@dataclass(frozen=True)
class Setting:
    """Where workers run, and how long each may."""

    device: str = "cpu"
    timeout: float = worker.TIMEOUT
    threads: int | None = None


def check_device(backends: Sequence[str], device: str) -> None:
    """Raises NstError if no backend has the device; one that lacks it fails alone, later."""
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
    """Runs a task in a worker of its own."""
    began, jobs = time.monotonic(), (subject.job(task, setting.device),)
    try:
        about, (outcome,) = worker.run(
            task.backend, jobs, subject.pictures, setting.timeout, setting.threads
        )
    except WorkerError as error:
        seconds = time.monotonic() - began
        return Measurement(task, seconds, failure=str(error), output=error.output)
    return Measurement(task, time.monotonic() - began, about, outcome)
