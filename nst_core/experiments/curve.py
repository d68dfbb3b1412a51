"""The loss curve of a painting: its terms before every step, stored as CSV beside the picture."""

import csv
from collections.abc import Iterable, Sequence
from io import StringIO
from typing import NamedTuple

from nst_core.backend import Terms

KINDS = ("content", "style", "tv")


class Point(NamedTuple):
    """The weighted terms at one evaluation. `step` counts from 1 through all scales."""

    step: int
    size: int
    total: float
    content: float
    style: float
    tv: float


Curve = tuple[Point, ...]


class Jump(NamedTuple):
    """The total at `step` is `after`; the lowest before it was `before`."""

    step: int
    before: float
    after: float

    @property
    def factor(self) -> float:
        return self.after / self.before if self.before else 1.0

    @property
    def times(self) -> str:
        """The factor as text, with three digits: `213 times`, `883,000 times`."""
        factor = float(f"{self.factor:.3g}")
        return f"{factor:,.0f} times" if 100 <= factor < 1e9 else f"{factor:g} times"


def point(step: int, size: int, terms: Terms) -> Point:
    """The point of the curve for one evaluation."""
    return Point(step, size, terms.total, **sums(terms.weighted.items()))


def sums(terms: Iterable[tuple[str, float]]) -> dict[str, float]:
    """The sum of the terms of each kind; several styles are one kind."""
    found = dict.fromkeys(KINDS, 0.0)
    for name, value in terms:
        found[name.partition(":")[0].rstrip("0123456789")] += value
    return found


def largest_jump(curve: Curve) -> Jump:
    """The step with the largest ratio of the total to the minimum before it."""
    lowest, found = curve[0].total, Jump(1, curve[0].total, curve[0].total)
    for now in curve[1:]:
        jump = Jump(now.step, lowest, now.total)
        found = max(found, jump, key=lambda one: one.factor)
        lowest = min(lowest, now.total)
    return found


def write(curve: Curve) -> str:
    """The curve as a CSV table, from which `read` restores it exactly."""
    return table(Point._fields, curve)


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A CSV table with Unix line endings."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(heads)
    writer.writerows(rows)
    return text.getvalue()


def read(text: str) -> Curve:
    """The curve in a CSV table; raises ValueError if it is not one."""
    heads, *rows = csv.reader(StringIO(text))
    if tuple(heads) != Point._fields:
        raise ValueError(f"these are not the columns of a curve: {heads}")
    return tuple(Point(int(step), int(size), *map(float, rest)) for step, size, *rest in rows)
