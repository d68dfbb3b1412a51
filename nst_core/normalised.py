"""The normalised VGG of Gatys et al. 2016, section 2: the mean activation of each filter is one.

With the mean mₗ of reluₗ over images and positions, wₗ ← wₗ · mₗ₋₁[in] / mₗ[out], bₗ ← bₗ / mₗ.
ReLU and pooling commute with positive factors, so reluₗ becomes reluₗ / mₗ, and the network
computes the same function up to scale.

The means are those of the sample photographs. The `numpy` backend computes them once for each
weight set and stores them in the cache. The mean of a filter is at least FLOOR times the mean of
its layer, so that filters which are almost never active do not get very large factors.
"""

import hashlib
import logging
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nst_core import images, samples
from nst_core.errors import WeightsError
from nst_core.network import Network, network
from nst_core.reference.net import Vgg
from nst_core.weights.arrays import SUFFIX, read_arrays, write_arrays
from nst_core.weights.parameters import Array, Weights, content_hash
from nst_core.weights.store import weights_dir

log = logging.getLogger(__name__)

Means = Mapping[str, NDArray[np.floating]]

SIZE = 256
FLOOR = 0.01
SHORT_HASH = 12
# a filter with a smaller mean is not rescaled: its factor would exceed the range of float32
DEAD = 1e-20


def normalised(weights: Weights, net: Network) -> Weights:
    """The weights rescaled to mean activations of one, with means from the cache if possible."""
    photographs = [images.read(f"sample:{name}") for name in samples.PHOTOGRAPHS]
    key = _key(net, [photograph.sha256 for photograph in photographs])
    means = read_means(weights, key)
    if means is None:
        log.info("measuring mean activations of %s", weights.name)
        means = mean_activations(weights, net, [_at_size(p) for p in photographs])
        write_means(weights, key, means)
    return normalise(weights, means)


def mean_activations(weights: Weights, net: Network, pictures: list[Array]) -> dict[str, Array]:
    """{conv name: (channels,)}: the mean after the ReLU, over images and positions."""
    vgg = Vgg(net, weights, np.dtype(np.float32))
    taps = [layer.name.replace("conv", "relu") for layer in net.convolutions]
    sums: dict[str, Array] = {}
    for picture in pictures:
        features, _ = vgg.forward(picture, taps)
        for tap, F in features.items():
            name = tap.replace("relu", "conv")
            # a float32 mean over up to 65,536 positions would lose digits
            sums[name] = sums.get(name, 0) + F.mean((1, 2), dtype=np.float64)
    means = {name: total / len(pictures) for name, total in sums.items()}
    floored = {name: np.maximum(mean, FLOOR * mean.mean()) for name, mean in means.items()}
    # float32 as in the cache, so that the first run is bitwise equal to later ones
    return {name: mean.astype(np.float32) for name, mean in floored.items()}


def normalise(weights: Weights, mean_activations: Means) -> Weights:
    """The weights rescaled so that the mean activation of each filter is one.

    `mean_activations` maps every convolution, such as `conv4_2`, to the means after its ReLU,
    (channels,); a channel with mean 0 is not rescaled. Raises WeightsError if a layer is missing,
    has another number of channels, or has a mean that is negative or not finite.
    """
    parameters: dict[str, tuple[Array, Array]] = {}
    before = np.ones(3)
    for layer in network(weights.network).convolutions:
        after = _scales(mean_activations, layer.name, layer.channels)
        kernel, bias = weights.parameters[layer.name]
        scaled = kernel * before[None, :, None, None] / after[:, None, None, None]
        parameters[layer.name] = scaled.astype(np.float32), (bias / after).astype(np.float32)
        before = after
    name = f"{weights.name}-normalised"
    return replace(weights, name=name, parameters=parameters, sha256=content_hash(parameters))


def _scales(means: Means, name: str, channels: int) -> NDArray[np.float64]:
    mean = np.asarray(means.get(name, ()), dtype=np.float64)
    if mean.shape != (channels,) or not np.isfinite(mean).all() or (mean < 0).any():
        raise WeightsError(
            f"the mean activations of {name} are not {channels} numbers of at least 0: "
            "measure them after the ReLU, at every layer"
        )
    return np.where(mean > DEAD, mean, 1.0)


def write_means(weights: Weights, key: str, means: Means) -> Path:
    """Stores mean activations beside their set; `key` stands for the images and settings."""
    path = _place(weights, key)
    arrays = {name: np.ascontiguousarray(mean, dtype=np.float32) for name, mean in means.items()}
    try:
        write_arrays(path, arrays, {"weights": weights.sha256, "key": key})
    except OSError as error:
        raise WeightsError(
            f"{path} cannot be written ({error.strerror}): set NST_CACHE to another folder"
        ) from error
    return path


def read_means(weights: Weights, key: str) -> dict[str, Array] | None:
    """The stored mean activations, or None; raises WeightsError if their file is damaged."""
    path = _place(weights, key)
    if not path.is_file():
        return None
    arrays, metadata = read_arrays(path)
    if metadata.get("weights") != weights.sha256:
        raise WeightsError(f"{path} belongs to other weights: delete it")
    return arrays


def _place(weights: Weights, key: str) -> Path:
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,100}", key):
        raise WeightsError(f"'{key}' cannot name mean activations: use letters, digits, . _ -")
    return weights_dir() / f"means-{weights.sha256[:SHORT_HASH]}-{key}{SUFFIX}"


def _at_size(picture: images.Picture) -> Array:
    return images.resize(picture.pixels, *images.fit(picture.height, picture.width, SIZE))


def _key(net: Network, hashes: list[str]) -> str:
    text = ",".join((net.pooling, net.edge, str(SIZE), str(FLOOR), *hashes))
    return hashlib.sha256(text.encode()).hexdigest()[:12]
