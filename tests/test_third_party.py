"""A stranger's plugins, installed with pip beside the core's wheel: one works, two are broken."""

import ast
import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).parents[1]
PROJECTS = Path(__file__).parent / "third_party"
PLUGIN = PROJECTS / "jax" / "nst_jax"

# what a plugin may import of the core
MODULES = (
    "backend", "network", "optimisers", "plan", "recipe", "section", "terms", "weights",
)  # fmt: skip
CONTRACT = {f"nst_core.{name}" for name in MODULES}
LINES = 300

# PYTHONPATH goes before an editable installation of the core
NST = """
import os, nst_core
assert nst_core.__file__.startswith(os.environ["PYTHONPATH"]), nst_core.__file__
from nst_core.cli import main
main()
"""
# the suite on one case that takes seconds
SMALLEST = """
from nst_core.conformance import cases
case = next(case for case in cases.RANDOM if case.pictures == "smallest")
cases.chosen = lambda dtype: (case,)
"""
LISTING = """
import sys
from nst_core import registry
assert "jax" in {line.name for line in registry.listing() if not line.problem}
assert "nst_jax" in sys.modules
assert "jax" not in sys.modules
"""

needs_jax = pytest.mark.skipif(not importlib.util.find_spec("jax"), reason="JAX is not installed")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A folder that holds the core's wheel and both projects, installed offline."""
    folder = tmp_path_factory.mktemp("site")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    offline = ["--no-index", "--no-deps", "--no-build-isolation", "--target", folder]
    done = said([*pip, *offline, ROOT, PROJECTS / "jax", PROJECTS / "broken"])
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def python(site, tmp_path_factory):
    """Runs `python ARGUMENTS…` where that folder comes before everything else."""
    empty = tmp_path_factory.mktemp("work")
    environment = os.environ | {"PYTHONPATH": str(site), "COLUMNS": "200"}

    def run(*arguments):
        return said([sys.executable, *arguments], cwd=empty, env=environment)

    return run


@pytest.fixture(scope="module")
def nst(python):
    """Runs `nst ARGUMENTS…` there."""

    def run(*arguments):
        return python("-c", NST, *arguments)

    return run


def said(command, **where):
    return subprocess.run(command, capture_output=True, text=True, check=False, **where)


def complaint(name, cause):
    return (
        f"backend '{name}' (from nst-broken 0.1) failed to load: {cause}. "
        "Run 'nst backends --verbose' for the traceback."
    )


BROKEN = complaint("broken", "ImportError: libbroken.so.1: cannot open shared object file")
STALE = complaint("stale", "ModuleNotFoundError: No module named 'nst_broken_before'")


# What is found


def test_a_plugin_is_listed_and_a_broken_one_takes_nobody_down(nst):
    done = nst("backends")
    assert done.returncode == 0, done.stderr
    text = " ".join(done.stdout.split())
    assert "broken broken nst-broken 0.1" in text
    assert "stale broken nst-broken 0.1" in text
    assert BROKEN in text
    assert STALE in text
    assert "numpy ready nst-suite" in text
    for name in ("torch", "tf", "keras:jax"):
        assert f" {name} " in text
    state = "ready" if importlib.util.find_spec("jax") else "absent"
    assert f" jax {state} nst-jax 0.1 JAX " in text


@needs_jax
def test_listing_a_plugin_imports_no_framework(python):
    done = python("-c", LISTING)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("name", "line"), [("broken", BROKEN), ("stale", STALE)])
def test_a_broken_plugin_is_refused_in_one_line(nst, name, line):
    done = nst("run", "sample:coffee", "sample:night", "-o", "out.png", "--backend", name)
    assert (done.returncode, done.stderr) == (2, f"nst: {line}\n")


# What it computes


@needs_jax
def test_a_plugin_paints(nst, tmp_path):
    out = tmp_path / "out.png"
    how = ("--backend", "jax", "--weights", "random-tiny:0", "--size", "64", "--iterations", "3")
    done = nst("run", "sample:coffee", "sample:night", *how, "-o", out)
    assert done.returncode == 0, done.stderr
    record = json.loads(out.with_name("out.png.json").read_text())
    assert record["finished"]
    assert record["flags"]["dtype"] == "float32"
    assert "JAX" in record["versions"]
    with Image.open(out) as picture:
        assert max(picture.size) == 64


@needs_jax
def test_a_plugin_on_the_cores_optimisers_has_no_adam_of_its_own(nst, tmp_path):
    out = tmp_path / "out.png"
    how = ("--backend", "jax", "--weights", "random-tiny:0", "--size", "64")
    done = nst(
        "run", "sample:coffee", "sample:night", *how, "--optimizer", "native-adam", "-o", out
    )
    line = "nst: this backend has no Adam of its own: use --optimizer adam\n"
    assert (done.returncode, done.stderr) == (2, line)
    assert not out.exists()


