"""Compares an outcome with the reference, level by level.

Every level starts from the backend's own numbers, so that a mistake shows at its own level.
0 exact: shapes, names, order, repetition. 1 operation: each one alone. 2 features: end to end.
3 gradient: on the backend's own side of each kink. 4 step: each step of the optimiser, from the
backend's own state. 5 path: the gradient at the backend's intermediate images. 6 result.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nst_core import optimisers
from nst_core.backend import Array, Targets
from nst_core.conformance import budgets
from nst_core.conformance.jobs import Outcome, path_steps
from nst_core.conformance.measures import norm_wise, ratio, units
from nst_core.conformance.truth import Sides, Truth
from nst_core.network import KERNEL
from nst_core.reference import mass
from nst_core.reference.net import Kinks, kinks
from nst_core.terms import Comparison, Sum, Term

Operation = tuple[str, str, str, Array, Sum]  # what, kind, at, computed, expected

LEVELS = ("exact", "operation", "features", "gradient", "step", "path", "result")


@dataclass(frozen=True)
class Row:
    """One measured error and its budget; the row holds if the error is within the budget.

    A NaN error does not hold, nor does any error with an infinite budget.
    """

    level: int
    what: str
    measured: float
    budget: float
    kind: str = ""
    """What is measured: conv, relu, pool, a kind of statistic such as gram, the name of a term,
    features, kinks, gradient, step, path, total or distance."""
    at: str = ""
    """The layer, tap or step."""

    @property
    def holds(self) -> bool:
        return self.measured <= self.budget < np.inf

    @property
    def ratio(self) -> float:
        """measured / budget; infinite if either is not finite, or a budget of 0 is exceeded."""
        bounded = np.isfinite(self.measured) and np.isfinite(self.budget)
        return ratio(self.measured, self.budget) if bounded else np.inf


def flips(found: Kinks, sides: Sides) -> dict[str, NDArray[np.bool_]]:
    """For each layer with kinks, the activations on another side than in the reference.

    If a layer has another shape, all of its activations count.
    """
    return {
        name: (found[name] != own) & decided
        if name in found and found[name].shape == own.shape
        else np.ones(own.shape, bool)
        for name, (own, decided) in sides.items()
    }


@dataclass
class Judge:
    """Compares one outcome with the reference, with the budgets of the given precision."""

    truth: Truth
    outcome: Outcome
    precision: budgets.Precision
    allowed: list[float] = field(default_factory=list)
    """The budget of each step that has been judged."""

    def rows(self) -> Iterator[Row]:
        """Every row; only those of level 0 if it fails, because nothing else can be compared."""
        calls, exact = self.truth.question.calls, list(self.exact())
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
        """An array of the outcome in double precision; empty if it is missing."""
        return self.outcome.arrays.get(name, np.empty(0)).astype(np.float64, copy=False)

    @cached_property
    def features(self) -> dict[str, Array]:
        return {layer: self.found(f"features:{layer}") for layer in self.truth.question.layers}

    @cached_property
    def targets(self) -> Targets:
        """The backend's own targets; `end_to_end` compares them with the reference's."""
        names = self.truth.targets.values
        return replace(self.truth.targets, values={n: self.found(f"targets:{n}") for n in names})

    @cached_property
    def kinks(self) -> Kinks:
        return kinks(self.truth.network, self.features)

    def kinks_before(self, step: int) -> Kinks:
        found: dict[str, Any] = dict(self.outcome.arrays)
        return {layer: found[f"kinks@{step}:{layer}"] for layer in self.truth.sides}

    # level 0

    def exact(self) -> Iterator[Row]:
        wrong = list(self.outcome.complaints)
        for name, shape in self.shapes():
            if (found := self.outcome.arrays.get(name, np.empty(0)).shape) != shape:
                wrong.append(f"{name} has shape {found}, not {shape}")
        expected = {term.name: term.weight for term in self.truth.targets.terms}
        for seam in ("terms", "gradient"):
            reported = self.outcome.terms.get(seam, {"raw": {}, "weights": {}})
            if list(reported["raw"]) != list(expected) or reported["weights"] != expected:
                wrong.append(f"the terms of the method '{seam}' are not those of the recipe")
        wrong += [f"no flag '{f}'" for f in ("device", "dtype") if f not in self.outcome.flags]
        yield Row(0, "shapes, names, promises", 0.0, 0.0)
        yield from (Row(0, complaint, np.inf, 0.0) for complaint in wrong)

    def shapes(self) -> Iterator[tuple[str, tuple[int, ...]]]:
        """Every array that is compared, and its expected shape."""
        question, image = self.truth.question, self.truth.image.shape
        for layer in question.layers:
            yield f"features:{layer}", self.truth.network.shape(layer, *image[1:])
        for name, value in self.truth.targets.values.items():
            yield f"targets:{name}", value.shape
        yield "gradient", image
        if "paint" in question.calls:
            steps = range(self.truth.stage.iterations)
            yield from ((f"{label}:{t}", image) for t in steps for label in ("image", "slope"))
            yield from ((name, image) for name in ("paint", "nudged") if name in question.calls)
            for t in path_steps(len(steps)):
                for layer, own in self.truth.sides.items():
                    yield f"kinks@{t}:{layer}", own[0].shape

    # level 1

    def operations(self) -> Iterator[Row]:
        formulas = self.truth.recipe.formulas.values()
        flat = self.truth.question.flat or any(formula.cancels for formula in formulas)
        asked = chain(self.layers(), self.statistics(), self.sums())
        for what, kind, at, computed, expected in asked:
            error = units(computed, expected, self.precision.unit)
            yield Row(1, what, error, budgets.operation(expected.terms, flat=flat), kind, at)

    def layers(self) -> Iterator[Operation]:
        """Each layer, computed from the backend's own features before it."""
        features, net = self.features, self.truth.network
        first, *others = self.truth.question.layers
        expected = mass.first_layer(self.truth.vgg, self.truth.image)
        yield first, "conv", first, features[first], expected
        for before, name in pairwise((first, *others)):
            x = features[before]
            if x.shape == net.shape(before, *self.truth.image.shape[1:]):
                layer = net.layer(name)
                expected = mass.layer(self.truth.vgg, layer, x)
                yield name, layer.kind, name, features[name], expected

    def statistics(self) -> Iterator[Operation]:
        """Each statistic except the features themselves, from the backend's own features."""
        for term in self.truth.recipe.terms():
            if not isinstance(term.formula, Comparison):
                continue
            expected = term.formula.statistic_mass(self.seen(term))
            if expected.terms:
                kind, computed = term.formula.KIND, self.found(f"itself:{term.name}")
                yield f"{kind} {term.tap}".rstrip(), kind, term.tap, computed, expected

    def seen(self, term: Term) -> Array:
        """The input of the term: the backend's own features, or the variable."""
        return self.found(f"features:{term.tap}") if term.tap else self.truth.seen(term)

    def sums(self) -> Iterator[Operation]:
        for seam, reported in self.outcome.terms.items():
            for term in self.truth.targets.terms:
                value = np.array(reported["raw"].get(term.name, np.nan))
                kind = term.name.partition(":")[0].rstrip("0123456789")
                yield f"{term.name} ({seam})", kind, term.tap, value, self.sum_of(term)

    def sum_of(self, term: Term) -> Sum:
        """The term's formula, computed from the backend's own features and targets.

        The method of the session computes these features again, perhaps in another program.
        Therefore the sums of the layers below the tap count as well.
        """
        alone = self.sum_alone(term)
        below = self.truth.network.until([term.tap]) if term.tap else ()
        sums = (KERNEL**2 * layer.in_channels for layer in below if layer.kind == "conv")
        return alone._replace(terms=alone.terms + sum(sums))

    def sum_alone(self, term: Term) -> Sum:
        target = self.targets.values.get(term.name)
        return term.formula.mass(self.seen(term), target, self.truth.image[0].size)

    # level 2

    def end_to_end(self) -> Iterator[Row]:
        budget = self.precision.features
        for layer, F in self.features.items():
            error = norm_wise(F, self.truth.features[layer])
            yield Row(2, layer, error, budget, "features", layer)
        for term in self.truth.targets.terms:
            if isinstance(term.formula, Comparison):
                value = self.truth.targets.values[term.name]
                error = norm_wise(self.found(f"targets:{term.name}"), value)
                allowed = budget * self.truth.condition(term)
                yield Row(2, f"target {term.name}", error, allowed, term.formula.KIND, term.tap)

    # level 3

    def gradients(self) -> Iterator[Row]:
        flips, kinked = self.flips()
        # rounded up, because one flip must be allowed in a small network too
        allowed = np.ceil(self.precision.flips * kinked)
        yield Row(3, f"kinks of {kinked:,}", flips, allowed, "kinks")
        yield self.gradient("gradient", self.targets)
        if "each" in self.truth.question.calls:
            for term in self.truth.targets.terms:
                if term.weight:
                    name = f"gradient:{term.name}"
                    yield self.gradient(name, self.targets.alone(term.name))

    def gradient(self, name: str, targets: Targets) -> Row:
        error, budget = self.gradient_error(name, self.truth.image, targets, self.kinks)
        return Row(3, name, error, budget, "gradient")

    def gradient_error(
        self, name: str, image: Array, targets: Targets, own: Kinks
    ) -> tuple[float, float]:
        """The error of a gradient, and its budget.

        Some activations are so close to their kink that rounding decides their side. If the error
        exceeds the budget, the effect of these activations is added to the budget.
        """
        error = norm_wise(self.found(name), self.truth.gradient(image, targets, own))
        budget = self.precision.gradient
        if budget < error < np.inf:
            budget += self.truth.undecided(image, targets, own, self.precision.undecided)
        return error, budget

    def flips(self) -> tuple[int, int]:
        """The number of activations on another side than in the reference, and of all kinks."""
        sides = self.truth.sides
        flipped = sum(int(mask.sum()) for mask in flips(self.kinks, sides).values())
        return flipped, sum(own.size for own, _ in sides.values())

    # level 4

    def steps(self) -> Iterator[Row]:
        """Each step, compared with the core's optimiser started from the backend's state."""
        stage, unit = self.truth.stage, self.precision.image_unit
        first = Sum(self.truth.start, np.abs(self.truth.start), 1)
        error = units(self.found("image:0"), first, unit)
        yield Row(4, "first image", error, budgets.STEP["adam"], "step")
        budget = budgets.STEP[stage.optimizer]
        stepped = self.stepped(optimisers.make_optimiser(stage))
        for t, (x, expected, after) in enumerate(stepped):
            # the learning rate bounds a step of Adam, but not one of gradient descent
            reach = np.abs(expected - x) if stage.optimizer == "sgd" else stage.settings.lr
            error = units(after, Sum(expected, np.abs(x) + reach, 1), unit)
            allowed = budget * (self.cancellation(t) if budget < error < np.inf else 1.0)
            self.allowed.append(allowed)
            yield Row(4, f"{stage.optimizer}, step {t}", error, allowed, "step", str(t))

    def cancellation(self, step: int) -> float:
        """The largest ‖g‖ / ‖y‖ of L-BFGS so far, by which the budget of a step is multiplied.

        A backend returns gradients in units of the image. If the variable is scaled, they are
        rounded once more than those that it used itself, and this rounding error may be a large
        part of the difference y of two gradients.
        """
        if self.truth.stage.optimizer != "lbfgs" or set(self.truth.recipe.variable.scales) == {1.0}:
            return 1.0
        gradients = [self.found(f"slope:{t}") for t in range(step + 1)]
        ratios = (norm_wise(b, a) for a, b in pairwise(gradients))
        return budgets.DISTANCE * max((1 / ratio for ratio in ratios if ratio), default=1.0)

    def stepped(self, optimiser: optimisers.Optimiser) -> Iterator[tuple[Array, Array, Array]]:
        """(the backend's variable, the result of `optimiser`, the result of the backend)."""
        box = self.truth.recipe.variable.box
        scale = self.truth.session.scale(self.truth.recipe.variable)
        points = [self.found(f"image:{t}") * scale for t in range(self.truth.stage.iterations)]
        points.append(self.found("paint") * scale)
        for t, (x, after) in enumerate(pairwise(points)):
            expected = optimiser.step(x, self.found(f"slope:{t}") / scale)
            if box == "clip":  # otherwise the optimiser keeps its own, unrounded step
                optimiser.moved(after - x)
            yield x, expected if box == "none" else expected.clip(0, scale), after

    # level 5

    def path(self) -> Iterator[Row]:
        for t in path_steps(self.truth.stage.iterations):
            image, own = self.found(f"image:{t}"), self.kinks_before(t)
            error, budget = self.gradient_error(f"slope:{t}", image, self.targets, own)
            yield Row(5, f"gradient before step {t}", error, budget, "path", str(t))

    # level 6

    def result(self) -> Iterator[Row]:
        """The totals and the painting.

        Their budgets include the effect of a small change of the first image.
        """
        own, found = self.truth.walk, np.array(self.outcome.totals)
        totals = [ratio(abs(a - b), b) for a, b in zip(found, own.totals, strict=True)]
        distance = norm_wise(self.found("paint"), own.painted)
        steps = budgets.DISTANCE * self.lost_in_steps()
        curve = self.precision.curve
        # the nudged path of the reference takes long: only if a budget would be exceeded
        asked = "nudged" in self.truth.question.calls
        if asked or not (max(totals) <= curve and distance <= steps):
            nudges = self.own_nudges() if asked else self.truth_nudges()
            curve += budgets.DISTANCE * nudges[0]
            steps += budgets.DISTANCE * nudges[1]
        for t, error in enumerate(totals):
            yield Row(6, f"total before step {t}", error, curve, "total", str(t))
        yield Row(6, "distance of the paintings", distance, steps, "distance")

    def own_nudges(self) -> tuple[float, float]:
        """How much a nudged first image changes the backend's totals and its painting."""
        totals, nudged = np.array(self.outcome.totals), np.array(self.outcome.nudged)
        return norm_wise(nudged, totals), norm_wise(self.found("nudged"), self.found("paint"))

    def truth_nudges(self) -> tuple[float, float]:
        """How much it changes those of the reference, if the backend did not compute them."""
        own, nudged = self.truth.walk, self.truth.nudged(2 * self.precision.unit)
        totals = norm_wise(np.array(nudged.totals), np.array(own.totals))
        return totals, norm_wise(nudged.painted, own.painted)

    def lost_in_steps(self) -> float:
        """The sum of the budgets of all steps."""
        return sum(self.allowed) * self.precision.image_unit
