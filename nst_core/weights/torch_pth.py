"""PyTorch's `.pth` files: pickles with OIHW kernels and torchvision's keys `features.21.weight`.

PyTorch reads and writes them in a separate process, because the core imports no framework, and
without running code of the pickle (`nst_torch.pth`).
"""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from nst_core.errors import WeightsError
from nst_core.weights.arrays import read_parameters, write_parameters
from nst_core.weights.parameters import Parameters, Weights

PTH_SECONDS = 300
TORCH_CURE = 'pip install "nst-suite[torch]"'


def read_torch(path: Path) -> Parameters:
    """The convolutions of a PyTorch `.pth` file, with keys such as `conv4_2`.

    Raises WeightsError if PyTorch is not installed, or the pickle contains more than tensors.
    """
    with TemporaryDirectory(prefix="nst-") as folder:
        converted = Path(folder, "converted.safetensors")
        _pytorch("read", path, path.resolve(), converted)
        return read_parameters(converted)[0]


def torch_bytes(weights: Weights, path: Path) -> bytes:
    """The contents of a `.pth` file: torchvision's state dict without the classifier.

    Raises WeightsError if PyTorch is not installed or fails, and OSError for the disk.
    """
    with TemporaryDirectory(prefix="nst-") as folder:
        stored, converted = Path(folder, "stored.safetensors"), Path(folder, "converted.pth")
        write_parameters(stored, weights.parameters, {})
        _pytorch("write", path, stored, converted)
        return converted.read_bytes()


def has_torch() -> bool:
    """Whether PyTorch is installed; it is not imported."""
    return find_spec("torch") is not None


def _pytorch(verb: str, path: Path, source: Path, destination: Path) -> None:
    """Makes PyTorch `read` or `write` the `.pth` file at `path`."""
    # -P: a torch.py in the current folder must not be imported
    command = [sys.executable, "-P", "-m", "nst_torch.pth", verb, str(source), str(destination)]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=PTH_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        reason = f"it took longer than {PTH_SECONDS} seconds"
        raise WeightsError(f"PyTorch cannot {verb} {path.name} ({reason}): try again") from error
    except OSError as error:
        raise WeightsError(f"PyTorch cannot {verb} {path.name}: {error}") from error
    if done.returncode != 0:
        raise WeightsError(
            _last_line(done.stderr) or f"{path.name}: PyTorch stopped ({done.returncode})"
        )


def _last_line(text: str) -> str:
    return next(reversed(text.strip().splitlines()), "").strip()
