"""Which tests run, and on which worker.

A test marked `long` repeats what others check, on a further recipe, engine or precision. Each is in
one of six parts, by a hash of its name. A run has one part: that of the day, or k of n parts if the
environment says NST_PART=k/n; NST_PART=1/1 has them all.

On several workers, a test marked `alone` is handed out by itself and early; all others are handed
out file by file, because those of a file share fixtures.
"""

import os
import re
from datetime import UTC, datetime
from hashlib import blake2b

import pytest

VARIABLE = "NST_PART"
PARTS = 6


def pytest_configure(config):
    try:
        k, n = chosen(os.environ.get(VARIABLE))
    except ValueError as error:
        raise pytest.UsageError(str(error)) from None
    patch = pytest.MonkeyPatch()  # workers start later, perhaps after midnight
    patch.setenv(VARIABLE, f"{k}/{n}")
    config.add_cleanup(patch.undo)


def pytest_report_header():
    k, n = chosen(os.environ[VARIABLE])
    if n == 1:
        return "long tests: all"
    return f"long tests: part {k} of {n} (again: {VARIABLE}={k}/{n}; all: make test-long)"


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(config, items):
    k, n = chosen(os.environ[VARIABLE])
    left = {item for item in items if item.get_closest_marker("long") and part(item, n) != k}
    config.hook.pytest_deselected(items=left)
    items[:] = [item for item in items if item not in left]
    if getattr(config.option, "loadgroup", False):
        items.sort(key=turn(items))
        for item in items:
            if not by_itself(item):
                item.add_marker(pytest.mark.xdist_group(file(item)))


def chosen(text):
    """(k, n) that the text `k/n` means; without a text, the day's part. Raises ValueError."""
    if not text:
        return datetime.now(UTC).toordinal() % PARTS + 1, PARTS
    found = re.fullmatch(r"(\d+)/(\d+)", text)
    k, n = map(int, found.groups()) if found else (0, 0)
    if not 1 <= k <= n:
        raise ValueError(f"{VARIABLE}={text} names no part: use k/n, such as 2/{PARTS}")
    return k, n


def part(item, n):
    """The part, 1 to n, of a test: the same on every machine and in every version of Python."""
    return int.from_bytes(blake2b(item.nodeid.encode()).digest()) % n + 1


def turn(items):
    """The key that sorts tests by when they are handed out: the longest first."""
    slow = {file(item) for item in items if item.get_closest_marker("slow") and not by_itself(item)}

    def key(item):
        return not by_itself(item), file(item) not in slow

    return key


def by_itself(item):
    return item.get_closest_marker("alone") is not None


def file(item):
    return item.nodeid.partition("::")[0]
