"""`python -m nst_torch.pth read|write SRC DST`: a PyTorch state dict from or to `.safetensors`.

It runs in a separate process, because the core imports no framework. Only tensors are read
(`weights_only=True`); a pickle that would run code is refused.
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from pickle import UnpicklingError

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from nst_core.network import names, network

Arrays = dict[str, NDArray[np.float32]]
PREFIX = "features."
NEEDS = 'a .pth file needs PyTorch. Try: pip install "nst-suite[torch]"'


def main(verb: str, source: str, destination: str) -> None:
    """Converts a file; on failure, exits with 1 and one line on standard error."""
    {"read": to_canonical, "write": to_torch}[verb](Path(source), Path(destination))


def to_canonical(source: Path, destination: Path) -> None:
    """A state dict rewritten as `.safetensors`."""
    try:
        save_file(canonical(read(source)), destination)
    except ImportError:
        sys.exit(f"reading {NEEDS}")
    except UnpicklingError:
        sys.exit(
            f"{source.name} is not a file of plain tensors: it could run code, so it is not opened"
        )
    except Exception as error:
        # the exception for a damaged file depends on where it is damaged
        sys.exit(f"{source.name} cannot be read as a PyTorch state dict: {reason(error)}")


def to_torch(source: Path, destination: Path) -> None:
    """A `.safetensors` file of the core rewritten as a state dict."""
    try:
        write(features(load_file(source)), destination)
    except ImportError:
        sys.exit(f"writing {NEEDS}")
    except Exception as error:
        sys.exit(f"PyTorch cannot write the state dict: {reason(error)}")


def reason(error: Exception) -> str:
    """The first line of the exception, or its type."""
    return (str(error).splitlines() or [type(error).__name__])[0]


def read(source: Path) -> Arrays:
    """The tensors of a state dict under their names, without the prefix `features.`."""
    import torch

    state = torch.load(source, map_location="cpu", weights_only=True)
    if not isinstance(state, Mapping) or not all(map(torch.is_tensor, state.values())):
        raise TypeError("it is not a mapping from names to tensors")
    # torchvision keeps a classifier beside the features
    features = {key: value for key, value in state.items() if key.startswith(PREFIX)} or state
    return {k.removeprefix(PREFIX): v.float().contiguous().numpy() for k, v in features.items()}


def canonical(arrays: Arrays) -> Arrays:
    """The arrays under the core's names: `21.weight` becomes `conv4_2.weight`."""
    split = {name: name.rpartition(".") for name in arrays}
    for candidate in map(network, names()):
        convs = {str(layer.torchvision): layer.name for layer in candidate.convolutions}
        if {index for index, _, _ in split.values()} == set(convs):
            return {f"{convs[i]}.{part}": arrays[name] for name, (i, _, part) in split.items()}
    return arrays


def write(arrays: Arrays, destination: Path) -> None:
    """A state dict of these arrays, in their order."""
    import torch

    torch.save({name: torch.from_numpy(array) for name, array in arrays.items()}, destination)


def features(arrays: Arrays) -> Arrays:
    """The core's arrays under torchvision's names: `conv4_2.weight` becomes `features.21.weight`.

    They are in torchvision's order. The classifier is left out, because the core does not have it.
    """
    layers = {name.rpartition(".")[0] for name in arrays}
    for candidate in map(network, names()):
        convs = {layer.name: f"{PREFIX}{layer.torchvision}" for layer in candidate.convolutions}
        if layers == set(convs):
            pairs = ((conv, part) for conv in convs for part in ("weight", "bias"))
            return {f"{convs[conv]}.{part}": arrays[f"{conv}.{part}"] for conv, part in pairs}
    raise ValueError(f"no network has the layers {', '.join(sorted(layers))}")


if __name__ == "__main__":
    main(*sys.argv[1:])
