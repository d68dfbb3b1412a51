"""A worker does what a session in this process does; one that fails is one line with its name."""

import json
import os
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from safetensors.numpy import save_file

from nst_core import plan, recipe, registry, weights
from nst_core.backend import About
from nst_core.conformance import worker
from nst_core.conformance.jobs import Job
from nst_core.errors import WorkerError
from nst_core.network import network

TAPS = ("conv1_1", "relu3_4", "pool5")
RECIPE = recipe.load("default").model_dump(mode="json")
SQUARE = {"image": np.random.default_rng(0).random((3, 32, 32))}


def job(asked, *calls, **how):
    return Job("random-tiny:0", asked.model_dump(mode="json"), calls, TAPS, **how)


@pytest.fixture(scope="module")
def max_pooled(every_term):
    """A recipe that differs in network, optimiser and variable."""
    changes = {
        "network.pooling": "max",
        "plan.optimizer": "adam",
        "variable": {"scale": 255.0, "box": "clip"},
    }
    return recipe.build(every_term.model_dump(mode="json"), "here", changes.items())


@pytest.fixture(scope="module")
def done(pictures, every_term, max_pooled):
    """Four jobs in one worker."""
    jobs = (
        job(every_term, "features", "terms", "gradient", "paint"),
        job(max_pooled, "gradient", "paint"),
        job(every_term, "terms", dtype="float32"),
        job(every_term, "features"),
    )
    return worker.run("numpy", jobs, pictures)


def opened(asked, dtype="float64"):
    net = network("tiny", asked.network.pooling)
    return registry.backend("numpy").session(net, weights.load("random-tiny:0"), dtype=dtype)


def in_process(asked, pictures, dtype="float64"):
    session = opened(asked, dtype)
    styles = [pictures["style0"], pictures["style1"]]
    return session, session.targets(pictures["content"], styles, asked)


def same(found, expected):
    assert found.dtype == expected.dtype
    return np.array_equal(found, expected)


# What a session returns


def test_the_worker_says_what_the_backend_is(done):
    assert done[0] == registry.backend("numpy").about()
    assert worker.about("numpy") == done[0]


@pytest.mark.parametrize(("index", "name"), [(0, "every_term"), (1, "max_pooled")])
def test_gradient_and_painting_are_those_of_a_session_here(done, pictures, request, index, name):
    asked, outcome = request.getfixturevalue(name), done[1][index]
    session, targets = in_process(asked, pictures)
    terms, g = session.gradient(pictures["image"], targets)
    totals = []
    image = session.paint(
        pictures["image"],
        targets,
        asked.plan.stages()[-1],
        lambda snapshot: totals.append(snapshot.terms.total),
    )
    assert same(outcome.arrays["gradient"], g)
    assert same(outcome.arrays["paint"], image)
    assert outcome.terms["gradient"] == {"raw": terms.raw, "weights": terms.weights}
    assert outcome.totals == totals
    assert len(totals) == asked.plan.iterations
    for key, value in targets.values.items():
        assert same(outcome.arrays[f"targets:{key}"], value)
    assert outcome.flags == session.flags


def test_features_are_those_of_a_session_here(done, pictures, every_term):
    expected = opened(every_term).features(pictures["image"], TAPS)
    for outcome in (done[1][0], done[1][3]):
        for tap in TAPS:
            assert same(outcome.arrays[f"features:{tap}"], expected[tap])
    assert set(done[1][3].arrays) == {f"features:{tap}" for tap in TAPS}
    assert done[1][3].terms == {}


def test_terms_alone_are_those_of_a_session_here(done, pictures, every_term):
    outcome = done[1][2]
    session, targets = in_process(every_term, pictures, "float32")
    terms = session.terms(pictures["image"], targets)
    assert outcome.terms["terms"] == {"raw": terms.raw, "weights": terms.weights}
    assert outcome.terms["terms"] != done[1][0].terms["terms"]
    assert "gradient" not in outcome.arrays
    assert outcome.flags["dtype"] == "float32"


def test_a_recipe_that_asks_for_normalised_filters_gets_them(empty_cache, pictures, every_term):
    fields = every_term.model_dump(mode="json")
    asked = recipe.build(fields, "here", [("network.normalised", True)])
    plain, normalised = worker.run(
        "numpy", (job(every_term, "features"), job(asked, "features")), pictures
    )[1]
    for tap in TAPS:
        a, b = (outcome.arrays[f"features:{tap}"] for outcome in (plain, normalised))
        assert not np.allclose(a, b)


