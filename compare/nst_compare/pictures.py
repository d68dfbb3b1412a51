"""The pictures of the page, as PNG data URIs: paintings, differences, and maps of flips."""

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import matplotlib
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from skimage.measure import label, regionprops

from nst_compare.comparison import Comparison
from nst_compare.judge import Evidence
from nst_core import images
from nst_core.backend import Array
from nst_core.experiments.sheet import from_pixels

LARGEST = 640  # pixels of the longest side
GAIN = 50  # factor that makes a small difference visible
MOST_RINGS = 12  # more rings would hide the spots
LUMA = np.array([0.299, 0.587, 0.114])  # of ITU-R BT.601
RING, HALO = "#ffffff", "#b00020"
COLOURS, OPACITY = 128, 0.8
TRUTH = "reference"


@dataclass(frozen=True)
class Shown:
    """A picture with its caption and its size on the page."""

    name: str
    uri: str
    width: int
    height: int
    difference: str = ""
    """A data URI; empty for the reference."""
    distance: float | None = None


def data_uri(data: bytes, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def png(image: Image.Image) -> str:
    buffer = BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return data_uri(buffer.getvalue(), "image/png")


def embedded(pixels: Array) -> str:
    """A data URI of an image (3, height, width), reduced to LARGEST; NaN is black."""
    height, width = shown_size(pixels)
    return png(from_pixels(images.resize(np.nan_to_num(pixels).clip(0, 1), height, width)))


def shown_size(pixels: Array) -> tuple[int, int]:
    """(height, width)"""
    height, width = pixels.shape[1:]
    return images.fit(height, width, min(LARGEST, max(height, width)))


def difference(a: Array, b: Array) -> Array:
    """a − b, enlarged by GAIN; mid-grey where both are equal."""
    with np.errstate(all="ignore"):
        return 0.5 + GAIN * (a - b)


def paintings(found: Comparison) -> list[Shown]:
    """The reference's painting, then those of the entries, grouped by precision."""
    own, finished = found.truth.walk.painted, found.subject.painting.shown
    height, width = shown_size(own)
    drawn = [Shown(TRUTH, embedded(finished(own)), width, height)]
    order = list(dict.fromkeys(one.entry.precision for one in found.evidence))
    for one in sorted(found.evidence, key=lambda one: order.index(one.entry.precision)):
        if one.painted is not None:
            away = embedded(difference(one.painted, own))
            distance = one.entry.drift[-1] if one.entry.drift else None
            picture = embedded(finished(np.nan_to_num(one.painted)))
            drawn.append(Shown(one.entry.name, picture, width, height, away, distance))
    return drawn


def maps(found: Comparison) -> Iterator[tuple[Evidence, str]]:
    """A map of the flips of each entry that has any."""
    photograph = found.subject.pictures["content"]
    for one in found.evidence:
        if one.entry.counted and one.flipped is not None and one.flipped.any():
            yield one, png(flip_map(photograph, one.flipped))


def flip_map(photograph: Array, flipped: Array) -> Image.Image:
    """The flips on the grey photograph, from yellow (one) to red (most), with rings."""
    grey = np.tensordot(LUMA, photograph, 1)
    grey, counts = sized(grey, np.mean), sized(flipped, np.max)
    canvas = np.repeat(0.3 + 0.6 * grey[..., None], 3, -1)
    where, most = counts > 0, max(counts.max(), 2)
    heat = matplotlib.colormaps["autumn_r"](np.log(np.maximum(counts, 1)) / np.log(most))
    canvas[where] = OPACITY * heat[where][:, :3] + (1 - OPACITY) * canvas[where]
    image = from_pixels(np.moveaxis(canvas.clip(0, 1), -1, 0))
    ring(image, where)
    return image.quantize(COLOURS, Image.Quantize.MAXCOVERAGE)  # keeps what is rare


def sized(plane: Array, reduce: Callable[..., Any]) -> Array:
    """The plane enlarged by repeating pixels, or reduced by `reduce` over squares of pixels."""
    longest = max(plane.shape)
    if longest <= LARGEST:
        times = LARGEST // longest
        grown: Array = np.kron(plane, np.ones((times, times)))
        return grown
    side = -(-longest // LARGEST)
    height, width = (n // side * side for n in plane.shape)
    cells = plane[:height, :width].reshape(height // side, side, width // side, side)
    reduced: Array = reduce(cells, axis=(1, 3))
    return reduced


def ring(image: Image.Image, where: NDArray[np.bool_]) -> None:
    """Draws a ring around each small spot, unless there are more than MOST_RINGS."""
    spots = regionprops(label(where))
    if len(spots) > MOST_RINGS:
        return
    draw, reach = ImageDraw.Draw(image), max(image.size) / 10
    for spot in spots:
        top, left, bottom, right = spot.bbox
        if max(bottom - top, right - left) > reach:
            continue
        radius = max(bottom - top, right - left) * 0.75 + max(image.size) / 60
        y, x = (top + bottom) / 2, (left + right) / 2
        for grown, width, colour in ((1, 6, HALO), (-1, 2, RING)):
            r = radius + grown
            draw.ellipse((x - r, y - r, x + r, y + r), outline=colour, width=width)
