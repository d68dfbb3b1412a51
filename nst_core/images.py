"""The only place that touches pixels on disk.

Inside the suite a picture is floating point, shape (3, H, W), RGB, unit interval [0, 1], sRGB. A
file becomes that on `read` (upright, on white, in sRGB) and leaves it on `save`, at 8 bits a
channel. Greys of 16 and 32 bits keep what float32 has of them, as Pillow does; it reads colours of
16 bits at 8.
"""

import errno
import hashlib
import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps
from PIL.PngImagePlugin import PngImageFile, PngInfo
from PIL.TiffImagePlugin import BITSPERSAMPLE, PHOTOMETRIC_INTERPRETATION, SAMPLEFORMAT

from nst_core import files
from nst_core.errors import ImageError

log = logging.getLogger(__name__)

Array = NDArray[np.floating[Any]]
Numbers = NDArray[Any]
Precision = type[np.floating[Any]]
Format = tuple[str, dict[str, Any]]  # Pillow's name, how it is saved

MAX_PIXELS = 100_000_000
RECORD_KEY = "nst"
SAMPLE = "sample:"

_READS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF")
_JPEG: Format = ("JPEG", {"quality": 95, "subsampling": 0})  # 0 is 4:4:4
_WEBP: Format = ("WEBP", {"quality": 95, "exact": True})  # exact keeps the colours under alpha 0
_TIFF: Format = ("TIFF", {"compression": "tiff_adobe_deflate"})
_WRITES: dict[str, Format] = {".png": ("PNG", {}), ".jpg": _JPEG, ".jpeg": _JPEG}
_WRITES |= {".webp": _WEBP, ".tif": _TIFF, ".tiff": _TIFF}
_GREY = ("1", "L", "LA")
_COLOUR = ("P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr")
_DEEP = ("I;16", "I;16B", "I;16L", "I", "F")


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture as it was read.

    `pixels` is (3, H, W), composited on white; `alpha` is (H, W) in [0, 1], or None where the
    file has none. `source` is what the user named, `sha256` the hash of the file's bytes.
    """

    pixels: Array
    alpha: Array | None
    source: str
    sha256: str

    @property
    def height(self) -> int:
        return int(self.pixels.shape[1])

    @property
    def width(self) -> int:
        return int(self.pixels.shape[2])


def read(
    source: str | Path, *, max_pixels: int = MAX_PIXELS, precision: Precision = np.float32
) -> Picture:
    """The picture in a JPEG, PNG, WebP, TIFF, BMP or GIF file (its first frame) or `sample:NAME`.

    Orientation is applied, transparency composited on white, an embedded colour profile
    converted to sRGB (one that is damaged or does not fit is ignored, with a warning in the log).
    Integers are divided by the range of their type; floats must lie in [0, 1]. In the `precision`
    float64 a value of 8 bits is u/255 to the last bit of a double.
    Raises ImageError for a file that is missing, unreadable, damaged, or has more than
    `max_pixels` pixels; the size is judged by the header, before anything is decoded.
    """
    name = str(source)
    return decode(_bytes(name), name, max_pixels=max_pixels, precision=precision)


def decode(
    data: bytes, name: str, *, max_pixels: int = MAX_PIXELS, precision: Precision = np.float32
) -> Picture:
    """The picture in the bytes of such a file; `name` stands for it in messages."""
    with _pillow(name):
        image = _upright(_decode(data, name, max_pixels), name)
        colour, alpha = _split(image, precision)
        pixels = _planes(_to_srgb(colour, image.info.get("icc_profile"), name), precision)
    if alpha is not None:
        pixels = pixels * alpha + (1 - alpha)
    return Picture(pixels, alpha, name, hashlib.sha256(data).hexdigest())


def fit(height: int, width: int, size: int, side: str = "longest") -> tuple[int, int]:
    """(height, width), each at least 1, with the aspect ratio kept.

    The `longest` or `shortest` side is `size` pixels; with `area`, size² is the number of pixels.
    """
    sides = {"longest": max(height, width), "shortest": min(height, width)}
    scale = size / sides.get(side, (height * width) ** 0.5)
    return max(1, round(height * scale)), max(1, round(width * scale))


def resize(pixels: Array, height: int, width: int, *, clip: bool = True) -> Array:
    """`pixels` (C, H, W) resampled to (C, height, width) in their dtype; a copy if they fit.

    Pillow resamples in float32: float64 keeps its digits only where the shape stays.
    Antialiased Lanczos, a = 3. The filter rings: past the values that it is given it goes by up
    to 0.12 of the step at a straight edge and 0.25 at a corner. `clip` cuts the result to [0, 1];
    a painting in progress, which may lie outside, is resized with `clip=False`.
    """
    result = np.array(pixels)
    if result.shape[1:] != (height, width):
        planes = [Image.fromarray(plane) for plane in result.astype(np.float32)]  # mode F
        lanczos = Image.Resampling.LANCZOS
        resampled = [np.asarray(plane.resize((width, height), lanczos)) for plane in planes]
        result = np.stack(resampled).astype(result.dtype, copy=False)
    return np.clip(result, 0, 1) if clip else result


def save(
    pixels: Numbers, path: str | Path, *, alpha: Numbers | None = None, record: str | None = None
) -> None:
    """Writes `pixels` (3, H, W), as round(255 x) at 8 bits, in the format of the path's suffix.

    `alpha` (H, W) is stored beside the colours, which it leaves alone. `record` is a JSON text
    that a PNG carries under RECORD_KEY; other formats leave it out. The file is written whole or
    not at all. Raises ImageError for an unknown suffix, alpha in a JPEG, values that are not
    finite, and whatever the encoder or the disk refuses.
    """
    path = Path(path)
    kind, options = _format(path, alpha is not None)
    if record is not None and kind == "PNG":
        options = {"pnginfo": PngInfo()}
        # not compressed: Pillow does not read back a compressed text of more than 1 MB
        options["pnginfo"].add_itxt(RECORD_KEY, record)
    planes = pixels if alpha is None else np.concatenate([pixels, alpha[None]])
    _write(path, _encode(_to_8bit(planes, path), kind, options, path))


def writable(path: str | Path, *, alpha: bool = False) -> None:
    """Raises ImageError if `save`, with `alpha` or without, could not write to `path`.

    Leaves nothing behind.
    """
    path = Path(path)
    _format(path, alpha)
    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        files.try_folder(path)
    except (OSError, RuntimeError) as error:  # RuntimeError: links that go in a circle
        raise _refused("write", path, error) from error


def write_text(path: str | Path, text: str) -> None:
    """Writes `text` in UTF-8, whole or not at all; raises ImageError if the disk refuses."""
    _write(Path(path), text.encode())


def read_record(path: str | Path) -> str:
    """The record in a PNG, or else the file `<path>.json` beside it; ImageError if neither."""
    record = _embedded(path)
    if record is not None:
        return record
    try:
        return Path(f"{path}.json").read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise ImageError(
            f"'{path}' carries no record, and '{path}.json' cannot be read ({_reason(error)}): "
            "name a PNG painted here, or put the .json back beside the picture"
        ) from error


def _bytes(name: str) -> bytes:
    path = _sample(name) if name.startswith(SAMPLE) else Path(name)
    try:
        data = path.read_bytes()
    except (OSError, ValueError) as error:
        raise _refused("read", name, error) from error
    if not data:
        raise ImageError(f"'{name}' is empty (0 bytes): fetch or export it again")
    return data


def _sample(name: str) -> Path:
    from nst_core.samples import path  # read only when asked for: it draws

    return path(name.removeprefix(SAMPLE))


@contextmanager
def _pillow(name: str) -> Iterator[None]:
    """Pillow without its own pixel limit, its warnings sent to the log."""
    limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            yield
    finally:
        Image.MAX_IMAGE_PIXELS = limit
    for warning in caught:
        log.warning("'%s': %s", name, _reason(warning.message))


def _decode(data: bytes, name: str, max_pixels: int) -> Image.Image:
    try:
        image = Image.open(BytesIO(data), formats=_READS)
    except Exception as error:  # a decoder may raise anything at a damaged file
        raise ImageError(
            f"'{name}' is not a picture that can be read: "
            "give a JPEG, PNG, WebP, TIFF, BMP or GIF of 8 bits a channel"
        ) from error
    _check_size(image, name, max_pixels)
    try:
        image.load()
    except Exception as error:
        cause = f"is damaged or cut short ({_reason(error)})"
        raise ImageError(f"'{name}' {cause}: fetch or export it again") from error
    return image if image.mode in _GREY + _COLOUR else _deep(image, name)


def _check_size(image: Image.Image, name: str, max_pixels: int) -> None:
    pixels = image.width * image.height
    if pixels > max_pixels:
        raise ImageError(
            f"'{name}' is {image.width} × {image.height} = {pixels:,} pixels, above the limit of "
            f"{max_pixels:,}: make it smaller, or raise the limit with --max-pixels"
        )


def _deep(image: Image.Image, name: str) -> Image.Image:
    """A grey of more than 8 bits, in mode F and [0, 1]."""
    if image.mode not in _DEEP:
        raise ImageError(f"'{name}' is in colour mode {image.mode}: convert it to RGB first")
    values = _fractions(image)
    low, high = values.min(), values.max()
    if not (low >= 0 and high <= 1):
        span = f"{low:.4g} .. {high:.4g} of its range"
        raise ImageError(f"'{name}' holds values of {span}: scale them to 0 .. 1 first")
    grey = Image.fromarray(values.astype(np.float32))
    grey.info = image.info
    return grey


def _fractions(image: Image.Image) -> NDArray[np.float64]:
    """(H, W) as fractions of the range of the file's own type, black at 0."""
    values = np.asarray(image)
    tags = getattr(image, "tag_v2", {})
    bits, signed = tags.get(BITSPERSAMPLE, (16,))[0], tags.get(SAMPLEFORMAT, (1,))[0] == 2
    if image.mode == "I" and not signed:
        values = values.view(np.uint32)  # Pillow has only the signed type
    result = values / (1.0 if image.mode == "F" else 2.0 ** (bits - signed) - 1)
    white_is_zero = tags.get(PHOTOMETRIC_INTERPRETATION) == 0  # Pillow inverts 8 bits only
    return 1 - result if white_is_zero else result