# Failures


@pytest.fixture
def instead(monkeypatch):
    """Runs `code` in place of the worker, in its folder, which is `sys.argv[1]`."""
    start = subprocess.run

    def replace(code):
        def run(command, **how):
            assert command[1:3] == ["-m", "nst_core.conformance.worker"]
            return start([sys.executable, "-I", "-S", "-c", code, command[3]], **how)

        monkeypatch.setattr(subprocess, "run", run)

    return replace


def failure(timeout=60.0, jobs=()):
    with pytest.raises(WorkerError) as caught:
        worker.run("numpy", jobs, {}, timeout)
    text = str(caught.value)
    assert "\n" not in text
    return text


def test_a_worker_that_raises_is_named_with_its_last_line(pictures, every_term):
    with pytest.raises(WorkerError) as caught:
        worker.run("numpy", (job(every_term, "features", dtype="bfloat16"),), pictures)
    assert str(caught.value) == (
        "the worker of backend 'numpy' failed: nst_core.errors.BackendError: "
        "no dtype of numpy named 'bfloat16'. Did you mean 'float64'? Choose from: float32, float64."
    )


def test_a_backend_that_is_unknown_is_a_failure_of_its_worker():
    with pytest.raises(WorkerError, match=r"backend 'mlx' failed: .*no backend named 'mlx'\."):
        worker.about("mlx")


def test_only_the_last_line_of_a_long_complaint_is_repeated(instead):
    instead("import sys; print('first\\nsecond', file=sys.stderr); sys.exit('third')")
    assert failure() == "the worker of backend 'numpy' failed: third"


def test_a_worker_that_fails_in_silence_is_said_to(instead):
    instead("import sys; sys.exit(3)")
    assert failure() == "the worker of backend 'numpy' failed: it printed no message"


def test_a_worker_whose_last_line_is_no_text_is_a_failure_all_the_same(instead):
    instead("import os; os.write(2, b'caf\\xe9'); os._exit(1)")
    assert failure().startswith("the worker of backend 'numpy' failed: caf")


def test_a_worker_that_hangs_is_ended(instead):
    instead("import time; time.sleep(3600)")
    assert failure(timeout=0.5) == "the worker of backend 'numpy' did not finish within 0.5 s"


@pytest.mark.skipif(sys.platform == "win32", reason="there are no signals")
def test_a_worker_that_is_killed_is_named_with_the_signal_and_its_last_line(instead):
    instead("import os; os.write(2, b'out of memory\\n'); os.kill(os.getpid(), 9)")
    assert failure() == "the worker of backend 'numpy' was killed by signal 9: out of memory"
    instead("import os; os.kill(os.getpid(), 11)")
    assert (
        failure() == "the worker of backend 'numpy' was killed by signal 11: it printed no message"
    )


@pytest.mark.parametrize("end", ["sys.exit(1)", "time.sleep(60)"])
def test_a_worker_that_fails_or_hangs_leaves_its_last_lines(instead, end):
    instead(
        "import sys, time\n"
        "for line in range(99): print('line', line, file=sys.stderr, flush=True)\n" + end
    )
    with pytest.raises(WorkerError) as caught:
        worker.run("numpy", (), {}, 2.0)
    lines = caught.value.output.splitlines()
    assert lines == [f"line {number}" for number in range(99 - worker.LAST_LINES, 99)]


# A whole result of no job, and what can be missing from it

ABOUT = {"framework": "F", "version": "1", "devices": ["cpu"], "dtypes": ["float64"], "engine": ""}
WHOLE = json.dumps({"ticket": "mine", "about": ABOUT, "outcomes": []})
ONE = json.dumps({"ticket": "mine", "about": ABOUT, "outcomes": [{}]})
OLD = json.dumps({"ticket": "yesterday's", "about": ABOUT, "outcomes": []})

