"""Neural style transfer in JAX: pure functions, a pytree of parameters, jit(value_and_grad)."""

from typing import Any

from nst_core.backend import About, Dtype, Requirement, Session, choose
from nst_core.network import Network
from nst_core.weights import Weights


class JaxBackend:
    """Opens sessions that run on JAX."""

    requires = (Requirement("jax", "JAX", "nst-jax"),)
    engines = ()

    def about(self) -> About:
        import jax

        from nst_jax.losses import STATISTICS

        dtypes: tuple[Dtype, ...] = ("float32", "float64", "bfloat16")
        return About("JAX", jax.__version__, tuple(devices()), dtypes, terms=tuple(STATISTICS))

    def session(
        self,
        network: Network,
        weights: Weights,
        *,
        device: str = "auto",
        dtype: Dtype = "float32",
        exact: bool = False,
    ) -> Session:
        from nst_jax.paint import JaxSession

        about = self.about()
        chosen = choose(device, about.devices, "device of jax")
        dtype = choose(dtype, about.dtypes, "dtype of jax")
        return JaxSession(network, weights, chosen, dtype, exact)


def devices() -> dict[str, Any]:
    """JAX's devices by the names that the contract gives them: `cuda:0` and so on, then `cpu`."""
    import jax

    gpus = [device for device in jax.devices() if device.platform == "gpu"]
    return {f"cuda:{i}": gpu for i, gpu in enumerate(gpus)} | {"cpu": jax.devices("cpu")[0]}


def open_backend() -> JaxBackend:
    return JaxBackend()
