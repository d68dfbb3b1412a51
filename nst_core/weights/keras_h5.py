"""Keras' `.h5` files, with HWIO kernels. Three layouts can be read; the first one is written.

The names of layers are those of keras.applications, such as `block4_conv2`.
"""

import re
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from nst_core.errors import WeightsError
from nst_core.network import network
from nst_core.weights.parameters import Array, Parameters, Weights

# Keras reads these attributes, because Keras 1 and Theano stored kernels in other orders
LAYOUT = {"keras_version": b"2.0.0", "backend": b"tensorflow"}
_KERAS_LAYER = re.compile(r"block\d+_conv\d+")
_NAMELESS_LAYER = re.compile(r"block(\d+)/layers/conv2d(?:_(\d+))?/vars/\d+$")


def read_keras(path: Path) -> Parameters:
    """The convolutions of a Keras `.h5` file, with keys such as `block4_conv2`, as OIHW.

    Raises WeightsError if it is not an HDF5 file, or a layer does not have one kernel and one bias.
    """
    try:
        with h5py.File(path, "r") as file:
            layers = _layers(file)
    except (OSError, RuntimeError) as error:
        raise WeightsError(
            f"{path.name} is not a Keras .h5 file, or it is damaged: {error}"
        ) from error
    return {name: _pair(arrays, f"{path.name}, {name}") for name, arrays in layers.items()}


def _layers(file: h5py.File) -> dict[str, list[Array]]:
    layers: dict[str, list[Array]] = {}
    for path, dataset in _datasets(file):
        name = _layer_of(path, dataset)
        if name is not None:
            layers.setdefault(name, []).append(np.asarray(dataset[()]))
    return layers


def _datasets(file: h5py.File) -> list[tuple[str, h5py.Dataset]]:
    found: list[tuple[str, h5py.Dataset]] = []

    def visit(path: str, item: object) -> None:
        if isinstance(item, h5py.Dataset) and not path.startswith("optimizer"):
            found.append((path, item))

    file.visititems(visit)
    return found


def _layer_of(path: str, dataset: h5py.Dataset) -> str | None:
    # the first layout names groups; the third numbers them, and may have the name as an attribute
    stated = str(dataset.parent.attrs.get("name", ""))
    for part in (stated, *path.split("/")):
        if _KERAS_LAYER.fullmatch(part):
            return part
    match = _NAMELESS_LAYER.search(path)
    return f"block{match[1]}_conv{int(match[2] or 0) + 1}" if match else None


def _pair(arrays: list[Array], what: str) -> tuple[Array, Array]:
    by_rank = {array.ndim: array for array in arrays}
    if len(arrays) != 2 or set(by_rank) != {4, 1}:
        shapes = ", ".join(str(array.shape) for array in arrays)
        raise WeightsError(f"{what}: expected one kernel and one bias, found {shapes}")
    return by_rank[4].transpose(3, 2, 0, 1), by_rank[1]


def keras_bytes(weights: Weights) -> bytes:
    """A Keras `.h5` file of the convolutions, which `model.load_weights` reads in this order."""
    layers = network(weights.network).convolutions
    written = BytesIO()
    with h5py.File(written, "w") as file:
        file.attrs.update(LAYOUT)
        file.attrs["layer_names"] = _names(layer.keras for layer in layers)
        for layer in layers:
            kernel, bias = weights.parameters[layer.name]
            arrays = {"kernel:0": kernel.transpose(2, 3, 1, 0), "bias:0": bias}
            group = file.create_group(layer.keras)
            group.attrs["weight_names"] = _names(f"{layer.keras}/{part}" for part in arrays)
            for part, array in arrays.items():
                group[f"{layer.keras}/{part}"] = array
    return written.getvalue()


def _names(names: Iterable[str]) -> NDArray[np.bytes_]:
    return np.array([name.encode() for name in names])
