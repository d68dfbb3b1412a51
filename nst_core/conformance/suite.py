"""The suite as a test class, from which the tests of a plugin can inherit.

from nst_core.conformance.suite import Suite

class TestMine(Suite):
    backend = "mine"
"""

from functools import cache

import pytest

from nst_core.backend import Dtype
from nst_core.conformance import check
from nst_core.conformance.judge import LEVELS

verdict = cache(check.verdict)


class Suite:
    """One test for each precision and level. `backend` is an address, such as `keras:jax`."""

    backend: str
    dtypes: tuple[Dtype, ...] = check.DTYPES
    device = "auto"

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """One test for each precision of the class."""
        if "dtype" in metafunc.fixturenames:
            metafunc.parametrize("dtype", self.dtypes)

    @pytest.mark.parametrize("level", range(len(LEVELS)), ids=LEVELS)
    def test_conformance(self, dtype: Dtype, level: int) -> None:
        result = verdict(self.backend, dtype, self.device)
        assert not result.failure, f"{result.failure}\n{result.output}"
        measured = [one for one in result.worst_first if one.row.level == level]
        assert measured, f"nothing was measured at level {level}"
        broken = [one for one in measured if not one.row.holds]
        assert not broken, f"{len(broken)} of {len(measured)} budgets exceeded: {broken[:5]}"
