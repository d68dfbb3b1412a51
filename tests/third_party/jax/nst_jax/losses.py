"""The loss formulas of `nst_core.formulas`, in JAX. Features are (h, w, N)."""

from collections.abc import Mapping

import jax.numpy as jnp
from jax import Array, lax

from nst_core.backend import Targets
from nst_core.formulas import gram_divisor
from nst_core.recipe import Content, Reduction, Style, Term, TotalVariation


def gram_matrix(F: Array, formula: Style) -> Array:
    F = F.reshape(-1, F.shape[-1])
    positions, channels = F.shape
    # beside an array a Python int becomes int32, which N·M of a large picture overflows
    return F.T @ F / float(gram_divisor(formula, channels, positions))


def content_loss(F: Array, P: Array, formula: Content) -> Array:
    return formula.factor * squared_error(F, P, formula.reduction)


def style_loss(G: Array, A: Array, formula: Style) -> Array:
    return formula.factor * squared_error(G, A, formula.reduction)


def squared_error(y: Array, target: Array, reduction: Reduction) -> Array:
    error = jnp.square(y - target)
    if reduction == "relative":
        energy = jnp.square(target).sum()
        return error.sum() / jnp.where(energy > 0, energy, 1)
    return error.mean() if reduction == "mean" else error.sum()


def total_variation(x: Array, formula: TotalVariation) -> Array:
    power = {"absolute": absolute, "squared": jnp.square}[formula.norm]
    reduced = {"sum": jnp.sum, "mean": jnp.mean}[formula.reduction]
    return reduced(power(jnp.diff(x, axis=0))) + reduced(power(jnp.diff(x, axis=1)))


def absolute(d: Array) -> Array:
    """|d| with slope 0 at 0, where pixels are equal; that of `jnp.abs` is 1."""
    return d * lax.stop_gradient(jnp.sign(d))


def term_value(
    term: Term, x: Array, features: Mapping[str, Array], values: Mapping[str, Array]
) -> Array:
    match term.formula:
        case Content() as formula:
            return content_loss(features[term.tap], values[term.name], formula)
        case Style() as formula:
            G = gram_matrix(features[term.tap], formula)
            return style_loss(G, values[term.name], formula)
        case TotalVariation() as formula:
            return total_variation(x, formula)


def raw_terms(
    x: Array, features: Mapping[str, Array], values: Mapping[str, Array], targets: Targets
) -> Array:
    """Every term of the recipe, in its order, before its weight."""
    return jnp.stack([term_value(term, x, features, values) for term in targets.terms])
