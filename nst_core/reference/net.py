"""VGG in NumPy: for each layer its value and its pullback.

A pullback multiplies a gradient by the transpose of the layer's Jacobian. Activations have shape
(channels, height, width).
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nst_core.network import KERNEL, POOL, Layer, Network
from nst_core.weights import Preprocessing, Weights

Array = NDArray[np.floating[Any]]
Pullback = Callable[[Array], Array]
Choice = NDArray[np.bool_] | NDArray[np.intp]
Kinks = Mapping[str, Choice]


def preprocess(image: Array, rule: Preprocessing) -> tuple[Array, Pullback]:
    """(scale·image − mean) / std in the weights' channel order."""
    order = ["RGB".index(channel) for channel in rule.channels]
    mean = np.array(rule.mean, image.dtype)[:, None, None]
    std = np.array(rule.std, image.dtype)[:, None, None]

    def pullback(g: Array) -> Array:
        back = np.empty_like(g)
        back[order] = g * rule.scale / std
        return back

    return (rule.scale * image[order] - mean) / std, pullback


def convolution(x: Array, kernel: Array, bias: Array) -> tuple[Array, Pullback]:
    """y[o, h, w] = bias[o] + Σ kernel[o, c, i, j] x[c, h+i−1, w+j−1], zero outside the image.

    The padded rows are stored one after the other, so the pixels under kernel[:, :, i, j] are a
    single slice. Values beyond the end of a row are discarded. There is one product for each i.
    """
    channels, height, width = x.shape
    wide = width + KERNEL - 1
    length = height * wide
    padded = np.pad(x, ((0, 0), (1, 2), (1, 1))).reshape(channels, (height + KERNEL) * wide)
    bands = kernel.transpose(2, 0, 3, 1).reshape(KERNEL, len(bias), KERNEL * channels)

    def under(rows: Array, i: int, j: int) -> Array:
        return rows[:, i * wide + j : i * wide + j + length]

    y = np.zeros((len(bias), length), bias.dtype)
    for i, band in enumerate(bands):
        y += band @ np.concatenate([under(padded, i, j) for j in range(KERNEL)])
    y = y.reshape(len(bias), height, wide)[..., :width] + bias[:, None, None]

    def pullback(g: Array) -> Array:
        rows = np.pad(g, ((0, 0), (0, 0), (0, wide - width))).reshape(len(g), length)
        back = np.zeros((channels, padded.shape[1]), g.dtype)
        for i, band in enumerate(bands):
            for j, part in enumerate(np.split(band.T @ rows, KERNEL)):
                under(back, i, j)[...] += part
        return back.reshape(channels, height + KERNEL, wide)[:, 1:-2, 1:-1]

    return y, pullback


def relu(x: Array, active: Choice | None = None) -> tuple[Array, Pullback]:
    """max(x, 0), with derivative 0 at 0; with `active`, x where it is true and 0 elsewhere."""
    # at 0 the frameworks differ: ½ in jax.numpy.maximum; black regions have many zeros
    active = x > 0 if active is None else active
    return x * active, lambda g: g * active


def windows(x: Array, edge: str = "floor", outside: float = -np.inf) -> Array:
    """The 2×2 windows of x, (channels, height, width, 4), row by row.

    With the edge `ceil`, a window may extend beyond an odd side, where x is taken as `outside`.
    """
    if edge == "ceil":
        odd = [(0, 0), (0, x.shape[1] % POOL), (0, x.shape[2] % POOL)]
        x = np.pad(x, odd, constant_values=outside)
    channels, height, width = x.shape[0], x.shape[1] // POOL, x.shape[2] // POOL
    kept = x[:, : height * POOL, : width * POOL]
    blocks = kept.reshape(channels, height, POOL, width, POOL).swapaxes(2, 3)
    return blocks.reshape(channels, height, width, POOL * POOL)


def pool(
    x: Array, pooling: str, edge: str = "floor", choice: Choice | None = None
) -> tuple[Array, Pullback]:
    """The mean or maximum of each 2×2 window; the first of equal maxima gets the gradient.

    `choice` gives the index, 0 to 3, of the element that is used as the maximum.
    """
    cells = windows(x, edge, 0.0)  # 0 adds nothing to a mean; for a maximum, −∞ is used below
    channels, height, width, size = cells.shape
    if pooling == "average":
        # an incomplete window is divided by the number of its pixels, not by four
        share = windows(np.ones_like(x), edge, 0.0)
        share /= share.sum(-1, keepdims=True)
    else:
        choice = windows(x, edge).argmax(-1) if choice is None else choice
        share = (np.arange(size) == choice[..., None]).astype(x.dtype)

    def pullback(g: Array) -> Array:
        spread = (g[..., None] * share).reshape(channels, height, width, POOL, POOL).swapaxes(2, 3)
        rows, columns = height * POOL, width * POOL
        back = np.zeros((channels, max(rows, x.shape[1]), max(columns, x.shape[2])), x.dtype)
        back[:, :rows, :columns] = spread.reshape(channels, rows, columns)
        return back[:, : x.shape[1], : x.shape[2]]

    return (cells * share).sum(-1), pullback


def kinks(network: Network, features: Mapping[str, Array]) -> dict[str, Choice]:
    """The side of the kink of each activation, by layer.

    For a ReLU this is whether it is positive; for max pooling, which of the four inputs is the
    maximum. `features` holds every layer up to the deepest.
    """
    found: dict[str, Choice] = {}
    for before, layer in pairwise(network.until(features)):
        if layer.kind == "relu" and layer.name in features:
            found[layer.name] = features[layer.name] > 0
        elif layer.kind == "pool" and network.pooling == "max" and before.name in features:
            found[layer.name] = windows(features[before.name], network.edge).argmax(-1)
    return found


class Vgg:
    """The layers of the network with their weights, in one precision."""

    def __init__(self, network: Network, weights: Weights, dtype: np.dtype[Any]) -> None:
        self.network = network
        self.preprocessing = weights.preprocessing
        self.parameters = {
            name: (kernel.astype(dtype), bias.astype(dtype))
            for name, (kernel, bias) in weights.parameters.items()
        }

    def layer(self, layer: Layer, x: Array, kink: Choice | None = None) -> tuple[Array, Pullback]:
        if layer.kind == "conv":
            return convolution(x, *self.parameters[layer.name])
        if layer.kind == "relu":
            return relu(x, kink)
        return pool(x, self.network.pooling, self.network.edge, kink)

    def forward(
        self, image: Array, taps: Sequence[str], kinks: Kinks | None = None
    ) -> tuple[dict[str, Array], Callable[[Mapping[str, Array]], Array]]:
        """The features at the taps, and a function from gradients there to the image's gradient.

        With `kinks`, each ReLU and maximum uses the given side.
        """
        kinks = kinks or {}
        x, to_image = preprocess(image, self.preprocessing)
        found: dict[str, Array] = {}
        steps: list[tuple[str, Pullback]] = []
        for layer in self.network.until(taps):
            x, pullback = self.layer(layer, x, kinks.get(layer.name))
            steps.append((layer.name, pullback))
            if layer.name in taps:
                found[layer.name] = x
        last = np.zeros_like(x)

        def backward(gradients: Mapping[str, Array]) -> Array:
            g = last
            for name, pullback in reversed(steps):
                g = pullback(g + gradients.get(name, 0))
            return to_image(g)

        return found, backward
