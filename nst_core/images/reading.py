"""Reads files as pictures: upright, on white, in sRGB."""

import hashlib
import logging
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps
from PIL.TiffImagePlugin import BITSPERSAMPLE, PHOTOMETRIC_INTERPRETATION, SAMPLEFORMAT

from nst_core.errors import ImageError
from nst_core.images.picture import Array, Picture, Precision
from nst_core.images.trouble import pillow, reason, refused

log = logging.getLogger(__name__)

MAX_PIXELS = 100_000_000
SAMPLE = "sample:"

_READS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF")
_GREY = ("1", "L", "LA")
_COLOUR = ("P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr")
_DEEP = ("I;16", "I;16B", "I;16L", "I", "F")


def read(
    source: str | Path, *, max_pixels: int = MAX_PIXELS, precision: Precision = np.float32
) -> Picture:
    """The picture in a JPEG, PNG, WebP, TIFF, BMP or GIF file (first frame), or `sample:NAME`.

    The orientation is applied, transparency is composited on white, and an embedded colour profile
    is converted to sRGB. A profile that is damaged or does not fit is ignored, with a warning in
    the log. Integers are divided by the range of their type; floats must lie in [0, 1]. With the
    `precision` float64 an 8-bit value u is exactly u/255 in double precision.
    Raises ImageError for a file that is missing, unreadable, damaged, or has more than
    `max_pixels` pixels; the size is read from the header, before the file is decoded.
    """
    name = str(source)
    return decode(_bytes(name), name, max_pixels=max_pixels, precision=precision)


def decode(
    data: bytes, name: str, *, max_pixels: int = MAX_PIXELS, precision: Precision = np.float32
) -> Picture:
    """The picture in the bytes of such a file; `name` is used in messages."""
    with pillow(name):
        image = _upright(_decode(data, name, max_pixels), name)
        colour, alpha = _split(image, precision)
        pixels = _planes(_to_srgb(colour, image.info.get("icc_profile"), name), precision)
    if alpha is not None:
        pixels = pixels * alpha + (1 - alpha)
    return Picture(pixels, alpha, name, hashlib.sha256(data).hexdigest())


def _bytes(name: str) -> bytes:
    path = _sample(name) if name.startswith(SAMPLE) else Path(name)
    try:
        data = path.read_bytes()
    except (OSError, ValueError) as error:
        raise refused("read", name, error) from error
    if not data:
        raise ImageError(f"'{name}' is empty (0 bytes): download or export it again")
    return data


def _sample(name: str) -> Path:
    from nst_core.samples import path

    return path(name.removeprefix(SAMPLE))


def _decode(data: bytes, name: str, max_pixels: int) -> Image.Image:
    try:
        image = Image.open(BytesIO(data), formats=_READS)
    except Exception as error:  # a decoder may raise any exception for a damaged file
        raise ImageError(
            f"'{name}' is not a picture that can be read: "
            "use a JPEG, PNG, WebP, TIFF, BMP or GIF file with 8 bits per channel"
        ) from error
    _check_size(image, name, max_pixels)
    try:
        image.load()
    except Exception as error:
        cause = f"is damaged or incomplete ({reason(error)})"
        raise ImageError(f"'{name}' {cause}: download or export it again") from error
    return image if image.mode in _GREY + _COLOUR else _deep(image, name)


def _check_size(image: Image.Image, name: str, max_pixels: int) -> None:
    pixels = image.width * image.height
    if pixels > max_pixels:
        raise ImageError(
            f"'{name}' has {image.width} × {image.height} = {pixels:,} pixels, more than the limit "
            f"of {max_pixels:,}: make it smaller, or increase --max-pixels"
        )


def _deep(image: Image.Image, name: str) -> Image.Image:
    """A grey picture of more than 8 bits, converted to mode F and [0, 1]."""
    if image.mode not in _DEEP:
        raise ImageError(f"'{name}' is in colour mode {image.mode}: convert it to RGB first")
    values = _fractions(image)
    low, high = values.min(), values.max()
    if not (low >= 0 and high <= 1):
        span = f"{low:.4g} .. {high:.4g} of its range"
        raise ImageError(f"'{name}' contains values of {span}: scale them to 0 .. 1 first")
    grey = Image.fromarray(values.astype(np.float32))
    grey.info = image.info
    return grey


def _fractions(image: Image.Image) -> NDArray[np.float64]:
    """The values (H, W) divided by the range of the file's type, with 0 for black."""
    values = np.asarray(image)
    tags = getattr(image, "tag_v2", {})
    bits, signed = tags.get(BITSPERSAMPLE, (16,))[0], tags.get(SAMPLEFORMAT, (1,))[0] == 2
    if image.mode == "I" and not signed:
        values = values.view(np.uint32)  # Pillow has only a signed type
    result = values / (1.0 if image.mode == "F" else 2.0 ** (bits - signed) - 1)
    white_is_zero = tags.get(PHOTOMETRIC_INTERPRETATION) == 0  # Pillow inverts only 8-bit files
    return 1 - result if white_is_zero else result


def _upright(image: Image.Image, name: str) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except Exception as error:  # the metadata are damaged, but the pixels are not
        log.warning("'%s': its EXIF data is ignored (%s)", name, reason(error))
        return image


def _split(image: Image.Image, precision: Precision) -> tuple[Image.Image, Array | None]:
    """The colours in mode F, L, RGB or CMYK, and alpha (H, W), or None without transparency."""
    if image.mode == "F":
        clear = image.info.get("transparency")  # the 16-bit value that is transparent
        opaque = np.rint(np.asarray(image) * 65535) != clear
        return image, None if clear is None else opaque.astype(precision)
    mode = "L" if image.mode in _GREY else "CMYK" if image.mode == "CMYK" else "RGB"
    if not image.has_transparency_data:
        return image.convert(mode), None
    rgba = image.convert("RGBA")
    return rgba.convert(mode), _fraction(rgba.getchannel("A"), precision)


def _to_srgb(image: Image.Image, profile: bytes | None, name: str) -> Image.Image:
    """`image` converted by its profile; unchanged without one, or if it cannot be used."""
    if not profile:
        return image
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        converted = ImageCms.profileToProfile(
            _as_profiled(image, source.profile.xcolor_space),
            source,
            ImageCms.createProfile("sRGB"),
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            outputMode="RGB",
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except (ImageCms.PyCMSError, OSError, ValueError) as error:
        log.warning("'%s': its colour profile is ignored (%s)", name, reason(error))
        return image
    return converted or image


def _as_profiled(image: Image.Image, space: str) -> Image.Image:
    """`image` in the mode that a profile of this colour space requires."""
    if space == "GRAY" and image.mode == "F":
        return Image.fromarray(np.rint(np.asarray(image) * 65535).astype(np.uint16))
    return image.convert("RGB") if (space, image.mode) == ("RGB ", "L") else image


def _planes(image: Image.Image, precision: Precision) -> Array:
    if image.mode == "F":
        return np.repeat(np.asarray(image, precision)[None], 3, axis=0)
    rgb = _fraction(image.convert("RGB"), precision)
    return np.ascontiguousarray(rgb.transpose(2, 0, 1))


def _fraction(image: Image.Image, precision: Precision) -> Array:
    """The 8-bit values divided by 255."""
    return np.asarray(image, precision) / 255
