"""The `numpy` backend: forward and backward by hand, readable as the paper's algorithm.

It is slow, computes in float64 unless told otherwise, and is what the others are compared with.
"""

import numpy as np

from nst_core.backend import About, Dtype, Requirement, Session, choose
from nst_core.network import Network
from nst_core.terms import KINDS
from nst_core.weights import Weights


class NumpyBackend:
    """Opens sessions that run on NumPy."""

    requires = (Requirement("numpy", "NumPy", "nst-suite"),)
    engines = ()

    def about(self) -> About:
        dtypes: tuple[Dtype, ...] = ("float32", "float64")
        return About("NumPy", np.__version__, ("cpu",), dtypes, terms=tuple(KINDS))

    def session(
        self,
        network: Network,
        weights: Weights,
        *,
        device: str = "auto",
        dtype: Dtype = "float64",
        exact: bool = True,
    ) -> Session:
        """Every session is exact: there is only one path."""
        from nst_core.reference.paint import NumpySession

        about = self.about()
        choose(device, about.devices, "device of numpy")
        return NumpySession(network, weights, choose(dtype, about.dtypes, "dtype of numpy"), exact)


def open_backend() -> NumpyBackend:
    return NumpyBackend()
