"""Fixtures that more than one module uses: pictures, the tiny network, a stranger's backend."""

import os
import sys

import numpy as np
import pytest

from nst_core import cli, recipe, settings, weights
from nst_core.network import network
from nst_core.reference import open_backend

pytest_plugins = ["pytester", "compiled", "parts"]


@pytest.fixture(scope="session", autouse=True)
def no_settings():
    """Neither a settings file nor variables of the user that runs the tests count."""
    with pytest.MonkeyPatch.context() as patch:
        for name in settings.IN_ENVIRONMENT:
            patch.delenv(name, raising=False)
        patch.setenv("NST_CONFIG", "")
        yield


@pytest.fixture
def in_process(monkeypatch, capsys):
    """Runs `nst ARGUMENTS…` in this process: (exit code, standard output, standard error)."""

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["nst", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        said = capsys.readouterr()
        return stopped.value.code or 0, said.out, said.err

    return call


@pytest.fixture
def empty_cache(tmp_path, monkeypatch):
    """A cache folder that holds nothing."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("NST_CACHE", str(folder))
    return folder


@pytest.fixture(scope="session")
def pictures():
    """Noise of odd sizes: an image of the content's shape, and two styles of other shapes."""
    random = np.random.default_rng(0)
    shapes = {"content": (33, 41), "image": (33, 41), "style0": (37, 29), "style1": (19, 45)}
    return {name: random.random((3, *shape)) for name, shape in shapes.items()}


@pytest.fixture(scope="session")
def tiny():
    """The weights `random-tiny:0`."""
    return weights.load("random-tiny:0")


@pytest.fixture(scope="session")
def every_term():
    """A recipe in which content, style and total variation all count, on two styles."""
    changes = {
        "content.taps": {"conv3_1": 1.0, "relu4_2": 0.5},
        "style.taps": {f"relu{block}_1": 0.2 for block in range(1, 6)},
        "style.weight": 10.0,
        "style.blend": [3, 1],
        "tv": {"weight": 0.5, "norm": "squared", "reduction": "mean"},
        "variable": {"scale": 1.0, "box": "none"},
        "plan.iterations": 4,
        "plan.coarsest": 512,
    }
    return recipe.load("default", changes.items())


@pytest.fixture
def open_session(tiny):
    """Opens a float64 session of the `numpy` backend on the tiny network."""

    def opened(pooling="average"):
        return open_backend().session(network("tiny", pooling), tiny)

    return opened


@pytest.fixture
def stranger(tmp_path, monkeypatch):
    """Installs a backend from another distribution, `stranger 1.0`, here and for subprocesses."""
    folder = tmp_path / "site"

    def install(name, source):
        info = folder / "stranger-1.0.dist-info"
        info.mkdir(parents=True, exist_ok=True)
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: stranger\nVersion: 1.0\n")
        points = info / "entry_points.txt"
        text = points.read_text() if points.exists() else "[nst.backends]\n"
        # the process number keeps the module's name apart from those of earlier tests
        module = f"stranger_{name}_{os.getpid()}_{abs(hash(folder))}"
        points.write_text(f"{text}{name} = {module}:open_backend\n")
        (folder / f"{module}.py").write_text(source)
        monkeypatch.syspath_prepend(folder)
        paths = [str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))

    return install
