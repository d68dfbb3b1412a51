"""The folder of an experiment, and the files in it."""

from io import BytesIO
from pathlib import Path

from PIL import Image

from nst_core import files
from nst_core.errors import NstError


def make_folder(folder: Path) -> None:
    """Makes the folder if it does not exist; raises NstError if it cannot be written to."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        files.try_folder(folder / "any")
    except (OSError, RuntimeError) as error:  # RuntimeError: links that go in a circle
        raise _refused(folder, error) from error


def write(path: Path, data: bytes | str) -> None:
    """Writes a file completely or not at all; raises NstError if it cannot be written."""
    try:
        files.write(path, data.encode() if isinstance(data, str) else data)
    except (OSError, RuntimeError) as error:
        raise _refused(path, error) from error


def write_image(path: Path, image: Image.Image) -> None:
    """Writes a PNG."""
    buffer = BytesIO()
    image.save(buffer, "PNG")
    write(path, buffer.getvalue())


def _refused(path: Path, error: Exception) -> NstError:
    reason = getattr(error, "strerror", None) or str(error)
    return NstError(f"cannot write to '{path}' ({reason}): choose another folder with -o")
