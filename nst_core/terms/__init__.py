"""The kinds of terms that a total may have: one module for each kind, found by itself.

A module in this package that defines a subclass of `Formula` with a `KIND` adds that kind to the
suite: recipes may use it in a `[[term]]`, the `numpy` backend computes it, `nst check` tries every
backend on it, and the sheets explain it. Each backend has one function for it in its `losses.py`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pkgutil import iter_modules

from nst_core.terms.formula import Comparison, Formula, Sum

__all__ = ["KINDS", "Comparison", "Formula", "Sum", "Term"]


@dataclass(frozen=True)
class Term:
    """One summand of the total: `weight` times the formula's value at `tap`.

    `name` is `content:relu4_2`, `style:relu1_1` or `tv`. `tap` is empty where the formula looks at
    the variable itself. `style` is the number of the only style picture that the term is compared
    with; None stands for the average of all.
    """

    name: str
    tap: str
    weight: float
    formula: Formula
    style: int | None = None


def _found() -> Iterator[type[Formula]]:
    """The kinds of this package's modules, by the names of the modules."""
    for module in iter_modules(__path__):
        for value in vars(import_module(f"{__name__}.{module.name}")).values():
            own = isinstance(value, type) and value.__module__ == f"{__name__}.{module.name}"
            if own and issubclass(value, Formula) and "KIND" in vars(value):
                yield value


KINDS: Mapping[str, type[Formula]] = {kind.KIND: kind for kind in _found()}
