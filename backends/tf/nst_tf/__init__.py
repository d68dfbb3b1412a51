"""Neural style transfer in TensorFlow, with modules, tf.function and GradientTape."""

import os
from pathlib import Path

from nst_core.backend import About, Dtype, Requirement, Session, choose, nvidia
from nst_core.network import Network
from nst_core.quiet import quiet_import
from nst_core.weights import Weights


class TfBackend:
    """Opens sessions that run on TensorFlow."""

    requires = (Requirement("tensorflow", "TensorFlow", "nst-suite[tf]"),)
    engines = ()
    variables = (
        "CUDA_VISIBLE_DEVICES", "NVIDIA_TF32_OVERRIDE", "TF_CPP_MIN_LOG_LEVEL",
        "TF_ENABLE_ONEDNN_OPTS", "TF_FORCE_GPU_ALLOW_GROWTH", "TF_NUM_INTEROP_THREADS", "XLA_FLAGS",
    )  # fmt: skip

    def environment(self, device: str, exact: bool, scratch: Path) -> dict[str, str]:
        """TensorFlow imports Keras, which reads its settings from KERAS_HOME."""
        own = {"TF_FORCE_GPU_ALLOW_GROWTH": "true", "KERAS_HOME": str(scratch)}
        return own | nvidia(device, exact)

    def about(self) -> About:
        import_tensorflow()
        import tensorflow as tf

        from nst_tf.losses import STATISTICS

        count = len(tf.config.list_physical_devices("GPU"))
        devices = (*(f"cuda:{index}" for index in range(count)), "cpu")
        dtypes: tuple[Dtype, ...] = ("float32", "float64", "bfloat16")
        return About("TensorFlow", tf.__version__, devices, dtypes, terms=tuple(STATISTICS))

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
        from nst_tf.paint import TfSession

        chosen = choose(device, about.devices, "device of tf")
        return TfSession(
            network, weights, chosen, choose(dtype, about.dtypes, "dtype of tf"), exact
        )


def import_tensorflow() -> None:
    """Imports TensorFlow without its banner, and keeps it from allocating all GPU memory.

    TensorFlow also imports Keras, on the engine that KERAS_BACKEND names.
    """
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
    os.environ["KERAS_BACKEND"] = "tensorflow"
    with quiet_import():
        import tensorflow  # noqa: F401


def open_backend() -> TfBackend:
    return TfBackend()
