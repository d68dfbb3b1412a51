"""Errors of Pillow and of the disk as one line."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image

from nst_core.errors import ImageError

log = logging.getLogger(__name__)


@contextmanager
def pillow(name: str) -> Iterator[None]:
    """Disables Pillow's pixel limit, and writes its warnings to the log."""
    limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            yield
    finally:
        Image.MAX_IMAGE_PIXELS = limit
    for warning in caught:
        log.warning("'%s': %s", name, reason(warning.message))


def refused(verb: str, path: str | Path, error: Exception) -> ImageError:
    other = ", or choose another path" if verb == "write" else ""
    cure = f"check the path and its permissions{other}"
    return ImageError(f"cannot {verb} '{path}' ({reason(error)}): {cure}")


def reason(error: object) -> str:
    text = getattr(error, "strerror", None) or str(error)
    return " ".join(text.split()) or type(error).__name__
