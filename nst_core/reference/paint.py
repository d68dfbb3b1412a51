"""The session: features, targets, terms, gradient, and the loop that paints."""

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from nst_core import optimisers
from nst_core.backend import Array, Arrays, Dtype, Snapshot, Targets, Terms, Watch
from nst_core.network import Network
from nst_core.plan import Stage
from nst_core.recipe import Recipe, Variable
from nst_core.reference.net import Kinks, Vgg
from nst_core.terms import Comparison, Term
from nst_core.weights import Weights


class NumpySession:
    """One network in one precision."""

    def __init__(self, network: Network, weights: Weights, dtype: Dtype, exact: bool) -> None:
        self.dtype = np.dtype(dtype)
        self.vgg = Vgg(network, weights, self.dtype)
        self.flags = {"device": "cpu", "dtype": dtype, "exact": str(exact)}

    def features(self, image: Array, taps: Sequence[str]) -> dict[str, Array]:
        return self.vgg.forward(image.astype(self.dtype), taps)[0]

    def targets(self, content: Array, styles: Sequence[Array], recipe: Recipe) -> Targets:
        recipe.check(self.vgg.network)
        return Targets.of(recipe, content, styles, self.statistics)

    def statistics(self, image: Array, terms: Sequence[Term], variable: Variable) -> Arrays:
        """The statistic of each term for an image, by the term's name."""
        image = image.astype(self.dtype)
        features = self.features(image, [term.tap for term in terms if term.tap])
        inputs = features | {"": self.scale(variable) * image}
        return {
            term.name: term.formula.statistic(inputs[term.tap])
            for term in terms
            if isinstance(term.formula, Comparison)
        }

    def terms(self, image: Array, targets: Targets) -> Terms:
        return self.gradient(image, targets)[0]

    def gradient(
        self, image: Array, targets: Targets, kinks: Kinks | None = None
    ) -> tuple[Terms, Array]:
        """Every term, and d total / d image; `kinks` replaces the sides of the kinks."""
        image = image.astype(self.dtype)
        features, backward = self.vgg.forward(image, targets.taps, kinks)
        raw: list[float] = []
        at_taps: dict[str, Array] = {}
        g = np.zeros_like(image)
        for term in targets.terms:
            value, gradient = self.term(term, image, features, targets)
            raw.append(value)
            if term.tap:
                at_taps[term.tap] = at_taps.get(term.tap, 0) + term.weight * gradient
            else:
                g += term.weight * gradient
        return Terms.of(targets, raw), g + backward(at_taps)

    def term(
        self, term: Term, image: Array, features: Mapping[str, Array], targets: Targets
    ) -> tuple[float, Array]:
        """The term's value, and its gradient at its tap, or at the image if it has no tap."""
        target, pixels = targets.values.get(term.name), image[0].size
        if term.tap:
            return term.formula.evaluate(features[term.tap], target, pixels)
        scale = self.scale(targets.variable)
        value, gradient = term.formula.evaluate(scale * image, target, pixels)
        return value, scale * gradient

    def optimiser(self, stage: Stage) -> optimisers.Optimiser:
        return optimisers.make_optimiser(stage)

    def paint(self, image: Array, targets: Targets, stage: Stage, watch: Watch) -> Array:
        scale = self.scale(targets.variable)
        x: Array = image.astype(self.dtype) * scale
        optimiser = optimisers.boxed(self.optimiser(stage), targets.variable.box, scale)
        for iteration in range(stage.iterations):
            terms, g = self.gradient(x / scale, targets)
            here, gradient = partial(np.divide, x, scale), partial(np.copy, g)
            watch(Snapshot(iteration, terms, here, gradient))
            x = optimiser.step(x, g / scale)
        return x / scale

    def scale(self, variable: Variable) -> Array:
        """The factors from the image to the variable, (3, 1, 1)."""
        return np.array(variable.scales, self.dtype)[:, None, None]
