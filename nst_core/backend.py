"""The contract between the core and a backend: five seams, and what passes through them.

An image is NumPy, shape (3, height, width), RGB, unit interval [0, 1]; in float64 for a session in
float64, else in float32. Framework tensors never leave a backend. The preprocessing of the network
comes with its weights and happens inside.
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
    """A package that a backend needs: its import name, its proper name, the extra that has it."""

    module: str
    title: str
    install: str


@dataclass(frozen=True)
class About:
    """What a backend runs on, and the kinds of terms that it can compute.

    `devices[0]` is the one that `auto` takes.
    """

    framework: str
    version: str
    devices: tuple[str, ...]
    dtypes: tuple[Dtype, ...]
    engine: str = ""
    terms: tuple[str, ...] = ("content", "gram", "tv")


@dataclass(frozen=True, eq=False)
class Targets:
    """What a painting is compared with: a value for each term of the recipe, by its name.

    `values` holds features (N, height, width) for content and Gram matrices (N, N) for style; a
    term without a target has none. Two are equal if they ask for the same formulas at the same
    taps: a program that is compiled for one serves the other, if values and weights are its inputs.
    """

    terms: tuple[Term, ...]
    values: Mapping[str, Array]
    variable: Variable

    @classmethod
    def of(
        cls, recipe: Recipe, content: Array, styles: Sequence[Array], statistics: "Statistics"
    ) -> "Targets":
        """From the pictures, and what computes the statistics of terms at a picture."""
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
        """What each term's error is multiplied by, for a painting of so many pixels."""
        return tuple(t.formula.coefficient(self.values.get(t.name), pixels) for t in self.terms)

    def alone(self, name: str) -> "Targets":
        """The same with every weight 0 but that of the term `name`."""
        terms = (t if t.name == name else replace(t, weight=0.0) for t in self.terms)
        return replace(self, terms=tuple(terms))

    @cached_property
    def form(self) -> tuple[Any, ...]:
        """All but values and weights."""
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
"""What each term compares, by the term's name: of an image, in a variable."""


@dataclass(frozen=True)
class Terms:
    """Every summand of the total by name: `raw` is the formula's value, `weights` its factor."""

    raw: Mapping[str, float]
    weights: Mapping[str, float]
    uncounted: frozenset[str] = frozenset()
    """Terms that have a gradient, but no part in the total."""

    @classmethod
    def of(cls, targets: Targets, raw: Sequence[float]) -> "Terms":
        """From raw values in the order of `targets.terms`."""
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

        `raw` has the same keys but the total. Where each of several styles has a term of its own,
        `style1`, `style2` and so on, in the order of the styles, stand in place of `style`.
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
    """The painting before a step: the terms there; image and d total / d image on demand."""

    iteration: int
    terms: Terms
    image: Callable[[], Array]
    gradient: Callable[[], Array]


Watch = Callable[[Snapshot], None]


def choose(asked: str, offered: Sequence[Name], what: str) -> Name:
    """The offer that is asked for; the first for `auto`; `cuda:0` for `cuda`.

    Raises BackendError, naming every offer, if there is none.
    """
    for offer in offered:
        if asked in (offer, offer.removesuffix(":0"), "auto"):
            return offer
    raise BackendError(unknown(what, asked, offered))


class Session(Protocol):
    """One network on one device, with its weights; it remembers nothing between two calls."""

    @property
    def flags(self) -> Mapping[str, str]:
        """The switches that were really set: device, precision, determinism."""

    def features(self, image: Array, taps: Sequence[str]) -> dict[str, Array]:
        """The activations (N, height, width) at each tap."""

    def targets(self, content: Array, styles: Sequence[Array], recipe: Recipe) -> Targets:
        """What the recipe wants matched: features of the content, Gram matrices of the styles."""

    def terms(self, image: Array, targets: Targets) -> Terms:
        """Every term at `image`."""

    def gradient(self, image: Array, targets: Targets) -> tuple[Terms, Array]:
        """Every term at `image`, and d total / d image, of the image's shape."""

    def paint(self, image: Array, targets: Targets, stage: Stage, watch: Watch) -> Array:
        """The image after the stage's iterations; `watch` sees each one before its step."""


@runtime_checkable
class Measured(Protocol):
    """What a session may also tell."""

    def peak_memory(self) -> int:
        """The most bytes that this process has held on its device; 0 where that is unknown."""


@runtime_checkable
class Configured(Protocol):
    """What a backend may also tell of how its framework is started."""

    @property
    def variables(self) -> tuple[str, ...]:
        """Environment variables that change its numbers or its speed."""

    def environment(self, device: str, exact: bool, scratch: Path) -> Mapping[str, str]:
        """Those to set before the framework is imported, in a process that runs nothing else.

        `scratch` is a folder that is empty, and deleted in the end.
        """


def nvidia(device: str, exact: bool) -> dict[str, str]:
    """The environment of a framework that finds NVIDIA's GPUs by itself.

    On the CPU it sees none; where it is to be exact, no library underneath uses TF32.
    """
    hidden = {"CUDA_VISIBLE_DEVICES": "-1"} if device == "cpu" else {}
    return hidden | ({"NVIDIA_TF32_OVERRIDE": "0"} if exact else {})


class Backend(Protocol):
    """A framework's door. Making one is cheap and imports no framework."""

    @property
    def requires(self) -> tuple[Requirement, ...]:
        """The packages that must be installed."""

    @property
    def engines(self) -> tuple[str, ...]:
        """Where the framework runs on several: their names, as in `keras:jax`; else empty."""

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
        """`exact` sets TF32, autotuning and nondeterminism off; otherwise it is the fast path."""
