"""The session: features, targets, terms, gradient, and the loop that paints.

Autograd computes the gradient: the image is a leaf tensor that requires it, and the network is
frozen.
"""

import os
from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

from nst_core.backend import Array, Arrays, Dtype, Snapshot, Targets, Terms, Watch
from nst_core.network import Network
from nst_core.plan import Stage
from nst_core.recipe import Recipe, Variable
from nst_core.terms import Term, compute
from nst_core.weights import Weights
from nst_torch.losses import STATISTICS, errors
from nst_torch.net import Vgg
from nst_torch.optimisers import boxed, make_optimiser


class Inputs(NamedTuple):
    """The inputs of the objective besides the image, in the session's precision.

    They are inputs and not constants, so that a compiled program can be used for other numbers.
    """

    values: Mapping[str, Tensor]
    coefficients: Tensor
    weights: Tensor
    scale: Tensor


class TorchSession:
    """One network on one device. Images, losses and gradients are always float32 or float64."""

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
        return {tap: self.array(F.to(self.dtype)) for tap, F in found.items()}

    def targets(self, content: Array, styles: Sequence[Array], recipe: Recipe) -> Targets:
        recipe.check(self.vgg.network)
        return Targets.of(recipe, content, styles, self.statistics)

    def terms(self, image: Array, targets: Targets) -> Terms:
        x, inputs = self.tensor(image) * self.scale(targets.variable), self.inputs(targets, image)
        with torch.no_grad():
            return Terms.of(targets, self.raw(x, inputs, targets).tolist())

    def gradient(self, image: Array, targets: Targets) -> tuple[Terms, Array]:
        scale, inputs = self.scale(targets.variable), self.inputs(targets, image)
        raw, g = self.evaluate(self.tensor(image) * scale, inputs, targets)
        return Terms.of(targets, raw.tolist()), self.array(g * scale)

    def paint(self, image: Array, targets: Targets, stage: Stage, watch: Watch) -> Array:
        scale, inputs = self.scale(targets.variable), self.inputs(targets, image)
        x = self.tensor(image) * scale
        optimiser = boxed(make_optimiser(stage), targets.variable.box, scale)
        for iteration in range(stage.iterations):
            raw, g = self.evaluate(x, inputs, targets)
            terms = Terms.of(targets, raw.tolist())
            here, gradient = partial(self.array, x / scale), partial(self.array, g * scale)
            watch(Snapshot(iteration, terms, here, gradient))
            x = optimiser.step(x, g)
        return self.array(x / scale)

    def peak_memory(self) -> int:
        return torch.cuda.max_memory_allocated(self.device) if self.device.type == "cuda" else 0

    def statistics(self, image: Array, terms: Sequence[Term], variable: Variable) -> Arrays:
        """The statistic of each term for an image, by the term's name."""
        with torch.no_grad():
            image = self.tensor(image)
            features = self.vgg(image[None], [term.tap for term in terms if term.tap])
            x = image * self.scale(variable)
            found = compute.statistics(terms, x, features, STATISTICS)
        return {name: self.array(y.to(self.dtype)) for name, y in found.items()}

    def raw(self, x: Tensor, inputs: Inputs, targets: Targets) -> Tensor:
        # the network gets the image, total variation and other terms of the image get the variable
        features = self.vgg(x[None] / inputs.scale, targets.taps)
        return inputs.coefficients * errors(x, features, inputs.values, targets)

    def evaluate(self, x: Tensor, inputs: Inputs, targets: Targets) -> tuple[Tensor, Tensor]:
        """The unweighted terms at the variable x, and d total / d x."""
        x = x.detach().requires_grad_()
        raw = self.raw(x, inputs, targets)
        (g,) = torch.autograd.grad(torch.dot(inputs.weights, raw), x)
        return raw.detach(), g

    def inputs(self, targets: Targets, image: Array) -> Inputs:
        """The inputs for a painting of the image's size."""
        values = {name: self.tensor(value) for name, value in targets.values.items()}
        coefficients = self.vector(targets.coefficients(image[0].size))
        weights = self.vector([term.weight for term in targets.terms])
        return Inputs(values, coefficients, weights, self.scale(targets.variable))

    def scale(self, variable: Variable) -> Tensor:
        return self.vector(variable.scales)[:, None, None]

    def vector(self, numbers: Sequence[float]) -> Tensor:
        return torch.tensor(numbers, dtype=self.dtype, device=self.device)

    def tensor(self, array: Array) -> Tensor:
        return torch.from_numpy(array).to(self.device, self.dtype)

    def array(self, tensor: Tensor) -> Array:
        return tensor.detach().cpu().numpy()


def set_flags(device: str, dtype: Dtype, exact: bool) -> dict[str, str]:
    """Sets the process-wide switches and returns their values."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # for deterministic products
    torch.backends.cuda.matmul.allow_tf32 = not exact
    torch.backends.cudnn.allow_tf32 = not exact
    torch.backends.cudnn.benchmark = not exact
    if hasattr(torch.backends.mkldnn, "matmul"):
        # products of bfloat16 numbers are exact in float32, and the sums are in float32 too
        half = dtype == "bfloat16" and not exact
        torch.backends.mkldnn.matmul.fp32_precision = "bf16" if half else "ieee"
    # use_deterministic_algorithms does the same, but imports the compiler, which takes two seconds
    torch.set_deterministic_debug_mode("error" if exact else "default")
    return {
        "device": device,
        "dtype": dtype,
        "threads": str(torch.get_num_threads()),
        "tf32": str(torch.backends.cudnn.allow_tf32),
        "autotuning": str(torch.backends.cudnn.benchmark),
        "deterministic": str(torch.are_deterministic_algorithms_enabled()),
    }
