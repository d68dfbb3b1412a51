"""What every painting shares: the canvas in points, noise, blur, colour ramps, relief light.

A painting is planned in *points*: its longest side is `SIDE` points whatever the pixels. All random
draws happen in points, so that a small rendering is the same picture as a large one.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Array = NDArray[np.float64]
Rng = np.random.Generator

SIDE = 1024.0
OVERSAMPLE = 2


@dataclass(frozen=True)
class Canvas:
    """Wet paint: its colour (h, w, 3), 0 to 1, its thickness (h, w), and its pixels per point."""

    colour: Array
    height: Array
    scale: float


def pixels(width: float, height: float, size: int) -> tuple[int, int, float]:
    """Rows, columns and pixels per point of the oversampled canvas for a longest side of `size`."""
    scale = size * OVERSAMPLE / SIDE
    return round(height * scale / 2) * 2, round(width * scale / 2) * 2, scale


def blank(width: float, height: float, size: int, ground: tuple[float, float, float]) -> Canvas:
    """A canvas of `width` by `height` points, primed with the colour `ground`."""
    rows, columns, scale = pixels(width, height, size)
    colour = np.ones((rows, columns, 3)) * np.asarray(ground)
    return Canvas(colour, np.zeros((rows, columns)), scale)


def grid(canvas: Canvas) -> tuple[Array, Array]:
    """The x and y of every pixel centre, in points."""
    rows, columns = canvas.height.shape
    y, x = np.mgrid[0:rows, 0:columns]
    return (x + 0.5) / canvas.scale, (y + 0.5) / canvas.scale


def resize(field: Array, rows: int, columns: int) -> Array:
    """A 2-D field at another size, bicubic."""
    image = Image.fromarray(field.astype(np.float32))
    return np.asarray(image.resize((columns, rows), Image.Resampling.BICUBIC), dtype=np.float64)


def noise(rng: Rng, shape: tuple[int, ...], cells: tuple[int, int], octaves: int = 1) -> Array:
    """Value noise with zero mean and unit deviation: `cells` knots down and across, then finer."""
    total = np.zeros(shape)
    for octave in range(octaves):
        knots = rng.normal(size=(cells[0] << octave, cells[1] << octave))
        total += resize(knots, shape[0], shape[1]) / 2**octave
    even: Array = (total - total.mean()) / (total.std() + 1e-9)
    return even


def blur(field: Array, sigma: float) -> Array:
    """Gaussian blur of a 2-D field by FFT, edges mirrored; `sigma` in pixels."""
    pad = int(3 * sigma) + 1
    wide = np.pad(field, pad, mode="symmetric")
    fy = np.fft.fftfreq(wide.shape[0])[:, None]
    fx = np.fft.rfftfreq(wide.shape[1])[None, :]
    kernel = np.exp(-2 * (np.pi * sigma) ** 2 * (fx**2 + fy**2))
    soft: Array = np.fft.irfft2(np.fft.rfft2(wide) * kernel, s=wide.shape)
    return soft[pad:-pad, pad:-pad]


def ramp(value: Array, *stops: str) -> Array:
    """Colours along evenly spaced hexadecimal `stops`, for `value` in 0 to 1: shape (..., 3)."""
    table = np.array([rgb(stop) for stop in stops])
    knots = np.linspace(0, 1, len(stops))
    return np.stack([np.interp(value, knots, table[:, c]) for c in range(3)], axis=-1)


def rgb(code: str) -> tuple[float, float, float]:
    """The colour `rrggbb` as three numbers from 0 to 1."""
    red, green, blue = (int(code[i : i + 2], 16) / 255 for i in (0, 2, 4))
    return red, green, blue


def clip(value: Array, low: float = 0, high: float = 1) -> Array:
    """`value` held between `low` and `high`."""
    held: Array = np.clip(value, low, high)
    return held


def smooth(value: Array, low: float, high: float) -> Array:
    """Hermite step: 0 below `low`, 1 above `high`."""
    t = clip((value - low) / (high - low))
    return t * t * (3 - 2 * t)


def sample(field: Array, x: Array, y: Array, scale: float) -> Array:
    """A field at points (x, y), nearest pixel; `scale` is its pixels per point."""
    column = np.clip((x * scale).astype(int), 0, field.shape[1] - 1)
    row = np.clip((y * scale).astype(int), 0, field.shape[0] - 1)
    found: Array = field[row, column]
    return found


def light(canvas: Canvas, depth: float = 1.0, gloss: float = 0.35) -> Array:
    """The canvas under a raking light from the upper left: relief shading and a wet sheen."""
    height = blur(canvas.height, 0.5 * canvas.scale)
    dy, dx = np.gradient(height * depth * canvas.scale)
    slope = np.asarray((dx + 1.4 * dy) / 1.72, dtype=np.float64)
    level = 1 / np.sqrt(1 + dx**2 + dy**2)
    warm = np.array([1.0, 0.97, 0.88])
    shade = 1 + 0.62 * slope / np.sqrt(1 + slope**2) - 0.10 * (1 - level)
    sheen = gloss * clip(slope - 0.25) ** 2
    return clip(canvas.colour * shade[..., None] + sheen[..., None] * warm)


def finish(picture: Array) -> Image.Image:
    """An oversampled picture as an 8-bit image at its final size."""
    image = Image.fromarray(np.round(clip(picture) * 255).astype(np.uint8))
    return image.reduce(OVERSAMPLE)
