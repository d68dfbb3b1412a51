"""The reference results for one question, computed by the `numpy` backend in float64."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from nst_core.backend import Array, Snapshot, Targets
from nst_core.conformance.jobs import nudged, styles
from nst_core.conformance.measures import norm_wise
from nst_core.effective import effective_weights
from nst_core.plan import Stage
from nst_core.recipe import Recipe
from nst_core.reference.net import Choice, Kinks, kinks, windows
from nst_core.reference.paint import NumpySession
from nst_core.terms import Comparison, Term
from nst_core.weights import Weights

# An activation closer to its kink than this, in units of the layer's standard deviation, counts as
# being on both sides: correct float64 features differ by as much.
TIE = 1e-12
Sides = Mapping[str, tuple[Choice, NDArray[np.bool_]]]


class Question(Protocol):
    """The calls and the inputs of a session: a case of the suite, or a user's own pictures."""

    @property
    def recipe(self) -> Recipe: ...

    @property
    def calls(self) -> tuple[str, ...]:
        """The calls to make: names of `nst_core.conformance.jobs.CALLS`."""

    @property
    def layers(self) -> tuple[str, ...]:
        """Every layer up to the deepest tap."""

    @property
    def flat(self) -> bool:
        """Whether large parts of the pictures have a single colour."""

    def loaded(self) -> Weights:
        """The weights, before the recipe changes them."""

    def given(self) -> dict[str, Array]:
        """`image`, `content`, `style0` and so on; `start` if the painting starts elsewhere."""


class Walk(NamedTuple):
    """A painting: total, image and gradient before each step, and the image after the last."""

    totals: list[float]
    images: list[Array]
    gradients: list[Array]
    painted: Array


class Truth:
    """The reference for a question, which can also use the sides of an outcome's kinks."""

    def __init__(self, question: Question) -> None:
        self.question = question
        self.recipe = question.recipe
        loaded = question.loaded()
        self.network = self.recipe.network.of(loaded.network)
        self.weights = effective_weights(loaded, self.network, self.recipe)
        self.session = NumpySession(self.network, self.weights, "float64", exact=True)
        self.vgg = self.session.vgg
        self.given = question.given()
        self.image = self.given["image"]
        self.walks: dict[float, Walk] = {}
        self.steps: dict[int, Sides] = {}
        self.start = self.given.get("start", self.image)

    @property
    def stage(self) -> Stage:
        return self.recipe.plan.stages()[-1]

    @cached_property
    def features(self) -> dict[str, Array]:
        return self.session.features(self.image, self.question.layers)

    @cached_property
    def targets(self) -> Targets:
        return self.session.targets(self.given["content"], styles(self.given), self.recipe)

    @cached_property
    def sides(self) -> Sides:
        return self.sides_of(self.features)

    def sides_before(self, step: int) -> Sides:
        """The sides of the kinks on the reference's own path before a step."""
        if step not in self.steps:
            image = self.walk.images[step]
            self.steps[step] = self.sides_of(self.session.features(image, self.question.layers))
        return self.steps[step]

    def sides_of(self, features: Mapping[str, Array]) -> Sides:
        """For each layer with kinks: the side of each activation, and whether it is certain.

        The side of an activation within TIE of its kink is not certain.
        """
        own = kinks(self.network, features)
        return {
            layer: (own[layer], margin > TIE * deviation)
            for layer, margin, deviation in self.margins(features)
        }

    def margins(self, features: Mapping[str, Array]) -> Iterator[tuple[str, Array, float]]:
        """For each layer with kinks: the distances to the kinks and the standard deviation."""
        for before, layer in pairwise(self.question.layers):
            x = features[before]
            if self.network.layer(layer).kind == "relu":
                yield layer, np.abs(x), x.std()
            elif self.network.layer(layer).kind == "pool" and self.network.pooling == "max":
                cells = np.sort(windows(x, self.network.edge))
                second, first = np.moveaxis(cells[..., -2:], -1, 0)
                yield layer, first - second, x.std()

    def undecided(self, image: Array, targets: Targets, pattern: Kinks, width: float) -> float:
        """The relative change of the gradient that uncertain activations can cause.

        These are closer to their kink than `width` standard deviations, but not exactly on it.
        The program that computes features may have them on one side, and the program that
        computes the gradient on the other. They are all set to one side and then to the other.
        """
        features = self.session.features(image, self.question.layers)
        sides: tuple[dict[str, Choice], dict[str, Choice]] = {}, {}
        for layer, margin, deviation in self.margins(features):
            near = (margin > TIE * deviation) & (margin <= width * deviation)
            for found, side in zip(sides, self.both_sides(layer, features), strict=True):
                found[layer] = np.where(near, side, pattern[layer])
        one, other = (self.gradient(image, targets, found) for found in sides)
        return norm_wise(one, other)

    def both_sides(self, layer: str, features: Mapping[str, Array]) -> tuple[Choice, Choice]:
        """ReLU: all on, and all off. Pooling: the largest of each window, and the second."""
        before = {after: name for name, after in pairwise(self.question.layers)}[layer]
        if self.network.layer(layer).kind == "relu":
            return np.array(True), np.array(False)
        order = windows(features[before], self.network.edge).argsort(-1)
        return order[..., -1], order[..., -2]

    def condition(self, term: Term) -> float:
        """‖mass‖ / ‖value‖ of the term's statistic: the factor that cancellation adds to errors."""
        assert isinstance(term.formula, Comparison)
        statistic = term.formula.statistic_mass(self.seen(term))
        return float(np.linalg.norm(statistic.mass) / np.linalg.norm(statistic.value))

    def seen(self, term: Term) -> Array:
        """The input of the term: features, or the variable."""
        if term.tap:
            return self.features[term.tap]
        return self.session.scale(self.recipe.variable) * self.image

    def gradient(self, image: Array, targets: Targets, pattern: Kinks) -> Array:
        """d total / d image for given sides of the kinks; empty if their shapes do not fit."""
        try:
            return self.session.gradient(image, targets, pattern)[1]
        except ValueError:
            return np.empty(0)

    @cached_property
    def walk(self) -> Walk:
        """The reference's own path."""
        return self.walk_from(self.start)

    def nudged(self, epsilon: float) -> Walk:
        """Its path from a first image in which every value is changed by `NUDGE` ε."""
        if epsilon not in self.walks:
            self.walks[epsilon] = self.walk_from(nudged(self.start, epsilon))
        return self.walks[epsilon]

    def walk_from(self, start: Array) -> Walk:
        totals: list[float] = []
        images: list[Array] = []
        gradients: list[Array] = []

        def watch(snapshot: Snapshot) -> None:
            totals.append(snapshot.terms.total)
            images.append(snapshot.image())
            gradients.append(snapshot.gradient())

        painted = self.session.paint(start, self.targets, self.stage, watch)
        return Walk(totals, images, gradients, painted)
