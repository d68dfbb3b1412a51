"""The suite as a class, which a plugin inherits in its own tests."""

import pytest

from nst_core.conformance import check, suite
from nst_core.conformance.check import Finding, Verdict
from nst_core.conformance.judge import LEVELS, Row

PLUGIN = """
from nst_core.conformance import cases
from nst_core.conformance.suite import Suite

smallest = next(case for case in cases.RANDOM if case.pictures == "smallest")
cases.chosen = lambda dtype: (smallest,)

class Test{name}(Suite):
    backend = "{name}"
{more}
"""


@pytest.fixture(autouse=True)
def no_verdicts_of_before():
    suite.verdict.cache_clear()
    yield
    suite.verdict.cache_clear()


@pytest.fixture
def run(pytester, monkeypatch):
    """Runs a subclass for a backend, on the smallest pictures, in a process of its own."""

    def call(name, more=""):
        pytester.makepyfile(PLUGIN.format(name=name, more=more))
        return pytester.runpytest_subprocess("-rA", "-p", "no:cacheprovider")

    return call


@pytest.mark.slow
def test_a_subclass_is_one_test_for_each_precision_and_level(run):
    found = run("numpy")
    found.assert_outcomes(passed=2 * len(LEVELS))
    said = found.stdout.str()
    for dtype in check.DTYPES:
        for level in LEVELS:
            assert f"::Testnumpy::test_conformance[{dtype}-{level}]" in said


def test_a_subclass_may_choose_its_precisions(run):
    found = run("numpy", '    dtypes = ("float32",)')
    found.assert_outcomes(passed=len(LEVELS))


def test_a_backend_that_fails_does_so_in_the_workers_words(run, failing):
    failing("raise RuntimeError('no luck')")
    found = run("mine", '    dtypes = ("float64",)')
    found.assert_outcomes(failed=len(LEVELS))
    said = found.stdout.str()
    assert "the worker of backend 'mine' failed: RuntimeError: no luck" in said
    assert "in session" in said  # its last lines


# In this process, on verdicts that are made up


def finding(level, measured):
    return Finding("a case", Row(level, f"what {level}", measured, 1))


RIGHT = tuple(finding(level, 0.5) for level in range(len(LEVELS)))


@pytest.fixture
def judged(monkeypatch):
    """Runs one level's test of a suite whose verdict is this one."""

    def call(level, *findings, failure="", output=""):
        made = Verdict("mine", "float64", findings, failure=failure, output=output)
        monkeypatch.setattr(suite, "verdict", lambda backend, dtype, device: made)
        one = type("Mine", (suite.Suite,), {"backend": "mine"})()
        one.test_conformance("float64", level)

    return call


def test_a_level_passes_whose_budgets_hold(judged):
    for level in range(len(LEVELS)):
        judged(level, *RIGHT)


def test_a_level_fails_whose_budgets_do_not_and_no_other(judged):
    findings = (*RIGHT, finding(3, 2.0), finding(3, 7.0))
    for level in (0, 1, 2, 4, 5, 6):
        judged(level, *findings)
    with pytest.raises(AssertionError, match="2 of 3 budgets exceeded") as caught:
        judged(3, *findings)
    said = str(caught.value)
    assert said.index("measured=7.0") < said.index("measured=2.0")


def test_a_level_at_which_nothing_was_measured_fails(judged):
    with pytest.raises(AssertionError, match="nothing was measured at level 3"):
        judged(3, *(finding for finding in RIGHT if finding.row.level < 3))


def test_every_level_of_a_backend_that_failed_fails(judged):
    for level in range(len(LEVELS)):
        with pytest.raises(AssertionError, match="it was killed\nlast words"):
            judged(level, *RIGHT, failure="it was killed", output="last words")


def test_a_backend_is_asked_once_for_all_levels(monkeypatch, small, near):
    asked = []

    def verdict(backend, dtype, device):
        asked.append((backend, dtype))
        return Verdict(backend, dtype, RIGHT)

    monkeypatch.setattr(suite, "verdict", suite.cache(verdict))
    one = type("Mine", (suite.Suite,), {"backend": "mine"})()
    for level in range(len(LEVELS)):
        one.test_conformance("float64", level)
    assert asked == [("mine", "float64")]
