"""Every sum of the loss as a value, and its mass: the sum of the absolute values of its terms.

Rounding each term of a sum to a unit u moves it by at most u times its mass, so that
|y − value| / (u·mass) is the error of a computed y in a unit that knows no scale. What is
linear in its input has the mass of itself at absolute values.
"""

from typing import NamedTuple

import numpy as np

from nst_core.backend import Array
from nst_core.formulas import content_loss, gram_matrix, squared_error_divisor, style_loss
from nst_core.formulas import total_variation as total_variation_loss
from nst_core.network import KERNEL, POOL, Layer
from nst_core.recipe import Content, Style, TotalVariation
from nst_core.reference.net import Vgg, convolution, pool, preprocess


class Sum(NamedTuple):
    """A sum, or an array of them; each of `terms` terms."""

    value: Array
    mass: Array
    terms: int


def first_layer(vgg: Vgg, image: Array) -> Sum:
    """conv1_1 of the preprocessed image, which is a difference: scale·image − mean."""
    rule = vgg.preprocessing
    mean, std = np.array(rule.mean), np.array(rule.std)
    x, _ = preprocess(image, rule)
    offset = (2 * np.abs(mean) / std)[:, None, None]
    kernel, bias = vgg.parameters["conv1_1"]
    mass, _ = convolution(np.abs(x) + offset, np.abs(kernel), np.abs(bias))
    return Sum(convolution(x, kernel, bias)[0], mass, x.shape[0] * KERNEL**2 + 1)


def layer(vgg: Vgg, layer: Layer, x: Array) -> Sum:
    """Any other layer, of the activations x before it."""
    value, _ = vgg.layer(layer, x)
    if layer.kind == "relu":
        return Sum(value, value, 1)
    if layer.kind == "pool":
        return Sum(value, pool(np.abs(x), vgg.network.pooling)[0], POOL**2)
    kernel, bias = vgg.parameters[layer.name]
    mass, _ = convolution(np.abs(x), np.abs(kernel), np.abs(bias))
    return Sum(value, mass, x.shape[0] * KERNEL**2 + 1)


def gram(F: Array, formula: Style) -> Sum:
    """The Gram matrix of the features F."""
    return Sum(gram_matrix(F, formula), gram_matrix(np.abs(F), formula), F[0].size)


def content(F: Array, P: Array, formula: Content) -> Sum:
    """Each (F − P)² is a product of differences: its mass is |F − P| (|F| + |P|)."""
    mass = np.sum(np.abs(F - P) * (np.abs(F) + np.abs(P)))
    mass *= formula.factor / squared_error_divisor(P, formula.reduction)
    return Sum(np.array(content_loss(F, P, formula)), np.array(mass), F.size)


def style(F: Array, A: Array, formula: Style) -> Sum:
    """As `content`, of the Gram matrix of F, which brings its own mass."""
    G, mass_of_G, count = gram(F, formula)
    mass = np.sum(np.abs(G - A) * (mass_of_G + np.abs(A)))
    mass *= formula.factor / squared_error_divisor(A, formula.reduction)
    return Sum(np.array(style_loss(G, A, formula)), np.array(mass), count + G.size)


def total_variation(x: Array, formula: TotalVariation) -> Sum:
    """Each |d| has the mass of its two pixels; each d², of |d| times that."""
    mass, count = 0.0, 0
    for axis in (1, 2):
        d, both = np.diff(x, axis=axis), pair_sum(np.abs(x), axis)
        terms = both if formula.norm == "absolute" else np.abs(d) * both
        mass += float(terms.sum()) / (d.size if formula.reduction == "mean" else 1)
        count += d.size
    return Sum(np.array(total_variation_loss(x, formula)), np.array(mass), count)


def pair_sum(x: Array, axis: int) -> Array:
    """Each pixel plus its next neighbour along the axis."""
    length = x.shape[axis]
    before, after = np.arange(length - 1), np.arange(1, length)
    total: Array = x.take(before, axis) + x.take(after, axis)
    return total
