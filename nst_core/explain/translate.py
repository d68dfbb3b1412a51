"""The weights with which recipe B has the same terms as recipe A, in closed form, and a check.

At a layer that recipes A and B share, a term is w·c·Σ(F − P)², or w·c/d²·Σ(F Fᵀ − S Sᵀ)² with the
divisor d of the Gram matrix. The sums are equal, so w_B = w_A · c_A/c_B · (d_B/d_A)².
Total variation does not depend on features and is not changed in B.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from nst_core import recipe as recipes
from nst_core.backend import Targets
from nst_core.explain.scene import Scene
from nst_core.explain.untranslatable import KINDS, check_fields, check_pictures
from nst_core.recipe import Recipe
from nst_core.terms import Comparison, Term
from nst_core.terms.gram import Gram

DIGITS = 10  # of the weights: they are printed so and checked so, after rounding


@dataclass(frozen=True)
class Row:
    """A term that both recipes have: its weight in A, c_A/c_B, and d_B/d_A."""

    name: str
    weight: float
    coefficients: float
    divisors: float

    @property
    def tap(self) -> str:
        return self.name.partition(":")[2]

    @property
    def translated(self) -> float:
        """The weight in B."""
        return self.weight * self.coefficients * self.divisors**2


@dataclass(frozen=True)
class Side:
    """A recipe evaluated on a scene."""

    recipe: Recipe
    scene: Scene

    @cached_property
    def targets(self) -> Targets:
        pictures = {"content": self.scene.P, "styles": self.scene.S}
        values = {
            term.name: term.formula.statistic(pictures[term.formula.TARGET][term.tap])
            for term in self.recipe.terms()
            if term.tap and isinstance(term.formula, Comparison)
        }
        return Targets(self.recipe.terms(), values, self.recipe.variable)

    @cached_property
    def terms(self) -> dict[str, Term]:
        """The terms that are translated."""
        return {t.name: t for t in self.targets.terms if t.name.partition(":")[0] in KINDS}

    @cached_property
    def coefficients(self) -> dict[str, float]:
        pixels, values = self.scene.pixels, self.targets.values
        return {n: t.formula.coefficient(values[n], pixels) for n, t in self.terms.items()}

    def divisor(self, name: str) -> float:
        """The divisor of the Gram matrix; 1 for content."""
        term = self.terms[name]
        return term.formula.divisor(self.scene.F[term.tap].shape)

    def value(self, name: str) -> float:
        """The weighted term for the painting of the scene."""
        term, target = self.terms[name], self.targets.values[name]
        F = self.scene.F[term.tap]
        return term.weight * term.formula.value(F, target, self.scene.pixels)


@dataclass(frozen=True)
class Translation:
    """The changes to B, the numbers behind them, and how well B then agrees with A."""

    a: Recipe
    b: Recipe
    """B without the changes; `translated` is B with them."""
    scene: Scene
    rows: tuple[Row, ...]
    changes: Mapping[str, Any]

    @cached_property
    def translated(self) -> Recipe:
        return recipes.build(self.b.model_dump(mode="json"), self.b.name, self.changes.items())

    @cached_property
    def sides(self) -> tuple[dict[str, float], dict[str, float]]:
        """The shared terms in A, and in B with the changes."""
        one, other = Side(self.a, self.scene), Side(self.translated, self.scene)
        names = [row.name for row in self.rows]
        return {n: one.value(n) for n in names}, {n: other.value(n) for n in names}

    @property
    def ratios(self) -> tuple[float, float]:
        """Content over style, in A and in B."""
        one, other = self.sides
        return ratio(one), ratio(other)

    @property
    def deviation(self) -> float:
        """The largest relative difference between the ratios, or between two terms."""
        one, other = self.sides
        pairs = [self.ratios, *((one[name], other[name]) for name in one)]
        return float(np.max([relative(*pair) for pair in pairs]))  # unlike max, it keeps a NaN

    @property
    def lost(self) -> tuple[str, ...]:
        """The terms of A with a weight above 0 that B does not have."""
        shared = {row.name for row in self.rows}
        return tuple(t.name for t in self.a.terms() if t.tap and t.weight and t.name not in shared)


def translate(a: Recipe, b: Recipe, scene: Scene) -> Translation:
    """The weights with which B has A's terms in `scene`; raises Untranslatable if none exist."""
    a, b = for_one_style(a), for_one_style(b)
    check_fields(a, b)
    check_pictures(a, b, scene)
    one, other = Side(a, scene), Side(b, scene)
    rows = tuple(
        Row(
            name,
            term.weight,
            one.coefficients[name] / other.coefficients[name],
            other.divisor(name) / one.divisor(name),
        )
        for name, term in one.terms.items()
        if name in other.terms
    )
    return Translation(a, b, scene, rows, dict(changes(a, b, rows)))


def for_one_style(recipe: Recipe) -> Recipe:
    style = recipe.style.model_copy(update={"blend": ()})
    return recipe.model_copy(update={"style": style})


def changes(a: Recipe, b: Recipe, rows: tuple[Row, ...]) -> Iterator[tuple[str, Any]]:
    """(dotted key, value) of each change to B; the sum of B's shares is kept."""
    for kind in KINDS:
        formula = b.formulas[kind]
        weights = {r.tap: r.translated for r in rows if r.name.startswith(f"{kind}:")}
        total = sum(weights.values())
        if not total:
            yield f"{kind}.weight", 0.0
            continue
        average = formula.average if isinstance(formula, Gram) else "none"
        own = sum(share for tap, share in getattr(b, kind).taps.items() if tap in weights)
        shares = own if average == "none" and own else 1.0
        parts = len(weights) if average == "double" else 1
        yield f"{kind}.weight", rounded(total * parts / shares)
        yield f"{kind}.taps", {tap: rounded(w * shares / total) for tap, w in weights.items()}
    if a.style.weight and a.style.resize != b.style.resize:
        yield "style.resize", a.style.resize


def rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def ratio(terms: Mapping[str, float]) -> float:
    """Content divided by style; 0 if there is no style."""
    content, style = (
        sum(value for name, value in terms.items() if name.startswith(f"{kind}:")) for kind in KINDS
    )
    return content / style if style else 0.0


def relative(a: float, b: float) -> float:
    return abs(a - b) / max(abs(a), abs(b), 1e-300)  # 0 if both are 0
