"""VGG as a TensorFlow module, built from the core's layer map. Activations are (1, H, W, N)."""

from collections.abc import Sequence

import tensorflow as tf

from nst_core.network import POOL, Layer, Network
from nst_core.weights import Preprocessing, Weights


class Preprocess(tf.Module):
    """The preprocessing of the weights, (scale·image − mean) / std, for RGB images in [0, 1]."""

    def __init__(self, rule: Preprocessing) -> None:
        super().__init__()
        self.scale = rule.scale
        self.channels = ["RGB".index(channel) for channel in rule.channels]
        self.mean = rule.mean
        self.std = rule.std

    def __call__(self, image: tf.Tensor) -> tf.Tensor:
        mean, std = tf.constant(self.mean, image.dtype), tf.constant(self.std, image.dtype)
        return (self.scale * tf.gather(image, self.channels, axis=-1) - mean) / std


class Vgg(tf.Module):
    """Takes images (1, H, W, 3) in [0, 1] and returns the activations at the taps."""

    def __init__(self, network: Network, weights: Weights, dtype: tf.DType) -> None:
        super().__init__()
        self.network = network
        self.dtype = dtype
        self.preprocess = Preprocess(weights.preprocessing)
        self.kernels: dict[str, tf.Variable] = {}
        self.biases: dict[str, tf.Variable] = {}
        for name, (kernel, bias) in weights.parameters.items():
            hwio = tf.cast(kernel.transpose(2, 3, 1, 0), dtype)
            self.kernels[name] = tf.Variable(hwio, trainable=False)
            self.biases[name] = tf.Variable(tf.cast(bias, dtype), trainable=False)

    def step(self, layer: Layer, x: tf.Tensor) -> tf.Tensor:
        if layer.kind == "conv":
            x = tf.nn.conv2d(x, self.kernels[layer.name], strides=1, padding="SAME")
            return tf.nn.bias_add(x, self.biases[layer.name])
        if layer.kind == "relu":
            return tf.nn.relu(x)
        pool = tf.nn.avg_pool2d if self.network.pooling == "average" else tf.nn.max_pool2d
        padding = "SAME" if self.network.edge == "ceil" else "VALID"
        return pool(x, ksize=POOL, strides=POOL, padding=padding)

    def __call__(self, image: tf.Tensor, taps: Sequence[str]) -> dict[str, tf.Tensor]:
        """{tap: (h, w, N)}, in the precision of the image."""
        # preprocessed in the precision of the image: bfloat16 would round pixels to 8 bits
        x = tf.cast(self.preprocess(image), self.dtype)
        found: dict[str, tf.Tensor] = {}
        for layer in self.network.until(taps):
            x = self.step(layer, x)
            if layer.name in taps:
                found[layer.name] = tf.cast(x[0], image.dtype)
        return found
