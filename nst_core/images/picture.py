"""A picture in memory, and functions that change its size."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Array = NDArray[np.floating[Any]]
Numbers = NDArray[Any]
Precision = type[np.floating[Any]]


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture as it was read.

    `pixels` is (3, H, W), composited on white; `alpha` is (H, W) in [0, 1], or None if the file
    has no transparency. `source` is the name that the user gave, `sha256` the hash of the file.
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


def fit(height: int, width: int, size: int, side: str = "longest") -> tuple[int, int]:
    """(height, width), each at least 1, with the aspect ratio kept.

    The `longest` or `shortest` side is `size` pixels; with `area`, size² is the number of pixels.
    """
    sides = {"longest": max(height, width), "shortest": min(height, width)}
    scale = size / sides.get(side, (height * width) ** 0.5)
    return max(1, round(height * scale)), max(1, round(width * scale))


def resize(pixels: Array, height: int, width: int, *, clip: bool = True) -> Array:
    """`pixels` (C, H, W) resampled to (C, height, width) in their dtype, or a copy if they fit.

    The filter is Lanczos with a = 3 and antialiasing. Pillow resamples in float32, so float64
    pixels keep their precision only if the shape does not change. The filter overshoots by up to
    0.12 of the step at a straight edge and 0.25 at a corner. `clip` limits the result to [0, 1]; a
    painting in progress may lie outside [0, 1] and is resized with `clip=False`.
    """
    result = np.array(pixels)
    if result.shape[1:] != (height, width):
        planes = [Image.fromarray(plane) for plane in result.astype(np.float32)]  # mode F
        lanczos = Image.Resampling.LANCZOS
        resampled = [np.asarray(plane.resize((width, height), lanczos)) for plane in planes]
        result = np.stack(resampled).astype(result.dtype, copy=False)
    return np.clip(result, 0, 1) if clip else result
