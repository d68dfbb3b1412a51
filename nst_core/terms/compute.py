"""What is alike in every backend: the statistics and errors of a list of terms.

Arrays may be those of any framework. `functions` is the backend's table of kinds: each function
takes what a term looks at and the formula, and returns what is compared, or, of a kind without a
target, the error itself.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from nst_core.terms import Term
from nst_core.terms.formula import Comparison, Formula

Functions = Mapping[str, Callable[[Any, Any], Any]]


def unchanged(F: Any, _formula: Formula) -> Any:
    """What the content loss compares: the features themselves."""
    return F


def statistics(
    terms: Sequence[Term], x: Any, features: Mapping[str, Any], functions: Functions
) -> dict[str, Any]:
    """What each term compares, by its name: at the variable x, and the features by tap."""
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
    found = statistics(terms, x, features, functions)
    return [
        error(found[term.name] - values[term.name], term.formula.norm_of_error)
        if isinstance(term.formula, Comparison)
        else found[term.name]
        for term in terms
    ]
