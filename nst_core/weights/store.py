"""The cache: one `.safetensors` file for each set, which is verified whenever it is loaded.

The metadata of the file name the set, the network, the preprocessing, the sources with the hashes
of their files, and the hash of the content.
"""

import os
from pathlib import Path

from platformdirs import user_cache_dir

from nst_core.errors import WeightsError, unknown
from nst_core.weights.arrays import SUFFIX, read_parameters, write_parameters
from nst_core.weights.parameters import Parameters, Weights, assemble
from nst_core.weights.sets import SETS, WeightSet, origin, origin_hash


def cache_dir() -> Path:
    """The suite's cache folder: `NST_CACHE`, or a folder in the system's place for caches."""
    stated = os.environ.get("NST_CACHE")
    return Path(stated or user_cache_dir("nst-suite", appauthor=False)).expanduser()


def weights_dir() -> Path:
    """The folder of the cache that holds weights."""
    return cache_dir() / "weights"


def set_named(name: str) -> WeightSet:
    """The row of the table called `name`; raises WeightsError, naming the nearest, if none is."""
    if name not in SETS:
        raise WeightsError(unknown("weight set", name, SETS))
    return SETS[name]


def place(weight_set: WeightSet) -> Path:
    """The path of the set in the cache, whether it exists or not."""
    return weights_dir() / f"{weight_set.name}{SUFFIX}"


def cached(name: str) -> Path | None:
    """The cached file of a set, unverified, or None; raises WeightsError for an unknown name."""
    path = place(set_named(name))
    return path if path.is_file() else None


def verify(name: str) -> str:
    """Computes the hash of the cached set again, and returns it.

    Raises WeightsError if the name is unknown, the set is not cached, or its file is damaged.
    """
    if cached(name) is None:
        raise WeightsError(f"weights {name} are not in the cache: {_repair(name)}")
    return read_set(set_named(name)).sha256


def write_set(weight_set: WeightSet, parameters: Parameters) -> Path:
    """Stores a set and returns its path; on failure raises OSError and keeps the old file."""
    path = place(weight_set)
    write_parameters(path, parameters, metadata(weight_set))
    return path


def read_set(weight_set: WeightSet) -> Weights:
    """Loads and verifies the cached set; raises WeightsError if it is damaged or not current."""
    name = weight_set.name
    try:
        raw, stated = read_parameters(place(weight_set))
        _, parameters = assemble(raw, weight_set.network)
    except WeightsError as error:
        raise WeightsError(
            f"the cached weights {name} are damaged or unreadable: {_repair(name)}"
        ) from error
    sha256 = stated.get("content_sha256", "")
    if stated != metadata(weight_set) | {"content_sha256": sha256} or not sha256:
        raise WeightsError(f"the cached weights {name} are from another source: {_repair(name)}")
    return Weights(name, weight_set.network, parameters, weight_set.preprocessing, sha256)


def metadata(weight_set: WeightSet) -> dict[str, str]:
    """The metadata of a set's file, without the hash of its content."""
    return {
        "set": weight_set.name,
        "network": weight_set.network,
        "preprocessing": weight_set.preprocessing.name,
        # all sources, so that the file does not depend on the one that was used
        "source": " ".join(map(origin, weight_set.sources)),
        "source_hash": " ".join(map(origin_hash, weight_set.sources)),
    }


def _repair(name: str) -> str:
    return f"run 'nst weights fetch {name}'"