def _upright(image: Image.Image, name: str) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except Exception as error:  # broken metadata around good pixels
        log.warning("'%s': its EXIF data is ignored (%s)", name, _reason(error))
        return image


def _split(image: Image.Image, precision: Precision) -> tuple[Image.Image, Array | None]:
    """The colours, in mode F, L, RGB or CMYK, and alpha (H, W) if there is any."""
    if image.mode == "F":
        clear = image.info.get("transparency")  # one of the 16-bit values
        opaque = np.rint(np.asarray(image) * 65535) != clear
        return image, None if clear is None else opaque.astype(precision)
    mode = "L" if image.mode in _GREY else "CMYK" if image.mode == "CMYK" else "RGB"
    if not image.has_transparency_data:
        return image.convert(mode), None
    rgba = image.convert("RGBA")
    return rgba.convert(mode), _fraction(rgba.getchannel("A"), precision)


def _to_srgb(image: Image.Image, profile: bytes | None, name: str) -> Image.Image:
    """`image` through its profile; as it is if it has none, or one that cannot be used."""
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
        log.warning("'%s': its colour profile is ignored (%s)", name, _reason(error))
        return image
    return converted or image


def _as_profiled(image: Image.Image, space: str) -> Image.Image:
    """`image` in the mode in which a profile of this colour space takes it."""
    if space == "GRAY" and image.mode == "F":
        return Image.fromarray(np.rint(np.asarray(image) * 65535).astype(np.uint16))
    return image.convert("RGB") if (space, image.mode) == ("RGB ", "L") else image


