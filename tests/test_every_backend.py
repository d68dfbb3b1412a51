"""Every backend keeps every budget of the conformance suite, in a worker of its own."""

import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from nst_core import recipe, registry
from nst_core.conformance import cases, check, worker
from nst_core.conformance.jobs import Job
from nst_core.errors import BackendError, WorkerError

BACKENDS = ("numpy", "torch", "tf", "keras:tensorflow", "keras:torch", "keras:jax")
# the engines of Keras at a second precision
FURTHER = {(f"keras:{engine}", "float32") for engine in ("tensorflow", "torch", "jax")}
CHECKS = [
    pytest.param(backend, dtype, marks=[pytest.mark.long] * ((backend, dtype) in FURTHER))
    for backend in BACKENDS
    for dtype in check.DTYPES
]
SHOWN = 20

pytestmark = [pytest.mark.slow, pytest.mark.alone]


@pytest.fixture(params=BACKENDS)
def backend(request):
    try:
        registry.backend(request.param)
    except BackendError as error:
        pytest.skip(str(error))
    return request.param


def assert_holds(found):
    broken = [finding for finding in found.worst_first if not finding.row.holds]
    lines = [
        f"level {row.level}, {row.what}: {row.measured:.3g} of {row.budget:.3g} ({case})"
        for case, row in ((finding.case, finding.row) for finding in broken[:SHOWN])
    ]
    said = [found.failure, found.output, f"{len(broken)} of {len(found.findings)} broken", *lines]
    assert found.holds, "\n".join(said)


@pytest.mark.parametrize(("backend", "dtype"), CHECKS, indirect=["backend"])
def test_every_budget_is_kept(backend, dtype):
    found = check.verdict(backend, dtype)
    assert_holds(found)
    assert {finding.case for finding in found.findings} == {c.name for c in cases.chosen(dtype)}


@pytest.mark.long
@pytest.mark.parametrize("dtype", check.DTYPES)
def test_every_budget_is_kept_on_every_recipe(backend, dtype):
    found = check.verdict(backend, dtype, timeout=1500, recipes=True)
    assert_holds(found)
    assert {finding.case for finding in found.findings} == {c.name for c in cases.of_recipes()}


def test_bfloat16_keeps_its_own():
    assert_holds(check.verdict("torch", "bfloat16"))


# What the suite does not ask


def job(*changes, calls, **how):
    basis = (("tv.weight", 0.5), ("plan.iterations", 7), ("plan.coarsest", None))
    fields = recipe.load("default", basis + changes).model_dump(mode="json")
    return Job("random-tiny:0", fields, calls, ("conv1_1", "relu4_2"), pictures="pair", **how)


@cache
def twice(backend):
    """One job, in two sessions of one worker."""
    one = job(calls=("features", "gradient", "paint"))
    return worker.run(backend, (one, one), cases.pictures())[1]


@pytest.mark.usefixtures("compiled_anew")
def test_two_sessions_paint_the_same_to_the_last_bit(backend):
    first, again = twice(backend)
    assert first.totals == again.totals
    for name, array in first.arrays.items():
        assert np.array_equal(array, again.arrays[name]), name


@pytest.mark.usefixtures("compiled_anew")
def test_a_painting_starts_where_the_gradient_was_taken(backend):
    found, _ = twice(backend)
    told = found.terms["gradient"]
    total = sum(told["weights"][name] * value for name, value in told["raw"].items())
    assert found.totals[0] == pytest.approx(total, rel=1e-14, abs=0)
    slope, g = found.arrays["slope:0"], found.arrays["gradient"]
    assert np.linalg.norm(slope - g) <= 1e-14 * np.linalg.norm(g)


@pytest.mark.usefixtures("compiled_anew")
def test_a_frameworks_own_adam_paints_and_its_record_repeats_it(backend, tmp_path):
    if backend == "numpy":
        pytest.skip("NumPy has no Adam")
    how = ("--weights", "random-tiny:0", "--size", "64", "--iterations", "3", "--exact")
    first, again = tmp_path / "first.png", tmp_path / "again.png"
    own = ("--backend", backend, "--optimizer", "native-adam")
    nst("sample:coffee", "sample:night", *how, *own, "-o", first)
    nst("--recipe", first, "-o", again)
    one, other = (json.loads(Path(f"{path}.json").read_text()) for path in (first, again))
    assert one["recipe"]["plan"]["optimizer"] == "native-adam"
    assert one["terms"] == other["terms"]


def nst(*arguments):
    """`nst run ARGUMENTS…` in a process of its own."""
    start = "from nst_core.cli import main; main()"
    command = [sys.executable, "-c", start, "run", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_recipe_with_a_layer_that_the_network_lacks_is_refused(backend):
    wrong = job(("content.taps", {"relu9_1": 1.0}), calls=("gradient",))
    with pytest.raises(WorkerError, match=r"no layer in tiny named 'relu9_1'\."):
        worker.run(backend, (wrong,), cases.pictures())
