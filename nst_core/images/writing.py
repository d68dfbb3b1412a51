"""Writes pictures to files, completely or not at all."""

import errno
import os
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from nst_core import files
from nst_core.errors import ImageError
from nst_core.images.picture import Numbers
from nst_core.images.record import RECORD_KEY
from nst_core.images.trouble import reason, refused

Format = tuple[str, dict[str, Any]]  # Pillow's name, how it is saved

_JPEG: Format = ("JPEG", {"quality": 95, "subsampling": 0})  # 0 is 4:4:4
_WEBP: Format = ("WEBP", {"quality": 95, "exact": True})  # exact keeps the colours under alpha 0
_TIFF: Format = ("TIFF", {"compression": "tiff_adobe_deflate"})
_WRITES: dict[str, Format] = {".png": ("PNG", {}), ".jpg": _JPEG, ".jpeg": _JPEG}
_WRITES |= {".webp": _WEBP, ".tif": _TIFF, ".tiff": _TIFF}


def save(
    pixels: Numbers, path: str | Path, *, alpha: Numbers | None = None, record: str | None = None
) -> None:
    """Writes `pixels` (3, H, W), rounded to 8 bits, in the format of the path's suffix.

    `alpha` (H, W) is stored as a fourth channel and does not change the colours. `record` is a JSON
    text, which a PNG stores under RECORD_KEY and other formats do not store. The file is written
    completely or not at all. Raises ImageError for an unknown suffix, for alpha in a JPEG, for
    values that are not finite, and for errors of the encoder or the disk.
    """
    path = Path(path)
    kind, options = _format(path, alpha is not None)
    if record is not None and kind == "PNG":
        options = {"pnginfo": PngInfo()}
        # not compressed, because Pillow does not read compressed texts of more than 1 MB
        options["pnginfo"].add_itxt(RECORD_KEY, record)
    planes = pixels if alpha is None else np.concatenate([pixels, alpha[None]])
    _write(path, _encode(_to_8bit(planes, path), kind, options, path))


def writable(path: str | Path, *, alpha: bool = False) -> None:
    """Raises ImageError if `save`, with or without `alpha`, could not write to `path`.

    No file is left behind.
    """
    path = Path(path)
    _format(path, alpha)
    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        files.try_folder(path)
    except (OSError, RuntimeError) as error:  # RuntimeError: a loop of links
        raise refused("write", path, error) from error


def write_text(path: str | Path, text: str) -> None:
    """Writes `text` in UTF-8, completely or not at all; raises ImageError if it cannot."""
    _write(Path(path), text.encode())


def _format(path: Path, alpha: bool) -> Format:
    if path.suffix.lower() not in _WRITES:
        raise ImageError(f"'{path}' has no known picture suffix: use one of {', '.join(_WRITES)}")
    found = _WRITES[path.suffix.lower()]
    if alpha and found is _JPEG:
        raise ImageError(
            f"'{path}' cannot store transparency, because it is a JPEG: write a .png file, or "
            "leave out --keep-alpha"
        )
    return found


def _to_8bit(planes: Numbers, path: Path) -> Image.Image:
    bad = np.count_nonzero(~np.isfinite(planes))
    if bad:
        cause = f"'{path}' was not written, because {bad:,} of its values are not finite"
        raise ImageError(f"{cause}: use a smaller learning rate or smaller weights")
    return Image.fromarray(np.rint(255 * np.clip(planes, 0, 1)).astype(np.uint8).transpose(1, 2, 0))


def _encode(image: Image.Image, kind: str, options: dict[str, Any], path: Path) -> bytes:
    buffer = BytesIO()
    try:
        image.save(buffer, kind, **options)
    except (OSError, ValueError) as error:
        cause = f"'{path}' cannot be encoded as {kind} ({reason(error)})"
        raise ImageError(f"{cause}: use another format or a smaller picture") from error
    return buffer.getvalue()


def _write(path: Path, data: bytes) -> None:
    try:
        files.write(path, data)
    except (OSError, RuntimeError) as error:
        raise refused("write", path, error) from error
