"""The parameters of a network: float32, kernels OIHW, keys such as `conv4_2`, a content hash."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nst_core.errors import WeightsError
from nst_core.network import KERNEL, Layer, Network, names
from nst_core.network import network as network_named
from nst_core.weights.sets import Preprocessing

Array = NDArray[np.float32]
Parameters = Mapping[str, tuple[Array, Array]]


@dataclass(frozen=True, eq=False)
class Weights:
    """A network's parameters, `{conv: (kernel (O, I, 3, 3), bias (O,))}`, and preprocessing.

    `sha256` is `content_hash(parameters)`; it does not depend on the file format.
    """

    name: str
    network: str
    parameters: Parameters
    preprocessing: Preprocessing
    sha256: str


def content_hash(parameters: Parameters) -> str:
    """The SHA-256 of the name, shape and little-endian float32 bytes of each array, by name."""
    digest = hashlib.sha256()
    for name, pair in sorted(parameters.items()):
        for part, array in zip(("weight", "bias"), pair, strict=True):
            digest.update(f"{name}.{part}{array.shape}".encode())
            digest.update(np.ascontiguousarray(array, dtype="<f4").data)
    return digest.hexdigest()


def assemble(
    raw: Parameters, network: str | None = None, *, what: str = "the weights"
) -> tuple[str, Parameters]:
    """The network that the arrays fit, and the arrays under its names and in its order.

    The keys of `raw` are the core's names (`conv4_2`), Keras' names (`block4_conv2`) or
    torchvision's indices (`21`). Raises WeightsError if the arrays do not fit `network`, or any
    network if it is None.
    """
    for candidate in (network,) if network else names():
        found = _fit(raw, network_named(candidate))
        if found is not None:
            return candidate, found
    wanted = f"the network {network}" if network else "any network here"
    raise WeightsError(
        f"{what}: its {len(raw)} convolutions do not fit {wanted}; it needs the 3×3 kernels and "
        f"biases of one of: {', '.join(names())}"
    )


def _fit(raw: Parameters, network: Network) -> Parameters | None:
    keys = {layer.name: _key(layer, raw) for layer in network.convolutions}
    # VGG19 has every name and shape of VGG16, so the number of layers must agree too
    if len(raw) != len(keys):
        return None
    found = {name: raw[key] for name, key in keys.items() if key is not None}
    fits = all(_has_shape(found.get(layer.name), layer) for layer in network.convolutions)
    return {name: _clean(pair, name) for name, pair in found.items()} if fits else None


def _key(layer: Layer, raw: Parameters) -> str | None:
    spellings = (layer.name, layer.keras, str(layer.torchvision))
    return next((spelling for spelling in spellings if spelling in raw), None)


def _has_shape(pair: tuple[Array, Array] | None, layer: Layer) -> bool:
    kernel = (layer.channels, layer.in_channels, KERNEL, KERNEL)
    return pair is not None and pair[0].shape == kernel and pair[1].shape == (layer.channels,)


def _clean(pair: tuple[Array, Array], name: str) -> tuple[Array, Array]:
    if not all(np.isfinite(array).all() for array in pair):
        raise WeightsError(f"{name} holds values that are not finite: the file is damaged")
    kernel, bias = (np.ascontiguousarray(array, dtype=np.float32) for array in pair)
    return kernel, bias
