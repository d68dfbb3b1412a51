"""The judge on every recipe that is shipped, and what it allows to sums that cancel."""

import numpy as np
import pytest

from nst_core.conformance import cases
from nst_core.conformance.budgets import PRECISIONS, operation
from nst_core.conformance.check import rows, truth
from nst_core.conformance.judge import Judge
from nst_core.network import KERNEL

RECIPES = cases.of_recipes()
CENTRED = [case for case in RECIPES if case.recipe.style.centred]
DEFAULT = next(case for case in RECIPES if case.formula == "default")


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("case", RECIPES, ids=lambda case: case.formula)
def test_the_right_backend_keeps_every_budget(right, case, dtype):
    found = rows(case, right(case, dtype), dtype)
    assert [row for row in found if not row.holds] == []
    assert {row.level for row in found} == {0, 1, 2, 3}


def budgets_of(right, case):
    judge = Judge(truth(case), right(case), PRECISIONS["float64"])
    return {(row.level, row.what): row.budget for row in judge.rows()}


def test_a_gram_matrix_of_what_is_rectified_cancels_nothing(right):
    found = budgets_of(right, DEFAULT)
    for term in DEFAULT.recipe.terms():
        if term.tap:
            expected = PRECISIONS["float64"].features
            assert found[2, f"target {term.name}"] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("case", CENTRED, ids=lambda case: case.formula)
def test_a_centred_gram_matrix_may_lose_what_cancels(right, case):
    found = budgets_of(right, case)
    for term in case.recipe.terms():
        if term.name.startswith("style"):
            F = truth(case).features[term.tap]
            gram = term.formula.statistic_mass(F)
            share = np.linalg.norm(gram.mass) / np.linalg.norm(gram.value)
            assert share > 1.5
            expected = share * PRECISIONS["float64"].features
            assert found[2, f"target {term.name}"] == pytest.approx(expected, rel=1e-12)


def test_there_is_a_centred_recipe():
    assert CENTRED


def test_a_term_has_the_budget_of_its_own_sum_and_of_those_below_its_tap(right):
    found, network = budgets_of(right, DEFAULT), truth(DEFAULT).network
    for tap in DEFAULT.recipe.content.taps:
        size = truth(DEFAULT).features[tap].size
        convolutions = [layer for layer in network.until([tap]) if layer.kind == "conv"]
        below = sum(KERNEL**2 * layer.in_channels for layer in convolutions)
        for seam in ("terms", "gradient"):
            assert found[1, f"content:{tap} ({seam})"] == operation(size + below)
