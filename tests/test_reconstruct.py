"""`nst reconstruct`: which terms each reconstruction has, and what is left."""

import json

import numpy as np
import pytest
from PIL import Image

from nst_core import images

QUICK = ("--backend", "numpy", "--weights", "random-tiny:0", "--size", "32", "--iterations", "3")


@pytest.fixture
def nst(tmp_path, monkeypatch, in_process):
    """Runs a command line in a folder with a picture: (exit code, standard error)."""
    monkeypatch.chdir(tmp_path)
    pixels = np.random.default_rng(1).integers(0, 256, (32, 40, 3), np.uint8)
    Image.fromarray(pixels).save("picture.png")

    def call(*arguments):
        code, _, err = in_process(*arguments)
        return code, err

    return call


def recipe_of(folder, name):
    return json.loads(images.read_record(folder / "out" / "cells" / f"{name}.png"))["recipe"]


def test_the_defaults_are_the_figure_of_the_paper(nst, tmp_path):
    code, err = nst("reconstruct", "picture.png", *QUICK, "-o", "out")
    assert code == 0, err
    names = {path.name for path in (tmp_path / "out" / "cells").glob("*.png")}
    style = [f"relu{block}_1" for block in range(1, 6)]
    assert names == {f"content-relu{block}_2.png" for block in range(1, 6)} | {
        f"style-{'-'.join(style[:n])}.png" for n in range(1, 6)
    }
    made = {path.name for path in (tmp_path / "out").iterdir()}
    assert made == {"cells", "sheet.png", "curves.png", "curves.csv", "terms.md"}


def test_each_has_its_own_term_and_no_other(nst, tmp_path):
    taps = ("--content", "relu2_2", "--style", "relu1_1,relu3_1")
    code, err = nst("reconstruct", "picture.png", *taps, *QUICK, "-o", "out")
    assert code == 0, err
    content = recipe_of(tmp_path, "content-relu2_2")
    assert (content["content"]["taps"], content["content"]["weight"]) == ({"relu2_2": 1.0}, 1.0)
    assert content["style"]["weight"] == 0
    style = recipe_of(tmp_path, "style-relu1_1-relu3_1")
    assert (style["style"]["taps"], style["style"]["weight"]) == (
        {"relu1_1": 0.5, "relu3_1": 0.5}, 1.0,
    )  # fmt: skip
    assert style["content"]["weight"] == 0
    assert content["plan"]["init"] == style["plan"]["init"] == "noise"


def test_the_error_falls(nst, tmp_path):
    from nst_core.experiments import curve

    quick = (*QUICK[:-1], "12")
    code, err = nst(
        "reconstruct", "picture.png", "--content", "relu1_2", "--style", "", *quick, "-o", "out"
    )
    assert code == 0, err
    course = curve.read((tmp_path / "out" / "cells" / "content-relu1_2.csv").read_text("utf-8"))
    assert course[-1].content < 0.1 * course[0].content


def test_each_style_tap_by_itself(nst, tmp_path):
    taps = ("--content", "", "--style", "relu1_1,relu2_1", "--each")
    code, err = nst("reconstruct", "picture.png", *taps, *QUICK, "-o", "out")
    assert code == 0, err
    names = {path.name for path in (tmp_path / "out" / "cells").glob("*.png")}
    assert names == {"style-relu1_1.png", "style-relu2_1.png"}


def test_a_second_run_paints_nothing(nst):
    taps = ("--content", "relu1_2", "--style", "relu1_1")
    nst("reconstruct", "picture.png", *taps, *QUICK, "-o", "out")
    code, err = nst("reconstruct", "picture.png", *taps, *QUICK, "-o", "out")
    assert (code, err.count("(kept)")) == (0, 2)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--content", "relu6_1"), "no layer in tiny named 'relu6_1'"),
        (("--content", "", "--style", ""), "--content and --style are both empty"),
        (("--set", "nothing"), "write it as KEY=VALUE"),
        (("-o", "picture.png"), "cannot write to 'picture.png"),
    ],
)
def test_what_cannot_be_met_is_one_line(nst, arguments, said):
    code, err = nst("reconstruct", "picture.png", "-o", "out", *QUICK, *arguments)
    assert (code, err.count("\n")) == (2, 1), err
    assert said in err
