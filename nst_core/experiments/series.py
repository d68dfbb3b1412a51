"""A series of cells: all are checked before the first is painted, those done are not done again."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from nst_core.experiments import output
from nst_core.experiments.cell import Cell, Easel, Outcome, Watch, kept


class Done(NamedTuple):
    """One cell's outcome, and whether it was `kept` from an earlier run."""

    outcome: Outcome
    kept: bool


def outcomes(cells: Sequence[Cell], watch: Watch) -> Iterator[Done]:
    """The cells in their order; raises NstError before the first if one of them cannot be met."""
    found = [kept(cell) for cell in cells]
    for folder in {cell.picture.parent for cell in cells}:
        output.make_folder(folder)
    easel = Easel()
    for cell, old in zip(cells, found, strict=True):
        yield Done(old or easel.paint(cell, watch), old is not None)
