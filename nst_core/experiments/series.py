"""Paints a series of cells: checks all before the first, and skips those that are stored."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from nst_core.experiments import output
from nst_core.experiments.cell import Cell, Outcome, Painter, Watch, kept


class Done(NamedTuple):
    """One cell's outcome, and whether it was `kept` from an earlier run."""

    outcome: Outcome
    kept: bool


def outcomes(cells: Sequence[Cell], watch: Watch) -> Iterator[Done]:
    """The cells in their order; raises NstError before the first if any request is invalid."""
    found = [kept(cell) for cell in cells]
    for folder in {cell.picture.parent for cell in cells}:
        output.make_folder(folder)
    painter = Painter()
    for cell, old in zip(cells, found, strict=True):
        yield Done(old or painter.paint(cell, watch), old is not None)
