"""More than one style: how they are combined, weighed, scaled and reported."""

import json
import sys

import numpy as np
import pytest
from PIL import Image

from nst_core import cli, images, recipe
from nst_core.evaluation import Evaluation
from nst_core.request import Request
from nst_core.run import Job

COMBINE = ("targets", "losses")
SIZE = 32
SUMMED = 1e-12  # float64 in another order


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """The current folder, with a photograph, two styles of other shapes, and a picture to judge."""
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    shapes = {"c": (32, 40), "s": (48, 36), "t": (40, 40), "x": (32, 40)}
    for name, shape in shapes.items():
        Image.fromarray(random.integers(0, 256, (*shape, 3), np.uint8)).save(f"{name}.png")


def ask(*styles, combine="targets", blend=(), scale=1.0):
    changes = {"plan.size": SIZE, "style.combine": combine, "style.blend": list(blend)}
    asked = recipe.load("default", changes.items())
    return Request(
        "c.png", styles, asked, "numpy", "random-tiny:0", dtype="float64", style_scale=scale
    )


def terms(*styles, **how):
    """Every term at the picture to judge."""
    return Evaluation(ask(*styles, **how), "x.png").terms()


def style_part(found):
    return sum(value for name, value in found.weighted.items() if name.startswith("style"))


@pytest.mark.parametrize("combine", COMBINE)
@pytest.mark.parametrize("blend", [(), (1, 1), (3, 1)])
def test_one_style_twice_is_that_style(combine, blend):
    once, twice = terms("s.png"), terms("s.png", "s.png", combine=combine, blend=blend)
    assert twice.total == pytest.approx(once.total, rel=SUMMED)
    assert style_part(twice) == pytest.approx(style_part(once), rel=SUMMED)


def test_one_style_is_the_same_under_both_rules():
    assert terms("s.png", combine="losses") == terms("s.png", combine="targets")


def test_two_styles_differ_under_the_two_rules():
    totals = [terms("s.png", "t.png", combine=combine).total for combine in COMBINE]
    assert totals[0] != pytest.approx(totals[1], rel=1e-3)


@pytest.mark.parametrize("combine", COMBINE)
def test_a_share_of_zero_leaves_a_style_out(combine):
    alone = terms("t.png")
    assert terms("s.png", "t.png", combine=combine, blend=(0, 2)).total == pytest.approx(
        alone.total, rel=SUMMED
    )
    assert terms("s.png").total != pytest.approx(alone.total, rel=1e-3)


@pytest.mark.parametrize(("blend", "shares"), [((), (0.5, 0.5)), ((3, 1), (0.75, 0.25))])
def test_losses_are_weighed_by_their_shares(blend, shares):
    both = terms("s.png", "t.png", combine="losses", blend=blend)
    alone = [terms(style) for style in ("s.png", "t.png")]
    for kind, share, single in zip(("style1", "style2"), shares, alone, strict=True):
        for name, weight in single.weights.items():
            if name.startswith("style:"):
                twin = name.replace("style", kind)
                assert both.raw[twin] == single.raw[name]
                assert both.weights[twin] == pytest.approx(share * weight, rel=SUMMED)
    expected = sum(s * style_part(single) for s, single in zip(shares, alone, strict=True))
    assert style_part(both) == pytest.approx(expected, rel=SUMMED)


@pytest.mark.parametrize(("blend", "shares"), [((), (0.5, 0.5)), ((3, 1), (0.75, 0.25))])
def test_targets_are_averaged_by_their_shares(blend, shares):
    both = Job(ask("s.png", "t.png", blend=blend)).targets(SIZE).values
    one, other = (Job(ask(style)).targets(SIZE).values for style in ("s.png", "t.png"))
    names = [name for name in both if name.startswith("style:")]
    assert len(names) == 5
    for name in names:
        mixed = shares[0] * one[name] + shares[1] * other[name]
        np.testing.assert_allclose(both[name], mixed, rtol=SUMMED)


@pytest.mark.parametrize("combine", COMBINE)
def test_both_rules_paint(combine):
    job = Job(ask("s.png", "t.png", combine=combine))
    totals = []
    result = job.paint(lambda _, snapshot: totals.append(snapshot.terms.total))
    assert result.terms.total < totals[0]
    assert result.record["recipe"]["style"]["combine"] == combine


def test_the_style_scale_applies_to_each_style(monkeypatch):
    job = Job(ask("s.png", "t.png", scale=0.75))
    seen = []
    targets = job.session.targets

    def spy(content, styles, asked):
        seen.extend(style.shape for style in styles)
        return targets(content, styles, asked)

    monkeypatch.setattr(job.session, "targets", spy)
    job.targets(SIZE)
    assert seen == [(3, 24, 18), (3, 24, 24)]
    expected = images.resize(images.read("t.png").pixels, 24, 24)
    np.testing.assert_array_equal(job.at(job.styles[1], SIZE), expected)


def test_losses_as_json_list_each_style(monkeypatch, capsys):
    line = "losses x.png --content c.png --style s.png --style t.png --backend numpy --size 32"
    line += " --weights random-tiny:0 --set style.combine=losses --set style.blend=[3,1] --json"
    monkeypatch.setattr(sys, "argv", ["nst", *line.split()])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    assert not stopped.value.code
    said = json.loads(capsys.readouterr().out)
    layers = [f"relu{block}_1" for block in range(1, 6)]
    assert list(said) == ["total", "content", "style1", "style2", "tv", "raw", "weights"]
    assert list(said["raw"]) == ["content", "style1", "style2", "tv"]
    for kind in ("style1", "style2"):
        assert list(said[kind]) == list(said["raw"][kind]) == layers
        assert all(value > 0 for value in said[kind].values())
    parts = [said["tv"], *said["content"].values()]
    parts += [*said["style1"].values(), *said["style2"].values()]
    assert said["total"] == pytest.approx(sum(parts), rel=SUMMED)
