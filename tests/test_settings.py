"""The user's settings: a file and variables, below the command line and above the recipe."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import nst_core
from nst_core import images, settings
from nst_core.errors import NstError

QUICK = 'backend = "numpy"\nweights = "random-tiny:0"\nsize = 32\niterations = 2\n'
PAIR = ("content.png", "style.png")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The current folder, with a photograph and a painting."""
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    for name, shape in zip(PAIR, ((32, 40, 3), (48, 36, 3)), strict=True):
        Image.fromarray(random.integers(0, 256, shape, np.uint8)).save(name)
    return tmp_path


@pytest.fixture
def config(folder, monkeypatch):
    """Writes the settings file."""
    path = folder / "config.toml"
    monkeypatch.setenv("NST_CONFIG", str(path))

    def write(text):
        path.write_text(text, encoding="utf-8")
        return path

    write("")
    return write


@pytest.fixture
def nst(in_process):
    """Runs a command line in this process: (exit code, standard output, standard error)."""
    return in_process


@pytest.fixture
def paint(nst):
    """A painting that must succeed; its record."""

    def call(*arguments, to="out.png"):
        code, out, err = nst("run", *arguments, "-o", to, "--json")
        assert (code, err) == (0, "")
        return json.loads(out)

    return call


def test_the_order_is_line_environment_file_recipe(paint, config, monkeypatch):
    config(QUICK + "seed = 3\nstyle_weight = 5\n[set]\nplan.lbfgs.history = 7\n")
    monkeypatch.setenv("NST_SIZE", "28")
    monkeypatch.setenv("NST_SEED", "4")
    monkeypatch.setenv("NST_TV_WEIGHT", "")  # empty: absent
    said = paint(*PAIR, "--seed", "5")
    plan = said["recipe"]["plan"]
    assert (plan["seed"], plan["size"], plan["iterations"]) == (5, 28, 2)
    assert plan["lbfgs"]["history"] == 7
    assert said["recipe"]["style"]["weight"] == 5
    assert said["recipe"]["tv"] == nst_core.recipe.load("default").tv.model_dump(mode="json")
    assert said["settings"] == {
        "backend": ["numpy", "config.toml"],
        "weights": ["random-tiny:0", "config.toml"],
        "size": [28, "NST_SIZE"],
        "iterations": [2, "config.toml"],
        "style_weight": [5, "config.toml"],
        "plan.lbfgs.history": [7, "config.toml"],
    }


def test_a_setting_is_what_the_option_is(paint, config):
    line = (*PAIR, "--backend", "numpy", "--weights", "random-tiny:0", "--size", "32")
    line = (*line, "--iterations", "2", "--exact", "--style-scale", "0.9", "--init", "noise")
    by_line = paint(*line)
    config(QUICK + 'exact = true\nstyle_scale = 0.9\ninit = "noise"\n')
    by_file = paint(*PAIR)
    assert "settings" not in by_line
    assert by_file.pop("settings")
    for changing in ("made", "seconds"):
        del by_line[changing], by_file[changing]
    assert by_file == by_line


def test_a_field_set_on_the_line_wins_over_a_setting(paint, config):
    config(QUICK + "style_weight = 5\nseed = 3\n[set.plan]\nnoise.width = 0.5\n")
    said = paint(*PAIR, "--set", "style.weight=6", "--set", "plan.noise={width=0.1}")
    assert said["recipe"]["style"]["weight"] == 6
    assert said["recipe"]["plan"]["noise"]["width"] == 0.1
    assert said["settings"].keys() == {"backend", "weights", "size", "iterations", "seed"}


def test_a_variable_wins_over_the_same_field_of_the_file(config, monkeypatch):
    config("style_weight = 5\n[set]\nstyle.weight = 4\n")
    assert settings.read() == {"style_weight": (5, "config.toml")}
    config("[set]\nstyle.weight = 4\n")
    assert settings.read() == {"style.weight": (4, "config.toml")}
    monkeypatch.setenv("NST_STYLE_WEIGHT", "6")
    assert settings.read() == {"style_weight": (6, "NST_STYLE_WEIGHT")}


