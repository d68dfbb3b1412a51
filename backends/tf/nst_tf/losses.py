"""The loss formulas of `nst_core.terms`, in TensorFlow. Features are (h, w, N)."""

from collections.abc import Mapping

import tensorflow as tf

from nst_core.backend import Targets
from nst_core.section import Norm
from nst_core.terms import compute
from nst_core.terms.gram import Gram
from nst_core.terms.laplacian import Laplacian, laplacian
from nst_core.terms.moments import Moments
from nst_core.terms.total_variation import TotalVariation, difference

Tensors = Mapping[str, tf.Tensor]


def gram_matrix(F: tf.Tensor, formula: Gram) -> tf.Tensor:
    F = tf.reshape(F, (-1, F.shape[-1]))
    if formula.centred:
        F = F - tf.reduce_mean(F, 0, keepdims=True)
    F = F + formula.shift
    return tf.matmul(F, F, transpose_a=True) / formula.divisor(F.shape[::-1])


def moments(F: tf.Tensor, _formula: Moments) -> tf.Tensor:
    # one channel in each row: along the first axis TensorFlow adds one number after another, which
    # loses digits
    F = tf.transpose(tf.reshape(F, (-1, F.shape[-1])))
    mean = tf.reduce_mean(F, 1)
    # not mean(F²) − mean², which loses all digits if a channel is nearly constant
    variance = tf.reduce_mean(tf.square(F - mean[:, None]), 1)
    # the derivative of √v is infinite at 0; that of a constant channel is defined as 0
    varies = variance > 0
    deviation = tf.sqrt(tf.where(varies, variance, 1)) * tf.cast(varies, F.dtype)
    return tf.stack([mean, deviation])


def edges(x: tf.Tensor, formula: Laplacian) -> tf.Tensor:
    # VALID drops incomplete squares at the border, as the core does
    pools = tf.nn.avg_pool2d(
        tf.reduce_sum(x, -1)[None, ..., None], formula.pool, formula.pool, "VALID"
    )
    return laplacian(pools[0, ..., 0])


def error(d: tf.Tensor, norm: Norm) -> tf.Tensor:
    # the derivative of |d| at 0 is 0 in TensorFlow, as in the reference
    return tf.reduce_sum(tf.square(d) if norm == "squared" else tf.abs(d))


def total_variation(x: tf.Tensor, formula: TotalVariation) -> tf.Tensor:
    if formula.norm == "power":
        return tf.reduce_sum(squares(x, formula) ** formula.exponent)
    x = tf.transpose(x, (2, 0, 1))
    each = formula.directions(*x.shape[1:])
    return sum(s * error(difference(x, down, across), formula.norm) for down, across, s in each)


def squares(x: tf.Tensor, formula: TotalVariation) -> tf.Tensor:
    here = x[:-1, :-1]
    right = x[-1:, 1:] if formula.last_row else x[:-1, 1:]
    return tf.square(x[1:, :-1] - here) + tf.square(right - here)


STATISTICS = {
    "content": compute.unchanged,
    "gram": gram_matrix,
    "tv": total_variation,
    "moments": moments,
    "laplacian": edges,
}


def errors(x: tf.Tensor, features: Tensors, values: Tensors, targets: Targets) -> tf.Tensor:
    """The error of every term in the recipe's order, without its coefficient and weight."""
    return tf.stack(compute.errors(targets.terms, x, features, values, STATISTICS, error))
