"""Which tests run: every long test is in exactly one part, and all others are in each."""

from pathlib import Path

import parts
import pytest

TESTS = """
import pytest

@pytest.mark.long
@pytest.mark.parametrize("n", range(40))
def test_long(n): pass

def test_short(): pass
"""
PLUGINS = ("-p", "parts", "-p", "no:cacheprovider")


@pytest.fixture
def run(pytester, monkeypatch):
    """Runs those tests, of which one is short, in a part: (names of tests, what is printed)."""
    pytester.makeini("[pytest]\nmarkers =\n  long: l\n  slow: s\n  alone: a\n")

    def call(text, *arguments, source=TESTS):
        monkeypatch.setenv(parts.VARIABLE, text)
        pytester.makepyfile(test_it=source)
        # xdist's workers need PYTHONPATH from the start
        start = pytester.runpytest_subprocess if arguments[:1] == ("-n",) else pytester.runpytest
        found = start("-rA", *PLUGINS, *arguments)
        passed = [line.partition("::")[2] for line in found.outlines if line.startswith("PASSED")]
        return passed, found.stdout.str() + found.stderr.str()

    return call


def test_every_long_test_is_in_exactly_one_part(run):
    every = [run(f"{k}/{parts.PARTS}")[0] for k in range(1, parts.PARTS + 1)]
    assert all(found.count("test_short") == 1 for found in every)
    long = [name for found in every for name in found if name != "test_short"]
    assert sorted(long) == sorted(f"test_long[{n}]" for n in range(40))
    assert all(len(found) > 1 for found in every)


def test_one_part_of_one_has_them_all(run):
    passed, said = run("1/1")
    assert len(passed) == 41
    assert "long tests: all" in said


def test_the_header_says_how_to_run_the_same_part_again(run):
    passed, said = run("2/6")
    assert "long tests: part 2 of 6 (again: NST_PART=2/6; all: make test-long)" in said
    assert f"{41 - len(passed)} deselected" in said
    assert run("2/6")[0] == passed


def test_the_long_ones_alone(run):
    passed, _ = run("1/1", "-m", "long")
    assert len(passed) == 40


@pytest.mark.parametrize("text", ["7/6", "0/6", "3", "a/b", "-1/6", "1/0"])
def test_a_part_that_is_none_is_refused(run, text):
    passed, said = run(text)
    assert passed == []
    assert f"NST_PART={text} names no part: use k/n, such as 2/6" in said


def test_six_days_have_six_parts(monkeypatch):
    class Clock(parts.datetime):
        day = 0

        @classmethod
        def now(cls, zone):
            return cls(2026, 2, 26 + cls.day, tzinfo=zone) if cls.day < 3 else later(cls, zone)

    def later(cls, zone):
        return cls(2026, 3, cls.day - 2, tzinfo=zone)

    monkeypatch.setattr(parts, "datetime", Clock)
    found = set()
    for Clock.day in range(6):
        k, n = parts.chosen(None)
        assert n == parts.PARTS
        found.add(k)
    assert found == set(range(1, parts.PARTS + 1))


def test_the_part_of_a_name_is_the_same_everywhere():
    class Item:
        nodeid = "tests/test_parts.py::test_it[torch]"

    assert parts.part(Item, 6) == 5


# Several workers

ORDER = """
import pytest

def test_quick(): pass
{}
@pytest.mark.alone
def test_alone(): pass
"""
SLOW = "@pytest.mark.slow\ndef test_slow(): pass"


def test_files_stay_together_and_what_is_alone_comes_first(pytester, run, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    pytester.makepyfile(test_a=ORDER.format(""), test_b=ORDER.format(SLOW))
    arguments = ("-n", "1", "--dist", "loadgroup", "--no-loadscope-reorder", "-v")
    _, said = run("1/1", *arguments, source="")
    found = [line.split()[-1] for line in said.splitlines() if line.startswith("[gw0]")]
    assert sorted(found[:2]) == ["test_a.py::test_alone", "test_b.py::test_alone"]
    assert found[2:] == ["test_b.py::test_quick", "test_b.py::test_slow", "test_a.py::test_quick"]
