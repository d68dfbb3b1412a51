"""A contact sheet: the pictures of a series with their captions, in blocks of rows and columns.

The text always has the same size. Tiles become smaller with more columns, but not too narrow for
the text, so a large grid makes a large sheet that can still be read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from nst_core.backend import Array

SMALLEST, LARGEST, WIDTH = 168, 320, 2000  # of a tile's side, and of all columns, in pixels
GAP, MARGIN, TEXT, TITLE = 16, 28, 14, 22
INK, SOFT, ALARM, PAPER, EMPTY = "#1a1a1a", "#666666", "#b03a00", "#ffffff", "#eeeeee"
LEADING = 1.35


@dataclass(frozen=True)
class Tile:
    """A picture with lines of text below it; `soft` is a last line in grey.

    If there is no picture, its place shows the text `missing`.
    """

    lines: tuple[str, ...]
    picture: Image.Image | None = None
    soft: str = ""
    missing: str = ""


@dataclass(frozen=True)
class Block:
    """Tiles in rows of `columns`, below a heading."""

    tiles: Sequence[Tile]
    columns: int
    heading: str = ""


def draw(title: str, inputs: Sequence[Tile], blocks: Sequence[Block]) -> Image.Image:
    """The sheet: the title, the inputs below it, then the blocks."""
    columns = max((block.columns for block in blocks), default=1)
    side = min(LARGEST, max(SMALLEST, WIDTH // columns))
    first = Block(inputs, max(columns, min(len(inputs), WIDTH // (side + GAP))))
    parts = [draw_block(block, side) for block in (first, *blocks)]
    width = max(part.width for part in parts)
    heading = draw_lines([title], width, TITLE, INK)
    return stack([heading, *parts], width)


def open_picture(path: Path) -> Image.Image | None:
    """A copy in memory; None if there is no file."""
    if not path.exists():
        return None
    with Image.open(path) as image:
        return image.convert("RGB")


def from_pixels(pixels: Array) -> Image.Image:
    """A Pillow image of pixels (3, height, width) in [0, 1]."""
    return Image.fromarray(np.rint(255 * pixels).astype(np.uint8).transpose(1, 2, 0))


def squarish(count: int) -> int:
    """The number of columns of a grid that is somewhat wider than high."""
    return next(n for n in range(1, count + 2) if n * n * 2 >= count * 3 or n >= count)


def draw_block(block: Block, side: int) -> Image.Image:
    """The tiles row by row; every row is as high as its highest tile."""
    tiles = [draw_tile(tile, side) for tile in block.tiles]
    rows = [tiles[i : i + block.columns] for i in range(0, len(tiles), block.columns)]
    width = max((len(row) for row in rows), default=1) * (side + GAP) - GAP
    drawn = [beside(row, width) for row in rows]
    heading = [draw_lines([block.heading], width, TEXT + 2, INK)] if block.heading else []
    return stack([*heading, *drawn], width, margin=0)


def draw_tile(tile: Tile, side: int) -> Image.Image:
    """The picture, with its longer side as long as the tile's, above its caption."""
    if tile.picture is None:
        picture = Image.new("RGB", (side, round(side * 0.75)), EMPTY)
        note = draw_lines([tile.missing], side - 2 * GAP, TEXT, ALARM, EMPTY)
        picture.paste(note, (GAP, (picture.height - note.height) // 2))
    else:
        scale = side / max(tile.picture.size)
        size = tuple(max(1, round(length * scale)) for length in tile.picture.size)
        picture = tile.picture.resize((size[0], size[1]), Image.Resampling.LANCZOS)
    captions = [draw_lines(tile.lines, side, TEXT, INK)] if tile.lines else []
    captions += [draw_lines([tile.soft], side, TEXT, SOFT)] if tile.soft else []
    return stack([picture, *captions], side, gap=4, margin=0)


def draw_lines(
    lines: Sequence[str], width: int, size: int, ink: str, paper: str = PAPER
) -> Image.Image:
    """Lines of text, broken where they are wider than `width`."""
    font = font_of(size)
    broken = [part for line in lines for part in wrap(line, font, width)]
    height = round(size * LEADING)
    image = Image.new("RGB", (width, height * len(broken)), paper)
    pen = ImageDraw.Draw(image)
    for row, text in enumerate(broken):
        pen.text((0, row * height), text, fill=ink, font=font)
    return image


def wrap(text: str, font: ImageFont.FreeTypeFont, width: int) -> list[str]:
    """`text` in lines that fit `width`; a word that is too long is broken."""
    lines = [""]
    for word in text.split():
        joined = f"{lines[-1]} {word}".strip()
        if font.getlength(joined) <= width:
            lines[-1] = joined
            continue
        lines += [""] if lines[-1] else []
        for letter in word:
            if lines[-1] and font.getlength(lines[-1] + letter) > width:
                lines.append("")
            lines[-1] += letter
    return lines


def font_of(size: int) -> ImageFont.FreeTypeFont:
    """The font of the charts."""
    return ImageFont.truetype(Path(matplotlib.get_data_path(), "fonts/ttf/DejaVuSans.ttf"), size)


def beside(images: Sequence[Image.Image], width: int) -> Image.Image:
    """Images in a row, aligned at the top."""
    row = Image.new("RGB", (width, max(image.height for image in images)), PAPER)
    left = 0
    for image in images:
        row.paste(image, (left, 0))
        left += image.width + GAP
    return row


def stack(
    images: Sequence[Image.Image], width: int, gap: int = GAP, margin: int = MARGIN
) -> Image.Image:
    """Images below each other, with a margin around them."""
    height = sum(image.height for image in images) + gap * max(0, len(images) - 1)
    column = Image.new("RGB", (width + 2 * margin, height + 2 * margin), PAPER)
    top = margin
    for image in images:
        column.paste(image, (margin, top))
        top += image.height + gap
    return column
