"""Versions, help, completion and lists."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import WAIT

from nst_core import __version__


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
