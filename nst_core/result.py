"""The result of a request: a painting, finished or interrupted."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nst_core import images
from nst_core.backend import Array, Terms
from nst_core.request import beside


@dataclass(frozen=True)
class Result:
    """The painting, its terms, and the record with which it can be repeated.

    `alpha`, (height, width), is the photograph's transparency if it is kept.
    """

    pixels: Array
    terms: Terms
    record: dict[str, Any]
    alpha: Array | None = None

    @property
    def array(self) -> NDArray[np.uint8]:
        """The picture as it is saved: (height, width, 3), from 0 to 255."""
        values = np.rint(255 * self.pixels).astype(np.uint8)
        return np.ascontiguousarray(values.transpose(1, 2, 0))

    @property
    def image(self) -> Image.Image:
        """The same as a Pillow image, in mode RGB."""
        return Image.fromarray(self.array)

    def save(self, path: str | Path) -> None:
        """Writes the picture with its record inside, and the record beside it as `.json`."""
        path = Path(path)
        text = json.dumps(self.record, indent=1, ensure_ascii=False)
        images.save(self.pixels, path, alpha=self.alpha, record=text)
        images.write_text(beside(path), text + "\n")


class Interrupted(Exception):  # noqa: N818
    """The user interrupted the painting; `result` is the current picture, if there is one."""

    def __init__(self, result: Result | None) -> None:
        super().__init__("interrupted")
        self.result = result
