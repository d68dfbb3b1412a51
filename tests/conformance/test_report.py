"""Tables: the worst first, what is broken in full, and a line that says the rest."""

import math

import pytest
from rich.console import Console

from nst_core.backend import About
from nst_core.conformance.check import Finding, Verdict
from nst_core.conformance.judge import LEVELS, Row
from nst_core.conformance.mutants import Mutant, MutantResult
from nst_core.conformance.report import SHOWN, mutants_table, summary, verdict_table, worst_of_each


def finding(level, what, measured, budget=1.0):
    return Finding("a case", Row(level, what, measured, budget))


def verdict(*findings, **how):
    about = About("Frame", "1.2", ("cpu",), ("float64",))
    return Verdict("mine", "float64", findings, about, {"device": "cpu"}, 12.3, **how)


def lines(table):
    """The cells of each line as they are printed, the header first."""
    console = Console(width=200, color_system=None)
    with console.capture() as said:
        console.print(table)
    return [" ".join(line.split()) for line in said.get().splitlines()]


RIGHT = tuple(finding(level, f"thing {n}", n / 10) for level in range(7) for n in range(4))


# The line


def test_a_verdict_that_holds_is_said_with_what_it_ran_on():
    assert (
        summary(verdict(*RIGHT))
        == "mine, float64: every error is within its budget (Frame 1.2, cpu, 12 s)"
    )


def test_broken_budgets_are_counted():
    said = summary(verdict(*RIGHT, finding(2, "conv1_1", 2), finding(2, "conv1_2", math.nan)))
    assert said == "mine, float64: 2 of 30 budgets exceeded (Frame 1.2, cpu, 12 s)"


def test_a_failure_is_said_instead():
    failed = Verdict(
        "mine", "float64", failure="the worker of backend 'mine' did not finish within 5 s"
    )
    assert (
        summary(failed) == "mine, float64: the worker of backend 'mine' did not finish within 5 s"
    )


# The table


def test_the_worst_of_each_level_is_shown():
    shown = lines(verdict_table(verdict(*RIGHT), every=False))
    assert shown[0] == "level what on measured budget ratio"
    assert shown[1:] == [f"{n} {name} thing 3 a case 0.3 1 0.3" for n, name in enumerate(LEVELS)]


def test_every_row_is_shown_where_that_is_asked():
    shown = lines(verdict_table(verdict(*RIGHT), every=True))
    assert len(shown) == 1 + len(RIGHT)
    shares = [float(line.rpartition(" ")[2]) for line in shown[1:]]
    assert shares == sorted(shares, reverse=True)


def test_what_is_broken_is_shown_in_full_and_first():
    broken = [finding(2, f"broken {n}", 2 + n) for n in range(3)]
    shown = lines(verdict_table(verdict(*RIGHT, *broken), every=False))
    assert shown[1] == "2 features broken 2 a case 4 1 4"
    assert [line.split()[3] for line in shown[1:4]] == ["2", "1", "0"]
    assert len(shown) == 1 + 3 + len(LEVELS) - 1


def test_much_that_is_broken_is_cut_but_no_level_is_left_out():
    broken = [finding(2, f"broken {n}", 2 + n) for n in range(SHOWN + 5)]
    shown = lines(verdict_table(verdict(*RIGHT, *broken), every=False))
    assert sum("broken" in line for line in shown) == SHOWN
    assert {line.split()[0] for line in shown[1:]} == {str(n) for n in range(7)}


def test_what_is_no_number_comes_first():
    worst = finding(3, "kinks", math.nan)
    shown = lines(verdict_table(verdict(finding(1, "conv1_1", 9), *RIGHT, worst), every=False))
    assert shown[1] == "3 gradient kinks a case nan 1 inf"


def test_a_table_is_the_same_each_time():
    ties = [finding(level, f"tie {n}", 0) for level in range(7) for n in range(20)]
    tables = {tuple(lines(verdict_table(verdict(*ties), every=False))) for _ in range(5)}
    assert len(tables) == 1
    assert [line.split()[3] for line in tables.pop()[1:]] == ["0"] * 7


def test_the_worst_of_each_level_is_the_first_of_it():
    rows = [finding(2, "a", 3), finding(1, "b", 2), finding(2, "c", 1)]
    assert worst_of_each(rows) == rows[:2]


# Mutants


MUTANT = Mutant("a slip", 3, lambda: [])


@pytest.mark.parametrize(
    ("result", "line"),
    [
        (MutantResult(MUTANT, 3, Row(3, "gradient", 0.5, 1e-12)), "3 gradient gradient 0.5 1e-12"),
        (MutantResult(MUTANT, 5, Row(5, "step 9", 2, 1)), "3 gradient level 5: step 9 2 1"),
        (MutantResult(MUTANT, None, None), "3 gradient nothing: it passes"),
    ],
)
def test_the_table_says_what_caught_the_mutant(result, line):
    header, shown = lines(mutants_table([result]))
    assert header == "mutant level caught by measured budget"
    assert shown == f"a slip {line}"
