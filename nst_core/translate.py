"""The weights with which one recipe makes another's terms, in closed form; and the proof.

At a tap that recipes A and B share, a term is w·c·Σ(F − P)², or w·c/d²·Σ(F Fᵀ − S Sᵀ)² with the
divisor d of the Gram matrix. The sums are alike, so that w_B = w_A · c_A/c_B · (d_B/d_A)².
Total variation, which no feature enters, stays B's own.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from nst_core import recipe as recipes
from nst_core.backend import Targets
from nst_core.recipe import Recipe
from nst_core.scene import Scene
from nst_core.terms import Comparison, Term
from nst_core.terms.gram import Gram
from nst_core.untranslatable import check_fields, check_pictures

DIGITS = 10  # of the weights, as they are printed and judged
KINDS = ("content", "style")


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
    """A recipe before a scene."""

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
        """Those that are translated."""
        return {t.name: t for t in self.targets.terms if t.name.partition(":")[0] in KINDS}

    @cached_property
    def coefficients(self) -> dict[str, float]:
        pixels, values = self.scene.pixels, self.targets.values
        return {n: t.formula.coefficient(values[n], pixels) for n, t in self.terms.items()}

    def divisor(self, name: str) -> float:
        """Of the statistic: that of the Gram matrix; 1 for content."""
        term = self.terms[name]
        return term.formula.divisor(self.scene.F[term.tap].shape)

    def value(self, name: str) -> float:
        """The weighted term at the scene's painting."""
        term, target = self.terms[name], self.targets.values[name]
        F = self.scene.F[term.tap]
        return term.weight * term.formula.value(F, target, self.scene.pixels)


@dataclass(frozen=True)
class Translation:
    """What B has to be given, why, and how well it then agrees with A."""

    a: Recipe
    b: Recipe
    """As it is; `translated` has the changes."""
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
        return float(np.max([relative(*pair) for pair in pairs]))  # which keeps a NaN

    @property
    def lost(self) -> tuple[str, ...]:
        """The terms of A that weigh something and that B has not."""
        shared = {row.name for row in self.rows}
        return tuple(t.name for t in self.a.terms() if t.tap and t.weight and t.name not in shared)


def translate(a: Recipe, b: Recipe, scene: Scene) -> Translation:
    """B's weights for A's terms, seen in `scene`; raises Untranslatable where there are none."""
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
    """(dotted key, value) of what is laid over B; B's convention for shares is kept."""
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
    """Content over style; 0 where there is no style."""
    content, style = (
        sum(value for name, value in terms.items() if name.startswith(f"{kind}:")) for kind in KINDS
    )
    return content / style if style else 0.0


def relative(a: float, b: float) -> float:
    return abs(a - b) / max(abs(a), abs(b), 1e-300)
