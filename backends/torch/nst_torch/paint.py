"""The session: features, targets, terms, gradient, and the loop that paints.

The gradient is autograd's: the image is a leaf tensor that requires it, the network is frozen.
"""

import os
from collections.abc import Mapping, Sequence
from functools import partial

import torch
from torch import Tensor

from nst_core.backend import Array, Dtype, Snapshot, Targets, Terms, Watch
from nst_core.network import Network
from nst_core.plan import Stage
from nst_core.recipe import Recipe, Style
from nst_core.weights import Weights
from nst_torch.losses import gram_matrix, raw_terms
from nst_torch.net import Vgg
from nst_torch.optimisers import make_optimiser


class TorchSession:
    """One network on one device. Images, losses and gradients stay in at least float32."""

    def __init__(
        self, network: Network, weights: Weights, device: str, dtype: Dtype, exact: bool
    ) -> None:
        self.flags = set_flags(device, dtype, exact)
        self.device = torch.device(device)
        self.dtype = torch.float64 if dtype == "float64" else torch.float32
        self.vgg = Vgg(network, weights).to(self.device, memory_format=torch.channels_last)
        self.vgg.steps.to(getattr(torch, dtype))

    def features(self, image: Array, taps: Sequence[str]) -> dict[str, Array]:
        with torch.no_grad():
            found = self.vgg(self.tensor(image)[None], taps)
        return {tap: self.array(F) for tap, F in found.items()}

    def targets(self, content: Array, styles: Sequence[Array], recipe: Recipe) -> Targets:
        recipe.check(self.vgg.network)
        P = self.features(content, tuple(recipe.content.taps))
        return Targets.of(recipe, P, [self.grams(style, recipe.style) for style in styles])

    def terms(self, image: Array, targets: Targets) -> Terms:
        x = self.tensor(image) * targets.variable.scale
        with torch.no_grad():
            return Terms.of(targets, self.raw(x, self.values(targets), targets).tolist())

    def gradient(self, image: Array, targets: Targets) -> tuple[Terms, Array]:
        scale = targets.variable.scale
        values, weights = self.values(targets), self.weights(targets)
        raw, g = self.evaluate(self.tensor(image) * scale, values, weights, targets)
        return Terms.of(targets, raw.tolist()), self.array(g * scale)

    def paint(self, image: Array, targets: Targets, stage: Stage, watch: Watch) -> Array:
        scale = targets.variable.scale
        x = self.tensor(image) * scale
        values, weights = self.values(targets), self.weights(targets)
        optimiser = make_optimiser(stage)
        for iteration in range(stage.iterations):
            raw, g = self.evaluate(x, values, weights, targets)
            terms = Terms.of(targets, raw.tolist())
            here, slope = partial(self.array, x / scale), partial(self.array, g * scale)
            watch(Snapshot(iteration, terms, here, slope))
            x = optimiser.step(x, g)
            if targets.variable.box == "clip":
                x = x.clamp(0, scale)
        return self.array(x / scale)

    def grams(self, image: Array, style: Style) -> dict[str, Array]:
        with torch.no_grad():
            S = self.vgg(self.tensor(image)[None], tuple(style.taps))
            return {tap: self.array(gram_matrix(F, style)) for tap, F in S.items()}

    def raw(self, x: Tensor, values: Mapping[str, Tensor], targets: Targets) -> Tensor:
        features = self.vgg(x[None] / targets.variable.scale, targets.taps)
        return raw_terms(x, features, values, targets)

    def evaluate(
        self, x: Tensor, values: Mapping[str, Tensor], weights: Tensor, targets: Targets
    ) -> tuple[Tensor, Tensor]:
        """Every raw term at the variable x, and d total / d x."""
        x = x.detach().requires_grad_()
        raw = self.raw(x, values, targets)
        (g,) = torch.autograd.grad(torch.dot(weights, raw), x)
        return raw.detach(), g

    def values(self, targets: Targets) -> dict[str, Tensor]:
        return {name: self.tensor(value) for name, value in targets.values.items()}

    def weights(self, targets: Targets) -> Tensor:
        weights = [term.weight for term in targets.terms]
        return torch.tensor(weights, dtype=self.dtype, device=self.device)

    def tensor(self, array: Array) -> Tensor:
        return torch.from_numpy(array).to(self.device, self.dtype)

    def array(self, tensor: Tensor) -> Array:
        return tensor.detach().cpu().numpy()


def set_flags(device: str, dtype: Dtype, exact: bool) -> dict[str, str]:
    """Sets the process-wide switches, and returns what they are now."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.backends.cuda.matmul.allow_tf32 = not exact
    torch.backends.cudnn.allow_tf32 = not exact
    torch.backends.cudnn.benchmark = not exact
    torch.use_deterministic_algorithms(exact)
    return {
        "device": device,
        "dtype": dtype,
        "threads": str(torch.get_num_threads()),
        "tf32": str(torch.backends.cudnn.allow_tf32),
        "autotuning": str(torch.backends.cudnn.benchmark),
        "deterministic": str(torch.are_deterministic_algorithms_enabled()),
    }
