"""The loss formulas of `nst_core.terms`, in keras.ops. Features are (h, w, N).

Keras promotes float64 to float32 on its torch and jax engines: `ops.matmul`, `ops.mean` and
`ops.dot` would compute in single precision. Products use `@`, means are sums.
"""

from collections.abc import Mapping

from keras import KerasTensor, ops

from nst_core.backend import Targets
from nst_core.section import Norm
from nst_core.terms import Comparison, Term
from nst_core.terms.content import Content
from nst_core.terms.gram import Gram
from nst_core.terms.total_variation import TotalVariation, difference


def features_alone(F: KerasTensor, _formula: Content) -> KerasTensor:
    return F


def gram_matrix(F: KerasTensor, formula: Gram) -> KerasTensor:
    F = ops.reshape(F, (-1, F.shape[-1]))
    positions, channels = F.shape
    if formula.centred:
        F = F - ops.sum(F, 0, keepdims=True) / positions
    F = F + formula.shift
    return ops.transpose(F) @ F / float(formula.divisor((channels, positions)))


def error(d: KerasTensor, norm: Norm) -> KerasTensor:
    return ops.sum(ops.square(d) if norm == "squared" else absolute(d))


def absolute(d: KerasTensor) -> KerasTensor:
    """|d| with slope 0 at 0, where pixels are equal; JAX's own has slope 1 there."""
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


STATISTICS = {"content": features_alone, "gram": gram_matrix, "tv": total_variation}


def statistic(term: Term, x: KerasTensor, features: Mapping[str, KerasTensor]) -> KerasTensor:
    """What the term compares; of a term without a target, the error itself."""
    return STATISTICS[term.formula.KIND](features[term.tap] if term.tap else x, term.formula)


def term_error(
    term: Term,
    x: KerasTensor,
    features: Mapping[str, KerasTensor],
    values: Mapping[str, KerasTensor],
) -> KerasTensor:
    y = statistic(term, x, features)
    if not isinstance(term.formula, Comparison):
        return y
    return error(y - values[term.name], term.formula.norm_of_error)


def errors(
    x: KerasTensor,
    features: Mapping[str, KerasTensor],
    values: Mapping[str, KerasTensor],
    targets: Targets,
) -> KerasTensor:
    """The error of every term of the recipe, in its order, before coefficient and weight."""
    return ops.stack([term_error(term, x, features, values) for term in targets.terms])
