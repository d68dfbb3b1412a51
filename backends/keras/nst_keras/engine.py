"""The parts that depend on Keras' engine: gradient, compiler, devices and settings.

`keras.ops` computes the same on TensorFlow, PyTorch and JAX, but it has no gradients.
"""

import os
from collections.abc import Callable, Sequence
from typing import Any

import keras

# (x, inputs, targets) -> (raw terms, d total / d x); an objective: (total, raw terms)
Objective = Callable[[Any, Any, Any], tuple[Any, Any]]
ENGINE = keras.backend.backend()


def gradient(objective: Objective, variables: Sequence[Any], exact: bool) -> Objective:
    """A function for (raw, d total / d x). JAX compiles it, and TensorFlow unless `exact`."""
    return {"tensorflow": _tensorflow, "torch": _torch, "jax": _jax}[ENGINE](
        objective, variables, exact
    )


def _tensorflow(objective: Objective, _: Sequence[Any], exact: bool) -> Objective:
    import tensorflow as tf

    def taped(x: Any, inputs: Any, targets: Any) -> tuple[Any, Any]:
        with tf.GradientTape() as tape:
            tape.watch(x)
            total, raw = objective(x, inputs, targets)
        return raw, tape.gradient(total, x)

    return taped if exact else tf.function(taped, autograph=False)


def _torch(objective: Objective, _: Sequence[Any], exact: bool) -> Objective:  # noqa: ARG001
    import torch

    def backward(x: Any, inputs: Any, targets: Any) -> tuple[Any, Any]:
        x = x.detach().requires_grad_()
        total, raw = objective(x, inputs, targets)
        (g,) = torch.autograd.grad(total, x)
        return raw.detach(), g

    return backward


def _jax(objective: Objective, variables: Sequence[Any], exact: bool) -> Objective:
    """Also compiled in exact mode, because otherwise JAX compiles each operation separately."""
    import jax

    def pure(x: Any, arrays: Any, inputs: Any, targets: Any) -> tuple[Any, Any]:
        mapping = list(zip(variables, arrays, strict=True))
        with keras.StatelessScope(state_mapping=mapping):
            return objective(x, inputs, targets)

    differentiated = jax.jit(
        jax.value_and_grad(pure, has_aux=True),
        static_argnames="targets",
        compiler_options={"xla_gpu_deterministic_ops": exact},
    )

    def evaluate(x: Any, inputs: Any, targets: Any) -> tuple[Any, Any]:
        arrays = [variable.value for variable in variables]
        (_, raw), g = differentiated(x, arrays, inputs, targets=targets)
        return raw, g

    return evaluate


def version() -> str:
    return str(__import__(ENGINE).__version__)


def devices() -> tuple[str, ...]:
    """The devices of the engine: `cuda:0` and so on, then `cpu`."""
    if ENGINE == "torch":
        import torch

        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    elif ENGINE == "jax":
        import jax

        count = sum(device.platform == "gpu" for device in jax.devices())
    else:
        import tensorflow as tf

        count = len(tf.config.list_physical_devices("GPU"))
    return (*(f"cuda:{index}" for index in range(count)), "cpu")


def peak_memory(device: str) -> int:
    """The peak memory in bytes; 0 on the CPU. `device` is `cpu` or `gpu:N`."""
    if not device.startswith("gpu"):
        return 0
    if ENGINE == "torch":
        import torch

        return int(torch.cuda.max_memory_allocated(device.replace("gpu", "cuda")))
    if ENGINE == "jax":
        import jax

        return int(jax.devices("gpu")[int(device[4:])].memory_stats()["peak_bytes_in_use"])
    import tensorflow as tf

    return int(tf.config.experimental.get_memory_info(device.upper())["peak"])


def set_flags(device: str, dtype: str, exact: bool) -> dict[str, str]:
    """Sets the engine's process-wide switches and returns their values."""
    flags = {"tensorflow": _tensorflow_flags, "torch": _torch_flags, "jax": _jax_flags}[ENGINE]
    return {"device": device, "dtype": dtype, "engine": ENGINE, **flags(dtype, exact)}


def _tensorflow_flags(_: str, exact: bool) -> dict[str, str]:
    import tensorflow as tf

    tf.config.experimental.enable_tensor_float_32_execution(not exact)
    if exact:
        tf.config.experimental.enable_op_determinism()
    tf32 = tf.config.experimental.tensor_float_32_execution_enabled()
    return {"tf32": str(tf32), "compiled": str(not exact), "deterministic": str(exact)}


def _torch_flags(_: str, exact: bool) -> dict[str, str]:
    import torch

    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.backends.cuda.matmul.allow_tf32 = not exact
    torch.backends.cudnn.allow_tf32 = not exact
    torch.backends.cudnn.benchmark = not exact
    torch.set_deterministic_debug_mode("error" if exact else "default")
    return {
        "tf32": str(torch.backends.cudnn.allow_tf32),
        "deterministic": str(torch.are_deterministic_algorithms_enabled()),
    }


def _jax_flags(dtype: str, exact: bool) -> dict[str, str]:
    import jax

    jax.config.update("jax_enable_x64", dtype == "float64")
    jax.config.update("jax_default_matmul_precision", "highest" if exact else None)
    return {
        "x64": str(jax.config.jax_enable_x64),
        "matmul_precision": str(jax.config.jax_default_matmul_precision),
        "compiled": "True",
        "deterministic": str(exact),
    }
