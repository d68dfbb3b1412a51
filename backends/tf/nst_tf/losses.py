"""The loss formulas of `nst_core.formulas`, in TensorFlow. Features are (h, w, N)."""

from collections.abc import Mapping

import tensorflow as tf

from nst_core.backend import Targets
from nst_core.formulas import gram_divisor
from nst_core.recipe import Content, Reduction, Style, Term, TotalVariation


def gram_matrix(F: tf.Tensor, formula: Style) -> tf.Tensor:
    F = tf.reshape(F, (-1, F.shape[-1]))
    positions, channels = tf.unstack(tf.shape(F))
    divisor = gram_divisor(formula, channels, positions)
    return tf.matmul(F, F, transpose_a=True) / tf.cast(divisor, F.dtype)


def content_loss(F: tf.Tensor, P: tf.Tensor, formula: Content) -> tf.Tensor:
    return formula.factor * squared_error(F, P, formula.reduction)


def style_loss(G: tf.Tensor, A: tf.Tensor, formula: Style) -> tf.Tensor:
    return formula.factor * squared_error(G, A, formula.reduction)


def squared_error(y: tf.Tensor, target: tf.Tensor, reduction: Reduction) -> tf.Tensor:
    error = tf.square(y - target)
    if reduction == "relative":
        energy = tf.reduce_sum(tf.square(target))
        return tf.reduce_sum(error) / tf.where(energy > 0, energy, 1)
    return tf.reduce_mean(error) if reduction == "mean" else tf.reduce_sum(error)


def total_variation(x: tf.Tensor, formula: TotalVariation) -> tf.Tensor:
    down, across = x[1:] - x[:-1], x[:, 1:] - x[:, :-1]
    if formula.norm == "absolute":
        down, across = tf.abs(down), tf.abs(across)
    else:
        down, across = tf.square(down), tf.square(across)
    if formula.reduction == "mean":
        return tf.reduce_mean(down) + tf.reduce_mean(across)
    return tf.reduce_sum(down) + tf.reduce_sum(across)


def term_value(
    term: Term, x: tf.Tensor, features: Mapping[str, tf.Tensor], values: Mapping[str, tf.Tensor]
) -> tf.Tensor:
    match term.formula:
        case Content() as formula:
            return content_loss(features[term.tap], values[term.name], formula)
        case Style() as formula:
            G = gram_matrix(features[term.tap], formula)
            return style_loss(G, values[term.name], formula)
        case TotalVariation() as formula:
            return total_variation(x, formula)


def raw_terms(
    x: tf.Tensor,
    features: Mapping[str, tf.Tensor],
    values: Mapping[str, tf.Tensor],
    targets: Targets,
) -> tf.Tensor:
    """Every term of the recipe, in its order, before its weight."""
    return tf.stack([term_value(term, x, features, values) for term in targets.terms])
