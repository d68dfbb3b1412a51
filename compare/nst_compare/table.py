"""The table of a comparison: for each entry the worst error of each column, the worst entry first.

An error is shown over its budget: as a percentage of it, or ×N where it is broken.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from nst_compare.explain import UNITS, pretty
from nst_compare.judge import OF_STEPS
from nst_compare.models import Entry, Row

COLUMNS = {
    "content": ("content",),
    "Gram": ("gram",),
    "style": ("style",),
    "gradient": ("gradient", "path"),
}
NEAR, FAR = 0.5, 0.1  # of the budget
MARKS = {"broken": "✗", "near": "△"}


def share(row: Row) -> str:
    """The error over its budget."""
    if not row.holds:
        return f"×{pretty(row.ratio, 2)}"
    percent = 100 * (row.ratio or 0)
    if 0 < percent < 0.1:
        return "<0.1 %"
    return f"{percent:.0f} %" if percent >= 10 else f"{percent:.2g} %"


@dataclass(frozen=True)
class Cell:
    """The worst row of some kinds, or None if nothing was measured. What is not judged has no
    colour."""

    row: Row | None
    judged: bool = True

    @property
    def text(self) -> str:
        return share(self.row) if self.row else "–"

    @property
    def state(self) -> str:
        """broken, near, within or far; shown if it is not judged, none if it is not there."""
        if self.row is None:
            return "none"
        if not self.judged:
            return "shown"
        if not self.row.holds:
            return "broken"
        ratio = self.row.ratio or 0
        return "near" if ratio >= NEAR else "within" if ratio >= FAR else "far"

    @property
    def mark(self) -> str:
        """What says the same without a colour."""
        return MARKS.get(self.state, "")

    @property
    def measured(self) -> str:
        return pretty(self.row.measured) if self.row and self.row.level else ""

    @property
    def title(self) -> str:
        if self.row is None:
            return ""
        row, unit = self.row, "" if self.row.kind == "kinks" else UNITS[self.row.level]
        said = f"{pretty(row.measured)} of {pretty(row.budget)}{unit}"
        return f"level {row.level}, {row.what}: {said}"


@dataclass(frozen=True)
class Line:
    """An entry in the table: a cell for each of COLUMNS, and the worst of all other rows."""

    entry: Entry
    cells: tuple[Cell, ...]
    other: Cell

    @property
    def gravity(self) -> tuple[bool, float]:
        worst = [c.row for c in (*self.cells, self.other) if c.row and c.judged]
        ratios = [float("inf") if row.ratio is None else row.ratio for row in worst]
        return bool(self.entry.failure), max(ratios, default=0.0)

    @property
    def brief(self) -> str:
        """The same for a narrow terminal."""
        seconds = self.entry.seconds.get("evaluation")
        return "–" if seconds is None else f"{seconds:.2g}"

    @property
    def evaluation(self) -> str:
        seconds = self.entry.seconds.get("evaluation")
        return "–" if seconds is None else f"{seconds:.3g}"


def judged(entry: Entry, row: Row) -> bool:
    """A framework's own optimiser makes its own steps, and they do not count."""
    return entry.counted or row.kind not in OF_STEPS


def line(entry: Entry) -> Line:
    named = {kind for kinds in COLUMNS.values() for kind in kinds}
    others = [row for row in entry.rows if row.kind not in named]
    # what counts comes before what is only shown
    counted = [row for row in others if judged(entry, row)]
    other = next(iter(counted or others), None)
    return Line(entry, tuple(Cell(entry.worst(*kinds)) for kinds in COLUMNS.values()), Cell(other))


def step(entry: Entry) -> Cell:
    """The worst step of a framework's own optimiser."""
    return Cell(entry.worst("step"), judged=False)


def lines(entries: Iterable[Entry]) -> list[Line]:
    """The worst first; workers that failed before all others."""
    return sorted(map(line, entries), key=lambda one: one.gravity, reverse=True)


def groups(entries: Sequence[Entry]) -> tuple[list[Line], list[Line]]:
    """Those whose every row is judged, and the frameworks' own optimisers."""
    counted = lines(entry for entry in entries if entry.counted)
    return counted, lines(entry for entry in entries if not entry.counted)
