"""`nst run`: what it writes and what it prints."""

import json

import numpy as np
import pytest
from command_line import (
    PAIR,
    QUICK,
    TO,
    WHERE,
    noise,
    record,
)
from PIL import Image

from nst_core import images
from nst_core.cli import terminal


def test_a_run_writes_the_picture_and_its_record(nst, folder):
    code, out, err = nst("run", *PAIR, *TO, *QUICK)
    assert (code, out) == (0, "")
    assert err.startswith("out.png: 32×26 pixels in ")
    assert " with weights random-tiny:0, total " in err
    assert err.count("\n") == 1
    with Image.open("out.png") as image:
        assert (image.format, image.size, image.mode) == ("PNG", (32, 26), "RGB")
        assert json.loads(image.info[images.RECORD_KEY]) == record("out.png")
    assert {path.name for path in folder.iterdir()} == {
        *PAIR, "other.png", "out.png", "out.png.json",
    }  # fmt: skip


def test_the_record_says_what_was_done(paint):
    _, said = paint(*PAIR, *QUICK)
    assert said["content"] == "content.png"
    assert said["styles"] == ["style.png"]
    assert said["weights"] == "random-tiny:0"
    assert said["recipe"]["plan"]["iterations"] == 2
    assert said["finished"] is True
    assert {"content.png", "style.png", "weights:random-tiny:0"} == set(said["sha256"])
    assert set(said["terms"]) == {"total", "content", "style", "tv", "raw"}


def test_a_sample_is_a_picture(paint):
    pixels, _ = paint("sample:coffee", "sample:night", *WHERE, "--size", "64", "--iterations", "1")
    assert max(pixels.shape) == 64


def test_a_finished_picture_repeats_itself_to_the_bit(paint):
    first, said = paint(*PAIR, *QUICK, "--seed", "3", "--init", "noise", "--style-scale", "0.9")
    again, repeated = paint("--recipe", "out.png", to="again.png")
    np.testing.assert_array_equal(first, again)
    for changing in ("made", "seconds"):
        del said[changing], repeated[changing]
    assert said == repeated


def test_a_picture_that_is_no_png_repeats_from_the_file_beside_it(paint):
    first, _ = paint(*PAIR, *QUICK, to="out.webp")
    again, _ = paint("--recipe", "out.webp", to="again.webp")
    np.testing.assert_array_equal(first, again)


def test_options_beside_a_finished_picture_win(paint):
    paint(*PAIR, *QUICK, "--exact", "--style-scale", "0.9")
    pixels, said = paint(
        "other.png", "--recipe", "out.png", "--size", "24", "--fast", "--style-scale", "1.1",
        "--style-weight", "3", to="again.png",
    )  # fmt: skip
    assert pixels.shape == (24, 24, 3)
    assert said["content"] == "other.png"
    assert said["styles"] == ["style.png"]
    assert said["exact"] is False
    assert said["style_scale"] == 1.1
    assert said["recipe"]["style"]["weight"] == 3
    assert said["recipe"]["plan"]["iterations"] == 2


def test_a_recipe_of_ones_own(paint, folder):
    (folder / "mine.toml").write_text(
        'name = "mine"\ntitle = "Mine"\nsource = "me"\n'
        'network.weights = "random-tiny:0"\ncontent.taps.relu2_1 = 1.0\n'
        "[style]\nweight = 5.0\ntaps.relu1_1 = 1.0\n[plan]\niterations = 2\nsize = 20\n"
    )
    pixels, said = paint(*PAIR, "--backend", "numpy", "--recipe", "mine.toml")
    assert pixels.shape == (16, 20, 3)
    assert said["recipe"]["name"] == "mine"


def test_any_field_can_be_set(paint):
    _, said = paint(
        *PAIR, *QUICK, "--set", "content.taps.relu3_1=0.5", "--set", "plan.lbfgs.history=5",
        "--set", "style.gram=elements",
    )  # fmt: skip
    assert said["recipe"]["content"]["taps"] == {"relu4_2": 1.0, "relu3_1": 0.5}
    assert said["recipe"]["plan"]["lbfgs"]["history"] == 5
    assert said["recipe"]["style"]["gram"] == "elements"


def test_a_colour_method_is_recorded_and_repeated(paint, nst):
    plain, said = paint(*PAIR, *QUICK)
    assert said["colour"] == "none"
    kept, said = paint(*PAIR, *QUICK, "--colour", "keep-luminance")
    assert said["colour"] == "keep-luminance"
    assert not np.array_equal(plain, kept)
    np.testing.assert_array_equal(paint("--recipe", "out.png", to="again.png")[0], kept)
    matched, said = paint("--recipe", "out.png", "--color", "match-linear", to="other.png")
    assert said["colour"] == "match-linear"
    assert not np.array_equal(matched, kept)


