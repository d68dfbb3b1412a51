"""Requests that cannot be met: one line, exit code 2, nothing written."""

import os
import shlex

import pytest
from command_line import PAIR, QUICK, TO, WHERE, contents, noise, process, record

from nst_core import files, images
from nst_core.reference.paint import NumpySession
from nst_core.weights import CAFFE, Preprocessing


def refused(nst, folder, arguments, words):
    """The line, after it was found to be one, with all the words, and nothing written."""
    before = contents(folder)
    code, out, err = nst(*arguments)
    assert (code, out) == (2, ""), err
    assert err.startswith("nst: ")
    assert err.endswith("\n")
    assert err.count("\n") == 1
    assert "Traceback" not in err
    assert "Error:" not in err
    for word in words:
        assert word in err
    assert contents(folder) == before
    return err


@pytest.fixture
def no_painting(monkeypatch):
    """Whoever paints has noticed too late."""

    def paint(*_):
        raise AssertionError("it paints")

    monkeypatch.setattr(NumpySession, "paint", paint)


@pytest.fixture
def bad_files(folder):
    whole = (folder / "content.png").read_bytes()
    (folder / "empty.png").touch()
    (folder / "text.png").write_text("this is no picture")
    (folder / "cut.png").write_bytes(whole[: len(whole) // 2])
    noise(60, 60, 5).save("whole.jpg")
    (folder / "cut.jpg").write_bytes((folder / "whole.jpg").read_bytes()[:900])
    noise(1, 1, 6).save("dot.png")
    noise(2, 400, 7).save("thread.png")
    (folder / "bad.toml").write_text("[plan\n")
    (folder / "folder.png").mkdir()
    (folder / "taken.png.json").mkdir()
    (folder / "old.png").write_bytes(whole)
    (folder / "old.png.json").write_text('{"recipe": {}}')


PICTURES = {
    "missing": ("missing.png", "No such file", "check the path"),
    "no picture": ("text.png", "not a picture"),
    "zero bytes": ("empty.png", "empty (0 bytes)"),
    "cut PNG": ("cut.png", "incomplete"),
    "cut JPEG": ("cut.jpg", "incomplete"),
    "a folder": ("folder.png", "directory"),
    "one pixel": ("dot.png", "1×1 pixels", "needs 16", "larger"),
    "a thread": ("thread.png", "400×2 pixels", "needs 16"),
    "unknown sample": ("sample:cofee", "Did you mean 'coffee'?"),
}


@pytest.mark.usefixtures("bad_files", "no_painting")
@pytest.mark.parametrize("words", PICTURES.values(), ids=PICTURES)
def test_a_picture_that_cannot_be_used(nst, folder, words):
    path, *words = words
    words.append(path.removeprefix(images.SAMPLE))
    refused(nst, folder, ("run", path, "style.png", *TO, *QUICK), words)
    refused(nst, folder, ("run", "content.png", path, *TO, *QUICK), words)


@pytest.mark.usefixtures("bad_files", "no_painting")
@pytest.mark.parametrize("path", ["missing.png", "text.png", "nosie"])
def test_a_first_image_that_cannot_be_used(nst, folder, path):
    words = ("--init must be one of content, style, noise, or a picture", path)
    refused(nst, folder, ("run", *PAIR, *TO, *QUICK, "--init", path), words)


OPTIONS = {
    "--max-pixels 100": ("1,280 pixels", "--max-pixels"),
    "--backend nunpy": ("no backend named 'nunpy'", "'numpy'?", "keras, numpy, tf, torch"),
    "--backend numpy:jax": ("no engines", "leave out ':jax'"),
    "--recipe defalt": ("no recipe named 'defalt'", "'default'?", "gatys2016"),
    "--recipe missing.toml": ("missing.toml", "No such file", "check the path"),
    "--recipe bad.toml": ("bad.toml", "cannot be read"),
    "--recipe content.png": ("content.png", "contains no record"),
    "--recipe old.png": ("old.png", "lacks 'content'"),
    "--weights vgg19-cafe": ("no weight set", "'vgg19-caffe'?", "random-tiny:SEED"),
    "--weights random-tiny:x": ("random-tiny:x", "whole number"),
    "--weights missing.safetensors": ("missing.safetensors", "check the path"),
    "--preprocessing caffe": ("random-tiny:0", "leave out --preprocessing", 'channels="BGR"'),
    "--preprocessing cafe": ("no preprocessing named 'cafe'", "'caffe'?"),
    "--set content.taps.relu3_9=1": ("no layer in tiny named 'relu3_9'", "'relu3_", "conv1_1"),
    "--device cuda": ("no device of numpy named 'cuda'. Choose from: cpu.",),
    "--dtype float16": ("no dtype of numpy named 'float16'", "float32, float64"),
    "--dtype bfloat16": ("no dtype of numpy named 'bfloat16'", "float32, float64"),
    "--optimizer newton": ("must be 'lbfgs', 'adam', 'native-adam' or 'sgd'", "'newton'"),
    "--size 0": ("plan.size must be at least 1, not 0",),
    "--size -5": ("plan.size must be at least 1, not -5",),
    "--size 8": ("8×6 at this size", "needs 16", "increase --size"),
    "--size 1000000": ("1000000×800000", "decrease --size"),
    "--size big": ("--size", "integer"),
    "--iterations 0": ("plan.iterations must be at least 1",),
    "--seed -1": ("plan.seed must be at least 0",),
    "--content-weight -1": ("content.weight must be at least 0",),
    "--style-weight -1": ("style.weight must be at least 0",),
    "--tv-weight -1": ("tv.weight must be at least 0",),
    "--style-weight nan": ("style.weight must be a finite number",),
    "--content-weight inf": ("content.weight must be a finite number",),
    "--style-weight 0 --content-weight 0 --tv-weight 0": ("every weight is 0",),
    "--style-scale 0": ("--style-scale must be a number above 0, not 0",),
    "--style-scale -1": ("--style-scale must be a number above 0, not -1",),
    "--style-scale nan": ("--style-scale must be a number above 0, not nan",),
    "--style-scale inf": ("--style-scale must be a number above 0, not inf",),
    "--style-scale 0.1": ("style.png", "2×3 at this size", "--style-scale"),
    "--set plan.size": ("--set plan.size: write it as KEY=VALUE",),
    "--set =3": ("--set =3: write it as KEY=VALUE",),
    "--set styl.weight=3": ("no field named 'styl'", "'style'?", "network"),
    "--set style.wieght=3": ("no field named 'style.wieght'", "'style.weight'?", "style.gram"),
    "--set style.weight.x=3": ("'style.weight.x' is not a field",),
    "--set style.weight=heavy": ("style.weight must be a number, not 'heavy'",),
    "--set plan.lbfgs.history=1.5": ("plan.lbfgs.history must be a whole number",),
    "--set style.taps={}": ("style.taps must not be empty",),
    "--set style.blend=[1,2]": ("style.blend", "2 shares for 1 style"),
    "--set style.blend=[0]": ("style.blend", "not all of them 0"),
    "--set network.pooling=mean": ("network.pooling must be 'max' or 'average'", "'mean'"),
    "--preview-every 0": ("--preview-every",),
    "--palette": ("No such option", "--palette", "nst run --help"),
    "--colour luminance": ("no colour method named 'luminance'", "'keep-luminance'?"),
    "-o out.gif": ("out.gif", "suffix", ".png", ".webp"),
    "-o out": ("suffix",),
    "-o nowhere/out.png": ("nowhere/out.png", "No such file or directory"),
    "-o folder.png": ("folder.png", "directory"),
    "-o taken.png": ("taken.png.json", "folder"),
    "-o content.png": ("content.png", "choose another -o"),
    "-o ./style.png": ("style.png", "choose another -o"),
    "-o other.png --init other.png": ("other.png", "choose another -o"),
    "-o out.jpg --keep-alpha": ("out.jpg", "alpha", ".png"),
}


@pytest.mark.usefixtures("bad_files", "no_painting")
@pytest.mark.parametrize(("options", "words"), OPTIONS.items(), ids=OPTIONS)
def test_an_option_that_cannot_be_met(nst, folder, options, words):
    refused(nst, folder, ("run", *PAIR, *TO, *QUICK, *options.split(" ")), words)


COMMANDS = {
    "run": ("Missing option", "--output", "nst run --help"),
    "run -o out.png": ("no content picture", "nst run CONTENT STYLE -o OUT"),
    "run content.png -o out.png": ("no style picture", "nst run CONTENT STYLE -o OUT"),
    "pain content.png": ("No such command 'pain'", "backends", "losses", "run"),
    "weights path vgg16": ("no weight set named 'vgg16'", "vgg16-hed"),
    "weights fetch": ("Missing argument", "nst weights fetch --help"),
    "weights show vgg16": ("no weight set named 'vgg16'", "vgg16-hed", ".safetensors"),
    "weights show absent.h5": ("there is no weights file absent.h5", "check the path"),
    "weights show content.png": ("no weight set named 'content.png'",),
    "weights export random-tiny:0": ("Missing argument 'FILE'", "nst weights export --help"),
    "weights export vgg16 out.h5": ("no weight set named 'vgg16'", "vgg16-hed"),
    "weights export vgg19-caffe out.txt": ("'out.txt' is not a known format", ".safetensors, .h5"),
    "weights export vgg19-caffe out": ("'out' is not a known format", ".safetensors, .h5"),
    "weights export vgg19-caffe out.weights.h5": ("another layout", "use out.h5"),
    "weights export vgg19-caffe nowhere/out.h5": ("nowhere/out.h5", "No such file or directory"),
    "weights export absent.pth out.h5": ("there is no weights file absent.pth",),
    "losses content.png --style style.png": ("Missing option", "--content"),
}


@pytest.mark.usefixtures("no_painting")
@pytest.mark.parametrize(("line", "words"), COMMANDS.items(), ids=COMMANDS)
def test_a_command_that_is_incomplete(nst, folder, line, words):
    refused(nst, folder, line.split(), words)


def test_losses_of_a_missing_picture(nst, folder):
    pair = ("--content", "content.png", "--style", "style.png")
    refused(nst, folder, ("losses", "missing.png", *pair, *WHERE, "--size", "32"), ["missing.png"])


@pytest.mark.usefixtures("no_painting")
def test_a_folder_that_refuses(nst, folder, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(files, "try_folder", refuse)
    refused(nst, folder, ("run", *PAIR, *TO, *QUICK), ["out.png", "Permission denied"])


@pytest.mark.usefixtures("no_painting")
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write")
def test_a_folder_without_permission(nst, folder):
    (folder / "closed").mkdir(mode=0o500)
    refused(nst, folder, ("run", *PAIR, "-o", "closed/out.png", *QUICK), ["Permission denied"])


@pytest.mark.usefixtures("no_painting")
def test_a_link_to_an_input_is_that_input(nst, folder):
    (folder / "link.png").symlink_to("content.png")
    words = ["choose another -o"]
    refused(nst, folder, ("run", *PAIR, "-o", "link.png", *QUICK), words)


# a recipe whose box is clipped to cannot leave it, however long its steps
DIVERGING = {
    "--set variable.box=none --optimizer adam --set plan.adam.lr=1e30": "plan.adam.lr",
    "--set variable.box=none --set plan.lbfgs.lr=1e30": "plan.lbfgs.lr",
    "--content-weight 1e308 --style-weight 1e308": "use smaller weights",
}


@pytest.mark.parametrize(("options", "cure"), DIVERGING.items(), ids=DIVERGING)
def test_a_painting_that_diverges(nst, folder, options, cure):
    words = ("diverged at 32 pixels", cure)
    refused(nst, folder, ("run", *PAIR, *TO, *QUICK, *options.split()), words)


def test_a_backend_without_an_adam_of_its_own(nst, folder):
    words = ["this backend has no Adam of its own: use --optimizer adam"]
    refused(nst, folder, ("run", *PAIR, *TO, *QUICK, "--optimizer", "native-adam"), words)


def cure(err, before):
    """The options that the line advises after the word `before`."""
    return shlex.split(err.rpartition(before)[2])


def test_a_set_can_be_given_other_pixels_as_the_line_says(nst, paint):
    code, _, err = nst("run", *PAIR, *TO, *QUICK, "--preprocessing", "caffe")
    assert code == 2
    _, said = paint(*PAIR, *QUICK, *cure(err, "replace it with "))
    caffe = said["recipe"]["network"]["preprocessing"]
    assert Preprocessing("caffe", **{k: as_tuple(v) for k, v in caffe.items()}) == CAFFE


def as_tuple(value):
    return tuple(value) if isinstance(value, list) else value


def test_constants_that_native_adam_does_not_take(nst, folder):
    own = ("run", *PAIR, *TO, *QUICK, "--recipe", "tensorflow-tutorial")
    own = (*own, "--optimizer", "native-adam", "--backend", "torch")
    words = ["plan.adam.beta1 0.99 and plan.adam.epsilon 0.1", "use --optimizer adam, or remove"]
    refused(nst, folder, own, words)
    err = nst(*own)[2]
    assert nst(*own, *cure(err, "settings with "))[0] == 0
    assert record("out.png")["recipe"]["plan"]["adam"]["epsilon"] == 1e-8


def test_an_earlier_picture_outlives_a_painting_that_diverges(paint, nst, folder):
    paint(*PAIR, *QUICK)
    diverging = next(iter(DIVERGING)).split()
    refused(nst, folder, ("run", *PAIR, *TO, *QUICK, *diverging), ["diverged"])


def test_what_nobody_foresaw_is_one_line_too(nst, monkeypatch):
    def fail(*_):
        raise ZeroDivisionError("two\nlines")

    monkeypatch.setattr(NumpySession, "paint", fail)
    code, _, err = nst("run", *PAIR, *TO, *QUICK)
    assert code == 2
    assert err == "nst: ZeroDivisionError: two lines (add --debug for the traceback)\n"


def test_debug_shows_the_traceback(folder):
    done = process("run", "missing.png", "style.png", *TO, *QUICK, "--debug")
    assert done.returncode == 2
    assert "Traceback (most recent call last)" in done.stderr
    assert "nst_core.errors.ImageError: cannot read" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("nst: cannot read 'missing.png'")
