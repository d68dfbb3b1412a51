"""The command line: what it writes, what it prints, and the one line for what cannot be met."""

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nst_core import __version__, cli, files, images
from nst_core.cli import terminal
from nst_core.cli.terminal import Bar
from nst_core.reference.paint import NumpySession
from nst_core.weights import CAFFE, Preprocessing, choosing

WHERE = ("--backend", "numpy", "--weights", "random-tiny:0", "--dtype", "float32")
QUICK = (*WHERE, "--size", "32", "--iterations", "2")
PAIR = ("content.png", "style.png")
TO = ("-o", "out.png")
WAIT = 120  # seconds until a process of ours is given up
START = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
START += "from nst_core.cli import main; main()"


def noise(height, width, seed, mode="RGB"):
    channels = len(mode)
    values = np.random.default_rng(seed).integers(0, 256, (height, width, channels), np.uint8)
    return Image.fromarray(values, mode=None)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The current folder, with a photograph 40 × 32 and two paintings."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    noise(32, 40, 1).save("content.png")
    noise(48, 36, 2).save("style.png")
    noise(40, 40, 3).save("other.png")
    return tmp_path


@pytest.fixture
def nst(folder, monkeypatch, capsys):
    """Runs a command line in this process: (exit code, standard output, standard error)."""

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["nst", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        said = capsys.readouterr()
        return stopped.value.code or 0, said.out, said.err

    return call


@pytest.fixture
def paint(nst):
    """A quick painting that must succeed; its pixels and its record."""

    def call(*arguments, to="out.png"):
        code, _, err = nst("run", *arguments, "-o", to)
        assert code == 0, err
        return bits(to), record(to)

    return call


def bits(path):
    with Image.open(path) as image:
        return np.asarray(image)


def record(path):
    with open(f"{path}.json", encoding="utf-8") as file:  # noqa: PTH123
        return json.load(file)


def contents(folder):
    return {
        path.relative_to(folder): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


# Painting


@pytest.mark.parametrize("module", [False, True])
def test_the_version_is_said_by_the_script_and_by_the_module(module):
    script = Path(sys.executable).with_name("nst")
    program = [sys.executable, "-m", "nst_core"] if module else [script]
    done = subprocess.run([*program, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"nst-suite {__version__}\n"


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("nst run --backend to", {"torch"}),
        ("nst run --recipe gatys", {"gatys2015", "gatys2016"}),
        ("nst run --weights vgg16", {"vgg16-caffe", "vgg16-hed"}),
        ("nst run sample:co", {"sample:coffee"}),
    ],
)
def test_the_shell_completes_names(words, offered):
    asked = {"COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    environment = os.environ | asked | {"_NST_COMPLETE": "complete_bash"}
    command = [sys.executable, "-c", "from nst_core.cli import main; main()"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert set(done.stdout.split()) == offered


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


# Losses


def test_losses_as_json(nst):
    code, out, err = nst(
        "losses", "other.png", "--content", "content.png", "--style", "style.png", *WHERE,
        "--size", "32", "--tv-weight", "0.5", "--json",
    )  # fmt: skip
    assert (code, err.count("\n")) == (0, 1)
    said = json.loads(out)
    assert list(said) == ["total", "content", "style", "tv", "raw", "weights"]
    assert said["weights"] == "random-tiny:0"
    assert list(said["raw"]) == ["content", "style", "tv"]
    assert list(said["content"]) == ["relu4_2"]
    assert list(said["style"]) == [f"relu{block}_1" for block in range(1, 6)]
    parts = [*said["content"].values(), *said["style"].values(), said["tv"]]
    assert all(part > 0 for part in parts)
    assert said["total"] == pytest.approx(sum(parts), rel=1e-12)  # float64 in another order
    assert said["tv"] == pytest.approx(0.5 * said["raw"]["tv"], rel=1e-12)


def test_losses_as_a_table(nst):
    code, out, err = nst(
        "losses", "content.png", "--content", "content.png", "--style", "style.png",
        "--style", "other.png", *WHERE, "--size", "40", "--tv-weight", "0",
    )  # fmt: skip
    assert (code, err) == (0, "")
    rows = {line.split()[0]: line.split()[1:] for line in out.splitlines() if line.split()}
    assert rows["term"] == ["raw", "weight", "weighted"]
    assert rows["content:relu4_2"] == ["0", "1", "0"]
    assert float(rows["total"][0]) == pytest.approx(
        sum(float(row[2]) for name, row in rows.items() if name.startswith("style:")),
        rel=1e-4,  # six digits are printed
    )


RESIZED = (
    "'content.png' is 40×32 and is resized to 32×26, the final size of the plan: "
    "use --size 40 to keep its own size\n"
)
REPLACED = "weights vgg19-caffe cannot be downloaded here (no route); using random-tiny:0 instead\n"


@pytest.fixture
def replaced(monkeypatch):
    """Every set but `random-tiny:0` is out of reach."""
    monkeypatch.setattr(choosing, "_obstacle", lambda name, progress: "no route")
    monkeypatch.setattr(choosing, "REPLACEMENT", "random-tiny:0")


@pytest.mark.usefixtures("replaced")
@pytest.mark.parametrize("json_", [(), ("--json",)])
def test_losses_say_what_weights_stand_in_and_what_is_resized(nst, json_):
    line = ("losses", "content.png", "--content", "content.png", "--style", "style.png", *json_)
    line = (*line, "--backend", "numpy", "--recipe", "gatys2015", "--set", "plan.side=longest")
    code, out, err = nst(*line, "--size", "32")
    assert (code, err) == (0, REPLACED + RESIZED)
    code, out, err = nst(*line, "--size", "40")
    assert (code, err) == (0, REPLACED)
    if json_:
        assert json.loads(out)["weights"] == "random-tiny:0"
    else:
        assert "cannot be downloaded" not in out


# Requests that cannot be met: one line, exit code 2, nothing written


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
    "cut PNG": ("cut.png", "cut short"),
    "cut JPEG": ("cut.jpg", "cut short"),
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
    "--recipe content.png": ("content.png", "carries no record"),
    "--recipe old.png": ("old.png", "lacks 'content'"),
    "--weights vgg19-cafe": ("no weight set", "'vgg19-caffe'?", "random-tiny:SEED"),
    "--weights random-tiny:x": ("random-tiny:x", "whole number"),
    "--weights missing.safetensors": ("missing.safetensors", "check the path"),
    "--preprocessing caffe": ("random-tiny:0", "leave --preprocessing out", 'channels="BGR"'),
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
    "--set style.weight.x=3": ("'style.weight.x' is no field",),
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
    "weights export vgg19-caffe out.txt": ("'out.txt' names no format", ".safetensors, .h5"),
    "weights export vgg19-caffe out": ("'out' names no format", ".safetensors, .h5"),
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
    _, said = paint(*PAIR, *QUICK, *cure(err, "replaced with "))
    caffe = said["recipe"]["network"]["preprocessing"]
    assert Preprocessing("caffe", **{k: as_tuple(v) for k, v in caffe.items()}) == CAFFE


def as_tuple(value):
    return tuple(value) if isinstance(value, list) else value


def test_constants_that_native_adam_does_not_take(nst, folder):
    own = ("run", *PAIR, *TO, *QUICK, "--recipe", "tensorflow-tutorial")
    own = (*own, "--optimizer", "native-adam", "--backend", "torch")
    words = ["plan.adam.beta1 0.99 and plan.adam.epsilon 0.1", "use --optimizer adam, or have"]
    refused(nst, folder, own, words)
    err = nst(*own)[2]
    assert nst(*own, *cure(err, "own with "))[0] == 0
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


# Interruption


@pytest.mark.parametrize("last", [0, 3])
def test_an_interruption_saves_the_picture_so_far(nst, monkeypatch, last):
    update = Bar.update

    def interrupted(self, stage, snapshot):
        update(self, stage, snapshot)
        if stage.size == 32 and snapshot.iteration == last:
            raise KeyboardInterrupt

    monkeypatch.setattr(Bar, "update", interrupted)
    scales = ("--size", "64", "--set", "plan.coarsest=32", "--iterations", "5")
    code, out, err = nst("run", *PAIR, *TO, *WHERE, *scales)
    assert (code, out) == (130, "")
    assert err == "interrupted: the current picture was saved as out.png\n"
    assert bits("out.png").shape == (51, 64, 3)
    said = record("out.png")
    assert said["finished"] is False
    assert said["terms"]["total"] > 0
    assert json.loads(images.read_record("out.png")) == said


def test_an_interruption_before_the_first_iteration_saves_nothing(nst, folder, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(NumpySession, "targets", interrupted)
    before = contents(folder)
    code, _, err = nst("run", *PAIR, *TO, *QUICK)
    assert code == 130
    assert err == "interrupted before the first iteration: nothing was saved\n"
    assert contents(folder) == before


def test_control_c_saves_the_picture_so_far(folder):
    endless = ("--size", "32", "--iterations", "10000000", "--preview-every", "1")
    with start("run", *PAIR, *TO, *WHERE, *endless) as running:
        try:
            until((folder / "out.png").is_file, running)
            running.send_signal(signal.SIGINT)
            out, err = running.communicate(timeout=WAIT)
        finally:
            running.kill()
    assert (running.returncode, out) == (130, "")
    assert err == "interrupted: the current picture was saved as out.png\n"
    assert record("out.png")["finished"] is False
    assert bits("out.png").shape == (26, 32, 3)
    assert not list(folder.glob(".nst-*"))


# Processes


def start(*arguments):
    command = [sys.executable, "-c", START, *arguments]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8"
    )


def process(*arguments):
    command = [sys.executable, "-c", START, *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, encoding="utf-8", timeout=WAIT, check=False
    )


def until(true, running):
    end = time.monotonic() + WAIT
    while not true():
        assert running.poll() is None, running.communicate()
        assert time.monotonic() < end, "nothing came"
        time.sleep(0.01)


HEAVY = ("torch", "tensorflow", "keras", "jax")


@pytest.mark.parametrize(
    ("arguments", "absent"),
    [
        (["--help"], (*HEAVY, "numpy")),
        (["run", "--help"], (*HEAVY, "numpy")),
        (["backends"], HEAVY),
    ],
    ids=" ".join,
)
def test_what_is_not_imported(folder, arguments, absent):
    code = (
        "import sys, atexit; from nst_core.cli import main; "
        f"atexit.register(lambda: sys.stderr.write(str([m for m in {absent} if m in sys.modules])))"
        "; main()"
    )
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=WAIT, check=False)
    assert (done.returncode, done.stderr) == (0, "[]")


# Help and lists

LISTS = {
    "--help": ("run", "losses", "backends", "weights", "recipes", "--debug"),
    "run --help": ("--backend", "--recipe", "--style-weight", "--preview-every", "KEY=VALUE"),
    "losses --help": ("--content", "--style", "--json"),
    "backends": ("numpy", "torch", "tf", "keras:jax", "ready"),
    "recipes list": ("default", "gatys2016", "CVPR 2016"),
    "weights export --help": ("Example: nst weights export vgg16-caffe vgg16.pth", "FILE"),
    "weights show vgg19-torchvision": ("20,024,384 parameters", "0.485", "BSD-3-Clause"),
    "weights list": ("vgg16-hed", "vgg19-torchvision", "torchvision", "MIT"),
}


@pytest.mark.parametrize(("line", "words"), LISTS.items(), ids=LISTS)
def test_help_and_lists(nst, line, words):
    code, out, err = nst(*line.split())
    assert (code, err) == (0, "")
    assert all(len(row) <= 80 for row in out.splitlines())
    for word in words:
        assert word in out


def test_weights_path(nst, monkeypatch, tmp_path):
    monkeypatch.setenv("NST_CACHE", str(tmp_path / "cache"))
    assert nst("weights", "path") == (0, f"{tmp_path / 'cache'}\n", "")
    code, _, err = nst("weights", "path", "vgg16-hed")
    assert code == 2
    assert "Try: nst weights fetch vgg16-hed" in err
    stored = tmp_path / "cache" / "weights" / "vgg16-hed.safetensors"
    stored.parent.mkdir(parents=True)
    stored.touch()
    assert nst("weights", "path", "vgg16-hed") == (0, f"{stored}\n", "")
    assert "vgg16-hed          yes" in nst("weights", "list")[1]


@pytest.mark.parametrize("line", ["", "weights", "recipes"])
def test_a_bare_command_shows_its_help_and_nothing_else(nst, line):
    code, out, err = nst(*line.split())
    assert (code, err) == (2, "")
    assert "Usage: nst" in out
