"""Finds the well-known mistake, a slip, that explains why a row fails.

The computation is repeated with each mistake on the backend's own numbers. A mistake is the cause
if the result differs from the backend's by less than a thousandth of the original error.
"""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from nst_core import optimisers
from nst_core.backend import Array
from nst_core.conformance.judge import Judge, Row
from nst_core.conformance.measures import norm_wise
from nst_core.conformance.mutants import MUTANTS, EpsilonHat
from nst_core.reference.net import Vgg, preprocess

LEFT = 1e-3  # the right mistake leaves only rounding errors, a wrong one most of the error
WORDS = {
    "padding: reflect": "reflected padding in place of zeros",
    "pooling: average for max": "average pooling in place of the maximum",
    "kernels flipped": "flipped kernels, as in the mathematical definition of convolution",
    "BGR for RGB": "the channels swapped, BGR for RGB",
    "no mean subtracted": "the mean not subtracted",
}
# (from, to, dtype, cause): a relative error in this range has the size of the unit roundoff of a
# lower precision, 2⁻²⁴ in float32, 2⁻¹¹ in TF32 and 2⁻⁸ in bfloat16
ROUNDINGS = (
    (2**-27, 2**-20, "float64", "single precision somewhere in between"),
    (2**-15, 2**-10.5, "float32", "TF32, which keeps 10 bits"),
    (2**-10.5, 2**-6, "float32", "bfloat16, which keeps 7 bits"),
)


def cause(judge: Judge, row: Row) -> str:
    """The cause of a failing row in words; empty if no known mistake gives these numbers."""
    if row.kind in ("conv", "pool"):
        return layer_cause(judge, row.at) or rounding(judge, row.at)
    if row.kind == "gram":
        return gram_cause(judge, row.at)
    return adam_cause(judge) if row.kind == "step" and row.at else ""


def layer_cause(judge: Judge, name: str) -> str:
    """The mistake in a layer, computed from the backend's own input to it."""
    found = judge.found(f"features:{name}")
    error = norm_wise(found, layer_of(judge, judge.truth.vgg, name))
    for slip, vgg in wrong_networks(judge):
        if norm_wise(found, layer_of(judge, vgg, name)) < LEFT * error:
            return WORDS[slip]
    return ""


def wrong_networks(judge: Judge) -> Iterator[tuple[str, Vgg]]:
    truth = judge.truth
    for mutant in MUTANTS:
        if mutant.name in WORDS and isinstance(mutant.wrong, type):
            yield mutant.name, mutant.wrong(truth.network, truth.weights, np.dtype(np.float64))


def layer_of(judge: Judge, vgg: Vgg, name: str) -> Array:
    """The layer `name` of the network `vgg`, computed from the backend's own input to it."""
    layers = judge.truth.question.layers
    before = {after: name for name, after in pairwise(layers)}.get(name)
    if before is None:
        x, _ = preprocess(judge.truth.image, vgg.preprocessing)
    else:
        x = judge.found(f"features:{before}")
    return vgg.layer(judge.truth.network.layer(name), x)[0]


def rounding(judge: Judge, name: str) -> str:
    """The lower precision whose rounding error has the size of the error; empty if none has."""
    found = judge.found(f"features:{name}")
    error = norm_wise(found, layer_of(judge, judge.truth.vgg, name))
    for low, high, dtype, words in ROUNDINGS:
        if low < error < high and judge.outcome.flags["dtype"] == dtype:
            return words
    return ""


def gram_cause(judge: Judge, tap: str) -> str:
    """The factor by which a Gram matrix is wrong; empty if it is wrong in another way."""
    F, found = judge.found(f"features:{tap}"), judge.found(f"itself:style:{tap}")
    right = judge.truth.recipe.style.statistic(F)
    if found.shape != right.shape or not np.isfinite(found).all():
        return ""
    factor = float(np.vdot(right, found) / np.vdot(right, right))
    if not factor or norm_wise(found, factor * right) > LEFT * norm_wise(found, right):
        return ""
    return f"a factor of {factor:.6g}{known_factor(factor, len(F), F[0].size)}"


def known_factor(factor: float, channels: int, positions: int) -> str:
    """`, which is C·H·W` or its inverse; empty if the factor is not a known one."""
    known = {"C": channels, "H·W": positions, "C·H·W": channels * positions, "2": 2, "4": 4}
    for name, value in known.items():
        if np.isclose(factor, value, rtol=1e-5):
            return f", which is {name}"
        if np.isclose(factor, 1 / value, rtol=1e-5):
            return f", which is 1/({name})"
    return ""


def adam_cause(judge: Judge) -> str:
    """Keras' form of Adam, if it explains every step of the path."""
    stage = judge.truth.stage
    if stage.optimizer != "adam":
        return ""
    right, hat = (
        sum(float(np.linalg.norm(after - expected)) for _, expected, after in judge.stepped(one))
        for one in (optimisers.make_optimiser(stage), EpsilonHat(stage.adam))
    )
    return "Keras' form of Adam, with ε = 1e-7 added to √v before the bias correction" * (
        hat < LEFT * right
    )
