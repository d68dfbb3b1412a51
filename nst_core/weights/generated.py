"""Random weights such as `random-tiny:0`, which are bitwise equal on every machine.

Kernels are normal with standard deviation √(2 / fan-in) (He et al. 2015, equation 10), biases are
normal with standard deviation 0.05. They are drawn layer by layer from
`numpy.random.RandomState`, whose stream does not change between versions of NumPy.
"""

import re

import numpy as np
from numpy.typing import NDArray

from nst_core.errors import WeightsError
from nst_core.network import KERNEL, Layer
from nst_core.network import network as network_named
from nst_core.weights.parameters import Array, Parameters, Weights, content_hash
from nst_core.weights.sets import NONE

PREFIX = "random-"
NETWORKS = ("vgg19", "vgg16", "tiny")
SPECS = tuple(f"{PREFIX}{name}:SEED" for name in NETWORKS)

BIAS_STD = 0.05
LARGEST_SEED = 2**32 - 1  # what RandomState accepts
# Random numbers are rounded to 16 binary places, because the logarithms of C libraries, from which
# they are computed, differ in their last bits.
GRID = 2.0**16


def generate(spec: str) -> Weights:
    """The weights of `random-NETWORK:SEED`; raises WeightsError for any other spelling."""
    network, seed = _parse(spec)
    random = np.random.RandomState(seed)
    layers = network_named(network).convolutions
    parameters: Parameters = {layer.name: _draw(layer, random) for layer in layers}
    return Weights(spec, network, parameters, NONE, content_hash(parameters))


def _parse(spec: str) -> tuple[str, int]:
    match = re.fullmatch(rf"{PREFIX}({'|'.join(NETWORKS)}):([0-9]{{1,10}})", spec, re.ASCII)
    if match is None or int(match[2]) > LARGEST_SEED:
        raise WeightsError(
            f"'{spec}' is not a random weight set: use {', '.join(SPECS)}, where SEED is a whole "
            f"number from 0 to {LARGEST_SEED}"
        )
    return match[1], int(match[2])


def _draw(layer: Layer, random: np.random.RandomState) -> tuple[Array, Array]:
    fan_in = layer.in_channels * KERNEL * KERNEL
    shape = (layer.channels, layer.in_channels, KERNEL, KERNEL)
    kernel = _normals(random, shape) * np.sqrt(2 / fan_in)
    bias = _normals(random, (layer.channels,)) * BIAS_STD
    return kernel.astype(np.float32), bias.astype(np.float32)


def _normals(random: np.random.RandomState, shape: tuple[int, ...]) -> NDArray[np.float64]:
    return np.round(random.standard_normal(shape) * GRID) / GRID
