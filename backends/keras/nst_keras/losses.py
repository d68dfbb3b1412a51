"""The loss formulas of `nst_core.formulas`, in keras.ops. Features are (h, w, N).

Keras promotes float64 to float32 on its torch and jax engines: `ops.matmul`, `ops.mean` and
`ops.dot` would compute in single precision. Products use `@`, means and dots are sums.
"""

from collections.abc import Mapping
from math import prod

from keras import KerasTensor, ops

from nst_core.backend import Targets
from nst_core.formulas import gram_divisor
from nst_core.recipe import Content, Reduction, Style, Term, TotalVariation


def gram_matrix(F: KerasTensor, formula: Style) -> KerasTensor:
    F = ops.reshape(F, (-1, F.shape[-1]))
    positions, channels = F.shape
    return ops.transpose(F) @ F / gram_divisor(formula, channels, positions)


def content_loss(F: KerasTensor, P: KerasTensor, formula: Content) -> KerasTensor:
    return formula.factor * squared_error(F, P, formula.reduction)


def style_loss(G: KerasTensor, A: KerasTensor, formula: Style) -> KerasTensor:
    return formula.factor * squared_error(G, A, formula.reduction)


def squared_error(y: KerasTensor, target: KerasTensor, reduction: Reduction) -> KerasTensor:
    error = ops.square(y - target)
    if reduction == "relative":
        energy = ops.sum(ops.square(target))
        return ops.sum(error) / ops.where(energy > 0, energy, 1)
    return mean(error) if reduction == "mean" else ops.sum(error)


def mean(x: KerasTensor) -> KerasTensor:
    return ops.sum(x) / prod(x.shape)


def total_variation(x: KerasTensor, formula: TotalVariation) -> KerasTensor:
    down, across = x[1:] - x[:-1], x[:, 1:] - x[:, :-1]
    if formula.norm == "absolute":
        down, across = absolute(down), absolute(across)
    else:
        down, across = ops.square(down), ops.square(across)
    if formula.reduction == "mean":
        return mean(down) + mean(across)
    return ops.sum(down) + ops.sum(across)


def absolute(d: KerasTensor) -> KerasTensor:
    """|d| with slope 0 at 0, where pixels are equal; JAX's own has slope 1 there."""
    return d * ops.stop_gradient(ops.sign(d))


def term_value(
    term: Term,
    x: KerasTensor,
    features: Mapping[str, KerasTensor],
    values: Mapping[str, KerasTensor],
) -> KerasTensor:
    match term.formula:
        case Content() as formula:
            return content_loss(features[term.tap], values[term.name], formula)
        case Style() as formula:
            G = gram_matrix(features[term.tap], formula)
            return style_loss(G, values[term.name], formula)
        case TotalVariation() as formula:
            return total_variation(x, formula)


def raw_terms(
    x: KerasTensor,
    features: Mapping[str, KerasTensor],
    values: Mapping[str, KerasTensor],
    targets: Targets,
) -> KerasTensor:
    """Every term of the recipe, in its order, before its weight."""
    return ops.stack([term_value(term, x, features, values) for term in targets.terms])
