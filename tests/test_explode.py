"""`nst explode`: the two recipes, and the largest jump of their curves."""

import json

import pytest

from nst_core import images
from nst_core.experiments import curve, explode
from nst_core.experiments.cell import Cell, Outcome

QUICK = ("--backend", "numpy", "--weights", "random-tiny:0", "--size", "32", "--iterations", "4")


@pytest.fixture
def nst(tmp_path, monkeypatch, in_process):
    """Runs a command line in an empty folder: (exit code, standard output, standard error)."""
    monkeypatch.chdir(tmp_path)
    return in_process


def points(*totals):
    return tuple(curve.Point(n, 32, total, 0, 0, 0) for n, total in enumerate(totals, start=1))


def test_both_recipes_are_run_with_the_same_settings(nst, tmp_path):
    code, out, err = nst("explode", *QUICK, "-o", "out")
    assert code == 0, err
    lines = out.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["ssuml-torch-as-run", "ssuml-torch"]
    cells = [tmp_path / "out" / "cells" / f"recipe={line.partition(':')[0]}.png" for line in lines]
    as_run, plain = (json.loads(images.read_record(path))["recipe"] for path in cells)
    assert (as_run["variable"]["box"], plain["variable"]["box"]) == ("clamp", "clip")
    assert as_run["style"] == plain["style"]
    assert as_run["style"]["weight"] == explode.DEFAULTS["style_weight"]
    made = {path.name for path in (tmp_path / "out").iterdir()}
    assert made == {"cells", "sheet.png", "curves.png", "curves.csv", "terms.csv", "terms.md"}


def test_a_zero_is_not_taken_for_a_missing_option(nst, tmp_path):
    code, _, err = nst("explode", *QUICK, "--style-weight", "0", "-o", "out")
    assert code == 0, err
    path = tmp_path / "out" / "cells" / "recipe=ssuml-torch.png"
    assert json.loads(images.read_record(path))["recipe"]["style"]["weight"] == 0


@pytest.mark.parametrize(
    ("totals", "jump"),
    [
        ((8, 4, 400, 1), (3, 4, 400)),
        ((8, 4, 40, 400, 1, 50), (4, 4, 400)),
        ((8, 16, 1, 3), (4, 1, 3)),
        ((8, 4, 2, 1), (1, 8, 8)),
        ((8,), (1, 8, 8)),
        ((0, 0), (1, 0, 0)),
    ],
)
def test_the_largest_jump_is_above_the_lowest_before(totals, jump):
    assert curve.largest_jump(points(*totals)) == jump


@pytest.mark.parametrize(
    ("factor", "said"),
    [(1.5, "1.5"), (213.4, "213"), (882_912, "883,000"), (4e26, "4e+26")],
)
def test_a_factor_in_three_digits(factor, said):
    assert curve.Jump(2, 1.0, factor).times == f"{said} times"


@pytest.mark.parametrize(
    ("totals", "record", "said"),
    [
        (
            (8, 4, 400),
            {},
            "r: the largest jump is at step 3, where the total is 400, "
            "100 times the minimum so far.",
        ),
        ((8, 4, 2), {}, "r: the total never rises."),
        (
            (8,),
            {"diverged": 2},
            "r: the total never rises, and it diverged at step 2.",
        ),
        ((), {"diverged": 1}, "r: diverged at step 1."),
    ],
)
def test_one_sentence(totals, record, said):
    cell = Cell({"recipe": "r"}, None, None)
    assert explode.sentence(Outcome(cell, record, points(*totals))) == said


def test_an_output_folder_that_is_a_file_is_one_line(nst, tmp_path):
    (tmp_path / "file").write_text("")
    code, _, err = nst("explode", *QUICK, "-o", "file")
    assert (code, err.count("\n")) == (2, 1)
    assert "cannot write to 'file" in err
