"""Neural style transfer in PyTorch, with modules, autograd and channels-last memory."""

from pathlib import Path

from nst_core.backend import About, Dtype, Requirement, Session, choose, nvidia
from nst_core.network import Network
from nst_core.weights import Weights


class TorchBackend:
    """Opens sessions that run on PyTorch."""

    requires = (Requirement("torch", "PyTorch", "nst-suite[torch]"),)
    engines = ()
    variables = ("CUBLAS_WORKSPACE_CONFIG", "CUDA_VISIBLE_DEVICES", "NVIDIA_TF32_OVERRIDE")

    def environment(self, device: str, exact: bool, _scratch: Path) -> dict[str, str]:
        return {"CUBLAS_WORKSPACE_CONFIG": ":4096:8"} | nvidia(device, exact)

    def about(self) -> About:
        import torch

        from nst_torch.losses import STATISTICS

        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        devices = (*(f"cuda:{index}" for index in range(count)), "cpu")
        dtypes: tuple[Dtype, ...] = ("float32", "float64", "bfloat16")
        return About("PyTorch", torch.__version__, devices, dtypes, terms=tuple(STATISTICS))

    def session(
        self,
        network: Network,
        weights: Weights,
        *,
        device: str = "auto",
        dtype: Dtype = "float32",
        exact: bool = False,
    ) -> Session:
        from nst_torch.paint import TorchSession

        about = self.about()
        chosen = choose(device, about.devices, "device of torch")
        return TorchSession(
            network, weights, chosen, choose(dtype, about.dtypes, "dtype of torch"), exact
        )


def open_backend() -> TorchBackend:
    return TorchBackend()
