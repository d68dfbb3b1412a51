"""The loss formulas of `nst_core.formulas`, in JAX. Features are (h, w, N)."""

from collections.abc import Mapping

import jax.numpy as jnp
from jax import Array, lax

from nst_core.backend import Targets
from nst_core.formulas import difference, directions, gram_divisor
from nst_core.recipe import Content, Norm, Style, Term, TotalVariation


def gram_matrix(F: Array, formula: Style) -> Array:
    F = F.reshape(-1, F.shape[-1])
    F = F - F.mean(0) * formula.centred + formula.shift
    positions, channels = F.shape
    # beside an array a Python int becomes int32, which N·M of a large picture overflows
    return F.T @ F / float(gram_divisor(formula, channels, positions))


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
    each = directions(formula, *x.shape[1:])
    return sum(s * error(difference(x, down, across), formula.norm) for down, across, s in each)


def term_error(
    term: Term, x: Array, features: Mapping[str, Array], values: Mapping[str, Array]
) -> Array:
    match term.formula:
        case Content() as formula:
            return error(features[term.tap] - values[term.name], formula.norm)
        case Style() as formula:
            G = gram_matrix(features[term.tap], formula)
            return error(G - values[term.name], "squared")
        case TotalVariation() as formula:
            return total_variation(x, formula)


def errors(
    x: Array, features: Mapping[str, Array], values: Mapping[str, Array], targets: Targets
) -> Array:
    """The error of every term of the recipe, in its order, before coefficient and weight."""
    return jnp.stack([term_error(term, x, features, values) for term in targets.terms])