@needs_jax
@pytest.mark.slow
def test_the_terms_of_a_plugin_are_those_of_the_truth(nst):
    def terms(backend):
        pictures = ("sample:chelsea", "--content", "sample:coffee", "--style", "sample:night")
        how = ("--weights", "random-tiny:0", "--size", "64", "--dtype", "float64", "--json")
        done = nst("losses", *pictures, *how, "--backend", backend)
        assert done.returncode == 0, done.stderr
        said = json.loads(done.stdout)
        assert said.pop("weights") == "random-tiny:0"
        return dict(flat(said))

    found, truth = terms("jax"), terms("numpy")
    assert len(truth) > 10
    assert found == pytest.approx(truth, rel=1e-12, abs=0)


def flat(fields, path=""):
    for key, value in fields.items():
        if isinstance(value, dict):
            yield from flat(value, f"{path}{key}.")
        else:
            yield f"{path}{key}", value


# What the suite says of them


@pytest.fixture(scope="module")
def check(python):
    """Runs `nst check ARGUMENTS…` there, on the smallest pictures alone."""

    def run(*arguments):
        return python("-c", SMALLEST + NST, "check", *arguments)

    return run


@needs_jax
@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float64", pytest.param("float32", marks=pytest.mark.long)])
def test_a_plugin_is_proved_like_the_suites_own(nst, dtype):
    done = nst("check", "jax", "--dtype", dtype)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"jax, {dtype}: every error is within its budget (JAX " in done.stdout


def test_a_broken_plugin_fails_and_keeps_no_other_from_its_verdict(check):
    done = check("broken", "numpy", "stale", "--dtype", "float64")
    assert done.returncode == 1, done.stderr
    said = " ".join(done.stdout.split())
    for name, line in (("broken", BROKEN), ("stale", STALE)):
        failed = f"the worker of backend '{name}' failed: nst_core.errors.BackendError: {line}"
        assert f"{name}, float64: {failed}" in said
    assert "numpy, float64: every error is within its budget (NumPy " in said
    turns = [said.index(f"{name}, float64: ") for name in ("broken", "numpy", "stale")]
    assert turns == sorted(turns)


def test_a_broken_plugin_is_one_of_all(python):
    code = "from nst_core.conformance.check import addresses; print(*addresses(['all']))"
    done = python("-c", code)
    assert done.returncode == 0, done.stderr
    names = done.stdout.split()
    assert {"broken", "stale", "numpy"} <= set(names)
    assert ("jax" in names) == bool(importlib.util.find_spec("jax"))


# How it is written


def test_a_plugin_of_the_papers_terms_needs_no_more_than_three_hundred_lines():
    lines = [line for path in PLUGIN.glob("*.py") for line in path.read_text().splitlines()]
    further = {name: length for name, length in functions() if name not in PAPER}
    assert 0 < len(lines) - sum(further.values()) <= LINES
    assert all(length <= 12 for length in further.values())


PAPER = {"gram_matrix", "total_variation"}


def functions():
    """The functions of the plugin's kinds of terms, with their numbers of lines."""
    tree = ast.parse((PLUGIN / "losses.py").read_text())
    (table,) = (
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and node.targets[0].id == "STATISTICS"
    )
    named = {value.id for value in table.values if isinstance(value, ast.Name)}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name in named:
            beside = 4  # two empty lines before it, its import, its entry in the table
            yield node.name, node.end_lineno - node.lineno + 1 + beside


def test_a_plugin_imports_nothing_of_the_core_but_the_contract():
    found = {name for path in PLUGIN.glob("*.py") for name in imported(path)}
    core = {name for name in found if name.startswith("nst_core")}
    assert {".".join(name.split(".")[:2]) for name in core} == CONTRACT


def imported(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{name.name}" for name in node.names)


def test_the_guide_quotes_the_plugin_as_it_is():
    guide = (ROOT / "docs" / "backend.md").read_text()
    sources = [*PLUGIN.parent.rglob("*.py"), PLUGIN.parent / "pyproject.toml"]
    written = {line.strip() for path in sources for line in path.read_text().splitlines()}
    blocks = re.findall(r"```(?:python|toml)\n(.*?)```", guide, re.DOTALL)
    quoted = [line.strip() for block in blocks for line in block.splitlines()]
    assert len(quoted) > 20
    assert [line for line in quoted if line not in written] == []


def test_the_cores_wheel_holds_no_plugin(site):
    (record,) = site.glob("nst_suite-*.dist-info/RECORD")
    files = record.read_text()
    assert "nst_core/backend.py," in files
    for stray in ("third_party", "nst_jax", "nst_broken"):
        assert stray not in files
