"""The layer map of VGG (Simonyan & Zisserman 2015, configurations D and E), as data.

Layers have the names of the paper: `conv4_2` is before the ReLU, `relu4_2` after it, and `pool4`
is after the fourth block. Every convolution is 3×3 with stride 1 and zero padding 1. Every pooling
is 2×2 with stride 2; it drops an odd last row or column (floor), or keeps it in smaller windows
(ceil, as Caffe does).
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from nst_core.errors import NstError, unknown

Kind = Literal["conv", "relu", "pool"]
Pooling = Literal["max", "average"]
Edge = Literal["floor", "ceil"]

KERNEL = 3
POOL = 2

# name: convolutions in each block, channels of each block
_BLOCKS: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {
    "vgg16": ((2, 2, 3, 3, 3), (64, 128, 256, 512, 512)),
    "vgg19": ((2, 2, 4, 4, 4), (64, 128, 256, 512, 512)),
    # VGG19 with few channels: it has every layer of the real network, with a thousandth of the work
    "tiny": ((2, 2, 4, 4, 4), (4, 6, 8, 10, 12)),
}


@dataclass(frozen=True)
class Layer:
    """One step of the network.

    `stride` is the distance in image pixels between neighbouring activations of the output, and
    `receptive_field` the side in pixels of the square that one activation depends on.
    `torchvision` is the index in `torchvision.models.vgg*().features`, `keras` the layer's name in
    `keras.applications`, where a convolution and its ReLU are one layer.
    """

    name: str
    kind: Kind
    in_channels: int
    channels: int
    stride: int
    receptive_field: int
    torchvision: int
    keras: str


@dataclass(frozen=True)
class Network:
    """A sequence of layers, and the kind of pooling between its blocks."""

    name: str
    layers: tuple[Layer, ...]
    pooling: Pooling = "max"
    edge: Edge = "floor"

    @cached_property
    def by_name(self) -> dict[str, Layer]:
        return {layer.name: layer for layer in self.layers}

    @property
    def convolutions(self) -> tuple[Layer, ...]:
        return tuple(layer for layer in self.layers if layer.kind == "conv")

    def layer(self, name: str) -> Layer:
        """The layer called `name`; raises NstError, naming the nearest, if there is none."""
        try:
            return self.by_name[name]
        except KeyError:
            raise NstError(unknown(f"layer in {self.name}", name, self.by_name)) from None

    def until(self, taps: Iterable[str]) -> tuple[Layer, ...]:
        """The layers that must be computed to reach every tap."""
        wanted = [self.layer(tap) for tap in taps]
        if not wanted:
            raise NstError(f"no layer of {self.name} was given: name at least one")
        return self.layers[: max(layer.torchvision for layer in wanted) + 1]

    def smallest_size(self, taps: Iterable[str]) -> int:
        """The shortest image side, in pixels, with which the deepest tap has an activation."""
        return 1 if self.edge == "ceil" else self.until(taps)[-1].stride

    def shape(self, tap: str, height: int, width: int) -> tuple[int, int, int]:
        """(channels, height, width) at `tap` for an image of height × width pixels."""
        layer = self.layer(tap)
        if self.edge == "ceil":
            return layer.channels, -(-height // layer.stride), -(-width // layer.stride)
        return layer.channels, height // layer.stride, width // layer.stride


def network(name: str, pooling: Pooling = "max", edge: Edge = "floor") -> Network:
    """The network called `name`: `vgg16`, `vgg19`, or `tiny` for tests."""
    if name not in _BLOCKS:
        raise NstError(unknown("network", name, _BLOCKS))
    return replace(_NETWORKS[name], pooling=pooling, edge=edge)


def names() -> tuple[str, ...]:
    """The names that `network` knows."""
    return tuple(_BLOCKS)


def _build(name: str) -> Network:
    layers: list[Layer] = []
    channels, stride, field = 3, 1, 1

    def add(name: str, kind: Kind, out: int, keras: str) -> None:
        layers.append(Layer(name, kind, channels, out, stride, field, len(layers), keras))

    for block, (count, out) in enumerate(zip(*_BLOCKS[name], strict=True), start=1):
        for index in range(1, count + 1):
            field += (KERNEL - 1) * stride
            keras = f"block{block}_conv{index}"
            add(f"conv{block}_{index}", "conv", out, keras)
            channels = out
            add(f"relu{block}_{index}", "relu", out, keras)
        field += (POOL - 1) * stride
        stride *= POOL
        add(f"pool{block}", "pool", out, f"block{block}_pool")
    return Network(name, tuple(layers))


_NETWORKS = {name: _build(name) for name in _BLOCKS}
