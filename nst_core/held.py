"""Pictures in memory: Pillow images and arrays, treated as if they had been read from a file."""

import hashlib
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from nst_core.errors import ImageError
from nst_core.images import Picture, decode

Pixels = NDArray[Any]
Held = Image.Image | Pixels

SHORT_HASH = 12


def hold(what: Held) -> Picture:
    """The picture in double precision; its `source` is a name made from its hash.

    An array is (height, width), (height, width, 3) or (height, width, 4): bytes from 0 to 255, or
    floating point in [0, 1]. Raises ImageError for anything else.
    """
    if isinstance(what, Image.Image):
        return _decoded(ImageOps.exif_transpose(what))
    if not isinstance(what, np.ndarray):
        kind = type(what).__name__
        raise ImageError(f"a {kind} is not a picture: give a path, a Pillow image or an array")
    if what.ndim not in (2, 3) or (what.ndim == 3 and what.shape[2] not in (3, 4)) or not what.size:
        raise ImageError(
            f"an array of shape {what.shape} is not a picture: give (height, width), "
            "(height, width, 3) or (height, width, 4)"
        )
    if what.dtype == np.uint8:
        return _decoded(Image.fromarray(what))
    if not (np.issubdtype(what.dtype, np.floating) and what.min() >= 0 and what.max() <= 1):
        raise ImageError(
            f"this array of {what.dtype} is not a picture: give integers of type uint8, or "
            "floating-point numbers from 0 to 1"
        )
    return _planes(what)


def _decoded(image: Image.Image) -> Picture:
    file = BytesIO()
    image.save(file, "TIFF")  # TIFF supports all modes of Pillow, and colour profiles
    data = file.getvalue()
    return decode(data, _name(data), max_pixels=image.width * image.height, precision=np.float64)


def _planes(values: Pixels) -> Picture:
    values = values.astype(np.float64)
    planes = np.repeat(values[None], 3, 0) if values.ndim == 2 else values.transpose(2, 0, 1)
    pixels, alpha = np.ascontiguousarray(planes[:3]), planes[3] if len(planes) == 4 else None
    if alpha is not None:
        pixels = pixels * alpha + (1 - alpha)  # on white, as for files
    data = values.tobytes()
    return Picture(pixels, alpha, _name(data), hashlib.sha256(data).hexdigest())


def _name(data: bytes) -> str:
    return f"image:{hashlib.sha256(data).hexdigest()[:SHORT_HASH]}"
