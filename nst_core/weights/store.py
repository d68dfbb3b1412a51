"""The cache: one `.safetensors` per set, written in one step and verified at every load.

The file's metadata say which set, network and preprocessing it is, where its numbers can be had,
the hash of the file there, and the hash of its content.
"""

import os
from pathlib import Path

from platformdirs import user_cache_dir

from nst_core.errors import WeightsError, unknown
from nst_core.weights.arrays import SUFFIX, read_parameters, write_parameters
from nst_core.weights.parameters import Parameters, Weights, assemble
from nst_core.weights.sets import SETS, WeightSet, origin, origin_hash


def cache_dir() -> Path:
    """The suite's cache folder: `NST_CACHE`, or the system's place for caches."""
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
    """Where the set lies in the cache, or would lie."""
    return weights_dir() / f"{weight_set.name}{SUFFIX}"


def cached(name: str) -> Path | None:
    """The cached file of a set, unverified, or None; raises WeightsError for an unknown name."""
    path = place(set_named(name))
    return path if path.is_file() else None


def verify(name: str) -> str:
    """Hash the cached set again; returns its content hash.

    Raises WeightsError if the name is unknown, the set is not cached, or its file is damaged.
    """
    if cached(name) is None:
        raise WeightsError(f"weights {name} are not in the cache: {_repair(name)}")
    return read_set(set_named(name)).sha256


def write_set(weight_set: WeightSet, parameters: Parameters) -> Path:
    """Store a set and return its file; raises OSError, leaving the old file, if it cannot."""
    path = place(weight_set)
    write_parameters(path, parameters, metadata(weight_set))
    return path


def read_set(weight_set: WeightSet) -> Weights:
    """The cached set, verified; raises WeightsError if it is damaged or of another source."""
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
        raise WeightsError(f"the cached weights {name} are of another source: {_repair(name)}")
    return Weights(name, weight_set.network, parameters, weight_set.preprocessing, sha256)


def metadata(weight_set: WeightSet) -> dict[str, str]:
    """What the file of a set says of itself, beside the hash of its content."""
    return {
        "set": weight_set.name,
        "network": weight_set.network,
        "preprocessing": weight_set.preprocessing.name,
        # every source, so that the file is the same whichever of them it was made from
        "source": " ".join(map(origin, weight_set.sources)),
        "source_hash": " ".join(map(origin_hash, weight_set.sources)),
    }


def _repair(name: str) -> str:
    return f"run 'nst weights fetch {name}'"
