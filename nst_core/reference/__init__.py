"""The `numpy` backend, the reference: every value and gradient is written out in NumPy.

It is slow and computes in float64 by default. The other backends are compared with it.
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
        """A session; it is always exact, whatever `exact` says."""
        from nst_core.reference.paint import NumpySession

        about = self.about()
        choose(device, about.devices, "device of numpy")
        return NumpySession(network, weights, choose(dtype, about.dtypes, "dtype of numpy"), exact)


def open_backend() -> NumpyBackend:
    return NumpyBackend()
