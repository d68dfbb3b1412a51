"""Every layer of the network as a sum with its mass, `nst_core.terms.formula.Sum`.

The mass of a linear layer is the layer with absolute values of its input, kernel and bias.
"""

import numpy as np

from nst_core.backend import Array
from nst_core.network import KERNEL, POOL, Layer
from nst_core.reference.net import Vgg, convolution, pool, preprocess
from nst_core.terms import Sum


def first_layer(vgg: Vgg, image: Array) -> Sum:
    """conv1_1 of the preprocessed image; the subtraction of the mean has a mass as well."""
    rule = vgg.preprocessing
    mean, std = np.array(rule.mean), np.array(rule.std)
    x, _ = preprocess(image, rule)
    # scale·image/std is at most |x| + |mean|/std, and the mean itself adds |mean|/std
    offset = (2 * np.abs(mean) / std)[:, None, None]
    kernel, bias = vgg.parameters["conv1_1"]
    mass, _ = convolution(np.abs(x) + offset, np.abs(kernel), np.abs(bias))
    return Sum(convolution(x, kernel, bias)[0], mass, x.shape[0] * KERNEL**2 + 1)


def layer(vgg: Vgg, layer: Layer, x: Array) -> Sum:
    """Any other layer, computed from the activations x before it."""
    value, _ = vgg.layer(layer, x)
    if layer.kind == "relu":
        return Sum(value, value, 1)
    if layer.kind == "pool":
        return Sum(value, pool(np.abs(x), vgg.network.pooling, vgg.network.edge)[0], POOL**2)
    kernel, bias = vgg.parameters[layer.name]
    mass, _ = convolution(np.abs(x), np.abs(kernel), np.abs(bias))
    return Sum(value, mass, x.shape[0] * KERNEL**2 + 1)
