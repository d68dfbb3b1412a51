"""Loads weights by a set's name, `random-NETWORK:SEED`, or a path."""

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
    """Loads and verifies the weights `spec`; a named set is downloaded if it is not cached.

    `network` and `preprocessing` are for files that do not contain them; `progress` shows a bar
    during a download. Raises WeightsError if `spec` is unknown, the file is damaged, or `network`
    or `preprocessing` contradicts a named set.
    """
    if spec in SETS:
        weights = _named(spec, progress)
    elif spec.startswith(generated.PREFIX):
        weights = generated.generate(spec)
    elif names_file(spec):
        return _file(Path(spec).expanduser(), spec, network, preprocessing)
    else:
        line = unknown("weight set", spec, (*SETS, *generated.SPECS))
        raise WeightsError(f"{line} A path must end in {', '.join(SUFFIXES)}.")
    if network not in (None, weights.network):
        raise WeightsError(
            f"the network of weights {spec} is {weights.network}, not {network}: leave it out"
        )
    if preprocessing is not None:
        _agree(weights, preprocessing_named(preprocessing))
    return weights


def names_file(spec: str) -> bool:
    """Whether `load` treats `spec` as a path."""
    other = spec in SETS or spec.startswith(generated.PREFIX)
    return not other and Path(spec).suffix.lower() in SUFFIXES


def _named(name: str, progress: bool) -> Weights:
    if cached(name) is None:
        fetch(SETS[name], progress=progress)
    return read_set(SETS[name])


def _agree(weights: Weights, stated: Preprocessing) -> None:
    if weights.preprocessing != stated:
        has = f"the preprocessing of weights {weights.name} is {weights.preprocessing.name}"
        other = f"--set 'network.preprocessing={_table(stated)}'"
        raise WeightsError(
            f"{has}, not {stated.name}: leave out --preprocessing, or replace it with {other}"
        )


def _table(rule: Preprocessing) -> str:
    """The preprocessing as a table in TOML."""
    mean, std = list(rule.mean), list(rule.std)
    return f'{{scale={rule.scale}, channels="{rule.channels}", mean={mean}, std={std}}}'


def _file(path: Path, spec: str, network: str | None, preprocessing: str | None) -> Weights:
    network, parameters, metadata = read(path, network)
    pixels = _preprocessing(path, preprocessing or metadata.get("preprocessing"))
    return Weights(spec, network, parameters, pixels, content_hash(parameters))


def read(path: Path, network: str | None = None) -> tuple[str, Parameters, dict[str, str]]:
    """The network, the parameters and the metadata of a file.

    Raises WeightsError if the file does not exist, is damaged, or fits no network.
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
            f"{path.name} does not name its preprocessing: add --preprocessing {choice}"
        )
    return preprocessing_named(name)
