"""The report of a sweep: the sheet, the tables and the chart of a grid of cells."""

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from nst_core import images
from nst_core.experiments import chart, output, table
from nst_core.experiments.cell import Cell, Outcome
from nst_core.experiments.sheet import Block, Tile, draw, from_pixels, open_picture, squarish


def report(cells: Sequence[Cell], found: Sequence[Outcome], folder: Path) -> None:
    """Writes sheet.png, terms.csv, terms.md, curves.csv and curves.png for what was found."""
    output.write(folder / "terms.csv", table.terms_csv(found))
    output.write(folder / "terms.md", table.terms_markdown(found))
    output.write(folder / "curves.csv", table.curves_csv(found))
    output.write(folder / "curves.png", chart.curves("Total before each step", chart.lines(found)))
    title = f"Sweep over {', '.join(cells[0].settings)}: {len(found)} of {len(cells)} cells"
    sheet = draw(title, inputs(cells[0]), blocks(cells, found))
    output.write_image(folder / "sheet.png", sheet)


def inputs(cell: Cell) -> list[Tile]:
    """The photograph and the paintings."""
    ask = cell.request
    named = [("content", ask.content), *(("style", style) for style in ask.styles)]
    return [
        Tile((kind,), from_pixels(images.read(source, max_pixels=ask.max_pixels).pixels), source)
        for kind, source in named
    ]


def blocks(cells: Sequence[Cell], found: Sequence[Outcome]) -> list[Block]:
    """Blocks of cells: rows and columns are the first two settings, other settings make blocks."""
    outcomes = {one.cell.picture: one for one in found}
    columns = squarish(len(cells))
    if len(cells[0].settings) > 1:
        columns = len({tuple(cell.settings.values())[1] for cell in cells})
    ordered = sorted(cells, key=lambda cell: order(cells, cell))
    return [
        Block(
            [tile(cell, outcomes.get(cell.picture), lines(cell)) for cell in group],
            columns,
            heading,
        )
        for heading, group in groupby(ordered, key=rest)
    ]


def rest(cell: Cell) -> str:
    """The settings after the first two."""
    return ", ".join(f"{key} {text}" for key, text in [*cell.settings.items()][2:])


def order(cells: Sequence[Cell], cell: Cell) -> int:
    """The position of the cell's block, which is that of its first cell."""
    return next(n for n, one in enumerate(cells) if rest(one) == rest(cell))


def lines(cell: Cell) -> tuple[str, ...]:
    return tuple(f"{key} {text}" for key, text in cell.settings.items())


def tile(cell: Cell, outcome: Outcome | None, lines: tuple[str, ...]) -> Tile:
    """The picture with its caption and final total, or the reason why there is none."""
    if outcome is None:
        return Tile(lines, missing="not painted")
    if outcome.diverged:
        return Tile(lines, missing=outcome.diverged, soft=f"{outcome.seconds:.1f} s")
    ended = f"total {outcome.total:.4g}, {outcome.seconds:.1f} s"
    return Tile(lines, open_picture(cell.picture), ended)
