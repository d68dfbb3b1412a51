"""Gram matrices and feature maps of a picture, drawn."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.colors import SymLogNorm
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from nst_core import images
from nst_core.backend import Array
from nst_core.experiments import chart, output
from nst_core.experiments.sheet import LARGEST, Block, Tile, draw, from_pixels
from nst_core.request import Request
from nst_core.run import Job
from nst_core.terms.gram import Gram

TAPS = tuple(f"relu{block}_1" for block in range(1, 6))
DECADES = 4  # of the logarithmic part of the scale; below it is linear
MAPS = 64  # at most, in a mosaic
POSITIVE, SIGNED = "viridis", "PuOr_r"


@dataclass(frozen=True, eq=False)
class Tap:
    """What a tap says of the picture: the features (N, height, width) and G = F Fᵀ / M, (N, N).

    `order` is that in which the channels are drawn.
    """

    name: str
    features: Array
    gram: Array
    order: NDArray[np.intp]

    @property
    def drawn(self) -> Array:
        return self.gram[self.order][:, self.order]

    @property
    def norm(self) -> SymLogNorm:
        """Logarithmic over some decades; to both sides of zero if there are negative values."""
        top = float(np.abs(self.gram).max()) or 1.0
        low = -top if self.gram.min() < 0 else 0.0
        return SymLogNorm(linthresh=top / 10**DECADES, vmin=low, vmax=top)

    @property
    def colours(self) -> str:
        return SIGNED if self.gram.min() < 0 else POSITIVE


def measure(request: Request, by_energy: bool) -> list[Tap]:
    """The taps of the recipe's style, at the picture that is the request's content."""
    job = Job(request)
    image = job.at(job.content, job.stages[-1].size)
    names = tuple(request.recipe.style.taps)
    return [tap(name, F, by_energy) for name, F in job.session.features(image, names).items()]


def tap(name: str, F: Array, by_energy: bool) -> Tap:
    """`by_energy` puts the channels of the largest mean square, the diagonal of G, first."""
    F = np.asarray(F, np.float64)
    G = Gram(weight=1, taps={name: 1}, gram="positions").statistic(F)
    order = np.argsort(-np.diag(G), kind="stable") if by_energy else np.arange(len(G))
    return Tap(name, F, G, order)


def report(request: Request, taps: Sequence[Tap], folder: Path) -> None:
    """Writes a PNG for each tap, sheet.png and grams.npz."""
    output.make_folder(folder)
    for one in taps:
        output.write(folder / f"{one.name}.png", figure(one))
    output.write(folder / "grams.npz", archive({one.name: one.gram for one in taps}))
    picture = images.read(request.content, max_pixels=request.max_pixels)
    source = Tile(("the picture",), from_pixels(picture.pixels), request.content)
    grams = Block(
        [Tile((one.name,), coarse(heat(one)), size(one)) for one in taps], len(taps), "Gram"
    )
    maps = Block(
        [Tile((one.name,), coarse(mosaic(one, 16))) for one in taps], len(taps), "Strongest maps"
    )
    output.write_image(folder / "sheet.png", draw("Gram matrices", [source], [grams, maps]))


def size(tap: Tap) -> str:
    channels, height, width = tap.features.shape
    return f"{channels} channels, {width}×{height}"


def archive(arrays: Mapping[str, Array]) -> bytes:
    buffer = BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def figure(tap: Tap) -> bytes:
    """The Gram matrix with its scale, and the mosaic of its feature maps."""
    with matplotlib.rc_context(chart.STYLE | {"axes.grid": False}):
        made = Figure(figsize=(12, 5.6), layout="compressed")
        left, right = made.subplots(1, 2)
        drawn = left.imshow(tap.drawn, norm=tap.norm, cmap=tap.colours, interpolation="nearest")
        left.set(title=f"{tap.name}: Gram matrix F Fᵀ / M", xlabel="channel", ylabel="channel")
        made.colorbar(drawn, ax=left, shrink=0.85, ticks=ticks(tap.norm))
        shown = min(MAPS, len(tap.features))
        right.imshow(mosaic(tap, MAPS), interpolation="nearest")
        right.set_axis_off()
        right.set_title(f"{shown} strongest of {size(tap)}")
        return chart.png(made)


def ticks(norm: SymLogNorm) -> list[float]:
    """0 and the powers of ten beyond the first decade, which is too near to it."""
    top, threshold = float(norm.vmax or 1), norm.linthresh
    powers = [10.0**k for k in range(-40, 41) if 3 * threshold < 10.0**k <= top]
    return [*(-power for power in reversed(powers) if norm.vmin), 0.0, *powers]


def heat(tap: Tap) -> Image.Image:
    """The Gram matrix in colours, a pixel for each value."""
    values: Any = matplotlib.colormaps[tap.colours](tap.norm(tap.drawn))
    return Image.fromarray(np.rint(255 * values[..., :3]).astype(np.uint8))


def coarse(image: Image.Image) -> Image.Image:
    """Enlarged to a tile of a sheet, its pixels still squares."""
    times = max(1, LARGEST // max(image.size))
    return image.resize((times * image.width, times * image.height), Image.Resampling.NEAREST)


def mosaic(tap: Tap, most: int) -> Image.Image:
    """The channels of the largest energy, in rows; each from its least value to its largest."""
    strongest = np.argsort(-np.diag(tap.gram), kind="stable")[:most]
    maps = tap.features[strongest]
    low, high = maps.min((1, 2), keepdims=True), maps.max((1, 2), keepdims=True)
    maps = (maps - low) / np.where(high > low, high - low, 1)
    columns = int(np.ceil(len(maps) ** 0.5))
    gap = max(1, maps.shape[2] // 32)
    count = -(-len(maps) // columns) * columns
    padded = np.ones((count, maps.shape[1] + gap, maps.shape[2] + gap))
    padded[: len(maps), :-gap, :-gap] = maps
    rows = padded.reshape(-1, columns, *padded.shape[1:]).swapaxes(1, 2)
    grey = rows.reshape(-1, columns * padded.shape[2])[:-gap, :-gap]
    return Image.fromarray(np.rint(255 * grey).astype(np.uint8)).convert("RGB")
