"""A sweep: who is meant, what a verdict says, and that one failure keeps no other from its turn."""

import json
import math
from dataclasses import replace

import pytest

from nst_core import registry
from nst_core.backend import About
from nst_core.conformance import cases, check, report, worker
from nst_core.conformance.budgets import PRECISIONS
from nst_core.conformance.check import Finding, Verdict, addresses, claimed
from nst_core.conformance.jobs import run_job
from nst_core.conformance.judge import LEVELS, Row
from nst_core.errors import BackendError
from nst_core.reference import NumpyBackend
from nst_core.registry import Listing

SMALLEST = next(case for case in cases.RANDOM if case.pictures == "smallest")

ENDS = {
    "raises": ("raise RuntimeError('no luck')", "failed: RuntimeError: no luck"),
    "is killed": ("os.kill(os.getpid(), 9)", "was killed by signal 9: line 29"),
    "leaves nothing": ("os._exit(0)", "left no complete result"),
    "hangs": ("time.sleep(600)", "did not finish within 3 s"),
}
PARTIAL = """
import sys
from pathlib import Path
from nst_core.conformance import worker
from nst_core.reference import NumpyBackend

class Stranger(NumpyBackend):
    def session(self, *a, **k):
        folder = Path(sys.argv[1])
        (folder / worker.RESULTS).write_text('{"ticket": "')
        raise SystemExit(0)

open_backend = Stranger
"""


# Who is meant


def listed(monkeypatch, *lines):
    monkeypatch.setattr(registry, "listing", lambda: list(lines))
    monkeypatch.setattr(registry, "declared", lambda: {n.name.partition(":")[0]: n for n in lines})


READY = Listing("numpy", "nst-suite 0.1", "NumPy 2", "")
ENGINE = Listing("keras:jax", "nst-suite 0.1", "Keras 3 + JAX 0.4", "")
ABSENT = Listing("tf", "nst-suite 0.1", "TensorFlow (absent)", "backend 'tf' needs TensorFlow")
BROKEN = Listing("mlx", "stranger 1.0", "", "backend 'mlx' failed to load", ImportError("no luck"))


def test_backends_are_those_that_are_named_in_their_order(monkeypatch):
    listed(monkeypatch, READY, ENGINE, ABSENT, BROKEN)
    for asked in (["numpy"], ["keras:jax", "numpy"], ["keras"], ["tf"], ["mlx"]):
        assert addresses(asked) == asked


def test_all_are_those_that_are_installed_and_those_that_are_broken(monkeypatch):
    listed(monkeypatch, READY, ENGINE, ABSENT, BROKEN)
    assert addresses(["all"]) == ["numpy", "keras:jax", "mlx"]


def test_a_broken_plugin_is_one_of_all(stranger):
    stranger("mlx", "raise ImportError('libmlx.so.3')")
    assert "mlx" in addresses(["all"])


def test_an_absent_framework_is_none_of_all(stranger):
    stranger(
        "mlx",
        "from nst_core.backend import Requirement\n"
        "from nst_core.reference import NumpyBackend\n"
        "class open_backend(NumpyBackend):\n"
        "    requires = (Requirement('mlx_of_nowhere', 'MLX', 'stranger[mlx]'),)",
    )
    assert "mlx" in registry.declared()
    assert "mlx" not in addresses(["all"])
    assert addresses(["mlx"]) == ["mlx"]


def test_none_is_an_error_that_names_what_is_ready(monkeypatch):
    listed(monkeypatch, READY, ENGINE, ABSENT, BROKEN)
    with pytest.raises(BackendError) as caught:
        addresses([])
    assert str(caught.value) == "no backend was given: choose from numpy, keras:jax, or use all"


@pytest.mark.parametrize(
    ("name", "near"), [("nunpy", "numpy"), ("keras:jaxx", "keras:jax"), ("numpy:jax", "numpy")]
)
def test_an_unknown_one_is_an_error_that_names_the_nearest(monkeypatch, name, near):
    listed(monkeypatch, READY, ENGINE)
    with pytest.raises(BackendError) as caught:
        addresses(["numpy", name])
    text = f"no backend named '{name}'. Did you mean '{near}'? Known backends: keras, "
    assert str(caught.value) == text + "keras:jax, numpy."


# The precision that is claimed


@pytest.mark.parametrize(
    ("flags", "exact", "name"),
    [
        ({"dtype": "float64", "device": "cpu"}, True, "float64"),
        ({"dtype": "float32", "device": "cpu"}, False, "float32"),
        ({"dtype": "float32", "device": "cpu", "tf32": "True"}, False, "float32"),
        ({"dtype": "float32", "device": "cuda:0", "tf32": "False"}, False, "float32"),
        ({"dtype": "float32", "device": "cuda:0", "tf32": "True"}, False, "tf32"),
        ({"dtype": "float32", "device": "cuda:0", "tf32": "True"}, True, "float32"),
        ({"dtype": "float64", "device": "cuda:1", "tf32": "True"}, False, "float64"),
        ({"dtype": "bfloat16", "device": "cuda:0", "tf32": "True"}, False, "bfloat16"),
    ],
)
def test_tf32_stands_for_float32_on_a_gpu_that_need_not_be_exact(flags, exact, name):
    assert claimed(flags, exact=exact) is PRECISIONS[name]


def test_a_session_is_judged_at_the_precision_that_was_asked(right):
    """One that computes in single precision, and says so, is no double precision."""
    rows = check.rows(SMALLEST, right(SMALLEST, "float32"), "float64")
    told = "the flag 'dtype' says float32, not float64"
    assert rows == [Row(0, told, math.inf, 0)]
    assert all(row.holds for row in check.rows(SMALLEST, right(SMALLEST, "float32"), "float32"))


