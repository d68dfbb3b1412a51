"""What the numpy backend answers, which no test here may change."""

from functools import cache

import pytest

from nst_core.conformance.mutants import pictures
from nst_core.jobs import do
from nst_core.reference import NumpyBackend


@pytest.fixture(scope="session")
def right():
    """The outcome of the right backend on a case."""

    @cache
    def outcome(case, dtype="float64"):
        return do(NumpyBackend(), case.job("cpu", dtype), pictures())

    return outcome
