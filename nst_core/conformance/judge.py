"""An outcome against the truth, level by level. Every level is fed with the backend's numbers.

0 exact: shapes, names, order, repetition. 1 operation: each one alone. 2 features: end to end.
3 gradient: on the kinks that the backend's own numbers are on. 4 step: the optimiser's, from
the backend's own state. 5 path: the gradient where the backend went. 6 result.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from nst_core import optimisers
from nst_core.backend import Array, Targets
from nst_core.conformance import budgets
from nst_core.conformance.cases import Case, pictures
from nst_core.conformance.measures import norm_wise, ratio, units
from nst_core.jobs import Outcome, path_steps, picked
from nst_core.network import KERNEL
from nst_core.plan import Stage
from nst_core.recipe import Content, Recipe, Style, Term
from nst_core.reference import mass
from nst_core.reference.mass import Sum
from nst_core.reference.net import Choice, Kinks, kinks, windows
from nst_core.reference.paint import NumpySession
from nst_core.run import effective_weights

Operation = tuple[str, Array, Sum]

TIE = 1e-12
LEVELS = ("exact", "operation", "features", "gradient", "step", "path", "result")


@dataclass(frozen=True)
class Row:
    """One thing that was measured; it holds if it is within its budget.

    NaN is not, and a budget that is infinite bounds nothing.
    """

    level: int
    what: str
    measured: float
    budget: float

    @property
    def holds(self) -> bool:
        return self.measured <= self.budget < np.inf

    @property
    def ratio(self) -> float:
        """measured / budget; infinite if a budget of zero is not kept, or nothing is bounded."""
        bounded = np.isfinite(self.measured) and np.isfinite(self.budget)
        return ratio(self.measured, self.budget) if bounded else np.inf


class Truth:
    """The float64 session on a case, and what it finds on any outcome's kinks."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.recipe: Recipe = case.recipe
        loaded = case.job("cpu", "float64").loaded()
        self.network = self.recipe.network.of(loaded.network)
        self.weights = effective_weights(loaded, self.network, self.recipe)
        self.session = NumpySession(self.network, self.weights, "float64", exact=True)
        self.vgg = self.session.vgg
        self.given = picked(pictures(), case.pictures)
        self.image = self.given["image"]

    @property
    def stage(self) -> Stage:
        return self.recipe.plan.stages()[-1]

    @cached_property
    def features(self) -> dict[str, Array]:
        return self.session.features(self.image, self.case.layers)

    @cached_property
    def targets(self) -> Targets:
        styles = [self.given[name] for name in sorted(self.given) if name.startswith("style")]
        return self.session.targets(self.given["content"], styles, self.recipe)

    @cached_property
    def sides(self) -> dict[str, tuple[Choice, NDArray[np.bool_]]]:
        """For each layer with kinks: the truth's own pattern, and which units are off the kink.

        A unit within 1e-12 of it, in units of the layer's deviation, is on both sides.
        """
        found: dict[str, tuple[Choice, NDArray[np.bool_]]] = {}
        own = kinks(self.network, self.features)
        for before, layer in pairwise(self.case.layers):
            if layer in own:
                x = self.features[before]
                if self.network.layer(layer).kind == "relu":
                    margin = np.abs(x)
                else:
                    cells = np.sort(windows(x, self.network.edge))
                    second, first = np.moveaxis(cells[..., -2:], -1, 0)
                    margin = first - second
                found[layer] = own[layer], margin > TIE * x.std()
        return found

    def condition(self, term: Term) -> float:
        """‖mass‖ / ‖value‖ of the term's Gram matrix: what its sums lose by cancellation."""
        if not isinstance(term.formula, Style):
            return 1.0
        found = mass.gram(self.features[term.tap], term.formula)
        return float(np.linalg.norm(found.mass) / np.linalg.norm(found.value))

    def gradient(self, image: Array, targets: Targets, pattern: Kinks) -> Array:
        """d total / d image on a given pattern of kinks; empty if that pattern does not fit."""
        try:
            return self.session.gradient(image, targets, pattern)[1]
        except ValueError:
            return np.empty(0)

    @cached_property
    def painted(self) -> tuple[list[float], Array]:
        """The totals and the result of the truth's own path."""
        totals: list[float] = []
        image = self.session.paint(
            self.image, self.targets, self.stage, lambda s: totals.append(s.terms.total)
        )
        return totals, image


