"""From what a user writes to weights: a set's name, `random-NETWORK:SEED`, or a path."""

from pathlib import Path

from nst_core.errors import WeightsError, unknown
from nst_core.weights import generated
from nst_core.weights.arrays import SUFFIX, read_parameters
from nst_core.weights.fetching import fetch
from nst_core.weights.keras_h5 import read_keras
from nst_core.weights.parameters import Parameters, Weights, assemble, content_hash
from nst_core.weights.sets import PREPROCESSINGS, SETS, Preprocessing, preprocessing_named
from nst_core.weights.store import cached, read_set
from nst_core.weights.torch_pth import read_torch

KERAS_SUFFIXES = (".h5", ".hdf5")
TORCH_SUFFIXES = (".pth", ".pt")
SUFFIXES = (SUFFIX, *KERAS_SUFFIXES, *TORCH_SUFFIXES)


def load(
    spec: str,
    *,
    network: str | None = None,
    preprocessing: str | None = None,
    progress: bool = False,
) -> Weights:
    """The weights that `spec` means, verified; a named set is fetched if it is not cached.

    `network` and `preprocessing` state what a file does not say of itself; `progress` shows a
    bar while a set is fetched. Raises WeightsError if nothing is called that, the file is
    damaged, or a statement contradicts a named set.
    """
    if spec in SETS:
        weights = _named(spec, progress)
    elif spec.startswith(generated.PREFIX):
        weights = generated.generate(spec)
    elif names_file(spec):
        return _file(Path(spec).expanduser(), spec, network, preprocessing)
    else:
        line = unknown("weight set", spec, (*SETS, *generated.SPECS))
        raise WeightsError(f"{line} A path ends in {', '.join(SUFFIXES)}.")
    _agree(spec, "network", network, weights.network)
    _agree(spec, "preprocessing", preprocessing, weights.preprocessing.name)
    return weights


def names_file(spec: str) -> bool:
    """Whether `load` takes `spec` for a path."""
    other = spec in SETS or spec.startswith(generated.PREFIX)
    return not other and Path(spec).suffix.lower() in SUFFIXES


def _named(name: str, progress: bool) -> Weights:
    if cached(name) is None:
        fetch(SETS[name], progress=progress)
    return read_set(SETS[name])


def _agree(spec: str, what: str, stated: str | None, own: str) -> None:
    if stated is not None and stated != own:
        raise WeightsError(f"weights {spec} have {what} {own}, not {stated}: leave --{what} out")


def _file(path: Path, spec: str, network: str | None, preprocessing: str | None) -> Weights:
    network, parameters, metadata = read(path, network)
    pixels = _preprocessing(path, preprocessing or metadata.get("preprocessing"))
    return Weights(spec, network, parameters, pixels, content_hash(parameters))


def read(path: Path, network: str | None = None) -> tuple[str, Parameters, dict[str, str]]:
    """The network of a file, its parameters, and what it says of itself.

    Raises WeightsError if there is no such file, it is damaged, or no network fits.
    """
    if not path.is_file():
        raise WeightsError(f"there is no weights file {path}: check the path")
    raw, metadata = _read(path)
    network, parameters = assemble(raw, network or metadata.get("network"), what=path.name)
    return network, parameters, metadata


def _read(path: Path) -> tuple[Parameters, dict[str, str]]:
    suffix = path.suffix.lower()
    if suffix == SUFFIX:
        return read_parameters(path)
    return (read_keras if suffix in KERAS_SUFFIXES else read_torch)(path), {}


def _preprocessing(path: Path, name: str | None) -> Preprocessing:
    if name is None:
        choice = "|".join(PREPROCESSINGS)
        raise WeightsError(
            f"{path.name} does not say what pixels it was trained on: add --preprocessing {choice}"
        )
    return preprocessing_named(name)
