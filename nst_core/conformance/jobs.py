"""A job, which is a list of calls of one session, and its outcome: plain values and arrays.

A job runs in a worker process (`nst_core.conformance.worker`) or in this one.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np

from nst_core import memory, recipe, weights
from nst_core.backend import Array, Backend, Dtype, Session, Snapshot, Targets, Terms
from nst_core.effective import effective_weights
from nst_core.errors import NstError
from nst_core.network import Network
from nst_core.recipe import Recipe
from nst_core.reference.net import kinks
from nst_core.weights import Weights

# The first image of a nudged painting differs by NUDGE ε, about the error of a first gradient. A
# change of one ε is too small: it may cause no flip at all.
NUDGE = 8
EPSILON: Mapping[Dtype, float] = {"float64": 2**-52, "float32": 2**-23, "bfloat16": 2**-7}


@dataclass(frozen=True)
class Job:
    """The calls to make in one session; `calls` are names of `CALLS`.

    `pictures` is the name of a set of pictures, if there are several sets. `preprocessing`, if it
    is not empty, replaces the preprocessing of the weights.
    """

    weights: str
    recipe: Mapping[str, Any]
    calls: tuple[str, ...]
    taps: tuple[str, ...] = ()
    device: str = "auto"
    dtype: Dtype = "float64"
    exact: bool = True
    pictures: str = ""
    preprocessing: str = ""

    def loaded(self) -> Weights:
        """The weights of the job."""
        if not self.preprocessing:
            return weights.load(self.weights)
        if Path(self.weights).suffix in weights.SUFFIXES:
            return weights.load(self.weights, preprocessing=self.preprocessing)
        loaded = weights.load(self.weights)
        return replace(loaded, preprocessing=weights.PREPROCESSINGS[self.preprocessing])


@dataclass
class Outcome:
    """The results of a job. `terms` holds raw values and weights for each method of the session;
    `totals` holds the total before each step of the painting, and `nudged` the same for the nudged
    painting; `complaints` lists violations of the interface. `absent` lists the kinds of terms that
    the backend does not have; if there are any, no call was made.

    | arrays | call |
    |---|---|
    | `features:TAP` | features |
    | `targets:TERM` | any but features |
    | `itself:TERM` | itself: the targets if the image is both the content and the only style |
    | `gradient` | gradient |
    | `gradient:TERM` | each: the gradient of one term |
    | `paint`; `image:T`, `slope:T` | paint: the result; image and gradient before step T |
    | `kinks@T:LAYER` | paths: the side of its kink of each activation, before the first, the
    middle and the last step; all_paths: before every step |
    | `nudged` | nudged: `paint` from an image in which every value is changed by `NUDGE` ε |

    `seconds` holds the times of each call, of opening the `session`, of computing the `targets`,
    of the `import`, and of every step of the painting. `memory` holds the peak memory in bytes:
    `host`, and `device` if the session reports it.
    """

    flags: dict[str, str] = field(default_factory=dict)
    terms: dict[str, dict[str, dict[str, float]]] = field(default_factory=dict)
    totals: list[float] = field(default_factory=list)
    nudged: list[float] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)
    arrays: dict[str, Array] = field(default_factory=dict)
    seconds: dict[str, list[float]] = field(default_factory=dict)
    memory: dict[str, int] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)


def run_job(backend: Backend, job: Job, arrays: Mapping[str, Array]) -> Outcome:
    """Runs a job in this process on the arrays `image`, `content`, `style0` and so on.

    The painting starts from `start` if it is given, otherwise from `image`.
    """
    return JobRun(backend, job, picked(arrays, job.pictures)).outcome()


def picked(arrays: Mapping[str, Array], pictures: str) -> dict[str, Array]:
    """The arrays of one set of pictures; their names are `SET/image` and so on."""
    start = f"{pictures}/" if pictures else ""
    return {name.removeprefix(start): a for name, a in arrays.items() if name.startswith(start)}


def styles(arrays: Mapping[str, Array]) -> list[Array]:
    """The arrays `style0`, `style1` and so on."""
    count = sum(name.startswith("style") for name in arrays)
    return [arrays[f"style{index}"] for index in range(count)]


def nudged(start: Array, epsilon: float) -> Array:
    """Every value multiplied by 1 ± `NUDGE` ε, with random signs."""
    # a fixed seed, so that every backend gets the same image
    signs = np.random.default_rng(0).choice([-1.0, 1.0], start.shape)
    moved: Array = start * (1 + NUDGE * epsilon * signs)
    return moved


def path_steps(iterations: int) -> list[int]:
    """The steps at which a path is examined: the first, the middle and the last."""
    return sorted({0, (iterations - 1) // 2, iterations - 1})


@dataclass
class JobRun:
    """One run of a job: a session, and the outcome of the calls made so far."""

    backend: Backend
    job: Job
    given: Mapping[str, Array]
    done: Outcome = field(default_factory=Outcome)

    def outcome(self) -> Outcome:
        kinds = {formula.KIND for formula in self.recipe.formulas.values()}
        self.done.absent = sorted(kinds - set(self.backend.about().terms))
        if self.done.absent:
            return self.done
        before = {name: array.copy() for name, array in self.given.items()}
        self.timed("session", lambda: self.session)
        self.done.flags = dict(self.session.flags)
        if set(self.job.calls) - {"features"}:
            self.timed("targets", lambda: self.targets)
        for name, call in CALLS.items():
            if name in self.job.calls:
                self.timed(name, partial(call, self))
        for name, array in before.items():
            if not np.array_equal(array, self.given[name]):
                self.done.complaints.append(f"the session modified its input array '{name}'")
        self.done.memory = memory.peak(self.session)
        return self.done

    def timed(self, name: str, call: Callable[[], object]) -> None:
        began = time.perf_counter()
        call()
        self.done.seconds[name] = [time.perf_counter() - began]

    @cached_property
    def recipe(self) -> Recipe:
        return recipe.build(self.job.recipe, "of the job")

    @cached_property
    def loaded(self) -> Weights:
        return self.job.loaded()

    @property
    def network(self) -> Network:
        return self.recipe.network.of(self.loaded.network)

    @cached_property
    def session(self) -> Session:
        """A session with the weights as the recipe uses them."""
        ready, job = effective_weights(self.loaded, self.network, self.recipe), self.job
        return self.backend.session(
            self.network, ready, device=job.device, dtype=job.dtype, exact=job.exact
        )

    @cached_property
    def targets(self) -> Targets:
        targets = self.session.targets(self.given["content"], styles(self.given), self.recipe)
        self.keep("targets", targets.values)
        return targets

    @property
    def image(self) -> Array:
        return self.given["image"]

    @property
    def start(self) -> Array:
        return self.given.get("start", self.image)

    def keep(self, label: str, arrays: Mapping[str, Any]) -> None:
        self.done.arrays |= {f"{label}:{name}": array for name, array in arrays.items()}

    def keep_terms(self, seam: str, terms: Terms) -> None:
        self.done.terms[seam] = {"raw": dict(terms.raw), "weights": dict(terms.weights)}

    def features(self) -> None:
        self.keep("features", self.session.features(self.image, self.job.taps))

    def itself(self) -> None:
        own = self.recipe.model_copy(
            update={"style": self.recipe.style.model_copy(update={"blend": ()})}
        )
        self.keep("itself", self.session.targets(self.image, [self.image], own).values)

    def terms(self) -> None:
        self.keep_terms("terms", self.session.terms(self.image, self.targets))

    def gradient(self) -> None:
        terms, self.done.arrays["gradient"] = self.session.gradient(self.image, self.targets)
        self.keep_terms("gradient", terms)

    def each(self) -> None:
        for term in self.targets.terms:
            if term.weight:
                g = self.session.gradient(self.image, self.targets.alone(term.name))[1]
                self.keep("gradient", {term.name: g})

    def paint(self) -> None:
        iterations: list[int] = []
        seconds: list[float] = []
        left = time.perf_counter()

        def watch(snapshot: Snapshot) -> None:
            nonlocal left
            seconds.append(time.perf_counter() - left)
            step = str(len(iterations))
            iterations.append(snapshot.iteration)
            self.done.totals.append(snapshot.terms.total)
            self.keep("image", {step: snapshot.image()})
            self.keep("slope", {step: snapshot.gradient()})
            left = time.perf_counter()

        self.done.arrays["paint"] = self.painted(self.start, watch)
        self.done.seconds["steps"] = seconds
        if iterations != list(range(self.recipe.plan.iterations)):
            self.done.complaints.append(f"the painting's snapshots are numbered {iterations}")

    def paths(self) -> None:
        for step in path_steps(self.recipe.plan.iterations):
            self.sides(step)

    def all_paths(self) -> None:
        for step in range(self.recipe.plan.iterations):
            self.sides(step)

    def sides(self, step: int) -> None:
        """Stores the sides of the kinks before a step, one byte for each activation."""
        image = self.done.arrays[f"image:{step}"]
        features = self.session.features(image, self.job.taps)
        found = kinks(self.network, features) if features else {}
        small = {n: a if a.dtype == bool else a.astype(np.uint8) for n, a in found.items()}
        self.keep(f"kinks@{step}", small)

    def nudged(self) -> None:
        """Paints from a slightly different first image, to see how sensitive the result is."""
        start = nudged(self.start, EPSILON[self.job.dtype])

        def watch(snapshot: Snapshot) -> None:
            self.done.nudged.append(snapshot.terms.total)

        self.done.arrays["nudged"] = self.painted(start, watch)

    def painted(self, start: Array, watch: Callable[[Snapshot], None]) -> Array:
        return self.session.paint(start, self.targets, self.recipe.plan.stages()[-1], watch)

    def again(self) -> None:
        """Repeats the same calls, whose results must be bitwise equal."""
        first, self.done.arrays = self.done.arrays, {}
        self.features()
        self.gradient()
        for name, array in self.done.arrays.items():
            if not np.array_equal(array, first[name], equal_nan=True):
                self.done.complaints.append(f"'{name}' differs when it is computed again")
        self.done.arrays = first

    def refusals(self) -> None:
        self.must_refuse("a layer that does not exist", lambda: self.ask_for("relu9_9"))
        self.must_refuse("a device that does not exist", lambda: self.open_on("nowhere:7"))

    def ask_for(self, tap: str) -> None:
        self.session.features(self.image, (tap,))

    def open_on(self, device: str) -> None:
        _ = JobRun(self.backend, replace(self.job, device=device), self.given).session

    def must_refuse(self, what: str, ask: Callable[[], None]) -> None:
        try:
            ask()
        except NstError:
            return
        except Exception as error:
            wrong = f"refused with {type(error).__name__}, not with NstError"
        else:
            wrong = "not refused"
        self.done.complaints.append(f"{what} is {wrong}")


CALLS: Mapping[str, Callable[[JobRun], None]] = {
    "features": JobRun.features,
    "itself": JobRun.itself,
    "terms": JobRun.terms,
    "gradient": JobRun.gradient,
    "each": JobRun.each,
    "paint": JobRun.paint,
    "paths": JobRun.paths,
    "all_paths": JobRun.all_paths,
    "nudged": JobRun.nudged,
    "again": JobRun.again,
    "refusals": JobRun.refusals,
}
