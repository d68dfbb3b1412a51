"""The folder of JAX's programs: processes share it, and the numbers are those without it."""

import os
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec

import compiled
import numpy as np
import pytest

from nst_core import registry
from nst_core.conformance import cases, worker

PROGRAM = "import jax; print(jax.jit(lambda x: x * 3)(7.0))"
needs_jax = pytest.mark.skipif(not find_spec("jax"), reason="JAX is not installed")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder in the place of the run's."""
    monkeypatch.setenv(compiled.FOLDER, str(tmp_path))
    return tmp_path


def programs(folder):
    return {path.name for path in folder.iterdir() if path.name.endswith("-cache")}


def calculated():
    command = [sys.executable, "-c", PROGRAM]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_every_process_of_the_run_is_told_the_folder():
    assert os.environ[compiled.FOLDER]
    for name, value in compiled.EVERYTHING.items():
        assert os.environ[name] == value


@needs_jax
def test_a_second_process_finds_what_the_first_has_compiled(folder):
    assert calculated() == "21.0\n"
    first = programs(folder)
    assert first
    assert calculated() == "21.0\n"
    assert programs(folder) == first


@needs_jax
@pytest.mark.usefixtures("compiled_anew")
def test_a_test_may_compile_anew(folder):
    assert calculated() == "21.0\n"
    assert programs(folder) == set()


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.skipif(
    "keras:jax" not in {line.name for line in registry.listing() if not line.problem},
    reason="Keras or JAX is not installed",
)
def test_a_program_that_was_found_computes_the_same_bits(folder, monkeypatch):
    smallest = next(case for case in cases.RANDOM if case.pictures == "smallest")
    jobs = [replace(smallest, calls=("features", "gradient")).job("cpu", "float64")]
    runs = [worker.run("keras:jax", jobs, cases.pictures())[1] for _ in range(2)]
    assert programs(folder)
    monkeypatch.setenv("JAX_ENABLE_COMPILATION_CACHE", "false")
    runs.append(worker.run("keras:jax", jobs, cases.pictures())[1])
    for first, second, alone in zip(*runs, strict=True):
        assert (first.terms, first.totals) == (alone.terms, alone.totals)
        assert (second.terms, second.totals) == (alone.terms, alone.totals)
        assert alone.arrays.keys() == first.arrays.keys() == second.arrays.keys()
        for name, array in alone.arrays.items():
            assert np.array_equal(first.arrays[name], array), name
            assert np.array_equal(second.arrays[name], array), name
