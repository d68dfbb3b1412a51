"""The table of a comparison: the largest error of each entry in each column, worst entry first.

An error is shown as a percentage of its budget, or as ×N if it is N times the budget.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from nst_compare.explain import UNITS, pretty
from nst_compare.judge import OF_STEPS
from nst_compare.models import Entry
from nst_core.conformance.models import Row

COLUMNS = {
    "content": ("content",),
    "Gram": ("gram",),
    "style": ("style",),
    "gradient": ("gradient", "path"),
}
NEAR, FAR = 0.5, 0.1  # shares of the budget at which the colour changes
MARKS = {"broken": "✗", "near": "△"}


def share(row: Row) -> str:
    """The error divided by its budget, as text."""
    if not row.holds:
        return f"×{pretty(row.ratio, 2)}"
    percent = 100 * (row.ratio or 0)
    if 0 < percent < 0.1:
        return "<0.1 %"
    return f"{percent:.0f} %" if percent >= 10 else f"{percent:.2g} %"


@dataclass(frozen=True)
class Cell:
    """The worst row of some kinds, or None if nothing was measured.

    A cell without a budget (`judged` is false) has no colour.
    """

    row: Row | None
    judged: bool = True

    @property
    def text(self) -> str:
        return share(self.row) if self.row else "–"

    @property
    def state(self) -> str:
        """`broken`, `near`, `within` or `far`; `shown` without a budget, `none` without a row."""
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
        """A sign for readers who do not see the colour."""
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
    """A line of the table: an entry with a cell for each of COLUMNS, and the worst other row."""

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
        """The time of an evaluation, with two digits, for a narrow terminal."""
        seconds = self.entry.seconds.get("evaluation")
        return "–" if seconds is None else f"{seconds:.2g}"

    @property
    def evaluation(self) -> str:
        seconds = self.entry.seconds.get("evaluation")
        return "–" if seconds is None else f"{seconds:.3g}"


def judged(entry: Entry, row: Row) -> bool:
    """Whether a row has a budget: not if it depends on a framework's own optimiser."""
    return entry.counted or row.kind not in OF_STEPS


def line(entry: Entry) -> Line:
    named = {kind for kinds in COLUMNS.values() for kind in kinds}
    others = [row for row in entry.rows if row.kind not in named]
    # a row without a budget is shown only if there is no other
    counted = [row for row in others if judged(entry, row)]
    other = next(iter(counted or others), None)
    return Line(entry, tuple(Cell(entry.worst(*kinds)) for kinds in COLUMNS.values()), Cell(other))


def step(entry: Entry) -> Cell:
    """The worst step of a framework's own optimiser."""
    return Cell(entry.worst("step"), judged=False)


def lines(entries: Iterable[Entry]) -> list[Line]:
    """Sorted with the worst first; failed workers come before all others."""
    return sorted(map(line, entries), key=lambda one: one.gravity, reverse=True)


def groups(entries: Sequence[Entry]) -> tuple[list[Line], list[Line]]:
    """The lines of the recipe's optimiser, and those of the frameworks' own."""
    counted = lines(entry for entry in entries if entry.counted)
    return counted, lines(entry for entry in entries if not entry.counted)
