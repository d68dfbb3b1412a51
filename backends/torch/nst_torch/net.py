"""VGG as a PyTorch module, built from the core's layer map. Activations are (1, N, H, W)."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from nst_core.network import KERNEL, POOL, Layer, Network
from nst_core.weights import Preprocessing, Weights


class Preprocess(nn.Module):
    """The preprocessing of the weights, (scale·image − mean) / std, for RGB images in [0, 1]."""

    def __init__(self, rule: Preprocessing) -> None:
        super().__init__()
        self.scale = rule.scale
        self.channels = ["RGB".index(channel) for channel in rule.channels]
        # float64 buffers, so that a session in float64 gets the exact constants
        self.register_buffer("mean", torch.tensor(rule.mean, dtype=torch.float64)[:, None, None])
        self.register_buffer("std", torch.tensor(rule.std, dtype=torch.float64)[:, None, None])

    def forward(self, image: Tensor) -> Tensor:
        mean, std = self.mean.to(image.dtype), self.std.to(image.dtype)
        return (self.scale * image[:, self.channels] - mean) / std


class Vgg(nn.Module):
    """Takes images (1, 3, H, W) in [0, 1] and returns the activations at the taps.

    The ReLUs are not in place, because a tap such as `conv4_2` needs the output of the convolution.
    """

    def __init__(self, network: Network, weights: Weights) -> None:
        super().__init__()
        self.network = network
        self.preprocess = Preprocess(weights.preprocessing)
        self.steps = nn.ModuleDict({layer.name: self.step(layer) for layer in network.layers})
        for name, (kernel, bias) in weights.parameters.items():
            convolution = self.steps[name]
            convolution.weight.data = torch.from_numpy(kernel.copy())
            convolution.bias.data = torch.from_numpy(bias.copy())
        self.requires_grad_(requires_grad=False)

    def step(self, layer: Layer) -> nn.Module:
        if layer.kind == "conv":
            return nn.utils.skip_init(
                nn.Conv2d, layer.in_channels, layer.channels, KERNEL, padding=1
            )
        if layer.kind == "relu":
            return nn.ReLU()
        pool = nn.AvgPool2d if self.network.pooling == "average" else nn.MaxPool2d
        return pool(POOL, ceil_mode=self.network.edge == "ceil")

    def forward(self, image: Tensor, taps: Sequence[str]) -> dict[str, Tensor]:
        """{tap: (N, h, w)}, in the precision of the layers."""
        # preprocessed in the precision of the image: bfloat16 would round pixels to 8 bits
        x = self.preprocess(image).to(self.steps["conv1_1"].weight.dtype)
        found: dict[str, Tensor] = {}
        for layer in self.network.until(taps):
            x = self.steps[layer.name](x)
            if layer.name in taps:
                found[layer.name] = x[0]
        return found
