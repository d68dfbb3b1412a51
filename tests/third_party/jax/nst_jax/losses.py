"""The loss formulas of `nst_core.terms`, in JAX. Features are (h, w, N)."""

from collections.abc import Mapping

import jax.numpy as jnp
from jax import Array, lax

from nst_core.backend import Targets
from nst_core.section import Norm
from nst_core.terms import compute
from nst_core.terms.gram import Gram
from nst_core.terms.laplacian import Laplacian, laplacian
from nst_core.terms.moments import Moments
from nst_core.terms.total_variation import TotalVariation, difference

Arrays = Mapping[str, Array]


def gram_matrix(F: Array, formula: Gram) -> Array:
    F = F.reshape(-1, F.shape[-1])
    F = F - F.mean(0) * formula.centred + formula.shift
    # beside an array a Python int becomes int32, which N·M of a large picture overflows
    return F.T @ F / float(formula.divisor(F.shape[::-1]))


def moments(F: Array, _formula: Moments) -> Array:
    F = F.reshape(-1, F.shape[-1])
    variance = F.var(0)
    # the root of 0 has an infinite slope, and a constant channel is to have none
    varies = variance > 0
    return jnp.stack([F.mean(0), jnp.sqrt(jnp.where(varies, variance, 1)) * varies])


def edges(x: Array, formula: Laplacian) -> Array:
    p, (height, width, _) = formula.pool, x.shape
    rows, columns = height // p, width // p
    squares = x.sum(-1)[: rows * p, : columns * p].reshape(rows, p, columns, p)
    return laplacian(squares.mean((1, 3)))


def error(d: Array, norm: Norm) -> Array:
    return jnp.sum(jnp.square(d) if norm == "squared" else absolute(d))


def absolute(d: Array) -> Array:
    """|d| with slope 0 at 0, where pixels are equal; that of `jnp.abs` is 1."""
    return d * lax.stop_gradient(jnp.sign(d))


def total_variation(x: Array, formula: TotalVariation) -> Array:
    if formula.norm == "power":
        here, right = x[:-1, :-1], x[-1:, 1:] if formula.last_row else x[:-1, 1:]
        squares = jnp.square(x[1:, :-1] - here) + jnp.square(right - here)
        return jnp.sum(squares**formula.exponent)
    x = x.transpose(2, 0, 1)
    each = formula.directions(*x.shape[1:])
    return sum(s * error(difference(x, down, across), formula.norm) for down, across, s in each)


STATISTICS = {
    "content": compute.unchanged,
    "gram": gram_matrix,
    "tv": total_variation,
    "moments": moments,
    "laplacian": edges,
}


def errors(x: Array, features: Arrays, values: Arrays, targets: Targets) -> Array:
    """The error of every term of the recipe, in its order, before coefficient and weight."""
    return jnp.stack(compute.errors(targets.terms, x, features, values, STATISTICS, error))