@pytest.mark.parametrize(("flags", "said"), [({"dtype": "fp32"}, "fp32"), ({}, "nothing")])
def test_a_precision_that_nobody_knows_is_a_broken_promise(right, flags, said):
    (row,) = check.rows(SMALLEST, replace(right(SMALLEST), flags=flags), "float64")
    assert (row.what, row.holds) == (f"the flag 'dtype' says {said}, not float64", False)


# A verdict


def finding(measured, budget, level=1, what="conv1_1"):
    return Finding("a case", Row(level, what, measured, budget))


def test_a_verdict_holds_if_every_budget_does():
    assert Verdict("mine", "float64", (finding(1, 2), finding(0, 0))).holds
    assert not Verdict("mine", "float64", (finding(1, 2), finding(3, 2))).holds
    assert not Verdict("mine", "float64", (finding(math.nan, 2),)).holds


def test_a_verdict_that_measured_nothing_does_not_hold():
    assert not Verdict("mine", "float64").holds
    assert not Verdict("mine", "float64", (finding(1, 2),), failure="it was killed").holds


def test_the_worst_comes_first_and_what_is_no_number_is_the_worst():
    rows = [finding(1, 4), finding(3, 2), finding(math.nan, 2), finding(0, 0)]
    worst = Verdict("mine", "float64", tuple(rows)).worst_first
    assert worst == [rows[2], rows[1], rows[0], rows[3]]


class WithoutVariation(NumpyBackend):
    def about(self):
        return replace(super().about(), terms=("content", "gram"))


def test_a_kind_of_term_that_a_backend_lacks_is_absent_not_wrong(monkeypatch, small):
    def run(backend, jobs, arrays, timeout):
        one, other = jobs
        outcomes = [
            run_job(WithoutVariation(), one, arrays),
            run_job(NumpyBackend(), other, arrays),
        ]
        return WithoutVariation().about(), outcomes

    monkeypatch.setattr(cases, "chosen", lambda dtype: (small, small))
    monkeypatch.setattr(worker, "run", run)
    verdict = check.verdict("older", "float64")
    assert verdict.absent == ("tv",)
    assert verdict.holds
    assert verdict.as_json()["absent"] == ["tv"]
    assert "; it does not have the terms tv" in report.summary(verdict)


def test_a_verdict_as_json_is_plain_and_infinities_are_null():
    about = About("F", "1.2", ("cpu",), ("float64",))
    found = (finding(math.inf, 0, 0, "no flag"), finding(2.0, 8.0), finding(3, 1, 3, "kinks"))
    verdict = Verdict("mine", "float32", found, about, {"device": "cpu"}, 1.26)
    said = json.loads(json.dumps(verdict.as_json(), allow_nan=False))
    rows = said.pop("rows")
    assert said == {
        "backend": "mine",
        "dtype": "float32",
        "holds": False,
        "failure": "",
        "output": "",
        "framework": "F 1.2",
        "flags": {"device": "cpu"},
        "absent": [],
        "seconds": 1.3,
    }
    assert rows == [
        {
            "level": level,
            "name": LEVELS[level],
            "case": "a case",
            "what": what,
            "kind": "",
            "at": "",
            "measured": measured,
            "budget": budget,
            "ratio": share,
            "holds": share is not None and share <= 1,
        }
        for level, what, measured, budget, share in (
            (0, "no flag", None, 0, None),
            (3, "kinks", 3, 1, 3),
            (1, "conv1_1", 2, 8, 0.25),
        )
    ]


# A sweep


def test_a_verdict_comes_from_a_worker(small):
    found = check.verdict("numpy", "float32")
    assert found.holds, found.worst_first[0]
    assert found.about.framework == "NumPy"
    assert found.flags["dtype"] == "float32"
    assert {f.row.level for f in found.findings} == set(range(len(LEVELS)))
    assert {f.case for f in found.findings} == {small.name}
    assert found.seconds > 0


def test_every_backend_is_judged_at_every_precision_in_turn(small, near):
    verdicts = check.check(["numpy", "numpy"])
    assert [found.dtype for found in verdicts if found.holds] == ["float64", "float32"] * 2


@pytest.mark.parametrize(("end", "words"), ENDS.values(), ids=ENDS)
def test_a_backend_that_fails_is_a_verdict_and_the_next_has_its_turn(
    small, near, failing, end, words
):
    failing(end)
    timeout = 3.0 if words.startswith("did not finish") else 60.0
    mine, numpy = check.check(["mine", "numpy"], ["float64"], timeout=timeout)
    assert not mine.holds
    assert mine.failure == f"the worker of backend 'mine' {words}"
    assert (mine.findings, mine.about) == ((), None)
    assert numpy.holds


def test_a_verdict_keeps_the_last_lines_of_a_worker(small, failing):
    failing("os._exit(3)")
    (found,) = check.check(["mine"], ["float64"])
    assert found.failure == "the worker of backend 'mine' failed: line 29"
    assert found.output.splitlines() == [f"line {n}" for n in range(30 - worker.LAST_LINES, 30)]


def test_a_backend_that_leaves_half_a_result_has_failed(small, stranger):
    stranger("mine", PARTIAL)
    (found,) = check.check(["mine"], ["float64"])
    assert not found.holds
    assert found.failure == "the worker of backend 'mine' left no complete result"


def test_a_broken_plugin_is_a_verdict_with_its_name(small, stranger):
    stranger("mine", "raise ImportError('libmine.so.3')")
    (found,) = check.check(["mine"], ["float64"])
    assert not found.holds
    assert "backend 'mine' (from stranger 1.0) failed to load" in found.failure
    assert "libmine.so.3" in found.output
