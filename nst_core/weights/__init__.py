"""Weight sets: their sources, hashes, licences and preprocessing; cache, download and export."""

from nst_core.weights.choosing import resolve
from nst_core.weights.exporting import export
from nst_core.weights.failure import FetchError
from nst_core.weights.fetching import fetch
from nst_core.weights.loading import SUFFIXES, load, names_file, read
from nst_core.weights.parameters import Weights, content_hash
from nst_core.weights.sets import (
    CAFFE,
    HED,
    NONE,
    PREPROCESSINGS,
    SETS,
    TORCHVISION,
    Download,
    Preprocessing,
    WeightSet,
    Wheel,
)
from nst_core.weights.store import cache_dir, cached, set_named, verify

__all__ = [
    "CAFFE",
    "HED",
    "NONE",
    "PREPROCESSINGS",
    "SETS",
    "SUFFIXES",
    "TORCHVISION",
    "Download",
    "FetchError",
    "Preprocessing",
    "WeightSet",
    "Weights",
    "Wheel",
    "cache_dir",
    "cached",
    "content_hash",
    "export",
    "fetch",
    "load",
    "names_file",
    "read",
    "resolve",
    "set_named",
    "verify",
]