def test_a_repeated_picture_is_that_of_its_record(paint, config, monkeypatch):
    config(QUICK)
    first = paint(*PAIR)
    config(
        'backend = "tf"\nweights = "vgg16-hed"\npreprocessing = "caffe"\ndtype = "float64"\n'
        'exact = true\nsize = 20\nstyle_weight = 9\nstyle_scale = 2\ncolour = "match-linear"\n'
        'keep_alpha = true\nrecipe = "gatys2016"\nmax_pixels = 5000\n[set]\nstyle.gram = "raw"\n'
    )
    monkeypatch.setenv("NST_ITERATIONS", "1")
    monkeypatch.setenv("NST_DEVICE", "cpu")  # which a record does not hold
    again = paint("--recipe", "out.png", to="again.png")
    assert again["settings"] == {
        "device": ["cpu", "NST_DEVICE"],
        "max_pixels": [5000, "config.toml"],
    }
    for changing in ("made", "seconds", "settings"):
        del first[changing], again[changing]
    assert again == first
    with Image.open("out.png") as one, Image.open("again.png") as other:
        np.testing.assert_array_equal(np.asarray(one), np.asarray(other))


def test_a_recipe_may_be_a_setting(paint, config):
    config(QUICK + 'recipe = "gatys2016"\n')
    assert paint(*PAIR)["recipe"]["name"] == "gatys2016"
    assert paint(*PAIR, "--recipe", "default")["recipe"]["name"] == "default"


def test_a_preprocessing_belongs_to_the_weights_beside_it(nst, paint, config):
    config(QUICK + 'preprocessing = "caffe"\n')
    code, _, err = nst("run", *PAIR, "-o", "out.png")
    assert code == 2
    assert "leave out --preprocessing" in err
    assert "preprocessing = caffe in config.toml" in err
    assert paint(*PAIR, "--weights", "random-tiny:1")["weights"] == "random-tiny:1"


def test_losses_and_sweeps_use_the_settings(nst, config):
    config(QUICK + "keep_alpha = true\nexact = false\n")
    line = ("losses", "content.png", "--content", "content.png", "--style", "style.png", "--json")
    assert json.loads(nst(*line)[1])["weights"] == "random-tiny:0"
    code, _, err = nst("sweep", *PAIR, "--over", "size=24,28", "-o", "sweep", "--quiet")
    assert (code, err) == (0, "")
    with Image.open("sweep/cells/size=24.png") as cell:
        record = json.loads(cell.info[images.RECORD_KEY])
    assert record["settings"].keys() == {"backend", "weights", "iterations", "exact"}


def test_an_experiment_keeps_its_own_painting(nst, config, monkeypatch):
    from nst_core.experiments import gram

    seen = []
    monkeypatch.setattr(gram, "measure", lambda request, _: seen.append(request))
    monkeypatch.setattr(gram, "report", lambda *_: None)
    config(QUICK + 'dtype = "float64"\nrecipe = "gatys2016"\n[set]\nstyle.gram = "raw"\n')
    assert nst("gram", "content.png", "-o", "gram")[0] == 0
    (request,) = seen
    assert request.settings.keys() == {"backend", "weights", "dtype"}
    assert request.recipe.name == "default"


def test_a_comparison_keeps_its_own_size(nst, config, monkeypatch):
    from nst_core.cli import compare

    asked = []

    def carry_out(ask, *_, **__):
        asked.append(ask())
        raise NstError("seen")

    monkeypatch.setattr(compare, "carry_out", carry_out)
    config(QUICK + "style_weight = 5\n")
    nst("compare", *PAIR, "-o", "report")
    assert asked[0].settings.keys() == {"weights"}
    assert asked[0].recipe.plan.size == 256


def test_a_call_from_python_reads_no_settings(config, monkeypatch):
    config("size = wrong")
    monkeypatch.setenv("NST_SEED", "wrong")
    painting = nst_core.paint(
        *PAIR, backend="numpy", weights="random-tiny:0", size=32, iterations=1
    )
    assert painting.record["recipe"]["plan"]["seed"] == 0
    assert "settings" not in painting.record


