"""The loss formulas of `nst_core.terms`, in JAX. Features are (h, w, N)."""

from collections.abc import Mapping

import jax.numpy as jnp
from jax import Array, lax

from nst_core.backend import Targets
from nst_core.section import Norm
from nst_core.terms import Comparison, Term
from nst_core.terms.content import Content
from nst_core.terms.gram import Gram
from nst_core.terms.total_variation import TotalVariation, difference


def features_alone(F: Array, _formula: Content) -> Array:
    return F


def gram_matrix(F: Array, formula: Gram) -> Array:
    F = F.reshape(-1, F.shape[-1])
    F = F - F.mean(0) * formula.centred + formula.shift
    positions, channels = F.shape
    # beside an array a Python int becomes int32, which N·M of a large picture overflows
    return F.T @ F / float(formula.divisor((channels, positions)))


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


STATISTICS = {"content": features_alone, "gram": gram_matrix, "tv": total_variation}


def statistic(term: Term, x: Array, features: Mapping[str, Array]) -> Array:
    """What the term compares; of a term without a target, the error itself."""
    return STATISTICS[term.formula.KIND](features[term.tap] if term.tap else x, term.formula)


def term_error(
    term: Term, x: Array, features: Mapping[str, Array], values: Mapping[str, Array]
) -> Array:
    y = statistic(term, x, features)
    if not isinstance(term.formula, Comparison):
        return y
    return error(y - values[term.name], term.formula.norm_of_error)


def errors(
    x: Array, features: Mapping[str, Array], values: Mapping[str, Array], targets: Targets
) -> Array:
    """The error of every term of the recipe, in its order, before coefficient and weight."""
    return jnp.stack([term_error(term, x, features, values) for term in targets.terms])
