"""The interface between the core and a backend: the protocols, and the types that they use.

An image is a NumPy array of shape (3, height, width), RGB, in [0, 1]. It is float64 for a session
in float64, and float32 otherwise. Framework tensors never leave a backend. The backend applies the
preprocessing, which belongs to the weights.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from nst_core.errors import BackendError, unknown
from nst_core.network import Network
from nst_core.plan import Stage
from nst_core.recipe import Recipe, Variable
from nst_core.terms import Term
from nst_core.weights import Weights

Array = NDArray[np.floating[Any]]
Arrays = dict[str, Array]
Dtype = Literal["float32", "float64", "bfloat16"]
Name = TypeVar("Name", bound=str)


@dataclass(frozen=True)
class Requirement:
    """A package that a backend needs: its import name, its title, and what pip must install."""

    module: str
    title: str
    install: str


@dataclass(frozen=True)
class About:
    """The framework, devices and dtypes of a backend, and the kinds of terms that it has.

    `auto` means `devices[0]`.
    """

    framework: str
    version: str
    devices: tuple[str, ...]
    dtypes: tuple[Dtype, ...]
    engine: str = ""
    terms: tuple[str, ...] = ("content", "gram", "tv")


@dataclass(frozen=True, eq=False)
class Targets:
    """The targets of a painting: a value for each term of the recipe, by its name.

    `values` holds features (N, height, width) for content and Gram matrices (N, N) for style; a
    term without a target has no value. Two objects are equal if they have the same formulas at the
    same taps. A program compiled for one can then be used for the other, if values and weights are
    inputs of the program.
    """

    terms: tuple[Term, ...]
    values: Mapping[str, Array]
    variable: Variable

    @classmethod
    def of(
        cls, recipe: Recipe, content: Array, styles: Sequence[Array], statistics: "Statistics"
    ) -> "Targets":
        """The targets for these pictures; `statistics` computes the statistics of a picture."""
        terms, shares = recipe.terms(len(styles)), recipe.shares(len(styles))
        of_content = [t for t in terms if t.formula.TARGET == "content"]
        found = statistics(content, of_content, recipe.variable)
        of_styles = [t for t in terms if t.formula.TARGET == "styles"]
        each = [
            statistics(style, [t for t in of_styles if t.style in (None, n)], recipe.variable)
            for n, style in enumerate(styles)
        ]
        for term in of_styles:
            if term.style is None:
                weighed = [share * own[term.name] for share, own in zip(shares, each, strict=True)]
                found[term.name] = np.sum(weighed, axis=0)
            else:
                found[term.name] = each[term.style][term.name]
        return cls(
            terms, {t.name: found[t.name] for t in terms if t.name in found}, recipe.variable
        )

    def coefficients(self, pixels: int) -> tuple[float, ...]:
        """The factor of each term's error, for a painting with this number of pixels."""
        return tuple(t.formula.coefficient(self.values.get(t.name), pixels) for t in self.terms)

    def alone(self, name: str) -> "Targets":
        """The same targets, with all weights 0 except that of the term `name`."""
        terms = (t if t.name == name else replace(t, weight=0.0) for t in self.terms)
        return replace(self, terms=tuple(terms))

    @cached_property
    def form(self) -> tuple[Any, ...]:
        """Everything except values and weights."""
        numbers = {"weight", "taps", "blend"}
        formulas = (
            (t.name, t.formula.KIND, t.formula.model_dump_json(exclude=numbers)) for t in self.terms
        )
        return self.variable, *formulas

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Targets) and self.form == other.form

    def __hash__(self) -> int:
        return hash(self.form)

    @property
    def taps(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(term.tap for term in self.terms if term.tap))


Statistics = Callable[[Array, Sequence[Term], Variable], Arrays]
"""A function that computes the statistic of each term for an image, by the term's name."""