def _planes(image: Image.Image, precision: Precision) -> Array:
    if image.mode == "F":
        return np.repeat(np.asarray(image, precision)[None], 3, axis=0)
    rgb = _fraction(image.convert("RGB"), precision)
    return np.ascontiguousarray(rgb.transpose(2, 0, 1))


def _fraction(image: Image.Image, precision: Precision) -> Array:
    """8 bits as a share of 255."""
    return np.asarray(image, precision) / 255


def _embedded(path: str | Path) -> str | None:
    with _pillow(str(path)):
        try:
            with Image.open(path, formats=["PNG"]) as image:
                if RECORD_KEY in image.info:
                    return str(image.info[RECORD_KEY])
                # behind the pixels, where other programs may have moved it
                return image.text.get(RECORD_KEY) if isinstance(image, PngImageFile) else None
        except (OSError, SyntaxError, ValueError):
            return None


def _format(path: Path, alpha: bool) -> Format:
    if path.suffix.lower() not in _WRITES:
        raise ImageError(f"'{path}' has no known picture suffix: use one of {', '.join(_WRITES)}")
    found = _WRITES[path.suffix.lower()]
    if alpha and found is _JPEG:
        raise ImageError(f"'{path}' cannot keep alpha, JPEG has none: save a .png or drop alpha")
    return found


def _to_8bit(planes: Numbers, path: Path) -> Image.Image:
    bad = np.count_nonzero(~np.isfinite(planes))
    if bad:
        cause = f"'{path}' is not written, {bad:,} of its values are not finite"
        raise ImageError(f"{cause}: the painting diverged, lower the learning rate or the weights")
    return Image.fromarray(np.rint(255 * np.clip(planes, 0, 1)).astype(np.uint8).transpose(1, 2, 0))


def _encode(image: Image.Image, kind: str, options: dict[str, Any], path: Path) -> bytes:
    buffer = BytesIO()
    try:
        image.save(buffer, kind, **options)
    except (OSError, ValueError) as error:
        cause = f"'{path}' cannot be encoded as {kind} ({_reason(error)})"
        raise ImageError(f"{cause}: save another format or a smaller picture") from error
    return buffer.getvalue()


def _write(path: Path, data: bytes) -> None:
    try:
        files.write(path, data)
    except (OSError, RuntimeError) as error:
        raise _refused("write", path, error) from error


def _refused(verb: str, path: str | Path, error: Exception) -> ImageError:
    other = ", or choose another place" if verb == "write" else ""
    cure = f"check the path and its permissions{other}"
    return ImageError(f"cannot {verb} '{path}' ({_reason(error)}): {cure}")


def _reason(error: object) -> str:
    text = getattr(error, "strerror", None) or str(error)
    return " ".join(text.split()) or type(error).__name__