@dataclass
class Judge:
    """One outcome, held against the truth at the precision that it claims."""

    truth: Truth
    outcome: Outcome
    precision: budgets.Precision

    def rows(self) -> Iterator[Row]:
        """Every row; of level 0 alone if it fails, since then there is nothing to compare."""
        calls, exact = self.truth.case.calls, list(self.exact())
        yield from exact
        if not all(row.holds for row in exact):
            return
        yield from self.operations()
        yield from self.end_to_end()
        yield from self.gradients()
        if "paint" in calls:
            yield from self.steps()
            yield from self.path()
            yield from self.result()

    def found(self, name: str) -> Array:
        """An array of the outcome, in double precision; empty if it is not there."""
        return self.outcome.arrays.get(name, np.empty(0)).astype(np.float64)

    def features(self, label: str = "features") -> dict[str, Array]:
        return {layer: self.found(f"{label}:{layer}") for layer in self.truth.case.layers}

    @cached_property
    def targets(self) -> Targets:
        """The backend's own targets, which `end_to_end` compares with the truth's."""
        names = self.truth.targets.values
        return replace(self.truth.targets, values={n: self.found(f"targets:{n}") for n in names})

    @cached_property
    def kinks(self) -> Kinks:
        return kinks(self.truth.network, self.features())

    # level 0

    def exact(self) -> Iterator[Row]:
        wrong = list(self.outcome.complaints)
        for name, shape in self.shapes():
            if (found := self.found(name).shape) != shape:
                wrong.append(f"{name} has shape {found}, not {shape}")
        expected = {term.name: term.weight for term in self.truth.targets.terms}
        for seam in ("terms", "gradient"):
            told = self.outcome.terms.get(seam, {"raw": {}, "weights": {}})
            if list(told["raw"]) != list(expected) or told["weights"] != expected:
                wrong.append(f"the terms of the seam '{seam}' are not those of the recipe")
        wrong += [f"no flag '{f}'" for f in ("device", "dtype") if f not in self.outcome.flags]
        yield Row(0, "shapes, names, promises", 0.0, 0.0)
        yield from (Row(0, complaint, np.inf, 0.0) for complaint in wrong)

    def shapes(self) -> Iterator[tuple[str, tuple[int, ...]]]:
        """Every array that is compared, and the shape that it must have."""
        case, image = self.truth.case, self.truth.image.shape
        features = [(layer, self.truth.network.shape(layer, *image[1:])) for layer in case.layers]
        yield from ((f"features:{layer}", shape) for layer, shape in features)
        for name, value in self.truth.targets.values.items():
            yield f"targets:{name}", value.shape
        yield "gradient", image
        if "paint" in case.calls:
            steps = range(self.truth.stage.iterations)
            yield from ((f"{label}:{t}", image) for t in steps for label in ("image", "slope"))
            yield from ((name, image) for name in ("paint", "nudged"))
            for t in path_steps(len(steps)):
                yield from ((f"features@{t}:{layer}", shape) for layer, shape in features)

    # level 1

    def operations(self) -> Iterator[Row]:
        # a channel that is constant is flat too, and is all cancellation where Grams are centred
        flat = self.truth.case.pictures == "flat" or self.truth.recipe.style.centred
        for name, computed, expected in (*self.layers(), *self.grams(), *self.sums()):
            error = units(computed, expected, self.precision.unit)
            yield Row(1, name, error, budgets.operation(expected.terms, flat=flat))

    def layers(self) -> Iterator[Operation]:
        """Each layer, of what the backend itself has before it."""
        features, net = self.features(), self.truth.network
        first, *others = self.truth.case.layers
        yield first, features[first], mass.first_layer(self.truth.vgg, self.truth.image)
        for before, name in pairwise((first, *others)):
            x = features[before]
            if x.shape == net.shape(before, *self.truth.image.shape[1:]):
                yield name, features[name], mass.layer(self.truth.vgg, net.layer(name), x)

    def grams(self) -> Iterator[Operation]:
        style = self.truth.recipe.style
        for tap in style.taps:
            F = self.found(f"features:{tap}")
            yield f"gram {tap}", self.found(f"itself:style:{tap}"), mass.gram(F, style)

    def sums(self) -> Iterator[Operation]:
        for seam, told in self.outcome.terms.items():
            for term in self.truth.targets.terms:
                value = np.array(told["raw"].get(term.name, np.nan))
                yield f"{term.name} ({seam})", value, self.sum_of(term)

    def sum_of(self, term: Term) -> Sum:
        """The term's formula, on the backend's own features and targets. The seam computes those
        features again, perhaps in another program: its sums below the tap count too."""
        found = self.sum_alone(term)
        below = self.truth.network.until([term.tap]) if term.tap else ()
        sums = (KERNEL**2 * layer.in_channels for layer in below if layer.kind == "conv")
        return found._replace(terms=found.terms + sum(sums))

    def sum_alone(self, term: Term) -> Sum:
        match term.formula:
            case Content() as formula:
                F, P = self.found(f"features:{term.tap}"), self.targets.values[term.name]
                return mass.content(F, P, formula)
            case Style() as formula:
                F, A = self.found(f"features:{term.tap}"), self.targets.values[term.name]
                return mass.style(F, A, formula, self.truth.image[0].size)
            case formula:
                x = self.truth.session.scale(self.truth.targets) * self.truth.image
                return mass.total_variation(x, formula)

    # level 2

    def end_to_end(self) -> Iterator[Row]:
        budget = self.precision.features
        for layer, F in self.features().items():
            yield Row(2, layer, norm_wise(F, self.truth.features[layer]), budget)
        for term in self.truth.targets.terms:
            if term.tap:
                value = self.truth.targets.values[term.name]
                error = norm_wise(self.found(f"targets:{term.name}"), value)
                yield Row(2, f"target {term.name}", error, budget * self.truth.condition(term))

    # level 3

    def gradients(self) -> Iterator[Row]:
        flips, kinked = self.flips()
        yield Row(3, f"kinks of {kinked:,}", flips, np.ceil(self.precision.flips * kinked))
        yield self.gradient("gradient", self.targets)
        if "each" in self.truth.case.calls:
            for term in self.truth.targets.terms:
                if term.weight:
                    name = f"gradient:{term.name}"
                    yield self.gradient(name, self.targets.alone(term.name))

    def gradient(self, name: str, targets: Targets) -> Row:
        expected = self.truth.gradient(self.truth.image, targets, self.kinks)
        return Row(3, name, norm_wise(self.found(name), expected), self.precision.gradient)

    def flips(self) -> tuple[int, int]:
        """Units on the other side of their kink than in the truth, and how many have one."""
        flips, count = 0, 0
        for name, found in self.kinks.items():
            own, decided = self.truth.sides[name]
            count += own.size
            flips += int(np.sum((found != own) & decided)) if found.shape == own.shape else own.size
        return flips, count

    # level 4

    def steps(self) -> Iterator[Row]:
        """Each step by the core's optimiser, which takes over the backend's state before it."""
        stage, box = self.truth.stage, self.truth.recipe.variable.box
        scale = self.truth.session.scale(self.truth.targets)
        optimiser = optimisers.make_optimiser(stage)
        lr = getattr(stage, stage.optimizer).lr
        points = [self.found(f"image:{t}") * scale for t in range(stage.iterations)]
        points.append(self.found("paint") * scale)
        first = mass.Sum(self.truth.image, np.abs(self.truth.image), 1)
        error = units(self.found("image:0"), first, self.precision.image_unit)
        yield Row(4, "first image", error, budgets.STEP["adam"])
        for t, (x, after) in enumerate(pairwise(points)):
            expected = optimiser.step(x, self.found(f"slope:{t}") / scale)
            if box != "clamp":
                optimiser.moved(after - x)
            expected = expected if box == "none" else expected.clip(0, scale)
            scales = mass.Sum(expected, np.abs(x) + lr, 1)
            error = units(after, scales, self.precision.image_unit)
            yield Row(4, f"{stage.optimizer}, step {t}", error, budgets.STEP[stage.optimizer])

    # level 5

    def path(self) -> Iterator[Row]:
        for t in path_steps(self.truth.stage.iterations):
            features = self.features(f"features@{t}")
            pattern = kinks(self.truth.network, features)
            expected = self.truth.gradient(self.found(f"image:{t}"), self.targets, pattern)
            error = norm_wise(self.found(f"slope:{t}"), expected)
            yield Row(5, f"gradient before step {t}", error, self.precision.gradient)

    # level 6

    def result(self) -> Iterator[Row]:
        """The totals and the painting, where a start that is nudged may be as far away."""
        totals, image = self.truth.painted
        found, nudged = np.array(self.outcome.totals), np.array(self.outcome.nudged)
        budget = self.precision.curve + budgets.DISTANCE * norm_wise(nudged, found)
        for t, (total, own) in enumerate(zip(found, totals, strict=True)):
            yield Row(6, f"total before step {t}", ratio(abs(total - own), own), budget)
        yield self.distance(image)

    def distance(self, image: Array) -> Row:
        """How far the painting is from the truth's, when a nudge and every step's own budget
        may lead it astray."""
        painted, stage = self.found("paint"), self.truth.stage
        nudge = norm_wise(self.found("nudged"), painted)
        steps = stage.iterations * budgets.STEP[stage.optimizer] * self.precision.image_unit
        budget = budgets.DISTANCE * (nudge + steps)
        return Row(6, "distance of the paintings", norm_wise(painted, image), budget)
