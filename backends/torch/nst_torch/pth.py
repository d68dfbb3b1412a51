"""`python -m nst_torch.pth SRC DST`: a PyTorch state dict, rewritten as `.safetensors`.

It runs in a process of its own, because the core imports no framework. Only tensors are read
(`weights_only=True`): a pickle that would run code is refused.
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from pickle import UnpicklingError

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from nst_core.network import names, network

Arrays = dict[str, NDArray[np.float32]]
PREFIX = "features."


def main(source: str, destination: str) -> None:
    """Convert; leaves with one line on standard error and status 1 if it cannot."""
    name = Path(source).name
    try:
        save_file(canonical(read(Path(source))), destination)
    except ImportError:
        sys.exit('reading a .pth file needs PyTorch. Try: pip install "nst-suite[torch]"')
    except UnpicklingError:
        sys.exit(f"{name} is not a file of plain tensors: it could run code, so it is not opened")
    except Exception as error:
        # what PyTorch raises for a damaged file depends on where it is damaged
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        sys.exit(f"{name} cannot be read as a PyTorch state dict: {reason}")


def read(source: Path) -> Arrays:
    """The tensors of a state dict under their names, without the prefix `features.`."""
    import torch

    state = torch.load(source, map_location="cpu", weights_only=True)
    if not isinstance(state, Mapping) or not all(map(torch.is_tensor, state.values())):
        raise TypeError("it is no mapping from names to tensors")
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


if __name__ == "__main__":
    main(*sys.argv[1:])
