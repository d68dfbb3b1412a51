"""The float64 session on one question: the numbers that every backend is held to."""

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

TIE = 1e-12
Sides = Mapping[str, tuple[Choice, NDArray[np.bool_]]]


class Question(Protocol):
    """What a session is asked, and with what: a case of the suite, or a person's own pictures."""

    @property
    def recipe(self) -> Recipe: ...

    @property
    def calls(self) -> tuple[str, ...]:
        """Names of `nst_core.conformance.jobs.CALLS`."""

    @property
    def layers(self) -> tuple[str, ...]:
        """Every layer up to the deepest tap."""

    @property
    def flat(self) -> bool:
        """Whether large parts of the pictures are of one colour."""

    def loaded(self) -> Weights:
        """The weights, before the recipe changes them."""

    def given(self) -> dict[str, Array]:
        """`image`, `content`, `style0` and on; `start` if painting does not begin at `image`."""


class Walk(NamedTuple):
    """A painting: total, image and gradient before each step, and the image after the last."""

    totals: list[float]
    images: list[Array]
    slopes: list[Array]
    painted: Array


class Truth:
    """The float64 session on a question, and what it finds on any outcome's kinks."""

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
        """Where its own path is before a step."""
        if step not in self.steps:
            image = self.walk.images[step]
            self.steps[step] = self.sides_of(self.session.features(image, self.question.layers))
        return self.steps[step]

    def sides_of(self, features: Mapping[str, Array]) -> Sides:
        """For each layer with kinks: the truth's own pattern, and which units are off the kink.

        A unit within 1e-12 of it, in units of the layer's deviation, is on both sides.
        """
        own = kinks(self.network, features)
        return {
            layer: (own[layer], margin > TIE * deviation)
            for layer, margin, deviation in self.margins(features)
        }

    def margins(self, features: Mapping[str, Array]) -> Iterator[tuple[str, Array, float]]:
        """For each layer with kinks, how far its units are from them, and the layer's deviation."""
        for before, layer in pairwise(self.question.layers):
            x = features[before]
            if self.network.layer(layer).kind == "relu":
                yield layer, np.abs(x), x.std()
            elif self.network.layer(layer).kind == "pool" and self.network.pooling == "max":
                cells = np.sort(windows(x, self.network.edge))
                second, first = np.moveaxis(cells[..., -2:], -1, 0)
                yield layer, first - second, x.std()

    def undecided(self, image: Array, targets: Targets, pattern: Kinks, width: float) -> float:
        """How much of the gradient hangs on units that are off their kink by less than `width`
        deviations, but not on it.

        They may be on one side in the program that computes features, and on the other in the
        one that computes the gradient. All of them are set to the one side, then to the other.
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
        """Every unit on, and off; or the largest of each window, and the second."""
        before = {after: name for name, after in pairwise(self.question.layers)}[layer]
        if self.network.layer(layer).kind == "relu":
            return np.array(True), np.array(False)
        order = windows(features[before], self.network.edge).argsort(-1)
        return order[..., -1], order[..., -2]

    def condition(self, term: Term) -> float:
        """‖mass‖ / ‖value‖ of the term's statistic: what its sums lose by cancellation."""
        assert isinstance(term.formula, Comparison)
        found = term.formula.statistic_mass(self.seen(term))
        return float(np.linalg.norm(found.mass) / np.linalg.norm(found.value))

    def seen(self, term: Term) -> Array:
        """What the term looks at: features, or the variable."""
        if term.tap:
            return self.features[term.tap]
        return self.session.scale(self.recipe.variable) * self.image

    def gradient(self, image: Array, targets: Targets, pattern: Kinks) -> Array:
        """d total / d image on a given pattern of kinks; empty if that pattern does not fit."""
        try:
            return self.session.gradient(image, targets, pattern)[1]
        except ValueError:
            return np.empty(0)

    @cached_property
    def walk(self) -> Walk:
        """The truth's own path."""
        return self.walk_from(self.start)

    def nudged(self, epsilon: float) -> Walk:
        """Its path from a start whose every value is moved by `NUDGE` ε."""
        if epsilon not in self.walks:
            self.walks[epsilon] = self.walk_from(nudged(self.start, epsilon))
        return self.walks[epsilon]

    def walk_from(self, start: Array) -> Walk:
        totals: list[float] = []
        images: list[Array] = []
        slopes: list[Array] = []

        def watch(snapshot: Snapshot) -> None:
            totals.append(snapshot.terms.total)
            images.append(snapshot.image())
            slopes.append(snapshot.gradient())

        painted = self.session.paint(start, self.targets, self.stage, watch)
        return Walk(totals, images, slopes, painted)
