"""The job: sizes, first images, scales, interruption, and the record that repeats it."""

import dataclasses
import json
import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nst_core import images, recipe, run, weights
from nst_core.backend import Terms
from nst_core.colour import METHODS, luminance, with_chroma
from nst_core.errors import NstError, RecipeError
from nst_core.plan import Plan
from nst_core.request import REPEATED, Request, recorded
from nst_core.run import Interrupted, Job

RESAMPLED = 1e-6  # float32, a resize to the same size and back to float64


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The current folder, with pictures named by what they are for: width 40, height 32."""
    monkeypatch.chdir(tmp_path)
    numbers = np.random.default_rng(0)
    for name, shape in {"c": (32, 40, 3), "s": (48, 36, 3), "t": (40, 40, 3)}.items():
        Image.fromarray(numbers.integers(0, 256, shape, np.uint8)).save(f"{name}.png")
    return tmp_path


@pytest.fixture
def ask(folder):
    """A request on the NumPy backend; `changes` are laid over the default recipe."""

    def make(changes=(), **fields):
        plan = {"plan.size": 32, "plan.iterations": 2} | dict(changes)
        given = {
            "content": "c.png",
            "styles": ("s.png",),
            "recipe": recipe.load("default", plan.items()),
            "backend": "numpy",
            "weights": "random-tiny:0",
        }
        return Request(**(given | fields))

    return make


def ignore(stage, snapshot):
    pass


def test_a_replacement_that_lacks_a_layer_says_why_it_was_taken_and_what_has_it(ask, monkeypatch):
    note = (
        "weights vgg19-caffe cannot be downloaded here (no connection to example.org); "
        "painting with vgg16-caffe instead"
    )
    vgg16 = weights.load("random-vgg16:0")
    monkeypatch.setattr(weights, "resolve", lambda *_, **__: (vgg16, note))
    with pytest.raises(RecipeError) as caught:
        Job(ask(recipe=recipe.load("rrmina"), weights="auto"))
    line = str(caught.value)
    assert line.startswith(f"{note} is not possible: recipe 'rrmina': style.taps: no layer in ")
    assert "use --weights vgg19-caffe or vgg19-torchvision" in line
    assert "\n" not in line


SCALES = {"plan.size": 128, "plan.coarsest": 32, "plan.coarser": 2.0}


def test_every_scale_is_painted_at_its_size(ask):
    seen = []

    def progress(stage, snapshot):
        seen.append((stage.size, snapshot.iteration, snapshot.image().shape))

    result = Job(ask(SCALES)).paint(progress)
    shapes = {32: (3, 26, 32), 64: (3, 51, 64), 128: (3, 102, 128)}
    work = {32: 8, 64: 4, 128: 2}
    assert seen == [(size, i, shapes[size]) for size in work for i in range(work[size])]
    assert result.pixels.shape == (3, 102, 128)


def test_each_scale_starts_where_the_one_before_ended(ask):
    first = {}

    def progress(stage, snapshot):
        first.setdefault(stage.size, snapshot.image())

    job = Job(ask(SCALES, dtype="float64"))
    ends = {}
    paint = job.session.paint

    def spy(image, targets, stage, watch):
        ends[stage.size] = paint(image, targets, stage, watch)
        return ends[stage.size]

    job.session.paint = spy
    job.paint(progress)
    enlarged = images.resize(ends[32], *first[64].shape[1:], clip=False)
    np.testing.assert_allclose(first[64], enlarged, atol=RESAMPLED)


def test_scales_too_small_for_the_network_are_left_out(ask):
    job = Job(ask({"plan.size": 64, "plan.coarsest": 8}))
    assert [stage.size for stage in job.stages] == [32, 64]  # 16 would be 16×13


def test_the_smallest_size_is_painted_and_one_less_is_refused(ask):
    square = {"styles": ("t.png",)}
    assert Job(ask({"plan.size": 20}, **square)).paint(ignore).pixels.shape == (3, 16, 20)
    with pytest.raises(NstError, match=r"'c\.png' is 40×32 pixels, 19×15 at this size"):
        Job(ask({"plan.size": 19}, **square))


def test_style_scale_is_a_share_of_the_painting(ask):
    job = Job(ask({"plan.size": 64}, style_scale=0.5))
    assert job.shape(job.content, 64) == (51, 64)
    assert job.shape(job.styles[0], 64) == (32, 24)


def test_the_terms_are_those_of_the_picture_before_it_is_cut_to_its_box(ask):
    job = Job(ask(dtype="float64"))
    last = {}
    paint = job.session.paint

    def spy(*given):
        last["image"] = paint(*given)
        return last["image"]

    job.session.paint = spy
    result = job.paint(ignore)
    assert result.terms == job.session.terms(last["image"], job.targets(32))
    assert 0 <= result.pixels.min() <= result.pixels.max() <= 1


def test_painting_lowers_the_total(ask):
    totals = []
    result = Job(ask({"plan.iterations": 10})).paint(lambda _, s: totals.append(s.terms.total))
    assert len(totals) == 10
    assert result.terms.total < totals[0]


# First images


def first(request):
    job = Job(request)
    return job.first_image(job.stages[0])


def test_the_first_image_is_content_style_or_a_picture(ask):
    named = {"content": "c.png", "style": "s.png", "t.png": "t.png"}
    for init, path in named.items():
        image = first(ask({"plan.init": init}))
        np.testing.assert_array_equal(image, images.resize(images.read(path).pixels, 26, 32))


def test_the_first_of_several_styles_is_the_start(ask):
    start = first(ask({"plan.init": "style"}, styles=("t.png", "s.png")))
    np.testing.assert_array_equal(start, images.resize(images.read("t.png").pixels, 26, 32))


def test_noise_is_of_the_seed_around_mid_grey(ask):
    size = {"plan.size": 200, "plan.init": "noise", "plan.noise.width": 0.1}
    one, again, other = (first(ask(size | {"plan.seed": seed})) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert not np.array_equal(one, other)
    # 96,000 numbers: five standard errors of the mean, 0.1/√96000, and as many of the deviation
    assert one.mean() == pytest.approx(0.5, abs=5 * 0.1 / 96000**0.5)
    assert one.std() == pytest.approx(0.1, abs=5 * 0.1 / (2 * 96000) ** 0.5)


def test_a_picture_to_start_from_is_hashed(ask):
    result = Job(ask({"plan.init": "t.png"})).paint(ignore)
    assert result.record["sha256"]["t.png"] == images.read("t.png").sha256


# Several styles


def test_shares_decide_the_target(ask):
    styles = ("s.png", "t.png")
    grams = {
        blend: Job(ask({"style.blend": list(blend)}, styles=styles, dtype="float64"))
        .targets(32)
        .values["style:relu1_1"]
        for blend in ((1, 0), (0, 1), (3, 1))
    }
    mixed = 0.75 * grams[1, 0] + 0.25 * grams[0, 1]
    np.testing.assert_allclose(grams[3, 1], mixed, rtol=1e-14)


def test_shares_must_match_before_any_picture_is_read(ask):
    with pytest.raises(RecipeError, match="2 shares for 1 style: "):
        Job(ask({"style.blend": [1, 2]}, content="missing.png"))


# Colours

KEEP = {"colour": "keep-luminance"}


def content_at(height, width):
    return images.resize(images.read("c.png").pixels, height, width)


@pytest.mark.parametrize("init", ["content", "style", "noise", "t.png"])
def test_luminance_alone_is_seen(ask, init):
    job = Job(ask({"plan.init": init}, styles=("s.png", "t.png"), **KEEP))
    given = [job.first_image(job.stages[0])]
    targets = job.session.targets

    def spy(content, styles, asked):
        given.extend((content, *styles))
        return targets(content, styles, asked)

    job.session.targets = spy
    job.targets(32)
    assert len(given) == 4
    for image in given:
        np.testing.assert_array_equal(image, image[[1, 2, 0]])
    np.testing.assert_array_equal(given[1], luminance(content_at(26, 32)))


@pytest.mark.parametrize("method", METHODS)
def test_styles_are_recoloured_at_their_size(ask, method):
    job = Job(ask({"plan.size": 64, "plan.init": "style"}, colour=method, style_scale=0.5))
    style, content = images.read("s.png").pixels, content_at(51, 64)
    given = []
    job.session.targets = lambda content, styles, asked: given.extend(styles)
    job.targets(64)
    recoloured = METHODS[method].recoloured
    np.testing.assert_array_equal(given[0], recoloured(images.resize(style, 32, 24), content))
    first = recoloured(images.resize(style, 51, 64), content)
    np.testing.assert_array_equal(job.first_image(job.stages[-1]), first)


def test_the_photographs_colours_are_put_back(ask):
    job = Job(ask(SCALES, **KEEP))
    last = {}
    paint = job.session.paint

    def spy(*given):
        last["image"] = paint(*given)
        return last["image"]

    job.session.paint = spy
    result = job.paint(ignore)
    expected = with_chroma(last["image"], content_at(102, 128))
    np.testing.assert_array_equal(result.pixels, expected)
    assert result.terms == job.session.terms(last["image"], job.targets(128))
    assert np.abs(result.pixels - last["image"]).max() > 0.1


def test_a_picture_on_the_way_has_the_photographs_colours(ask):
    job = Job(ask(SCALES, **KEEP))
    coarse = luminance(content_at(26, 32)) ** 2
    enlarged = images.resize(coarse, 102, 128, clip=False)
    np.testing.assert_array_equal(job.shown(coarse), with_chroma(enlarged, content_at(102, 128)))


def test_an_interrupted_picture_has_the_photographs_colours(ask):
    seen = []

    def progress(stage, snapshot):
        seen.append(snapshot.image().copy())
        raise KeyboardInterrupt

    job = Job(ask(SCALES, **KEEP))
    with pytest.raises(Interrupted) as stopped:
        job.paint(progress)
    np.testing.assert_array_equal(stopped.value.result.pixels, job.shown(seen[0]))


def test_an_unknown_colour_method_is_refused(ask):
    with pytest.raises(NstError, match=r"no colour method named 'match-liner'.*'match-linear'"):
        ask(colour="match-liner")


# Interruption and divergence


def test_an_interruption_carries_the_picture_so_far_at_its_final_size(ask):
    def progress(stage, snapshot):
        if (stage.size, snapshot.iteration) == (64, 1):
            progress.image, progress.terms = snapshot.image().copy(), snapshot.terms
            raise KeyboardInterrupt

    job = Job(ask(SCALES))
    with pytest.raises(Interrupted) as stopped:
        job.paint(progress)
    result = stopped.value.result
    so_far = images.resize(progress.image, 102, 128, clip=True)
    np.testing.assert_allclose(result.pixels, so_far, atol=RESAMPLED)
    assert result.terms == progress.terms
    assert result.record["finished"] is False


def test_an_interruption_before_anything_is_painted_has_no_result(ask):
    job = Job(ask())

    def interrupted(*_):
        raise KeyboardInterrupt

    job.session.targets = interrupted
    with pytest.raises(Interrupted) as stopped:
        job.paint(ignore)
    assert stopped.value.result is None


DIVERGING = {"variable.box": "none", "plan.optimizer": "adam", "plan.adam.lr": 1e30}


def test_a_painting_that_diverges_stops_at_once(ask):
    seen = []
    changes = DIVERGING | {"plan.iterations": 1000}
    with pytest.raises(NstError, match=r"diverged at 32 pixels .*: use .* plan\.adam\.lr"):
        Job(ask(changes, dtype="float32")).paint(lambda _, s: seen.append(s.iteration))
    assert len(seen) == 1


@pytest.mark.parametrize("optimizer", ["lbfgs", "adam", "native-adam", "sgd"])
def test_the_rate_that_is_to_be_lowered_is_a_field(optimizer):
    (stage,) = Plan(optimizer=optimizer).stages()
    with pytest.raises(NstError) as raised:
        run.check_finite(Terms({"tv": math.inf}, {"tv": 1.0}), stage)
    key = str(raised.value).rpartition("--set ")[2].removesuffix("=…")
    changes = [("plan.optimizer", optimizer), (key, 0.5)]
    assert recipe.load("default", changes).plan.stages()[0].settings.lr == 0.5


def test_a_last_step_that_diverges_is_noticed(ask):
    with pytest.raises(NstError, match="diverged"):
        Job(ask(DIVERGING | {"plan.iterations": 1}, dtype="float32")).paint(ignore)


@pytest.mark.parametrize("optimizer", ["lbfgs", "adam"])
def test_a_start_that_is_already_best_stays(ask, optimizer):
    result = Job(ask({"style.weight": 0, "tv.weight": 0, "plan.optimizer": optimizer})).paint(
        ignore
    )
    expected = images.resize(images.read("c.png").pixels, 26, 32)
    np.testing.assert_allclose(result.pixels, expected, atol=RESAMPLED)
    assert result.terms.total == 0


# The record


def test_a_record_gives_its_request_back(ask):
    asked = ask(
        {"plan.init": "noise", "plan.seed": 7},
        styles=("s.png", "t.png"),
        dtype="float32",
        exact=True,
        style_scale=0.75,
        colour="match-linear",
    )
    Job(asked).paint(ignore).save(Path("out.png"))
    found = recorded("out.png")
    again = Request(**found | {"styles": tuple(found["styles"]), "recipe": recipe.load("out.png")})
    assert again == asked
    assert set(found) <= set(REPEATED) <= {field.name for field in dataclasses.fields(Request)}


def test_saving_puts_the_same_record_inside_and_beside(ask):
    result = Job(ask()).paint(ignore)
    result.save(Path("out.png"))
    beside = Path("out.png.json").read_text("utf-8")
    assert json.loads(beside) == result.record
    assert beside == images.read_record("out.png") + "\n"


def test_only_a_finished_picture_has_a_recorded_request(folder):
    (folder / "mine.toml").touch()
    for source in ("default", "mine.toml", "missing.png"):
        assert recorded(source) == {}


@pytest.mark.parametrize(
    ("text", "cause"),
    [("{", "is damaged"), ("[]", "is damaged"), ('{"content": "c.png"}', "lacks 'styles'")],
)
def test_a_damaged_record_is_refused(folder, text, cause):
    (folder / "c.png.json").write_text(text)
    with pytest.raises(NstError, match=f"the record of 'c.png' {cause}.*: name "):
        recorded("c.png")


# Outputs


def test_an_output_that_is_an_input_is_refused(ask, folder):
    (folder / "link.png").symlink_to("s.png")
    asked = ask({"plan.init": "t.png"})
    for path in ("c.png", "s.png", "t.png", "link.png", f"../{folder.name}/c.png"):
        with pytest.raises(NstError, match="choose another -o"):
            asked.check_output(Path(path))
    asked.check_output(Path("out.png"))
    assert not Path("out.png").exists()


def test_alpha_is_resized_with_the_painting(ask):
    alpha = np.zeros((32, 40, 1), np.uint8)
    alpha[:, :20] = 255
    pixels = np.concatenate([np.full((32, 40, 3), 90, np.uint8), alpha], axis=2)
    Image.fromarray(pixels).save("clear.png")
    kept = Job(ask(content="clear.png", keep_alpha=True)).alpha()
    assert kept.shape == (26, 32)
    np.testing.assert_allclose(kept[:, :13], 1, atol=RESAMPLED)  # 3 pixels from the edge
    np.testing.assert_allclose(kept[:, -13:], 0, atol=RESAMPLED)
    same = Job(ask(content="clear.png", keep_alpha=True, **KEEP)).paint(ignore)
    np.testing.assert_array_equal(same.alpha, kept)
    assert Job(ask(content="clear.png")).alpha() is None
    assert Job(ask(keep_alpha=True)).alpha() is None


# Terms that a backend lacks


def test_a_backend_that_lacks_a_kind_of_term_says_so_in_one_line(ask, stranger):
    source = """
from dataclasses import replace
from nst_core.reference import NumpyBackend

class Older(NumpyBackend):
    def about(self):
        return replace(super().about(), terms=("content", "gram", "tv"))

open_backend = Older
"""
    stranger("older", source)
    edges = {"kind": "laplacian", "weight": 1}
    with pytest.raises(NstError) as caught:
        Job(ask({"term": [edges]}, backend="older")).paint(ignore)
    line = str(caught.value)
    assert "backend 'older' has no term of the kind 'laplacian'" in line
    assert line.endswith("It has: content, gram, tv")
    assert "\n" not in line
    assert Job(ask(backend="older")).paint(ignore).terms.total > 0
