"""The session: features, targets, terms, gradient, and the loop that paints.

A GradientTape computes the gradient. `tf.function` traces it into a graph, once for each shape of
image and each form of targets.
"""

import os
from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple

import tensorflow as tf

from nst_core.backend import Array, Arrays, Dtype, Snapshot, Targets, Terms, Watch
from nst_core.network import Network
from nst_core.plan import Stage
from nst_core.recipe import Recipe, Variable
from nst_core.terms import Term, compute
from nst_core.weights import Weights
from nst_tf.losses import STATISTICS, errors
from nst_tf.net import Vgg
from nst_tf.optimisers import boxed, make_optimiser


class Inputs(NamedTuple):
    """The inputs of the objective besides the image, in the session's precision.

    They are inputs and not constants, so that a compiled program can be used for other numbers.
    """

    values: Mapping[str, tf.Tensor]
    coefficients: tf.Tensor
    weights: tf.Tensor
    scale: tf.Tensor


class TfSession:
    """One network on one device. Images, losses and gradients are always float32 or float64."""

    def __init__(
        self, network: Network, weights: Weights, device: str, dtype: Dtype, exact: bool
    ) -> None:
        self.flags = set_flags(device, dtype, exact)
        self.device = f"/{device.replace('cuda', 'gpu')}"
        self.dtype = tf.float64 if dtype == "float64" else tf.float32
        with tf.device(self.device):
            self.vgg = Vgg(network, weights, tf.as_dtype(dtype))
        self.evaluate = self.taped if exact else tf.function(self.taped, autograph=False)

    def features(self, image: Array, taps: Sequence[str]) -> dict[str, Array]:
        with tf.device(self.device):
            found = self.vgg(self.tensor(image)[None], taps)
        return {tap: self.array(F) for tap, F in found.items()}

    def targets(self, content: Array, styles: Sequence[Array], recipe: Recipe) -> Targets:
        recipe.check(self.vgg.network)
        return Targets.of(recipe, content, styles, self.statistics)

    def terms(self, image: Array, targets: Targets) -> Terms:
        with tf.device(self.device):
            x, inputs = (
                self.tensor(image) * self.scale(targets.variable),
                self.inputs(targets, image),
            )
            return Terms.of(targets, self.raw(x, inputs, targets).numpy())

    def gradient(self, image: Array, targets: Targets) -> tuple[Terms, Array]:
        with tf.device(self.device):
            scale, inputs = self.scale(targets.variable), self.inputs(targets, image)
            raw, g = self.evaluate(self.tensor(image) * scale, inputs, targets)
        return Terms.of(targets, raw.numpy()), self.array(g * scale)

    def paint(self, image: Array, targets: Targets, stage: Stage, watch: Watch) -> Array:
        with tf.device(self.device):
            scale, inputs = self.scale(targets.variable), self.inputs(targets, image)
            x = self.tensor(image) * scale
            optimiser = boxed(make_optimiser(stage), targets.variable.box, scale)
            for iteration in range(stage.iterations):
                raw, g = self.evaluate(x, inputs, targets)
                terms = Terms.of(targets, raw.numpy())
                here, gradient = partial(self.array, x / scale), partial(self.array, g * scale)
                watch(Snapshot(iteration, terms, here, gradient))
                x = optimiser.step(x, g)
        return self.array(x / scale)

    def peak_memory(self) -> int:
        if "gpu" not in self.device:
            return 0
        return int(tf.config.experimental.get_memory_info(self.device[1:].upper())["peak"])

    def statistics(self, image: Array, terms: Sequence[Term], variable: Variable) -> Arrays:
        """The statistic of each term for an image, by the term's name."""
        with tf.device(self.device):
            image = self.tensor(image)
            features = self.vgg(image[None], [term.tap for term in terms if term.tap])
            x = image * self.scale(variable)
            found = compute.statistics(terms, x, features, STATISTICS)
        return {name: self.array(y) for name, y in found.items()}

    def raw(self, x: tf.Tensor, inputs: Inputs, targets: Targets) -> tf.Tensor:
        # the network gets the image, total variation and other terms of the image get the variable
        features = self.vgg(x[None] / inputs.scale, targets.taps)
        return inputs.coefficients * errors(x, features, inputs.values, targets)

    def taped(self, x: tf.Tensor, inputs: Inputs, targets: Targets) -> tuple[tf.Tensor, tf.Tensor]:
        """The unweighted terms at the variable x, and d total / d x."""
        with tf.GradientTape() as tape:
            tape.watch(x)
            raw = self.raw(x, inputs, targets)
            total = tf.tensordot(inputs.weights, raw, 1)
        return raw, tape.gradient(total, x)

    def inputs(self, targets: Targets, image: Array) -> Inputs:
        """The inputs for a painting of the image's size."""
        values = {name: self.tensor(value) for name, value in targets.values.items()}
        coefficients = self.vector(targets.coefficients(image[0].size))
        weights = self.vector([term.weight for term in targets.terms])
        return Inputs(values, coefficients, weights, self.scale(targets.variable))

    def scale(self, variable: Variable) -> tf.Tensor:
        return self.vector(variable.scales)

    def vector(self, numbers: Sequence[float]) -> tf.Tensor:
        return tf.constant(numbers, self.dtype)

    def tensor(self, array: Array) -> tf.Tensor:
        """Converts images and features to channels-last; matrices are not transposed."""
        array = array.transpose(1, 2, 0) if array.ndim == 3 else array
        return tf.constant(array, self.dtype)

    def array(self, tensor: tf.Tensor) -> Array:
        array = tensor.numpy()
        return array.transpose(2, 0, 1) if array.ndim == 3 else array


def set_flags(device: str, dtype: Dtype, exact: bool) -> dict[str, str]:
    """Sets the process-wide switches and returns their values."""
    tf.config.experimental.enable_tensor_float_32_execution(not exact)
    if exact:
        tf.config.experimental.enable_op_determinism()
    return {
        "device": device,
        "dtype": dtype,
        "threads": str(tf.config.threading.get_intra_op_parallelism_threads() or os.cpu_count()),
        "tf32": str(tf.config.experimental.tensor_float_32_execution_enabled()),
        "compiled": str(not exact),
        "deterministic": str(exact),
    }
