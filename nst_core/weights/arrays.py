"""`.safetensors` files of parameters: `conv4_2.weight` float32 OIHW, `conv4_2.bias`, metadata."""

from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from nst_core import files
from nst_core.errors import WeightsError
from nst_core.weights.parameters import Array, Parameters, content_hash

SUFFIX = ".safetensors"
Metadata = dict[str, str]


def write_arrays(path: Path, arrays: Mapping[str, Array], metadata: Metadata) -> None:
    """Writes a file completely or not at all; raises OSError if it cannot be written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    files.write(path, save(dict(arrays), metadata))


def read_arrays(path: Path) -> tuple[dict[str, Array], Metadata]:
    """Every array of a file and its metadata; raises WeightsError if the file is damaged."""
    try:
        with safe_open(path, framework="numpy") as file:
            # copies, because the file is memory-mapped and may be replaced
            arrays = {name: file.get_tensor(name).copy() for name in file.keys()}  # noqa: SIM118
            return arrays, dict(file.metadata() or {})
    except (SafetensorError, OSError, TypeError) as error:
        raise WeightsError(f"{path.name} cannot be read as .safetensors: {error}") from error


def flat(parameters: Parameters) -> dict[str, Array]:
    """The parameters under their names in a file."""
    kernels = {f"{name}.weight": pair[0] for name, pair in parameters.items()}
    return kernels | {f"{name}.bias": pair[1] for name, pair in parameters.items()}


def write_parameters(path: Path, parameters: Parameters, metadata: Metadata) -> None:
    """Writes parameters, with their content hash in the metadata."""
    stated = {"content_sha256": content_hash(parameters)}
    write_arrays(path, flat(parameters), metadata | stated)


def read_parameters(path: Path) -> tuple[Parameters, Metadata]:
    """The parameters of a file and its metadata, checked against the content hash it states.

    Raises WeightsError if the file is unreadable, holds anything else, or fails the check.
    """
    arrays, metadata = read_arrays(path)
    layers = [name.removesuffix(".weight") for name in arrays if name.endswith(".weight")]
    if set(arrays) != {f"{layer}.{part}" for layer in layers for part in ("weight", "bias")}:
        raise WeightsError(
            f"{path.name} must contain pairs such as conv4_2.weight and conv4_2.bias, and no other "
            "arrays: check the file"
        )
    parameters = {name: (arrays[f"{name}.weight"], arrays[f"{name}.bias"]) for name in layers}
    stated = metadata.get("content_sha256")
    if stated is not None and stated != content_hash(parameters):
        raise WeightsError(
            f"{path.name} is damaged (its content does not match its hash): get a new copy"
        )
    return parameters, metadata
