"""The loss formulas of `nst_core.terms`, in keras.ops. Features are (h, w, N).

On the engines torch and jax, `ops.matmul`, `ops.mean` and `ops.dot` of Keras compute float64 in
single precision. Therefore products use `@`, and means are sums divided by a number.
"""

from collections.abc import Mapping

from keras import KerasTensor, ops

from nst_core.backend import Targets
from nst_core.section import Norm
from nst_core.terms import compute
from nst_core.terms.gram import Gram
from nst_core.terms.laplacian import Laplacian, laplacian
from nst_core.terms.moments import Moments
from nst_core.terms.total_variation import TotalVariation, difference

Tensors = Mapping[str, KerasTensor]


def gram_matrix(F: KerasTensor, formula: Gram) -> KerasTensor:
    F = ops.reshape(F, (-1, F.shape[-1]))
    if formula.centred:
        F = F - ops.sum(F, 0, keepdims=True) / F.shape[0]
    F = F + formula.shift
    return ops.transpose(F) @ F / float(formula.divisor(F.shape[::-1]))


def moments(F: KerasTensor, _formula: Moments) -> KerasTensor:
    # one channel in each row: along the first axis TensorFlow adds one number after another, which
    # loses digits
    F = ops.transpose(ops.reshape(F, (-1, F.shape[-1])))
    mean = ops.sum(F, 1) / F.shape[1]
    # not mean(F²) − mean², which loses all digits if a channel is nearly constant
    variance = ops.sum(ops.square(F - mean[:, None]), 1) / F.shape[1]
    # the derivative of √v is infinite at 0; that of a constant channel is defined as 0
    varies = variance > 0
    deviation = ops.sqrt(ops.where(varies, variance, ops.ones_like(variance)))
    return ops.stack([mean, deviation * ops.cast(varies, F.dtype)])


def edges(x: KerasTensor, formula: Laplacian) -> KerasTensor:
    # the stride is given because Keras' default fails on JAX
    pools = ops.average_pool(ops.sum(x, -1)[None, ..., None], formula.pool, formula.pool)
    return laplacian(pools[0, ..., 0])


def error(d: KerasTensor, norm: Norm) -> KerasTensor:
    return ops.sum(ops.square(d) if norm == "squared" else absolute(d))


def absolute(d: KerasTensor) -> KerasTensor:
    """|d| with derivative 0 at d = 0, where pixels are equal; in JAX the derivative is 1 there."""
    return d * ops.stop_gradient(ops.sign(d))


def total_variation(x: KerasTensor, formula: TotalVariation) -> KerasTensor:
    if formula.norm == "power":
        return ops.sum(squares(x, formula) ** formula.exponent)
    x = ops.transpose(x, (2, 0, 1))
    each = formula.directions(*x.shape[1:])
    return sum(s * error(difference(x, down, across), formula.norm) for down, across, s in each)


def squares(x: KerasTensor, formula: TotalVariation) -> KerasTensor:
    here = x[:-1, :-1]
    right = x[-1:, 1:] if formula.last_row else x[:-1, 1:]
    return ops.square(x[1:, :-1] - here) + ops.square(right - here)


STATISTICS = {
    "content": compute.unchanged,
    "gram": gram_matrix,
    "tv": total_variation,
    "moments": moments,
    "laplacian": edges,
}


def errors(x: KerasTensor, features: Tensors, values: Tensors, targets: Targets) -> KerasTensor:
    """The error of every term in the recipe's order, without its coefficient and weight."""
    return ops.stack(compute.errors(targets.terms, x, features, values, STATISTICS, error))
