"""The terms at a picture that exists: what it is judged as, and what is said of it."""

import json

import numpy as np
import pytest
from PIL import Image

from nst_core import recipe
from nst_core.colour import METHODS
from nst_core.evaluation import Evaluation
from nst_core.request import Request
from nst_core.run import Job

SHAPES = {"c": (32, 40), "s": (32, 40), "t": (40, 40), "x": (26, 32)}
SUMMED = 1e-14  # float64


@pytest.fixture(autouse=True)
def pictures(tmp_path, monkeypatch):
    """Noise of 8 bits in the current folder: a photograph, two styles, a picture to judge."""
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    found = {name: random.integers(0, 256, (*s, 3), np.uint8) for name, s in SHAPES.items()}
    for name, values in found.items():
        Image.fromarray(values).save(f"{name}.png")
    return found


def ask(changes=(), **fields):
    """A request on the NumPy backend; `changes` are laid over the default recipe."""
    plan = {"plan.size": 32, "plan.iterations": 2} | dict(changes)
    given = {"content": "c.png", "styles": ("s.png",), "dtype": "float64"} | fields
    own = recipe.load("default", plan.items())
    return Request(recipe=own, backend="numpy", weights="random-tiny:0", **given)


@pytest.mark.parametrize("method", METHODS)
def test_terms_are_those_of_a_painting_at_its_first_iteration(method):
    seen = []
    asked = ask({"plan.init": "t.png", "tv.weight": 0.5}, colour=method)
    Job(asked).paint(lambda _, snapshot: seen.append(snapshot.terms))
    assert Evaluation(asked, "t.png").terms() == seen[0]


def test_content_at_the_content_and_style_at_the_style_are_nothing():
    asked = ask({"tv.weight": 0}, content="t.png", styles=("t.png",))
    assert Evaluation(asked, "t.png").terms().total == 0
    assert Evaluation(asked, "s.png").terms().total > 0


# What is said


AT_32 = "and is resized to 32×26, the "
NOTES = {
    ("x", "longest"): [],
    ("c", "longest"): [
        f"'c.png' is 40×32 {AT_32}final size of the plan: use --size 40 to keep its own size"
    ],
    ("t", "longest"): [f"'t.png' is 40×40 {AT_32}photograph's shape at the final size of the plan"],
    ("c", "shortest"): [],
    ("c", "area"): [
        "'c.png' is 40×32 and is resized to 36×29, the final size of the plan: "
        "use --size 36 to keep its own size"
    ],
}


@pytest.mark.parametrize(("case", "notes"), NOTES.items(), ids=map("-".join, NOTES))
def test_a_picture_that_is_resized_is_named(case, notes):
    name, side = case
    asked = ask({"plan.side": side})
    assert list(Evaluation(asked, f"{name}.png").notes()) == notes


def test_the_size_that_is_advised_is_that_of_the_picture():
    for side in ("longest", "area"):
        changes = {"plan.side": side}
        (note,) = Evaluation(ask(changes), "c.png").notes()
        size = int(note.partition("--size ")[2].split()[0])
        assert not list(Evaluation(ask(changes | {"plan.size": size}), "c.png").notes())


# Precision


def double(values):
    """u/255 in float64, (3, H, W)."""
    return np.ascontiguousarray(values.transpose(2, 0, 1)) / np.float64(255)


@pytest.mark.parametrize("backend", ["numpy", "torch"])
def test_the_pixels_of_a_float64_session_are_float64(pictures, backend):
    asked = ask({"plan.size": 40, "tv.weight": 0.5}, styles=("t.png",), content="c.png")
    asked = Request(**{**vars(asked), "backend": backend, "exact": True})
    evaluation = Evaluation(asked, "s.png")
    session = evaluation.job.session
    targets = session.targets(double(pictures["c"]), [double(pictures["t"])], asked.recipe)
    expected = session.terms(double(pictures["s"]), targets)
    computed = evaluation.terms()
    for name, raw in expected.raw.items():
        assert computed.raw[name] == pytest.approx(raw, rel=SUMMED)
    assert computed.total == pytest.approx(expected.total, rel=SUMMED)


@pytest.mark.parametrize(("dtype", "kept"), [("float64", np.float64), ("float32", np.float32)])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("init", ["content", "style", "noise", "t.png"])
def test_what_a_session_is_given_has_its_precision(dtype, kept, method, init):
    job = Job(ask({"plan.init": init}, dtype=dtype, colour=method))
    given = [job.first_image(job.stages[0])]
    job.session.targets = lambda content, styles, asked: given.extend((content, *styles))
    job.targets(32)
    assert [image.dtype for image in given] == [kept] * 3


def test_the_painting_starts_from_every_digit(pictures):
    job = Job(ask({"plan.size": 40}))
    starts = []
    job.paint(lambda _, snapshot: starts.append(snapshot.image().copy()))
    np.testing.assert_array_equal(starts[0], double(pictures["c"]))


# As JSON


def test_json_is_that_of_the_terms_and_the_weights_name():
    evaluation = Evaluation(ask(), "x.png")
    terms = evaluation.terms()
    said = json.loads(json.dumps(evaluation.as_json(terms)))
    assert said == terms.as_json() | {"weights": "random-tiny:0"}
