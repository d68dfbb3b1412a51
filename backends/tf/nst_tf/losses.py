"""The loss formulas of `nst_core.formulas`, in TensorFlow. Features are (h, w, N)."""

from collections.abc import Mapping

import tensorflow as tf

from nst_core.backend import Targets
from nst_core.formulas import difference, directions, gram_divisor
from nst_core.recipe import Content, Norm, Style, Term, TotalVariation


def gram_matrix(F: tf.Tensor, formula: Style) -> tf.Tensor:
    F = tf.reshape(F, (-1, F.shape[-1]))
    if formula.centred:
        F = F - tf.reduce_mean(F, 0, keepdims=True)
    F = F + formula.shift
    positions, channels = F.shape
    return tf.matmul(F, F, transpose_a=True) / gram_divisor(formula, channels, positions)


def error(d: tf.Tensor, norm: Norm) -> tf.Tensor:
    return tf.reduce_sum(tf.square(d) if norm == "squared" else tf.abs(d))


def total_variation(x: tf.Tensor, formula: TotalVariation) -> tf.Tensor:
    if formula.norm == "power":
        return tf.reduce_sum(squares(x, formula) ** formula.exponent)
    x = tf.transpose(x, (2, 0, 1))
    each = directions(formula, *x.shape[1:])
    return sum(s * error(difference(x, down, across), formula.norm) for down, across, s in each)


def squares(x: tf.Tensor, formula: TotalVariation) -> tf.Tensor:
    here = x[:-1, :-1]
    right = x[-1:, 1:] if formula.last_row else x[:-1, 1:]
    return tf.square(x[1:, :-1] - here) + tf.square(right - here)


def term_error(
    term: Term, x: tf.Tensor, features: Mapping[str, tf.Tensor], values: Mapping[str, tf.Tensor]
) -> tf.Tensor:
    match term.formula:
        case Content() as formula:
            return error(features[term.tap] - values[term.name], formula.norm)
        case Style() as formula:
            G = gram_matrix(features[term.tap], formula)
            return error(G - values[term.name], "squared")
        case TotalVariation() as formula:
            return total_variation(x, formula)


def errors(
    x: tf.Tensor,
    features: Mapping[str, tf.Tensor],
    values: Mapping[str, tf.Tensor],
    targets: Targets,
) -> tf.Tensor:
    """The error of every term of the recipe, in its order, before coefficient and weight."""
    return tf.stack([term_error(term, x, features, values) for term in targets.terms])
