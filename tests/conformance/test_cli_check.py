"""`nst check`: what it prints, and its exit codes."""

import json
import re
from dataclasses import replace
from functools import partial

import pytest

from nst_core.conformance import cases, check, mutants
from nst_core.conformance.budgets import PRECISIONS
from nst_core.conformance.judge import LEVELS, Row


@pytest.fixture
def nst(small, near, monkeypatch, in_process):
    """Runs `nst check ARGUMENTS…`: (exit code, standard output, standard error)."""
    monkeypatch.setenv("COLUMNS", "200")
    return partial(in_process, "check")


def test_a_backend_that_holds_is_exit_code_0(nst):
    code, out, err = nst("numpy", "--dtype", "float64")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert re.match(
        r"numpy, float64: every error is within its budget \(NumPy \S+, cpu, \d+ s\)$", lines[0]
    )
    assert lines[1].split() == ["level", "what", "on", "measured", "budget", "ratio"]
    shown = {" ".join(line.split()[:2]) for line in lines[2:9]}
    assert shown == {f"{number} {name}" for number, name in enumerate(LEVELS)}


def test_every_row_is_shown_where_that_is_asked(nst, small, right):
    count = len(check.rows(small, right(small), "float64"))
    _, out, _ = nst("numpy", "--dtype", "float64", "--all-rows")
    assert sum(small.name in line for line in out.splitlines()) == count


def test_the_recipes_are_tried_in_place_of_the_usual_cases(nst, monkeypatch):
    monkeypatch.setattr(cases, "names", lambda: ("gatys2016",))
    code, out, _ = nst("numpy", "--dtype", "float64", "--recipes", "--json")
    assert code == 0
    (verdict,) = json.loads(out)
    assert {row["case"] for row in verdict["rows"]} == {"random-tiny:0, pair, gatys2016"}
    assert {row["level"] for row in verdict["rows"]} == {0, 1, 2, 3}


def test_a_backend_that_fails_is_exit_code_1_and_the_next_is_told_of(nst, failing):
    failing("raise RuntimeError('no luck')")
    code, out, _ = nst("mine", "numpy", "--dtype", "float64")
    assert code == 1
    assert "mine, float64: the worker of backend 'mine' failed: RuntimeError: no luck" in out
    assert "    raise RuntimeError('no luck')" in out
    assert "numpy, float64: every error is within its budget" in out


def test_what_a_worker_said_is_printed_as_it_is(nst, failing):
    failing("sys.exit('[/lib] not found in [bold]')")
    code, out, _ = nst("mine", "--dtype", "float64")
    assert code == 1
    assert out.count("[/lib] not found in [bold]") == 2


def test_a_backend_that_breaks_a_budget_is_exit_code_1(nst, monkeypatch):
    strict = replace(PRECISIONS["float32"], features=1e-12)
    monkeypatch.setitem(PRECISIONS, "float32", strict)
    code, out, _ = nst("numpy", "--dtype", "float32")
    assert code == 1
    assert re.search(r"numpy, float32: \d+ of \d+ budgets exceeded \(NumPy", out)
    broken = [line for line in out.splitlines() if line.startswith("2 features")]
    assert len(broken) > 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "no backend was given: choose from "),
        (["nunpy"], "no backend named 'nunpy'. Did you mean 'numpy'?"),
        (["keras:jaxx"], "no backend named 'keras:jaxx'. Did you mean 'keras:jax'?"),
        (["numpy", "--dtype", "float23"], "no dtype named 'float23'. Did you mean 'float32'?"),
    ],
)
def test_what_cannot_be_asked_is_one_line_and_exit_code_2(nst, arguments, words):
    code, out, err = nst(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith(f"nst: {words}")
    assert err.count("\n") == 1


def test_json_is_the_verdicts_and_nothing_else(nst, failing):
    failing("raise RuntimeError('no luck')")
    code, out, _ = nst("numpy", "mine", "--dtype", "float64", "--json")
    assert code == 1
    numpy, mine = json.loads(out, parse_constant=lambda name: pytest.fail(f"{name} in JSON"))
    assert (numpy["backend"], numpy["holds"], numpy["failure"]) == ("numpy", True, "")
    assert len(numpy["rows"]) > len(LEVELS)
    assert numpy["rows"][0]["ratio"] == max(row["ratio"] for row in numpy["rows"])
    assert (mine["holds"], mine["rows"], mine["framework"]) == (False, [], "")
    assert mine["failure"].endswith("RuntimeError: no luck")
    assert "raise RuntimeError('no luck')" in mine["output"]
    assert numpy.keys() == mine.keys()


def test_the_mutants_are_a_table_and_exit_code_0(nst, monkeypatch):
    killed = next(mutant for mutant in mutants.MUTANTS if mutant.name == "a stale result file")
    monkeypatch.setattr(mutants, "MUTANTS", (killed,))
    code, out, _ = nst("--mutants")
    assert code == 0
    assert out.splitlines()[0].split() == ["mutant", "level", "caught", "by", "measured", "budget"]
    assert "a stale result file  0 exact" in out
    assert "left the result of another run" in out
    assert out.endswith("1 of 1 mutants fail at their level\n")


def test_a_mutant_that_survives_is_exit_code_1(nst, monkeypatch):
    killed = next(mutant for mutant in mutants.MUTANTS if mutant.name == "a stale result file")
    survives = mutants.Mutant("nothing wrong", 1, lambda: [Row(1, "conv1_1", 0.5, 1)])
    late = mutants.Mutant("seen too late", 1, lambda: [Row(3, "gradient", 2, 1)])
    monkeypatch.setattr(mutants, "MUTANTS", (killed, survives, late))
    code, out, _ = nst("--mutants")
    assert code == 1
    assert "nothing wrong        1 operation  nothing: it passes" in out
    assert "seen too late        1 operation  level 3: gradient" in out
    assert out.endswith("1 of 3 mutants fail at their level\n")
