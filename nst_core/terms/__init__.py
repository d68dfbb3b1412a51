"""The kinds of terms of the loss: one module for each kind, which is found automatically.

A module in this package that defines a subclass of `Formula` with a `KIND` adds that kind to the
suite: recipes may use it in a `[[term]]`, the `numpy` backend computes it, `nst check` checks it in
every backend, and `nst recipes show` prints it. Each backend needs one function in `losses.py`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pkgutil import iter_modules

from nst_core.terms.formula import Comparison, Formula, Sum

__all__ = ["KINDS", "Comparison", "Formula", "Sum", "Term"]


@dataclass(frozen=True)
class Term:
    """One term of the total: `weight` times the value of the formula at the layer `tap`.

    `name` is, for example, `content:relu4_2`, `style:relu1_1` or `tv`. `tap` is empty if the
    formula uses the variable instead of features. `style` is the index of the style picture that
    the term is compared with; None means the average of all styles.
    """

    name: str
    tap: str
    weight: float
    formula: Formula
    style: int | None = None


def _found() -> Iterator[type[Formula]]:
    """The kinds in the modules of this package, in the order of the modules' names."""
    for module in iter_modules(__path__):
        for value in vars(import_module(f"{__name__}.{module.name}")).values():
            own = isinstance(value, type) and value.__module__ == f"{__name__}.{module.name}"
            if own and issubclass(value, Formula) and "KIND" in vars(value):
                yield value


KINDS: Mapping[str, type[Formula]] = {kind.KIND: kind for kind in _found()}
