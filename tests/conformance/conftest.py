"""What the numpy backend answers, one small case, and a backend that fails as it is told."""

from functools import cache

import pytest

from nst_core import registry
from nst_core.conformance import cases, worker
from nst_core.conformance.jobs import run_job
from nst_core.conformance.mutants import pictures
from nst_core.reference import NumpyBackend

STRANGER = """
import os, sys, time
from nst_core.reference import NumpyBackend

class Stranger(NumpyBackend):
    def session(self, *a, **k):
        for line in range(30): print("line", line, file=sys.stderr, flush=True)
        {}

open_backend = Stranger
"""


@pytest.fixture(scope="session")
def right():
    """The outcome of the right backend on a case."""

    @cache
    def outcome(case, dtype="float64"):
        return run_job(NumpyBackend(), case.job("cpu", dtype), pictures())

    return outcome


@pytest.fixture
def small(monkeypatch):
    """One case alone, of the smallest pictures."""
    smallest = next(case for case in cases.RANDOM if case.pictures == "smallest")
    monkeypatch.setattr(cases, "chosen", lambda dtype: (smallest,))
    return smallest


@pytest.fixture
def near(monkeypatch):
    """Runs `numpy` in this process; all others in a worker, as ever."""
    start = worker.run

    def run(backend, jobs, arrays, timeout):
        if backend != "numpy":
            return start(backend, jobs, arrays, timeout)
        opened = registry.backend(backend)
        return opened.about(), [run_job(opened, job, arrays) for job in jobs]

    monkeypatch.setattr(worker, "run", run)


@pytest.fixture
def failing(stranger):
    """Installs the backend `mine`: `numpy`, but `end` is what a session does when it is opened."""

    def install(end):
        stranger("mine", STRANGER.format(end))

    return install