def test_losses_are_those_of_the_colour_method(nst):
    line = ("losses", "content.png", "--content", "content.png", "--style", "style.png", *WHERE)
    line = (*line, "--size", "32", "--json")
    methods = ("none", "keep-luminance", "match-histogram", "match-linear", "match-cholesky")
    totals = {nst(*line, "--color", method)[1] for method in methods}
    assert len(totals) == len(methods)
    assert nst(*line)[1] in totals


def test_several_styles_are_blended(paint):
    plain, _ = paint("content.png", "style.png", "other.png", *QUICK)
    mixed, said = paint(
        "content.png", "style.png", "other.png", *QUICK, "--set", "style.blend=[3,1]"
    )
    assert said["styles"] == ["style.png", "other.png"]
    assert said["recipe"]["style"]["blend"] == [3, 1]
    assert not np.array_equal(plain, mixed)


def test_the_seed_decides_the_noise(paint):
    options = (*PAIR, *QUICK, "--init", "noise", "--seed")
    first, again, other = (paint(*options, seed)[0] for seed in ("1", "1", "2"))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_each_first_image_leads_elsewhere(paint):
    starts = ("content", "style", "other.png")
    found = [paint(*PAIR, *QUICK, "--init", start) for start in starts]
    assert len({pixels.tobytes() for pixels, _ in found}) == len(starts)
    assert "other.png" in found[-1][1]["sha256"]


def test_adam_is_another_way(paint):
    lbfgs, _ = paint(*PAIR, *QUICK)
    adam, said = paint(*PAIR, *QUICK, "--optimizer", "adam")
    assert said["recipe"]["plan"]["optimizer"] == "adam"
    assert not np.array_equal(lbfgs, adam)


@pytest.mark.parametrize("weight", ["--content-weight", "--style-weight"])
def test_one_term_may_be_left_out(paint, weight):
    paint(*PAIR, *QUICK, weight, "0")


@pytest.mark.parametrize(("suffix", "kind"), [("jpg", "JPEG"), ("webp", "WEBP"), ("tiff", "TIFF")])
def test_other_formats(paint, suffix, kind):
    paint(*PAIR, *QUICK, to=f"out.{suffix}")
    with Image.open(f"out.{suffix}") as image:
        assert (image.format, image.size) == (kind, (32, 26))


def test_transparency_is_kept_only_on_request_and_repeated(paint):
    noise(32, 40, 4, "RGBA").save("clear.png")
    assert paint("clear.png", "style.png", *QUICK)[0].shape == (26, 32, 3)
    kept, _ = paint("clear.png", "style.png", *QUICK, "--keep-alpha")
    assert kept.shape == (26, 32, 4)
    again, _ = paint("--recipe", "out.png", to="again.png")
    np.testing.assert_array_equal(kept, again)
    assert paint("--recipe", "out.png", "--no-alpha", to="plain.png")[0].shape == (26, 32, 3)


def test_previews_are_written_on_the_way(paint, monkeypatch):
    seen = []
    save = images.save
    monkeypatch.setattr(terminal.images, "save", lambda *a, **k: (seen.append(k), save(*a, **k)))
    pixels, _ = paint(*PAIR, *WHERE, "--size", "32", "--iterations", "5", "--preview-every", "2")
    assert [options.get("record") is None for options in seen] == [True, True, False]
    assert pixels.shape == (26, 32, 3)


def test_previews_have_the_photographs_colours(paint, monkeypatch):
    seen = []
    save = images.save
    monkeypatch.setattr(terminal.images, "save", lambda *a, **k: (seen.append(a[0]), save(*a, **k)))
    paint(*PAIR, *QUICK, "--colour", "keep-luminance", "--preview-every", "1")
    content = images.resize(images.read("content.png").pixels, 26, 32)
    # the first image is the photograph's own luminance: with its colours it is the photograph
    np.testing.assert_allclose(seen[0], content, atol=1e-6)
    assert len(seen) == 3


def test_quiet_prints_nothing_at_all(nst):
    assert nst("run", *PAIR, *TO, *QUICK, "--quiet") == (0, "", "")


def test_json_is_all_that_is_printed(nst):
    code, out, err = nst("run", *PAIR, *TO, *QUICK, "--json")
    assert (code, err) == (0, "")
    assert json.loads(out) == record("out.png")
    assert out.count("\n") == 1
