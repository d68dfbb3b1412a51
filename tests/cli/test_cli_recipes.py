"""`nst recipes`: what each command prints, its exit codes, and the one line of a refusal."""

import json
import subprocess
import sys
import tomllib
from functools import partial

import numpy as np
import pytest

from nst_core import images, recipe
from nst_core.explain import equations, translate

SHIPPED = recipe.names()
TINY = ("--weights", "random-tiny:0", "--size", "48")
MINE = """
name = "mine"
title = "Mine"
source = "me"
network = { weights = "random-tiny:0" }
content = { taps = { relu3_1 = 1 }, reduction = "REDUCTION" }
style = { weight = 2, taps = { relu1_1 = 1, relu2_1 = 0.5 } }
"""


@pytest.fixture
def nst(tmp_path, monkeypatch, in_process):
    """Runs `nst recipes ARGUMENTS…`: (exit code, standard output, standard error)."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    return partial(in_process, "recipes")


@pytest.fixture
def mine(tmp_path):
    """Two recipe files that differ in the reduction of their content."""
    for kind in ("sum", "mean"):
        text = MINE.replace("REDUCTION", kind).replace('"mine"', f'"{kind}"')
        (tmp_path / f"{kind}.toml").write_text(text, "utf-8")
    return "sum.toml", "mean.toml"


def test_list_has_every_recipe_and_fits_the_terminal(nst):
    code, out, err = nst("list")
    assert (code, err) == (0, "")
    assert all(len(row) <= 80 for row in out.splitlines())
    heads = [row.split() for row in out.splitlines() if not row.startswith(" ")]
    assert heads[0] == ["recipe", "weights", "optimiser"]
    expected = [recipe.load(name) for name in SHIPPED]
    assert heads[1:] == [[r.name, r.network.weights, r.plan.optimizer] for r in expected]
    flat = " ".join(out.split())
    for found in expected:
        assert found.title in flat
        assert found.source in flat


@pytest.mark.parametrize("name", SHIPPED)
def test_show(nst, name):
    found = recipe.load(name)
    code, out, err = nst("show", name)
    assert (code, err) == (0, "")
    assert out.startswith(f"{name}: ")
    assert equations.text(found, 80) in out
    code, out, err = nst("show", name, "--latex")
    assert (code, err) == (0, "")
    assert f"$$\n{equations.latex(found)}\n$$" in out
    code, out, err = nst("show", name, "--json")
    assert (code, err) == (0, "")
    assert recipe.build(json.loads(out)["recipe"], name) == found


def test_a_file_and_a_finished_picture_are_shown_and_compared(nst, mine, tmp_path):
    record = json.dumps({"recipe": recipe.load("gatys2016").model_dump(mode="json")})
    images.save(np.full((3, 4, 5), 0.5), tmp_path / "done.png", record=record)
    assert nst("show", "done.png")[1] == nst("show", "gatys2016")[1]
    assert "content = Σ(F − P)² / (N·M)   at relu3_1" in nst("show", "mean.toml")[1]
    code, out, _ = nst("diff", "done.png", "gatys2016")
    assert (code, out.splitlines()[-1]) == (0, "no field differs")
    code, out, err = nst("diff", *mine)
    assert (code, err) == (0, "")
    assert "content.reduction   sum → mean\n    The error has another divisor" in out


def test_differences_as_json(nst):
    code, out, err = nst("diff", "leongatys", "pystiche", "--json")
    assert (code, err) == (0, "")
    found = {row["field"]: row for row in json.loads(out)}
    assert found["style.gram"].items() >= {"a": "elements", "b": "positions"}.items()
    assert "style.weight" not in found


def test_translate(nst, mine):
    code, out, err = nst("translate", *mine, *TINY)
    assert (code, err) == (0, "")
    start = out.index("[content]")
    pasted = tomllib.loads(out[start : out.index("\nor\n")])
    positions = 8 * 12 * 8  # N·M of relu3_1 at 48 × 32 pixels, with 8 channels
    assert pasted["content"] == {"weight": positions, "taps": {"relu3_1": 1}}
    assert pasted["style"] == {"weight": 2, "taps": {"relu1_1": 1, "relu2_1": 0.5}}
    assert f"--set content.weight={positions} \\\n" in out
    assert "It holds at this size only" in out


def test_translate_as_json(nst, mine):
    code, out, err = nst("translate", *mine, *TINY, "--json")
    assert (code, err) == (0, "")
    said = json.loads(out)
    assert said["changes"]["style.weight"] == 2
    assert said["deviation"] < 1e-9
    assert said["ratios"][0] == pytest.approx(said["ratios"][1])


def test_translate_needs_no_download_and_takes_pictures(nst, mine, empty_cache, tmp_path):
    images.save(np.random.default_rng(0).random((3, 20, 30)), tmp_path / "a.png")
    images.save(np.random.default_rng(1).random((3, 30, 20)), tmp_path / "b.png")
    code, out, err = nst("translate", *mine, "a.png", "b.png", "--size", "24")
    assert (code, err) == (0, "")
    assert "at a.png 24×16, b.png 16×24, random-tiny:0" in out
    code, out, err = nst("translate", "pystiche", "l2-tv", "--size", "16")
    assert code == 2
    assert err.count("\n") == 1
    assert "at this size" in err


def test_a_translation_that_does_not_agree_exits_with_1(nst, mine, monkeypatch):
    wrong = property(lambda row: row.weight * row.coefficients**0.9)
    monkeypatch.setattr(translate.Row, "translated", wrong)
    code, out, err = nst("translate", *mine, *TINY)
    assert (code, err) == (1, "")
    assert "content / style is" in out


REFUSED = {
    "show defalt": ("no recipe named 'defalt'", "'default'?"),
    "show missing.toml": ("missing.toml", "check the path"),
    "diff default": ("Missing argument", "nst recipes diff --help"),
    "diff default gatys": ("no recipe named 'gatys'",),
    "translate cysmith gatys2016": ("network.normalised is false and true", "Try: "),
    "translate default kimrass": ("network.weights is vgg16-caffe and vgg19-torchvision",),
    "translate leongatys rrmina": ("share no tap",),
    "translate leongatys jcjohnson --backend nunpy": ("no backend named 'nunpy'",),
    "translate leongatys jcjohnson --size 0": ("--size",),
    "translate leongatys jcjohnson missing.png": ("missing.png", "check the path"),
    "translat a b": ("No such command 'translat'", "schema, show, translate"),
}


@pytest.mark.parametrize(("line", "words"), REFUSED.items(), ids=REFUSED)
def test_what_cannot_be_done_is_one_line(nst, line, words):
    code, out, err = nst(*line.split())
    assert (code, out) == (2, ""), err
    assert err.startswith("nst: ")
    assert err.count("\n") == 1
    for word in words:
        assert word in err


def test_schema(nst):
    code, out, err = nst("schema")
    assert (code, err) == (0, "")
    assert json.loads(out) == recipe.schema()


@pytest.mark.parametrize(
    ("arguments", "absent"),
    [
        (["recipes", "--help"], ("numpy", "torch")),
        (["recipes", "show", "--help"], ("numpy", "torch")),
        (["recipes", "show", "default"], ("torch", "tensorflow", "keras", "jax")),
    ],
    ids=" ".join,
)
def test_what_is_not_imported(arguments, absent):
    code = (
        "import sys, atexit; from nst_core.cli import main; "
        f"atexit.register(lambda: sys.stderr.write(str([m for m in {absent} if m in sys.modules])))"
        "; main()"
    )
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "[]")
