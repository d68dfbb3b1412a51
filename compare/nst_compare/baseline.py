"""A comparison held against an earlier one: which rows are worse.

A row is worse if it breaks its budget, or if its error is ten times what it was. An error below
one rounding counts as one, since whether it is 0 or 0.3 is chance. What a path comes to is
decided by flips: at level 6 only the budget counts.
"""

from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from nst_compare.explain import pretty
from nst_compare.models import Entry, Report, Row, Subject
from nst_core.conformance.budgets import PRECISIONS
from nst_core.errors import NstError

FACTOR = 10.0
RESULT = 6  # the level
IN_UNITS = (1, 4)  # levels whose errors are in units of rounding


def read(path: Path) -> Report:
    """Raises NstError if there is no report at `path`, or one of another kind."""
    try:
        return Report.model_validate_json(path.read_bytes())
    except OSError as error:
        raise NstError(f"the baseline '{path}' cannot be read: {error.strerror}") from error
    except ValidationError as error:
        wrong = error.errors()[0]
        where = ".".join(str(part) for part in wrong["loc"]) or "the file"
        raise NstError(
            f"the baseline '{path}' is no report of this version ({where}: {wrong['msg']}): "
            "make another with nst compare -o"
        ) from error


def check(old: Report, subject: Subject, device: str, path: Path) -> None:
    """Raises NstError if it is not of the same pictures, weights, recipe and device."""
    now = subject.same | {"device": device}
    for name, was in (old.subject.same | {"device": old.device}).items():
        if was != now[name]:
            raise NstError(
                f"the baseline '{path}' has another {name}: compare the same, or make another"
            )


def grown(old: Report, report: Report) -> list[str]:
    """A line for each row that is worse than it was, and for what is no longer measured."""
    before = {entry.name: entry for entry in old.entries}
    asked = {entry.backend for entry in report.entries}
    now = {entry.name for entry in report.entries}
    gone = [
        f"{name}: was compared in the baseline, and is not"
        for name, entry in before.items()
        if entry.backend in asked and entry.counted and name not in now
    ]
    return gone + [
        line
        for entry in report.entries
        if entry.counted and entry.name in before
        for line in worse(before[entry.name], entry)
    ]


def worse(old: Entry, entry: Entry) -> Iterator[str]:
    if entry.failure:
        yield f"{entry.name}: {entry.failure}"
        return
    before = {(row.level, row.what): row for row in old.rows}
    for row in entry.rows:
        was = before.pop((row.level, row.what), None)
        if not row.holds:
            yield f"{entry.name}, {row.what}: {pretty(row.measured)} of {pretty(row.budget)}"
        elif was and is_worse(was, row, one_rounding(entry, row)):
            before_and_now = f"was {pretty(was.measured)} and is {pretty(row.measured)} now"
            yield f"{entry.name}, {row.what}: the error {before_and_now}"
    yield from (f"{entry.name}, {what}: is no longer measured" for _, what in before)


def is_worse(was: Row, row: Row, least: float) -> bool:
    """Both rows hold, or the old one had no finite measure, which anything is better than."""
    if row.level == RESULT or was.measured is None or row.measured is None:
        return False
    return row.measured > FACTOR * max(was.measured, least)


def one_rounding(entry: Entry, row: Row) -> float:
    """In what the row is measured in."""
    if row.kind == "kinks" or row.level in IN_UNITS:
        return 1.0
    return PRECISIONS[entry.precision].unit
