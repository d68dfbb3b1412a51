"""The loss formulas of `nst_core.formulas`, in keras.ops. Features are (h, w, N).

Keras promotes float64 to float32 on its torch and jax engines: `ops.matmul`, `ops.mean` and
`ops.dot` would compute in single precision. Products use `@`, means are sums.
"""

from collections.abc import Mapping

from keras import KerasTensor, ops

from nst_core.backend import Targets
from nst_core.formulas import difference, directions, gram_divisor
from nst_core.recipe import Content, Norm, Style, Term, TotalVariation


def gram_matrix(F: KerasTensor, formula: Style) -> KerasTensor:
    F = ops.reshape(F, (-1, F.shape[-1]))
    positions, channels = F.shape
    if formula.centred:
        F = F - ops.sum(F, 0, keepdims=True) / positions
    F = F + formula.shift
    return ops.transpose(F) @ F / float(gram_divisor(formula, channels, positions))


def error(d: KerasTensor, norm: Norm) -> KerasTensor:
    return ops.sum(ops.square(d) if norm == "squared" else absolute(d))


def absolute(d: KerasTensor) -> KerasTensor:
    """|d| with slope 0 at 0, where pixels are equal; JAX's own has slope 1 there."""
    return d * ops.stop_gradient(ops.sign(d))


def total_variation(x: KerasTensor, formula: TotalVariation) -> KerasTensor:
    if formula.norm == "power":
        return ops.sum(squares(x, formula) ** formula.exponent)
    x = ops.transpose(x, (2, 0, 1))
    each = directions(formula, *x.shape[1:])
    return sum(s * error(difference(x, down, across), formula.norm) for down, across, s in each)


def squares(x: KerasTensor, formula: TotalVariation) -> KerasTensor:
    here = x[:-1, :-1]
    right = x[-1:, 1:] if formula.last_row else x[:-1, 1:]
    return ops.square(x[1:, :-1] - here) + ops.square(right - here)


def term_error(
    term: Term,
    x: KerasTensor,
    features: Mapping[str, KerasTensor],
    values: Mapping[str, KerasTensor],
) -> KerasTensor:
    match term.formula:
        case Content() as formula:
            return error(features[term.tap] - values[term.name], formula.norm)
        case Style() as formula:
            G = gram_matrix(features[term.tap], formula)
            return error(G - values[term.name], "squared")
        case TotalVariation() as formula:
            return total_variation(x, formula)


def errors(
    x: KerasTensor,
    features: Mapping[str, KerasTensor],
    values: Mapping[str, KerasTensor],
    targets: Targets,
) -> KerasTensor:
    """The error of every term of the recipe, in its order, before coefficient and weight."""
    return ops.stack([term_error(term, x, features, values) for term in targets.terms])
