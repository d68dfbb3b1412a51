"""The wheel: it holds what it needs, and names every backend where no framework is installed."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from nst_core import recipe, samples

ROOT = Path(__file__).parents[1]
FRAMEWORKS = ("torch", "tensorflow", "keras", "jax")

# the wheel first on the path, and every framework hidden
ALONE = f"""
import sys
sys.path.insert(0, sys.argv.pop(1))
sys.modules.update(dict.fromkeys({FRAMEWORKS!r}))
import nst_core
assert nst_core.__file__.startswith(sys.path[0]), nst_core.__file__
from nst_core.cli import main
main()
"""


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "-o", folder, ROOT]
    done = subprocess.run(build, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = folder.glob("nst_suite-*-py3-none-any.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "in")
    return folder / "in"


def nst(unpacked, *arguments):
    return subprocess.run(
        [sys.executable, "-c", ALONE, unpacked, *arguments],
        capture_output=True,
        text=True,
        cwd=unpacked,
        check=False,
    )


def test_it_holds_the_backends_the_recipes_and_the_paintings(unpacked):
    for package in ("nst_core", "nst_torch", "nst_tf", "nst_keras", "nst_compare"):
        assert (unpacked / package / "__init__.py").is_file()
        assert (unpacked / package / "py.typed").is_file()
    for name in ("page.html", "page.css", "page.js", "report.md.j2"):
        assert (unpacked / "nst_compare" / name).is_file()
    for name in recipe.names():
        assert (unpacked / "nst_core" / "recipes" / f"{name}.toml").is_file()
    for name in samples.PAINTINGS:
        assert (unpacked / "nst_core" / "samples" / f"{name}.jpg").is_file()
    assert not (unpacked / "tools").exists()


def test_alone_it_lists_every_backend_and_how_to_install_it(unpacked):
    done = nst(unpacked, "backends")
    assert done.returncode == 0, done.stderr
    said = " ".join(done.stdout.split())
    for name in ("keras:jax", "keras:tensorflow", "keras:torch", "numpy", "tf", "torch"):
        assert f"{name} " in said
    for extra in ("torch", "tf", "keras"):
        assert f'pip install "nst-suite[{extra}]"' in said


def test_alone_it_says_what_a_backend_needs(unpacked):
    done = nst(unpacked, "run", "sample:coffee", "sample:night", "-o", "out.png", "--backend", "tf")
    assert done.returncode == 2
    assert done.stderr == (
        "nst: backend 'tf' needs TensorFlow, which is not installed. "
        'Try: pip install "nst-suite[tf]"\n'
    )
