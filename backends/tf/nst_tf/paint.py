"""The session: features, targets, terms, gradient, and the loop that paints.

The gradient is the tape's: it watches the image, and `tf.function` traces both into one graph,
again for each new shape of image and each new form of targets.
"""

import os
from collections.abc import Mapping, Sequence
from functools import partial

import tensorflow as tf

from nst_core.backend import Array, Dtype, Snapshot, Targets, Terms, Watch
from nst_core.network import Network
from nst_core.plan import Stage
from nst_core.recipe import Recipe, Style
from nst_core.weights import Weights
from nst_tf.losses import gram_matrix, raw_terms
from nst_tf.net import Vgg
from nst_tf.optimisers import make_optimiser


class TfSession:
    """One network on one device. Images, losses and gradients stay in at least float32."""

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
        P = self.features(content, tuple(recipe.content.taps))
        return Targets.of(recipe, P, [self.grams(style, recipe.style) for style in styles])

    def terms(self, image: Array, targets: Targets) -> Terms:
        with tf.device(self.device):
            x = self.tensor(image) * targets.variable.scale
            return Terms.of(targets, self.raw(x, self.values(targets), targets).numpy())

    def gradient(self, image: Array, targets: Targets) -> tuple[Terms, Array]:
        scale = targets.variable.scale
        with tf.device(self.device):
            values, weights = self.values(targets), self.weights(targets)
            raw, g = self.evaluate(self.tensor(image) * scale, values, weights, targets)
        return Terms.of(targets, raw.numpy()), self.array(g * scale)

    def paint(self, image: Array, targets: Targets, stage: Stage, watch: Watch) -> Array:
        scale = targets.variable.scale
        with tf.device(self.device):
            x = self.tensor(image) * scale
            values, weights = self.values(targets), self.weights(targets)
            optimiser = make_optimiser(stage)
            for iteration in range(stage.iterations):
                raw, g = self.evaluate(x, values, weights, targets)
                terms = Terms.of(targets, raw.numpy())
                here, slope = partial(self.array, x / scale), partial(self.array, g * scale)
                watch(Snapshot(iteration, terms, here, slope))
                x = optimiser.step(x, g)
                if targets.variable.box == "clip":
                    x = tf.clip_by_value(x, 0, scale)
        return self.array(x / scale)

    def grams(self, image: Array, style: Style) -> dict[str, Array]:
        with tf.device(self.device):
            S = self.vgg(self.tensor(image)[None], tuple(style.taps))
            return {tap: gram_matrix(F, style).numpy() for tap, F in S.items()}

    def raw(self, x: tf.Tensor, values: Mapping[str, tf.Tensor], targets: Targets) -> tf.Tensor:
        features = self.vgg(x[None] / targets.variable.scale, targets.taps)
        return raw_terms(x, features, values, targets)

    def taped(
        self, x: tf.Tensor, values: Mapping[str, tf.Tensor], weights: tf.Tensor, targets: Targets
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Every raw term at the variable x, and d total / d x."""
        with tf.GradientTape() as tape:
            tape.watch(x)
            raw = self.raw(x, values, targets)
            total = tf.tensordot(weights, raw, 1)
        return raw, tape.gradient(total, x)

    def values(self, targets: Targets) -> dict[str, tf.Tensor]:
        return {name: self.tensor(value) for name, value in targets.values.items()}

    def weights(self, targets: Targets) -> tf.Tensor:
        return tf.constant([term.weight for term in targets.terms], self.dtype)

    def tensor(self, array: Array) -> tf.Tensor:
        """Images and features become channels-last; Gram matrices stay as they are."""
        array = array.transpose(1, 2, 0) if array.ndim == 3 else array
        return tf.constant(array, self.dtype)

    def array(self, tensor: tf.Tensor) -> Array:
        return tensor.numpy().transpose(2, 0, 1)


def set_flags(device: str, dtype: Dtype, exact: bool) -> dict[str, str]:
    """Sets the process-wide switches, and returns what they are now."""
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
