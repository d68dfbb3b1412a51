"""VGG as a functional Keras model, built from the core's layer map. Activations: (1, H, W, N)."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers, ops

from nst_core.network import KERNEL, POOL, Layer, Network
from nst_core.weights import Preprocessing, Weights


class Preprocess(layers.Layer):
    """The preprocessing of the weights, (scale·image − mean) / std, for RGB images in [0, 1]."""

    def __init__(self, rule: Preprocessing, dtype: str) -> None:
        super().__init__(dtype=dtype)
        self.scale = rule.scale
        self.channels = ["RGB".index(channel) for channel in rule.channels]
        self.mean = rule.mean
        self.std = rule.std

    def call(self, image: Any) -> Any:
        mean, std = ops.array(self.mean, image.dtype), ops.array(self.std, image.dtype)
        return (self.scale * ops.take(image, self.channels, axis=-1) - mean) / std


class Vgg:
    """Takes images (1, H, W, 3) in [0, 1] and returns the activations at the taps."""

    def __init__(self, network: Network, weights: Weights, dtype: str, image_dtype: str) -> None:
        self.network = network
        self.dtype = dtype
        self.image_dtype = image_dtype
        image = x = keras.Input((None, None, 3), dtype=image_dtype)
        # preprocessed in the precision of the image: bfloat16 would round pixels to 8 bits
        x = Preprocess(weights.preprocessing, image_dtype)(x)
        self.outputs: dict[str, Any] = {}
        for layer in network.layers:
            x = self.outputs[layer.name] = self.step(layer)(x)
        self.model = keras.Model(image, x)
        self.model.trainable = False
        for name, (kernel, bias) in weights.parameters.items():
            self.model.get_layer(name).set_weights([kernel.transpose(2, 3, 1, 0), bias])

    def step(self, layer: Layer) -> layers.Layer:
        common = {"dtype": self.dtype, "name": layer.name}
        if layer.kind == "relu":
            return layers.ReLU(**common)
        common["data_format"] = "channels_last"
        if layer.kind == "conv":
            # zeros are replaced by the weights, and are faster to create than random numbers
            return layers.Conv2D(
                layer.channels, KERNEL, padding="same", kernel_initializer="zeros", **common
            )
        average = self.network.pooling == "average"
        pool = layers.AveragePooling2D if average else layers.MaxPooling2D
        return pool(POOL, padding="same" if self.network.edge == "ceil" else "valid", **common)

    def __call__(self, image: Any, taps: Sequence[str]) -> dict[str, Any]:
        """{tap: (h, w, N)}, in the precision of the image."""
        wanted = {layer.name: self.outputs[layer.name] for layer in map(self.network.layer, taps)}
        found = keras.Model(self.model.input, wanted)(image)
        return {tap: ops.cast(F[0], self.image_dtype) for tap, F in found.items()}
