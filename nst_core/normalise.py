"""The normalised VGG of Gatys et al. 2016, section 2: each filter's mean activation is one.

The means are taken over the images and positions of the sample photographs, computed once for a
weight set by the `numpy` backend, and kept in the cache. A filter that hardly ever responds
to them is not blown up without limit: its mean counts as FLOOR of its layer's.
"""

import hashlib
import logging

import numpy as np

from nst_core import images, samples
from nst_core.backend import Array
from nst_core.network import Network
from nst_core.reference.net import Vgg
from nst_core.weights import Weights, normalise, read_means, write_means

log = logging.getLogger(__name__)

SIZE = 256
FLOOR = 0.01


def normalised(weights: Weights, network: Network) -> Weights:
    """The same function up to the scale of each channel, with mean activations of one."""
    photographs = [images.read(f"sample:{name}") for name in samples.PHOTOGRAPHS]
    key = _key(network, [photograph.sha256 for photograph in photographs])
    means = read_means(weights, key)
    if means is None:
        log.info("measuring mean activations of %s", weights.name)
        means = mean_activations(weights, network, [_at_size(p) for p in photographs])
        write_means(weights, key, means)
    return normalise(weights, means)


def mean_activations(weights: Weights, network: Network, pictures: list[Array]) -> dict[str, Array]:
    """{conv name: (channels,)}: the mean of its rectified output over images and positions."""
    vgg = Vgg(network, weights, np.dtype(np.float32))
    taps = [layer.name.replace("conv", "relu") for layer in network.convolutions]
    sums: dict[str, Array] = {}
    for picture in pictures:
        features, _ = vgg.forward(picture, taps)
        for tap, F in features.items():
            name = tap.replace("relu", "conv")
            sums[name] = sums.get(name, 0) + F.mean((1, 2), dtype=np.float64)
    means = {name: total / len(pictures) for name, total in sums.items()}
    floored = {name: np.maximum(mean, FLOOR * mean.mean()) for name, mean in means.items()}
    # as the cache keeps them, so that a first run has the bits of every later one
    return {name: mean.astype(np.float32) for name, mean in floored.items()}


def _at_size(picture: images.Picture) -> Array:
    return images.resize(picture.pixels, *images.fit(picture.height, picture.width, SIZE))


def _key(network: Network, hashes: list[str]) -> str:
    text = ",".join((network.pooling, network.edge, str(SIZE), str(FLOOR), *hashes))
    return hashlib.sha256(text.encode()).hexdigest()[:12]
