"""The cases of the suite: difficult pictures, different formulas, random and trained weights."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from nst_core import images, recipe, weights
from nst_core.backend import Array, Dtype
from nst_core.conformance.jobs import Job, picked
from nst_core.network import network
from nst_core.recipe import Recipe, names
from nst_core.terms import KINDS
from nst_core.weights import Weights

TRAINED = "vgg16-caffe"

# Written out, so that a change of the default recipe does not affect the budgets. The shares are
# large enough for a mistake at any layer to show.
BASIS: tuple[tuple[str, Any], ...] = (
    ("style.weight", 7.5),
    ("style.taps.relu1_1", 0.3),
    ("style.taps.relu2_1", 0.3),
    ("style.taps.relu3_1", 0.25),
    ("style.taps.relu4_1", 0.1),
    ("style.taps.relu5_1", 0.05),
    ("tv.weight", 0.5),
    ("plan.lbfgs", {"history": 20}),
)
FORMULAS: Mapping[str, tuple[tuple[str, Any], ...]] = {
    "relative": (("network.pooling", "average"),),
    "means": (
        ("network.pooling", "max"),
        ("content.reduction", "mean"),
        ("style.gram", "elements"),
        ("style.reduction", "mean"),
        ("plan.optimizer", "adam"),
    ),
    "sums": (
        ("network.pooling", "max"),
        ("content.reduction", "sum"),
        ("style.gram", "raw"),
        ("style.reduction", "sum"),
        ("style.weight", 1e-6),
        ("tv.norm", "absolute"),
        ("tv.reduction", "sum"),
    ),
    "boxed": (
        ("network.pooling", "max"),
        ("variable", {"scale": 255.0, "box": "clip"}),
        ("tv.norm", "squared"),
        ("plan.optimizer", "adam"),
        ("plan.adam.lr", 10.0),
    ),
} | {
    kind.KIND: (("term", [{"kind": kind.KIND, **kind.EXAMPLE}]),)
    for kind in KINDS.values()
    if kind.EXAMPLE
}
STEPS = 10
ONCE = ("features", "itself", "terms", "gradient")
EACH = (*ONCE, "each")
PATHS = ("paint", "paths", "nudged")
ALL = (*EACH, *PATHS, "again", "refusals")


@dataclass(frozen=True)
class Case:
    """A set of pictures, a weight set, a formula or recipe, and the calls to make."""

    pictures: str
    weights: str
    formula: str
    calls: tuple[str, ...]
    exact: bool = True
    preprocessing: str = ""

    @property
    def name(self) -> str:
        """The name of the case in tables."""
        return f"{self.weights}, {self.pictures}, {self.formula}" + ", fast" * (not self.exact)

    @property
    def recipe(self) -> Recipe:
        """The default recipe with the changes of the formula, or the recipe of that name."""
        plan = (("plan.iterations", STEPS), ("plan.coarsest", None))
        if self.formula not in FORMULAS:
            return recipe.load(self.formula, plan)
        return recipe.load("default", (*plan, *BASIS, *FORMULAS[self.formula]))

    @property
    def layers(self) -> tuple[str, ...]:
        """Every layer up to the deepest tap."""
        net = network(weights.load(self.weights).network)
        return tuple(layer.name for layer in net.until(self.recipe.taps()))

    @property
    def flat(self) -> bool:
        return self.pictures == "flat"

    def loaded(self) -> Weights:
        return self.job("cpu", "float64").loaded()

    def given(self) -> dict[str, Array]:
        return picked(pictures(), self.pictures)

    def job(self, device: str, dtype: Dtype) -> Job:
        fields = self.recipe.model_dump(mode="json")
        return Job(
            self.weights,
            fields,
            self.calls,
            self.layers,
            device,
            dtype,
            self.exact,
            self.pictures,
            self.preprocessing,
        )


RANDOM = (
    Case("photograph", "random-tiny:0", "relative", ALL, preprocessing="caffe"),
    Case("flat", "random-tiny:0", "boxed", ALL, preprocessing="torchvision"),
    Case("smallest", "random-tiny:0", "sums", ALL),
    Case("smallest", "random-vgg19:0", "means", ONCE),
)
FAST = (Case("photograph", "random-tiny:0", "sums", (*EACH, *PATHS), exact=False),)
# each kind of term that has no section of its own in a recipe
FURTHER = tuple(
    Case("photograph", "random-tiny:0", kind.KIND, (*EACH, *PATHS))
    for kind in KINDS.values()
    if kind.EXAMPLE
)
REAL = (
    Case("photograph", TRAINED, "means", ONCE),
    Case("flat", TRAINED, "boxed", (*ONCE, *PATHS)),
    Case("smallest", TRAINED, "sums", EACH),
)


def chosen(dtype: Dtype) -> tuple[Case, ...]:
    """The cases of a run; in float32 also the fast path, and trained weights if they are cached."""
    fast = FAST if dtype != "float64" else ()
    return RANDOM + fast + FURTHER + (REAL if weights.cached(TRAINED) else ())


def of_recipes() -> tuple[Case, ...]:
    """Every built-in recipe, on a small network with the recipe's preprocessing."""
    return tuple(Case("pair", "random-tiny:0", r, ONCE, preprocessing=pixels(r)) for r in names())


def pixels(name: str) -> str:
    """The preprocessing of a recipe's weights."""
    kind = recipe.load(name).network.weights.rpartition("-")[2]
    return kind if kind in weights.PREPROCESSINGS else "none"


@cache
def pictures() -> dict[str, Array]:
    """The sets of pictures; each has an image, a content and one or two styles.

    `photograph` has odd sides and two styles of other shapes. `flat` is saturated: large parts
    of it are black, white or one colour, and half of the image equals the content. `smallest`
    has a single position at relu5_1. `pair` has styles of the content's shape. All values are
    exact in float32, so that every precision gets the same pictures.
    """
    random = np.random.default_rng(0)
    content = shrunk("sample:coffee", 97, 131)
    flat = np.clip(4 * shrunk("sample:rocket", 40, 56) - 1.5, 0, 1)
    flat[:, :16, :20], flat[:, 24:, 36:] = 1.0, 0.25
    smallest = shrunk("sample:chelsea", 16, 16)
    half = np.arange(56) < 28
    sets = {
        "photograph": (
            content + 0.2 * random.standard_normal(content.shape),
            content,
            shrunk("sample:night", 80, 61),
            shrunk("sample:astronaut", 71, 71),
        ),
        "flat": (
            np.clip(flat + 0.2 * half * random.standard_normal(flat.shape), 0, 1),
            flat,
            shrunk("sample:mosaic", 33, 47),
        ),
        "smallest": (random.random(smallest.shape), smallest, shrunk("sample:wave", 17, 23)),
        "pair": (
            random.random((3, 35, 43)),
            *(shrunk(f"sample:{name}", 35, 43) for name in ("coffee", "glass", "night")),
        ),
    }
    return {
        f"{name}/{role}": single(array)
        for name, arrays in sets.items()
        for role, array in zip(("image", "content", "style0", "style1"), arrays, strict=False)
    }


def shrunk(source: str, height: int, width: int) -> Array:
    return images.resize(images.read(source).pixels, height, width)


def single(array: Array) -> Array:
    """The array in float64, rounded to values that float32 can represent."""
    return array.astype(np.float32).astype(np.float64)
