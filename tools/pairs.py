"""Paints six pairs with the default recipe, before and after it was tuned, on one sheet.

    python tools/pairs.py FOLDER [SIZE ...]        default sizes: 256 512 768

writes FOLDER/sheet.jpg. A picture that already exists in FOLDER is not painted again.
"""

import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import product
from multiprocessing import get_context
from pathlib import Path

import skimage

from nst_core import images, recipe
from nst_core.experiments import sheet
from nst_core.request import Request

TEXTURES = Path(skimage.__file__).parent / "data"
PAIRS = {
    "a face, glass": ("sample:astronaut", "sample:glass"),
    "an animal, wave": ("sample:chelsea", "sample:wave"),
    "a still life, night": ("sample:coffee", "sample:night"),
    "a landscape, autumn": ("sample:rocket", "sample:autumn"),
    "a street, mosaic": (str(TEXTURES / "camera.png"), "sample:mosaic"),
    "an animal, gravel": ("sample:chelsea", str(TEXTURES / "gravel.png")),
}
SIZES = (256, 512, 768)  # longest side, in pixels
AFTER, BEFORE = "vgg16-caffe", "vgg16-hed"  # the weights of the tuned and of the old recipe
# the values of the recipe before it was tuned, for the weights BEFORE
OLD = {
    "style.weight": 7.5,
    "style.taps": {
        "relu1_1": 0.3,
        "relu2_1": 0.3,
        "relu3_1": 0.25,
        "relu4_1": 0.1,
        "relu5_1": 0.05,
    },
    "tv.weight": 0.125,
    "plan.iterations": 100,
}
WORKERS = 2
WIDTH = 1600  # of the sheet, in pixels


@dataclass(frozen=True)
class Cell:
    """One picture of the sheet."""

    pair: str
    weights: str
    size: int
    folder: Path

    @property
    def path(self) -> Path:
        return self.folder / f"{self.pair}, {self.weights}, {self.size}.png"

    @property
    def tile(self) -> sheet.Tile:
        when = "after" if self.weights == AFTER else "before"
        return sheet.Tile((f"{when}, {self.size} pixels",), sheet.open_picture(self.path))

    def paint(self) -> None:
        from nst_core.run import Job

        changes = OLD if self.weights == BEFORE else {}
        asked = recipe.load("default", [("plan.size", self.size), *changes.items()])
        content, style = PAIRS[self.pair]
        request = Request(content, (style,), asked, weights=self.weights, dtype="bfloat16")
        Job(request).paint(lambda *_: None).save(self.path)


def cells(folder: Path, sizes: Sequence[int]) -> Iterator[Cell]:
    for pair, weights, size in product(PAIRS, (BEFORE, AFTER), sizes):
        yield Cell(pair, weights, size, folder)


def main(folder: Path, sizes: Sequence[int]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    missing = [cell for cell in cells(folder, sizes) if not cell.path.exists()]
    with ProcessPoolExecutor(WORKERS, get_context("spawn")) as pool:
        list(pool.map(Cell.paint, sorted(missing, key=lambda cell: (cell.size, cell.weights))))
    painted, columns = [cell.tile for cell in cells(folder, sizes)], 2 * len(sizes)
    tiles = []
    for row, (pair, (_, style)) in enumerate(PAIRS.items()):
        picture = sheet.from_pixels(images.read(style).pixels)
        tiles += [sheet.Tile((pair,), picture), *painted[row * columns : (row + 1) * columns]]
    blocks = [sheet.Block(tiles, 1 + columns)]
    drawn = sheet.draw("Six pairs, before and after", [], blocks)
    height = round(drawn.height * WIDTH / drawn.width)
    drawn.resize((WIDTH, height)).save(folder / "sheet.jpg", quality=82)


if __name__ == "__main__":
    main(Path(sys.argv[1]), [int(size) for size in sys.argv[2:]] or SIZES)
