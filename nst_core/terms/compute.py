"""Code that all backends share: the statistics and errors of a list of terms.

Arrays may be of any framework. `functions` maps each kind to the backend's function, which takes
the term's input and the formula. It returns the statistic, or the error if the kind has no target.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from nst_core.terms import Term
from nst_core.terms.formula import Comparison, Formula

Functions = Mapping[str, Callable[[Any, Any], Any]]


def unchanged(F: Any, _formula: Formula) -> Any:
    """The statistic of the content loss, which is the features themselves."""
    return F


def statistics(
    terms: Sequence[Term], x: Any, features: Mapping[str, Any], functions: Functions
) -> dict[str, Any]:
    """The statistic of each term by its name, from the variable x and the features by layer."""
    return {
        term.name: functions[term.formula.KIND](features[term.tap] if term.tap else x, term.formula)
        for term in terms
    }


def errors(
    terms: Sequence[Term],
    x: Any,
    features: Mapping[str, Any],
    values: Mapping[str, Any],
    functions: Functions,
    error: Callable[[Any, Any], Any],
) -> list[Any]:
    """The error of each term, before its coefficient and weight.

    `values` are the targets by the terms' names; error(d, norm) is the sum of the squares or of the
    absolute values of d.
    """
    computed = statistics(terms, x, features, functions)
    return [
        error(computed[term.name] - values[term.name], term.formula.norm_of_error)
        if isinstance(term.formula, Comparison)
        else computed[term.name]
        for term in terms
    ]
