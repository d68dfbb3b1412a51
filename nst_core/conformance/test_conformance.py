"""The suite on every backend that `--backend` chooses (see `nst_core.conformance.plugin`)."""

import pytest

from nst_core.backend import Dtype
from nst_core.conformance import check
from nst_core.conformance.judge import LEVELS
from nst_core.conformance.suite import Suite


@pytest.mark.parametrize("level", range(len(LEVELS)), ids=LEVELS)
@pytest.mark.parametrize("dtype", check.DTYPES)
def test_conformance(backend: str, dtype: Dtype, level: int) -> None:
    suite = type("Chosen", (Suite,), {"backend": backend})()
    suite.test_conformance(dtype, level)
