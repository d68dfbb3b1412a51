"""The record of a painted picture, inside a PNG or in a file beside it."""

from pathlib import Path

from PIL import Image
from PIL.PngImagePlugin import PngImageFile

from nst_core.errors import ImageError
from nst_core.images.trouble import pillow, reason

RECORD_KEY = "nst"


def read_record(path: str | Path) -> str:
    """The record in a PNG, or in the file `<path>.json`; raises ImageError if there is none."""
    record = _embedded(path)
    if record is not None:
        return record
    try:
        return Path(f"{path}.json").read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise ImageError(
            f"'{path}' contains no record, and '{path}.json' cannot be read ({reason(error)}): "
            "use a PNG painted by nst, or put the .json file back beside the picture"
        ) from error


def _embedded(path: str | Path) -> str | None:
    with pillow(str(path)):
        try:
            with Image.open(path, formats=["PNG"]) as image:
                if RECORD_KEY in image.info:
                    return str(image.info[RECORD_KEY])
                # after the pixels, where other programs may have moved it
                return image.text.get(RECORD_KEY) if isinstance(image, PngImageFile) else None
        except (OSError, SyntaxError, ValueError):
            return None
