"""Every sum of the loss as a value, and its mass: the sum of the absolute values of its terms.

Rounding each term of a sum to a unit u moves it by at most u times its mass, so that
|y − value| / (u·mass) is the error of a computed y in a unit that knows no scale. What is
linear in its input has the mass of itself at absolute values.
"""

from typing import NamedTuple

import numpy as np

from nst_core.backend import Array
from nst_core.formulas import (
    coefficient,
    content_loss,
    difference,
    directions,
    gram_matrix,
    squares,
    style_loss,
)
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
        return Sum(value, pool(np.abs(x), vgg.network.pooling, vgg.network.edge)[0], POOL**2)
    kernel, bias = vgg.parameters[layer.name]
    mass, _ = convolution(np.abs(x), np.abs(kernel), np.abs(bias))
    return Sum(value, mass, x.shape[0] * KERNEL**2 + 1)


def gram(F: Array, formula: Style) -> Sum:
    """The Gram matrix of the features F; a mean or a shift is one more term of each factor."""
    size = np.abs(F)
    offset = abs(formula.shift) + (size.mean((1, 2), keepdims=True) if formula.centred else 0)
    plain = formula.model_copy(update={"centred": False, "shift": 0.0})
    return Sum(gram_matrix(F, formula), gram_matrix(size + offset, plain), F[0].size)


def content(F: Array, P: Array, formula: Content) -> Sum:
    """Each F − P has the mass |F| + |P|; its square, |F − P| times that."""
    mass = np.abs(F) + np.abs(P)
    if formula.norm == "squared":
        mass *= np.abs(F - P)
    value = np.array(content_loss(F, P, formula))
    return Sum(value, coefficient(formula, P) * mass.sum(), F.size)


def style(F: Array, A: Array, formula: Style, pixels: int) -> Sum:
    """As `content`, of the Gram matrix of F, which brings its own mass."""
    G, mass_of_G, count = gram(F, formula)
    mass = np.sum(np.abs(G - A) * (mass_of_G + np.abs(A)))
    value = np.array(style_loss(G, A, formula, pixels))
    return Sum(value, np.array(coefficient(formula, A, pixels) * mass), count + G.size)


def total_variation(x: Array, formula: TotalVariation) -> Sum:
    """Each |d| has the mass of its two pixels; each d², of |d| times that."""
    value, size = np.array(total_variation_loss(x, formula)), np.abs(x)
    if formula.norm == "power":
        below, right = size[:, 1:, :-1], size[:, -1:, 1:] if formula.last_row else size[:, :-1, 1:]
        slope = formula.exponent * np.power(squares(x, formula), formula.exponent - 0.5)
        mass = np.sum(slope * (below + right + 2 * size[:, :-1, :-1]))
        return Sum(value, np.array(formula.factor * mass), slope.size)
    mass, count = np.zeros(()), 0
    for down, across, share in directions(formula, *x.shape[1:]):
        d, both = difference(x, down, across), difference(size, down, across)
        both = both + 2 * before(size, down, across)
        mass = mass + share * np.sum(both if formula.norm == "absolute" else np.abs(d) * both)
        count += d.size
    return Sum(value, formula.factor * mass, count)


def before(x: Array, down: int, across: int) -> Array:
    """The pixels that `difference` subtracts."""
    height, width = x.shape[1:]
    found: Array = x[:, : height - down, max(0, -across) : width - max(0, across)]
    return found