PARTIAL = {
    "nothing": (None, None),
    "no text": (None, "whole"),
    "no arrays": (WHOLE, None),
    "half a text": (WHOLE[: len(WHOLE) // 2], "whole"),
    "half the arrays": (WHOLE, "half"),
    "an empty text": ("", "whole"),
    "empty arrays": (WHOLE, ""),
    "another text": ('{"ticket": "mine", "about": {}}', "whole"),
    "a list": ("[]", "whole"),
    "a backend that says nothing": ('{"ticket": "mine", "about": {}, "outcomes": []}', "whole"),
    "a backend that is a list": ('{"ticket": "mine", "about": [], "outcomes": []}', "whole"),
    "an outcome too many": (ONE, "whole"),
    "an array of a job that is not there": (WHOLE, "stray"),
}


@pytest.fixture
def leaving(instead, tmp_path, monkeypatch):
    """A worker that ends well and leaves these files; its ticket is `mine`."""
    monkeypatch.setattr(worker, "uuid4", lambda: SimpleNamespace(hex="mine"))
    save_file({}, tmp_path / "whole")
    save_file({"0:gradient": np.ones(3)}, tmp_path / "stray")
    whole = (tmp_path / "whole").read_bytes()
    kinds = {"whole": whole, "half": whole[:-1], "stray": (tmp_path / "stray").read_bytes()}

    def leave(text, arrays):
        files = {}
        if text is not None:
            files[worker.RESULTS] = text.encode()
        if arrays is not None:
            files[worker.RESULT_ARRAYS] = kinds.get(arrays, b"")
        instead(
            f"import sys\nfor name, data in {files}.items():\n"
            "    with open(sys.argv[1] + '/' + name, 'wb') as file: file.write(data)"
        )

    return leave


def test_a_whole_result_is_taken(leaving):
    leaving(WHOLE, "whole")
    assert worker.run("numpy", (), {}) == (About("F", "1", ("cpu",), ("float64",), ""), [])


@pytest.mark.parametrize(("text", "arrays"), PARTIAL.values(), ids=PARTIAL)
def test_a_worker_that_leaves_no_whole_result_has_failed(leaving, text, arrays):
    leaving(text, arrays)
    assert failure() == "the worker of backend 'numpy' left no complete result"


def test_a_result_of_another_run_is_no_result(leaving):
    leaving(OLD, "whole")
    assert failure() == "the worker of backend 'numpy' left the result of another run"


def test_a_job_without_an_outcome_is_no_whole_result(leaving, every_term):
    leaving(WHOLE, "whole")
    text = failure(jobs=(job(every_term, "features"),))
    assert text == "the worker of backend 'numpy' left no complete result"


def test_a_worker_leaves_nothing_behind(instead, monkeypatch, tmp_path):
    monkeypatch.setattr(worker.tempfile, "tempdir", str(tmp_path))
    instead("import sys; open(sys.argv[1] + '/stray', 'w').close(); sys.exit('no')")
    failure()
    assert list(tmp_path.iterdir()) == []


def test_the_finest_stage_is_the_one_that_is_painted(pictures, every_term):
    fields = every_term.model_dump(mode="json")
    fields["plan"] = plan.Plan(size=512, coarsest=64, coarser=3, iterations=2).model_dump()
    one = Job("random-tiny:0", fields, ("paint",))
    assert len(worker.run("numpy", (one,), pictures)[1][0].totals) == 2


@pytest.mark.parametrize("address", ["tf", "keras:torch"])
def test_the_users_keras_settings_do_not_reach_a_worker(address, monkeypatch, tmp_path):
    own = os.environ | {"KERAS_HOME": "elsewhere", "NST_CACHE": "kept"}
    monkeypatch.setattr(os, "environ", own)
    worker.prepare(registry.backend(address), (), tmp_path)
    assert own["KERAS_HOME"] == str(tmp_path)
    assert own["NST_CACHE"] == "kept"


# What it costs, and where


def test_seconds_are_those_of_each_call_and_of_every_step(done):
    outcome = done[1][0]
    calls = {"features", "terms", "gradient", "paint"}
    assert set(outcome.seconds) == {"import", "session", "targets", "steps"} | calls
    assert len(outcome.seconds["steps"]) == 4
    assert all(second >= 0 for found in outcome.seconds.values() for second in found)
    assert sum(outcome.seconds["steps"]) <= outcome.seconds["paint"][0]
    assert "targets" not in done[1][3].seconds  # which features alone do not need


def test_memory_is_that_of_the_worker_not_of_its_parent(done, tiny):
    ballast = np.ones(2**27)  # 1 GB
    outcome = worker.run("numpy", (Job("random-tiny:0", RECIPE, ("features",), TAPS),), SQUARE)
    assert 10**7 < outcome[1][0].memory["host"] < ballast.nbytes
    assert "device" not in outcome[1][0].memory


def test_device_memory_is_told_by_a_session_that_knows_it(stranger):
    source = """
from nst_core.reference import NumpyBackend
from nst_core.reference.paint import NumpySession

class Session(NumpySession):
    def peak_memory(self):
        return 12345

class Stranger(NumpyBackend):
    def session(self, network, weights, **how):
        return Session(network, weights, "float64", True)

open_backend = Stranger
"""
    stranger("mine", source)
    outcome = worker.run("mine", (Job("random-tiny:0", RECIPE, ("features",), TAPS),), SQUARE)
    assert outcome[1][0].memory["device"] == 12345


EVERY = ("torch", "tf", "keras:tensorflow", "keras:torch", "keras:jax")


def environment(address, tmp_path, device="cpu", exact=True):
    """What a backend wants set before its framework is imported."""
    return registry.backend(address).environment(device, exact, tmp_path)


@pytest.mark.parametrize("address", EVERY)
def test_tf32_is_off_for_exact_jobs_alone(address, tmp_path):
    assert environment(address, tmp_path, exact=True)["NVIDIA_TF32_OVERRIDE"] == "0"
    assert "NVIDIA_TF32_OVERRIDE" not in environment(address, tmp_path, exact=False)


@pytest.mark.parametrize("address", EVERY)
def test_a_job_for_the_cpu_sees_no_gpu(address, tmp_path):
    assert environment(address, tmp_path, device="cpu")["CUDA_VISIBLE_DEVICES"] == "-1"
    assert "CUDA_VISIBLE_DEVICES" not in environment(address, tmp_path, device="cuda:0")


@pytest.mark.parametrize("address", EVERY)
def test_what_a_backend_sets_is_recorded(address, tmp_path):
    backend = registry.backend(address)
    own = {"KERAS_HOME"}  # a folder that is deleted with the worker
    assert environment(address, tmp_path).keys() - own <= set(backend.variables)


def test_every_framework_keeps_what_its_processes_share(tmp_path):
    tf, keras, torch = (environment(name, tmp_path) for name in ("tf", "keras:jax", "torch"))
    assert tf["TF_FORCE_GPU_ALLOW_GROWTH"] == "true"
    assert keras["XLA_PYTHON_CLIENT_PREALLOCATE"] == "false"
    assert torch["CUBLAS_WORKSPACE_CONFIG"] == keras["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8"
    assert tf["KERAS_HOME"] == keras["KERAS_HOME"] == str(tmp_path)


def test_a_worker_sets_what_its_backend_says(stranger):
    source = """
import os
from nst_core.reference import NumpyBackend

class Stranger(NumpyBackend):
    variables = ("MINE", "UNSET")

    def environment(self, device, exact, scratch):
        return {"MINE": f"{device} {exact} {scratch.is_dir()}"}

    def about(self):
        assert os.environ["MINE"]
        return super().about()

open_backend = Stranger
"""
    stranger("mine", source)
    jobs = [
        Job("random-tiny:0", RECIPE, ("features",), TAPS, "cpu", exact=exact)
        for exact in (True, False)
    ]
    told = worker.run("mine", jobs, SQUARE)[1][0].environment
    assert told["MINE"] == "cpu False True"
    assert "UNSET" not in told


def test_threads_are_set_where_a_framework_can_be_told(monkeypatch):
    seen = {}

    def run(command, **options):
        seen.update(options["env"])
        return subprocess.CompletedProcess(command, 1, "", "enough")

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    for threads in (None, 3):
        seen.clear()
        with pytest.raises(WorkerError):
            worker.run("numpy", (), SQUARE, threads=threads)
        assert [seen.get(name) for name in worker.THREADS] == [threads and "3"] * 3


def test_the_environment_is_recorded(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("SECRET", "kept to oneself")
    jobs = (Job("random-tiny:0", RECIPE, ("features",), TAPS, "cpu"),)
    told = worker.run("torch", jobs, SQUARE)[1][0].environment
    assert told["OMP_NUM_THREADS"] == "1"
    assert told["NVIDIA_TF32_OVERRIDE"] == "0"
    assert "SECRET" not in told


def test_a_weights_file_that_does_not_say_its_pixels_is_told_them(tmp_path, tiny):
    path = tmp_path / "w.safetensors"
    arrays = {f"{n}.{part}": a for n, pair in tiny.parameters.items()
              for part, a in zip(("weight", "bias"), pair, strict=True)}  # fmt: skip
    save_file(arrays, path)
    one = Job(str(path), RECIPE, ("features",), TAPS, preprocessing="caffe")
    assert one.loaded().preprocessing == weights.CAFFE
