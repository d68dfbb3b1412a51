"""The session: features, targets, terms, gradient, and the loop that paints.

The engine computes the gradient: `engine.py` has a function for each engine.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple

import keras
from keras import KerasTensor, ops

from nst_core.backend import Array, Arrays, Dtype, Snapshot, Targets, Terms, Watch
from nst_core.network import Network
from nst_core.plan import Stage
from nst_core.recipe import Recipe, Variable
from nst_core.terms import Term, compute
from nst_core.weights import Weights
from nst_keras import engine
from nst_keras.losses import STATISTICS, errors
from nst_keras.net import Vgg
from nst_keras.optimisers import boxed, make_optimiser


class Inputs(NamedTuple):
    """The inputs of the objective besides the image, in the session's precision.

    They are inputs and not constants, so that a compiled program can be used for other numbers.
    """

    values: Mapping[str, KerasTensor]
    coefficients: KerasTensor
    weights: KerasTensor
    scale: KerasTensor


class KerasSession:
    """One network on one device. Images, losses and gradients are always float32 or float64."""

    def __init__(
        self, network: Network, weights: Weights, device: str, dtype: Dtype, exact: bool
    ) -> None:
        self.flags = engine.set_flags(device, dtype, exact)
        self.device = device.replace("cuda", "gpu")
        self.dtype = "float64" if dtype == "float64" else "float32"
        with keras.device(self.device):
            self.vgg = Vgg(network, weights, dtype, self.dtype)
        self.evaluate = engine.gradient(self.objective, self.vgg.model.variables, exact)

    def features(self, image: Array, taps: Sequence[str]) -> dict[str, Array]:
        with keras.device(self.device):
            found = self.vgg(self.tensor(image)[None], taps)
        return {tap: self.array(F) for tap, F in found.items()}

    def targets(self, content: Array, styles: Sequence[Array], recipe: Recipe) -> Targets:
        recipe.check(self.vgg.network)
        return Targets.of(recipe, content, styles, self.statistics)

    def terms(self, image: Array, targets: Targets) -> Terms:
        """Uses the program of the gradient, which painting at this size compiles anyway."""
        return self.gradient(image, targets)[0]

    def gradient(self, image: Array, targets: Targets) -> tuple[Terms, Array]:
        with keras.device(self.device):
            scale, inputs = self.scale(targets.variable), self.inputs(targets, image)
            raw, g = self.evaluate(self.tensor(image) * scale, inputs, targets)
        return Terms.of(targets, ops.convert_to_numpy(raw)), self.array(g * scale)

    def paint(self, image: Array, targets: Targets, stage: Stage, watch: Watch) -> Array:
        with keras.device(self.device):
            scale, inputs = self.scale(targets.variable), self.inputs(targets, image)
            x = self.tensor(image) * scale
            optimiser = boxed(make_optimiser(stage), targets.variable.box, scale)
            for iteration in range(stage.iterations):
                raw, g = self.evaluate(x, inputs, targets)
                terms = Terms.of(targets, ops.convert_to_numpy(raw))
                here, gradient = partial(self.array, x / scale), partial(self.array, g * scale)
                watch(Snapshot(iteration, terms, here, gradient))
                x = optimiser.step(x, g)
        return self.array(x / scale)

    def peak_memory(self) -> int:
        return engine.peak_memory(self.device)

    def statistics(self, image: Array, terms: Sequence[Term], variable: Variable) -> Arrays:
        """The statistic of each term for an image, by the term's name."""
        with keras.device(self.device):
            image = self.tensor(image)
            features = self.vgg(image[None], [term.tap for term in terms if term.tap])
            x = image * self.scale(variable)
            found = compute.statistics(terms, x, features, STATISTICS)
        return {name: self.array(y) for name, y in found.items()}

    def objective(
        self, x: KerasTensor, inputs: Inputs, targets: Targets
    ) -> tuple[KerasTensor, KerasTensor]:
        """The total at the variable x, and the unweighted terms."""
        # the network gets the image, total variation and other terms of the image get the variable
        features = self.vgg(x[None] / inputs.scale, targets.taps)
        raw = inputs.coefficients * errors(x, features, inputs.values, targets)
        # not ops.dot, which would compute float64 in single precision on torch and jax
        return ops.sum(inputs.weights * raw), raw

    def inputs(self, targets: Targets, image: Array) -> Inputs:
        """The inputs for a painting of the image's size."""
        values = {name: self.tensor(value) for name, value in targets.values.items()}
        coefficients = self.vector(targets.coefficients(image[0].size))
        weights = self.vector([term.weight for term in targets.terms])
        return Inputs(values, coefficients, weights, self.scale(targets.variable))

    def scale(self, variable: Variable) -> KerasTensor:
        return self.vector(variable.scales)

    def vector(self, numbers: Sequence[float]) -> KerasTensor:
        return ops.array(numbers, self.dtype)

    def tensor(self, array: Array) -> KerasTensor:
        """Converts images and features to channels-last; matrices are not transposed."""
        array = array.transpose(1, 2, 0) if array.ndim == 3 else array
        return ops.convert_to_tensor(array, self.dtype)

    def array(self, tensor: KerasTensor) -> Array:
        array = ops.convert_to_numpy(tensor)
        return array.transpose(2, 0, 1) if array.ndim == 3 else array