WRONG = {
    "sise = 768": ("no setting named 'sise'", "'size'?", "style_weight"),
    'content = "photo.jpg"': ("no setting named 'content'", "content_weight"),
    'size = "768"': ("size must be a whole number, not '768'",),
    "size = 7.5": ("size must be a whole number, not 7.5",),
    "size = true": ("size must be a whole number, not True",),
    "exact = 1": ("exact must be true or false, not 1",),
    "style_weight = true": ("style_weight must be a number, not True",),
    "backend = 3": ("backend must be a string, not 3",),
    'dtype = "float16"': ("dtype must be 'float32', 'float64' or 'bfloat16', not 'float16'",),
    "set = 3": ("set must be a table, not 3",),
    "[set]\nsize = 3": ("set.size is not a field", "plan.lbfgs.history"),
    "size = ": ("cannot be read: Invalid value",),
}


@pytest.mark.parametrize(("text", "words"), WRONG.items(), ids=WRONG)
def test_a_wrong_file_is_one_line(nst, config, text, words):
    path = config(text)
    code, out, err = nst("run", *PAIR, "-o", "out.png")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(f"nst: {path}")
    for word in words:
        assert word in err


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("NST_SISE", "768", ("no setting named 'NST_SISE'", "'NST_SIZE'?")),
        ("NST_SIZE", "big", ("NST_SIZE must be a whole number, not 'big'",)),
        ("NST_EXACT", "perhaps", ("NST_EXACT must be true or false, not 'perhaps'",)),
        ("NST_OPTIMIZER", "newton", ("NST_OPTIMIZER must be 'lbfgs'", "'newton'")),
        ("NST_CONFIG", "absent.toml", ("absent.toml", "No such file", "check the path")),
        ("NST_CONFIG", ".", ("directory", "check the path in NST_CONFIG")),
        # right in their types, but refused later
        ("NST_BACKEND", "trch", ("no backend named 'trch'", "(NST_BACKEND=trch)")),
        ("NST_SIZE", "0", ("plan.size must be at least 1, not 0", "(NST_SIZE=0)")),
    ],
)
def test_a_wrong_variable_is_one_line(nst, folder, monkeypatch, name, value, words):
    monkeypatch.setenv(name, value)
    code, out, err = nst("run", *PAIR, "-o", "out.png")
    assert (code, out, err.count("\n")) == (2, "", 1)
    for word in words:
        assert word in err


def test_a_file_that_is_no_text_and_one_that_may_not_be_read(config, monkeypatch):
    path = config("")
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(NstError, match=r"config\.toml cannot be read"):
        settings.read()

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.read_text", refuse)
    monkeypatch.delenv("NST_CONFIG")
    with pytest.raises(NstError, match=r"\(Permission denied\): check its permissions"):
        settings.read()


def test_without_nst_config_the_file_is_in_the_users_folder(folder, monkeypatch):
    monkeypatch.delenv("NST_CONFIG")
    monkeypatch.setattr(settings, "user_config_dir", lambda *_, **__: str(folder / "own"))
    assert settings.read() == {}
    (folder / "own").mkdir()
    (folder / "own" / "config.toml").write_text("size = 512")
    assert settings.read() == {"size": (512, "config.toml")}


def test_variables_that_are_no_options_are_left_alone(folder, monkeypatch):
    for name in ("NST_CACHE", "NST_REQUIRE_CHROMIUM"):
        monkeypatch.setenv(name, "1")
    assert settings.read() == {}


def test_help_and_lists_do_not_read_the_settings(config):
    config("size = wrong")
    for words in ("--help", "run --help", "recipes list"):
        command = [sys.executable, "-m", "nst_core", *words.split()]
        subprocess.run(command, check=True, env=os.environ, capture_output=True)


def test_the_page_lists_every_setting_and_variable():
    page = (Path(__file__).parents[1] / "docs" / "settings.md").read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)` \| `(NST_\w+)` \|", page, re.MULTILINE)
    assert sorted(rows) == sorted((name, f"NST_{name.upper()}") for name in settings.HINTS)


def test_the_example_of_the_page_is_right(config):
    page = (Path(__file__).parents[1] / "docs" / "settings.md").read_text("utf-8")
    config(page.partition("```toml\n")[2].partition("```")[0])
    assert settings.read().keys() == {"backend", "size", "dtype", "plan.lbfgs.history"}
