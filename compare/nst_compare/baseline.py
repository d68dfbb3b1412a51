"""Compares a report with an earlier one, the baseline: which rows are worse?

A row is worse if its error exceeds its budget, or is more than ten times as large as before. An
error below one rounding counts as one rounding, because it is a matter of chance whether it is 0
or 0.3. At level 6 only the budget counts, because a single flip can change the result of a path.
"""

from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from nst_compare.explain import pretty
from nst_compare.models import Entry, Report, Subject
from nst_core.conformance.budgets import PRECISIONS
from nst_core.conformance.models import Row
from nst_core.errors import NstError

FACTOR = 10.0  # smaller changes also come from another processor or version of a library
RESULT = 6  # the level
IN_UNITS = (1, 4)  # levels whose errors are in units of rounding


def read(path: Path) -> Report:
    """The report at `path`; raises NstError if it cannot be read or has another form."""
    try:
        return Report.model_validate_json(path.read_bytes())
    except OSError as error:
        raise NstError(f"the baseline '{path}' cannot be read: {error.strerror}") from error
    except ValidationError as error:
        wrong = error.errors()[0]
        where = ".".join(str(part) for part in wrong["loc"]) or "the file"
        raise NstError(
            f"the baseline '{path}' is not a report of this version ({where}: {wrong['msg']}): "
            "make a new one with nst compare -o"
        ) from error


def check(old: Report, subject: Subject, device: str, path: Path) -> None:
    """Raises NstError if `old` has other pictures, weights, size, recipe or device."""
    now = subject.same | {"device": device}
    for name, was in (old.subject.same | {"device": old.device}).items():
        if was != now[name]:
            raise NstError(
                f"the baseline '{path}' has another {name}: compare the same {name}, "
                "or make a new baseline"
            )


def grown(old: Report, report: Report) -> list[str]:
    """A line for each row that is worse than before, and for each that is no longer measured."""
    before = {entry.name: entry for entry in old.entries}
    asked = {entry.backend for entry in report.entries}
    now = {entry.name for entry in report.entries}
    gone = [
        f"{name}: is in the baseline, but is no longer compared"
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
            numbers = f"{pretty(row.measured)}, and its budget is {pretty(row.budget)}"
            yield f"{entry.name}, {row.what}: the error is {numbers}"
        elif was and is_worse(was, row, one_rounding(entry, row)):
            before_and_now = f"was {pretty(was.measured)} and is {pretty(row.measured)} now"
            yield f"{entry.name}, {row.what}: the error {before_and_now}"
    yield from (f"{entry.name}, {what}: is no longer measured" for _, what in before)


def is_worse(was: Row, row: Row, least: float) -> bool:
    """Whether the error of `row`, which holds, is much larger than it was.

    `least` is one rounding. A row that was infinite before cannot be worse.
    """
    if row.level == RESULT or was.measured is None or row.measured is None:
        return False
    return row.measured > FACTOR * max(was.measured, least)


def one_rounding(entry: Entry, row: Row) -> float:
    """The size of one rounding error in the unit of the row."""
    if row.kind == "kinks" or row.level in IN_UNITS:
        return 1.0
    return PRECISIONS[entry.precision].unit
