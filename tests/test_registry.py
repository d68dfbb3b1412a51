"""Backends are found, and each way in which one can be missing has its own line."""

import importlib.util
import json
import subprocess
import sys
from importlib.metadata import EntryPoint
from types import SimpleNamespace

import pytest

from nst_core import registry
from nst_core.errors import BackendError

FRAMEWORKS = {"torch", "tensorflow", "keras", "jax"}

READY = """
from nst_core.backend import Requirement
from nst_core.reference import NumpyBackend

class Ready(NumpyBackend):
    requires = (Requirement("numpy", "NumPy", "stranger"),)

open_backend = Ready
"""

ABSENT = """
from types import SimpleNamespace
from nst_core.backend import Requirement

def open_backend():
    return SimpleNamespace(requires=(Requirement("mlx_of_nowhere{}", "MLX", "stranger[mlx]"),),
                           engines=())
"""

BROKEN = {
    "its module does not import": "raise ImportError('libmlx.so.3: cannot\\n open')",
    "it has no such function": "",
    "its function raises": "def open_backend(): raise RuntimeError('no luck')",
    "its function wants more": "def open_backend(a): pass",
    "it opens nothing": "def open_backend(): pass",
    "it states nothing": "from types import SimpleNamespace as open_backend",
}


def complaint(address):
    with pytest.raises(BackendError) as caught:
        registry.backend(address)
    text = str(caught.value)
    assert "\n" not in text
    return text


def listed():
    return {line.name: line for line in registry.listing()}


# What is declared


def test_the_suites_own_backends_are_declared_like_a_strangers(stranger):
    assert {"numpy", "torch", "tf", "keras"} <= registry.declared().keys()
    stranger("mlx", READY)
    assert "mlx" in registry.declared()
    assert type(registry.backend("mlx")).__name__ == "Ready"
    line = listed()["mlx"]
    assert (line.distribution, line.problem) == ("stranger 1.0", "")
    assert line.frameworks.startswith("NumPy ")


def test_every_engine_is_listed_by_its_address():
    names = [line.name for line in registry.listing()]
    assert {"numpy", "torch", "tf", "keras:tensorflow", "keras:torch", "keras:jax"} <= set(names)
    assert "keras" not in names
    assert sorted({name.partition(":")[0] for name in names}) == sorted(registry.declared())


def test_the_truth_is_ready():
    line = listed()["numpy"]
    assert line.problem == ""
    assert line.distribution.startswith("nst-suite ")
    assert registry.backend("numpy").about().framework == "NumPy"


def test_listing_imports_no_framework():
    code = (
        "import json, sys; from nst_core import registry; found = registry.listing()\n"
        "print(json.dumps([[line.name for line in found], list(sys.modules)]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    names, modules = json.loads(done.stdout)
    assert "keras:jax" in names
    assert "nst_keras" in modules
    assert FRAMEWORKS.isdisjoint(modules)


# Unknown


def fakes(monkeypatch, **values):
    """Declares these backends and no others: name=value of the entry point."""
    dist = SimpleNamespace(name="nst-suite", version="0.1")
    points = [
        EntryPoint(name, value, registry.GROUP)._for(dist)  # as importlib.metadata does
        for name, value in values.items()
    ]
    monkeypatch.setattr(registry, "entry_points", lambda group: points)


def test_an_unknown_backend_is_answered_with_those_declared(monkeypatch):
    fakes(monkeypatch, torch="a:b", numpy="a:b", keras="a:b", tf="a:b")
    assert complaint("mlx") == "no backend named 'mlx'. Known backends: keras, numpy, tf, torch."


def test_a_misspelt_backend_is_answered_with_the_nearest():
    assert complaint("troch").startswith("no backend named 'troch'. Did you mean 'torch'? Known")
    assert complaint("").startswith("no backend named ''. Known backends: ")


def test_an_unknown_engine_is_answered_with_the_nearest():
    assert complaint("keras:jaxx") == (
        "no engine of backend keras named 'jaxx'. Did you mean 'jax'? "
        "Choose from: jax, tensorflow, torch."
    )


def test_an_engine_of_a_backend_that_has_none_is_refused():
    assert complaint("numpy:jax") == "backend 'numpy' has no engines: leave out ':jax'."


# Absent


@pytest.mark.parametrize(
    ("module", "address", "text"),
    [
        (
            "tensorflow",
            "tf",
            'TensorFlow, which is not installed. Try: pip install "nst-suite[tf]"',
        ),
        ("torch", "torch", 'PyTorch, which is not installed. Try: pip install "nst-suite[torch]"'),
        ("jax", "keras:jax", 'JAX, which is not installed. Try: pip install "nst-suite[jax]"'),
    ],
)
def test_a_framework_that_is_absent_is_named_with_its_cure(monkeypatch, module, address, text):
    find = importlib.util.find_spec
    present = SimpleNamespace()

    def find_spec(name):
        if name == module:
            return None
        return present if name in FRAMEWORKS else find(name)

    monkeypatch.setattr(importlib.util, "find_spec", find_spec)
    assert complaint(address) == f"backend '{address}' needs {text}"
    assert listed()[address].problem == f"backend '{address}' needs {text}"
    assert listed()["numpy"].problem == ""


@pytest.mark.parametrize("below", ["", ".core"])
def test_a_strangers_framework_that_is_absent_takes_nobody_down(stranger, below):
    stranger("mlx", ABSENT.format(below))
    text = "backend 'mlx' needs MLX, which is not installed. Try: pip install \"stranger[mlx]\""
    assert complaint("mlx") == text
    line = listed()["mlx"]
    assert (line.problem, line.frameworks) == (text, "MLX (absent)")
    assert listed()["numpy"].problem == ""
    assert registry.backend("numpy")


# Broken


def test_a_broken_backend_says_whose_it_is_what_happened_and_what_to_do(monkeypatch, tmp_path):
    (tmp_path / "broken_tf.py").write_text("raise ImportError('no\\n   luck')")
    monkeypatch.syspath_prepend(tmp_path)
    fakes(monkeypatch, tf="broken_tf:open_backend")
    assert complaint("tf") == (
        "backend 'tf' (from nst-suite 0.1) failed to load: ImportError: no luck. "
        "Run 'nst backends --verbose' for the traceback."
    )


@pytest.mark.parametrize("source", BROKEN.values(), ids=BROKEN)
def test_a_broken_backend_takes_nobody_down(stranger, source):
    before = listed()
    stranger("mlx", source)
    text = complaint("mlx")
    assert text.startswith("backend 'mlx' (from stranger 1.0) failed to load: ")
    assert text.endswith(" Run 'nst backends --verbose' for the traceback.")
    after = listed()
    line = after.pop("mlx")
    assert (line.distribution, line.frameworks, line.problem) == ("stranger 1.0", "", text)
    assert after == before
    assert registry.backend("numpy")


def test_the_cause_is_kept_for_the_traceback(stranger):
    stranger("mlx", "raise ImportError('libmlx.so.3')")
    cause = listed()["mlx"].cause
    assert isinstance(cause, ImportError)
    assert cause.__traceback__ is not None
    with pytest.raises(BackendError) as caught:
        registry.backend("mlx")
    assert isinstance(caught.value.__cause__, ImportError)


def test_a_broken_backend_of_no_package_is_named_all_the_same(monkeypatch):
    point = EntryPoint("mlx", "no_module_of_that_name:open_backend", registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda group: [point])
    assert complaint("mlx").startswith("backend 'mlx' (from an unknown package) failed to load: ")