@dataclass(frozen=True)
class Terms:
    """Every term of the total by name: `raw` is its value, `weights` its weight."""

    raw: Mapping[str, float]
    weights: Mapping[str, float]
    uncounted: frozenset[str] = frozenset()
    """Terms that are part of the gradient, but not of the total."""

    @classmethod
    def of(cls, targets: Targets, raw: Sequence[float]) -> "Terms":
        """The terms with these raw values, which are in the order of `targets.terms`."""
        names = [term.name for term in targets.terms]
        values = dict(zip(names, (float(value) for value in raw), strict=True))
        uncounted = {t.name for t in targets.terms if not t.formula.is_counted}
        weights = {term.name: term.weight for term in targets.terms}
        return cls(values, weights, frozenset(uncounted))

    @property
    def weighted(self) -> dict[str, float]:
        return {name: self.weights[name] * value for name, value in self.raw.items()}

    @property
    def total(self) -> float:
        return sum(v for name, v in self.weighted.items() if name not in self.uncounted)

    def as_json(self) -> dict[str, Any]:
        """`{"total", "content": {tap: …}, "style": {tap: …}, "tv", "raw": {…}}`, weighted.

        `raw` has the same keys except the total. If each of several styles has its own terms, the
        keys are `style1`, `style2` and so on instead of `style`, in the order of the styles.
        """
        return {"total": self.total, **_by_kind(self.weighted), "raw": _by_kind(self.raw)}


def _by_kind(values: Mapping[str, float]) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for name, value in values.items():
        kind, _, tap = name.partition(":")
        if tap:
            nested.setdefault(kind, {})[tap] = value
        else:
            nested[kind] = value
    return nested


@dataclass(frozen=True)
class Snapshot:
    """The painting before a step: its terms; its image and d total / d image on demand."""

    iteration: int
    terms: Terms
    image: Callable[[], Array]
    gradient: Callable[[], Array]


Watch = Callable[[Snapshot], None]


def choose(asked: str, offered: Sequence[Name], what: str) -> Name:
    """The name in `offered` that equals `asked`; the first for `auto`, `cuda:0` for `cuda`.

    Raises BackendError with all names in `offered` if there is none.
    """
    for offer in offered:
        if asked in (offer, offer.removesuffix(":0"), "auto"):
            return offer
    raise BackendError(unknown(what, asked, offered))


class Session(Protocol):
    """One network with its weights on one device. It has no state between two calls."""

    @property
    def flags(self) -> Mapping[str, str]:
        """The settings that are in effect: device, precision, determinism."""

    def features(self, image: Array, taps: Sequence[str]) -> dict[str, Array]:
        """The activations (N, height, width) at each tap."""

    def targets(self, content: Array, styles: Sequence[Array], recipe: Recipe) -> Targets:
        """The targets of the recipe: features of the content, Gram matrices of the styles."""

    def terms(self, image: Array, targets: Targets) -> Terms:
        """Every term for `image`."""

    def gradient(self, image: Array, targets: Targets) -> tuple[Terms, Array]:
        """Every term for `image`, and d total / d image, which has the image's shape."""

    def paint(self, image: Array, targets: Targets, stage: Stage, watch: Watch) -> Array:
        """The image after the stage's iterations; `watch` is called before each step."""


@runtime_checkable
class Measured(Protocol):
    """An optional method of a session."""

    def peak_memory(self) -> int:
        """The peak memory of this process on its device in bytes; 0 if it is not known."""


@runtime_checkable
class Configured(Protocol):
    """Optional attributes of a backend, for the environment of its framework."""

    @property
    def variables(self) -> tuple[str, ...]:
        """The environment variables that affect its numbers or its speed."""

    def environment(self, device: str, exact: bool, scratch: Path) -> Mapping[str, str]:
        """The variables to set before the framework is imported, in a worker process.

        `scratch` is an empty folder that is deleted when the worker ends.
        """


def nvidia(device: str, exact: bool) -> dict[str, str]:
    """The environment variables for a framework that finds NVIDIA's GPUs by itself.

    They hide all GPUs if `device` is the CPU, and switch off TF32 in NVIDIA's libraries if `exact`.
    """
    hidden = {"CUDA_VISIBLE_DEVICES": "-1"} if device == "cpu" else {}
    return hidden | ({"NVIDIA_TF32_OVERRIDE": "0"} if exact else {})


class Backend(Protocol):
    """The entry point to a framework. Creating a backend is fast and imports no framework."""

    @property
    def requires(self) -> tuple[Requirement, ...]:
        """The packages that must be installed."""

    @property
    def engines(self) -> tuple[str, ...]:
        """The names of the engines, as in `keras:jax`; empty if the framework has none."""

    def about(self) -> About:
        """Versions, devices, dtypes; imports the framework."""

    def session(
        self,
        network: Network,
        weights: Weights,
        *,
        device: str = "auto",
        dtype: Dtype = "float32",
        exact: bool = False,
    ) -> Session:
        """A session; `exact` switches off TF32, autotuning and nondeterministic operations."""
