"""The sample pictures of the suite: `sample:NAME` can be used instead of a path.

The photographs are scikit-image's; `python -m tools.paintings` in a checkout makes the paintings.
"""

from importlib.util import find_spec
from pathlib import Path

from nst_core.errors import ImageError, unknown

PHOTOGRAPHS = ("coffee", "chelsea", "astronaut", "rocket")
PAINTINGS = ("night", "glass", "wave", "autumn", "mosaic")

_FORMATS = {"rocket": ".jpg"}


def path(name: str) -> Path:
    """The file of the sample `name`, without the prefix. Raises ImageError for an unknown name."""
    if name in PAINTINGS:
        return Path(__file__).with_name(f"{name}.jpg")
    if name not in PHOTOGRAPHS:
        raise ImageError(unknown("sample", name, (*PHOTOGRAPHS, *PAINTINGS)))
    spec = find_spec("skimage")
    if spec is None or spec.origin is None:
        raise ImageError(
            f"sample '{name}' needs scikit-image, which is not installed. "
            "Try: pip install scikit-image"
        )
    return Path(spec.origin).parent / "data" / f"{name}{_FORMATS.get(name, '.png')}"
