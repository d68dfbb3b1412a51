"""Exports a set to a file for another program: `.safetensors`, Keras' `.h5`, PyTorch's `.pth`.

The numbers are bitwise equal in all formats. Only `.safetensors` files contain the preprocessing;
with the others, users must set it themselves (`Preprocessing.in_words`).
"""

from pathlib import Path

from nst_core import files
from nst_core.errors import WeightsError
from nst_core.weights.arrays import write_parameters
from nst_core.weights.keras_h5 import keras_bytes
from nst_core.weights.loading import KERAS_SUFFIXES, SUFFIXES, TORCH_SUFFIXES, load, names_file
from nst_core.weights.parameters import Weights
from nst_core.weights.sets import SETS
from nst_core.weights.store import cached, metadata
from nst_core.weights.torch_pth import TORCH_CURE, has_torch, torch_bytes


def export(
    spec: str, path: Path, *, preprocessing: str | None = None, progress: bool = False
) -> Weights:
    """Writes the weights called `spec` to `path` in the format of its suffix; returns them.

    The file is written completely or not at all, and replaces an old one. `preprocessing` and
    `progress` are those of `load`. Raises WeightsError if the suffix is unknown, `path` cannot be
    written, PyTorch is needed but not installed, or the weights are not available.
    """
    _check_format(path)
    _check_place(spec, path)
    weights = load(spec, preprocessing=preprocessing, progress=progress)
    try:
        _write(weights, path)
    except OSError as error:
        raise _refused(path, error) from error
    return weights


def _check_format(path: Path) -> None:
    """Raises WeightsError, before anything is downloaded, if the format is not supported."""
    if path.suffix not in SUFFIXES:
        raise WeightsError(
            f"the suffix of '{path}' is not a known format: use one of {', '.join(SUFFIXES)}"
        )
    if path.name.endswith(".weights.h5"):
        raise WeightsError(
            f"Keras expects another layout in a file that ends in .weights.h5: "
            f"use {path.name.removesuffix('.weights.h5')}.h5"
        )
    if path.suffix in TORCH_SUFFIXES and not has_torch():
        raise WeightsError(f"writing a {path.suffix} file needs PyTorch. Try: {TORCH_CURE}")


def _check_place(spec: str, path: Path) -> None:
    try:
        if path.is_dir():
            raise WeightsError(f"'{path}' is a folder: name a file in it")
        files.try_folder(path)
        source = _source(spec)
        if source is not None and path.exists() and source.exists() and path.samefile(source):
            raise WeightsError(
                f"'{path}' is the file from which {spec} is read: choose another path"
            )
    except (OSError, RuntimeError) as error:  # RuntimeError: a loop of links
        raise _refused(path, error) from error


def _source(spec: str) -> Path | None:
    """The file from which `spec` is read, if there is one."""
    if spec in SETS:
        return cached(spec)
    return Path(spec).expanduser() if names_file(spec) else None


def _refused(path: Path, error: Exception) -> WeightsError:
    reason = getattr(error, "strerror", None) or str(error)
    return WeightsError(
        f"cannot write '{path}' ({reason}): check the path and its permissions, or choose another"
    )


def _write(weights: Weights, path: Path) -> None:
    if path.suffix in KERAS_SUFFIXES:
        files.write(path, keras_bytes(weights))
    elif path.suffix in TORCH_SUFFIXES:
        files.write(path, torch_bytes(weights, path))
    else:
        write_parameters(path, weights.parameters, _metadata(weights))


def _metadata(weights: Weights) -> dict[str, str]:
    """The metadata of the file, which describe it as the set does."""
    stated = {"network": weights.network, "preprocessing": weights.preprocessing.name}
    if weights.name in SETS:
        weight_set = SETS[weights.name]
        stated |= metadata(weight_set) | {"licence": weight_set.licence}
    return stated
