"""The Python door: `import nst_core as nst`."""

import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import nst_core as nst
from nst_core import images, registry
from nst_core.errors import BackendError, ImageError, NstError

QUICK = {"backend": "numpy", "weights": "random-tiny:0", "size": 32, "iterations": 2}


@pytest.fixture
def pair(tmp_path, monkeypatch):
    """A photograph and a painting of bytes, as arrays; the same as files in the current folder."""
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    made = [random.integers(0, 256, (*shape, 3), np.uint8) for shape in ((26, 32), (32, 32))]
    for name, values in zip(("photo.png", "painting.png"), made, strict=True):
        Image.fromarray(values).save(name)
    return made


def test_a_painting_is_saved_shown_and_recorded(pair, tmp_path):
    seen = []
    painting = nst.paint("photo.png", "painting.png", progress=lambda *at: seen.append(at), **QUICK)
    assert [snapshot.iteration for _, snapshot in seen] == [0, 1]
    assert painting.array.shape == (26, 32, 3)
    assert painting.array.dtype == np.uint8
    assert np.array_equal(np.asarray(painting.image), painting.array)
    painting.save("out.png")
    with Image.open("out.png") as saved:
        assert np.array_equal(np.asarray(saved), painting.array)
        assert json.loads(saved.info[images.RECORD_KEY]) == painting.record
    assert painting.terms.total == pytest.approx(painting.record["terms"]["total"])


def test_paths_images_and_arrays_are_the_same_pictures(pair):
    photo, style = pair
    expected = nst.paint("photo.png", "painting.png", **QUICK).pixels
    floats = [values / 255 for values in pair]
    for content, styles in (
        (photo, style),
        (Image.fromarray(photo), [Image.fromarray(style)]),
        (floats[0], floats[1]),
        ("photo.png", style),
    ):
        painting = nst.paint(content, styles, **QUICK)
        np.testing.assert_array_equal(painting.pixels, expected)
    assert painting.record["styles"][0].startswith("image:")


def test_greys_and_transparency_are_those_of_a_file(pair, tmp_path):
    grey = pair[0][..., 0]
    clear = np.dstack([pair[0], grey])
    for values in (grey, clear):
        Image.fromarray(values).save("file.png")
        expected = nst.losses("file.png", "photo.png", "painting.png", **QUICK).total
        for held in (values, values / 255):
            found = nst.losses(held, "photo.png", "painting.png", **QUICK).total
            assert found == pytest.approx(expected, rel=1e-6)  # of float32


def test_losses_are_those_of_the_command_line(pair, capsys, monkeypatch):
    from nst_core import cli

    words = "nst losses photo.png --content photo.png --style painting.png --backend numpy"
    options = ["--weights", "random-tiny:0", "--size", "32", "--json", "--set", "tv.weight=2"]
    monkeypatch.setattr(sys, "argv", [*words.split(), *options])
    with pytest.raises(SystemExit):
        cli.main()
    terms = nst.losses("photo.png", "photo.png", "painting.png", changes={"tv.weight": 2}, **QUICK)
    assert terms.total == json.loads(capsys.readouterr().out)["total"]


@pytest.mark.parametrize(
    ("picture", "words"),
    [
        (None, "a NoneType is not a picture"),
        (np.zeros((2, 3, 4, 5)), "an array of shape (2, 3, 4, 5)"),
        (np.zeros((30, 30, 2)), "an array of shape (30, 30, 2)"),
        (np.zeros((30, 30), np.int32), "this array of int32 is not a picture"),
        (np.full((30, 30), 1.5), "floating-point numbers from 0 to 1"),
        (np.full((30, 30), np.nan), "floating-point numbers from 0 to 1"),
    ],
)
def test_what_is_no_picture_is_refused_in_one_line(picture, words):
    with pytest.raises(ImageError) as caught:
        nst.paint(picture, "sample:night", **QUICK)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_wrong_option_is_an_error_of_the_suite(pair):
    with pytest.raises(NstError, match="no backend named 'nunpy'"):
        nst.paint("photo.png", "painting.png", **QUICK | {"backend": "nunpy"})
    with pytest.raises(NstError, match="iterations"):
        nst.paint("photo.png", "painting.png", **QUICK | {"iterations": 0})


def test_a_mistyped_option_is_refused_as_python_does():
    with pytest.raises(TypeError, match=r"no option named 'sise'\. Did you mean 'size'\?"):
        nst.paint("photo.png", "painting.png", sise=512)


def test_backends_and_recipes_are_at_the_door():
    assert {"numpy", "torch", "tf"} <= {line.name for line in nst.backends()}
    assert nst.recipe.load("default").name == "default"
    with pytest.raises(AttributeError, match="no attribute 'pain'"):
        nst.pain  # noqa: B018


def test_a_comparison_is_a_report(pair):
    report = nst.compare(*pair, backends=["numpy"], **QUICK | {"size": 24})
    assert report.holds
    assert {entry.precision for entry in report.entries} == {"float64", "float32"}


def test_a_comparison_without_a_backend_is_refused(pair, monkeypatch):
    monkeypatch.setattr(registry, "listing", list)
    with pytest.raises(BackendError, match="no backend is ready to compare: 'nst backends'"):
        nst.compare("photo.png", "painting.png", **QUICK)


def test_a_call_does_not_load_the_command_line(pair):
    code = (
        "import sys, nst_core as nst, nst_core.errors\n"
        "try: nst.compare('photo.png', 'painting.png', size=32, weights='random-tiny:0', "
        "backends=['absent'])\n"
        "except nst.errors.NstError as error: assert 'absent' in str(error)\n"
        "assert not {'typer', 'nst_core.cli'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_door_opens_without_numpy_and_frameworks():
    heavy = ["numpy", "torch", "tensorflow", "keras", "jax"]
    code = f"import sys, nst_core; assert not set({heavy}) & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
