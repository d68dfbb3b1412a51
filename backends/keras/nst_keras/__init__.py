"""Neural style transfer in Keras 3, on TensorFlow, PyTorch or JAX."""

import importlib.util
import os
import sys
from pathlib import Path

from nst_core.backend import About, Dtype, Requirement, Session, choose, nvidia
from nst_core.errors import BackendError
from nst_core.network import Network
from nst_core.quiet import quiet_import
from nst_core.weights import Weights

# engine (its import name): its title, and what pip must install for it and Keras
ENGINES = {
    "tensorflow": ("TensorFlow", "nst-suite[keras]"),
    "torch": ("PyTorch", "nst-suite[keras,torch]"),
    "jax": ("JAX", "nst-suite[jax]"),
}


class KerasBackend:
    """Opens sessions that run on Keras and one of its engines; a process can use only one."""

    engines = tuple(ENGINES)
    variables = (
        "CUBLAS_WORKSPACE_CONFIG", "CUDA_VISIBLE_DEVICES", "KERAS_BACKEND", "NVIDIA_TF32_OVERRIDE",
        "TF_CPP_MIN_LOG_LEVEL", "TF_ENABLE_ONEDNN_OPTS", "TF_FORCE_GPU_ALLOW_GROWTH",
        "TF_NUM_INTEROP_THREADS", "XLA_FLAGS", "XLA_PYTHON_CLIENT_PREALLOCATE",
    )  # fmt: skip

    def __init__(self, engine: str) -> None:
        self.engine = engine
        title, install = ENGINES[engine]
        self.requires = (
            Requirement("keras", "Keras", install),
            Requirement(engine, title, install),
        )

    def environment(self, device: str, exact: bool, scratch: Path) -> dict[str, str]:
        """A stray keras.json in the user's own KERAS_HOME would change the default precision."""
        own = {
            "KERAS_HOME": str(scratch),
            "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
            "TF_FORCE_GPU_ALLOW_GROWTH": "true",
            "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
        }
        return own | nvidia(device, exact)

    def about(self) -> About:
        import_keras(self.engine)
        import keras

        from nst_keras.engine import devices, version
        from nst_keras.losses import STATISTICS

        dtypes: tuple[Dtype, ...] = ("float32", "float64", "bfloat16")
        runs_on, terms = f"{self.engine} {version()}", tuple(STATISTICS)
        return About("Keras", keras.__version__, devices(), dtypes, runs_on, terms)

    def session(
        self,
        network: Network,
        weights: Weights,
        *,
        device: str = "auto",
        dtype: Dtype = "float32",
        exact: bool = False,
    ) -> Session:
        about = self.about()
        from nst_keras.paint import KerasSession

        chosen = choose(device, about.devices, f"device of keras:{self.engine}")
        return KerasSession(
            network, weights, chosen, choose(dtype, about.dtypes, "dtype of keras"), exact
        )


def import_keras(engine: str) -> None:
    """Imports Keras on `engine`; raises BackendError if it already runs on another engine."""
    if "keras" in sys.modules:
        running = sys.modules["keras"].backend.backend()
        if running != engine:
            raise BackendError(
                f"Keras already runs on {running} in this process, not on {engine}: "
                "use a new process for each engine"
            )
        return
    os.environ["KERAS_BACKEND"] = engine
    with quiet_import():
        import keras  # noqa: F401


def open_backend(engine: str = "") -> KerasBackend:
    """The backend on `engine`, or on the first engine that is installed."""
    installed = (name for name in ENGINES if importlib.util.find_spec(name))
    return KerasBackend(engine or next(installed, "tensorflow"))
