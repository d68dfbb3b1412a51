"""Files of other projects, read into `{layer: (kernel OIHW, bias)}`.

Keras writes kernels HWIO, in one of three layouts of HDF5; PyTorch writes OIHW in a pickle, which
only PyTorch may open, in a process of its own and without running code (`nst_torch.pth`).
"""

import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import h5py
import numpy as np

from nst_core.errors import WeightsError
from nst_core.weights.arrays import read_parameters
from nst_core.weights.parameters import Array, Parameters

PTH_SECONDS = 300
_KERAS_LAYER = re.compile(r"block\d+_conv\d+")
_NAMELESS_LAYER = re.compile(r"block(\d+)/layers/conv2d(?:_(\d+))?/vars/\d+$")


def read_keras(path: Path) -> Parameters:
    """The convolutions of a Keras `.h5` file, keyed `block4_conv2`, turned from HWIO to OIHW.

    Raises WeightsError if the file is no HDF5 or a layer has not one kernel and one bias.
    """
    try:
        with h5py.File(path, "r") as file:
            layers = _layers(file)
    except (OSError, RuntimeError) as error:
        raise WeightsError(
            f"{path.name} is not a Keras .h5 file that can be read: {error}"
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
    # the first Keras format names groups; the third numbers them, and may keep the name beside
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


def read_torch(path: Path) -> Parameters:
    """The convolutions of a PyTorch `.pth` file, keyed `conv4_2`.

    Raises WeightsError if PyTorch is absent, or if the pickle asks for more than tensors.
    """
    with TemporaryDirectory(prefix="nst-") as folder:
        converted = Path(folder, "converted.safetensors")
        # -P: a torch.py in the current folder is not PyTorch
        command = [sys.executable, "-P", "-m", "nst_torch.pth", str(path.resolve()), str(converted)]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=PTH_SECONDS, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise WeightsError(f"{path.name} cannot be read by PyTorch: {error}") from error
        if done.returncode != 0:
            raise WeightsError(
                _last_line(done.stderr) or f"{path.name}: PyTorch stopped ({done.returncode})"
            )
        return read_parameters(converted)[0]


def _last_line(text: str) -> str:
    return next(reversed(text.strip().splitlines()), "").strip()
