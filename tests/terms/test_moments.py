"""The term `moments`: values by loops, derivative by differences, mass, and what refuses it."""

import numpy as np
import pytest

from nst_core import recipe
from nst_core.conformance.mutants import MUTANTS, try_mutant
from nst_core.explain import equations
from nst_core.terms import KINDS
from nst_core.terms.moments import Moments

TAPS = {"relu1_1": 1.0}


@pytest.fixture
def features():
    """F of 3 channels and 20 positions, the last channel constant; and a target."""
    random = np.random.default_rng(3)
    F = random.random((3, 4, 5))
    F[2] = 0.5
    return F, random.random((2, 3))


def moments(**fields):
    return Moments(**{"weight": 1, "taps": TAPS, "reduction": "sum"} | fields)


def test_the_statistic_has_the_mean_and_the_deviation_of_every_channel(features):
    F, _ = features
    for channel, mean, deviation in zip(F, *moments().statistic(F), strict=True):
        values = list(channel.flat)
        expected = sum(values) / 20
        assert mean == pytest.approx(expected, rel=1e-14)
        variance = sum((value - expected) ** 2 for value in values) / 20
        assert deviation == pytest.approx(variance**0.5, rel=1e-14, abs=1e-15)


def test_it_is_summed_averaged_or_relative(features):
    F, target = features
    total = float(np.square(moments().statistic(F) - target).sum())
    divisors = {"sum": 1, "mean": 6, "relative": float(np.square(target).sum())}
    for reduction, divisor in divisors.items():
        found = moments(reduction=reduction, factor=0.5).value(F, target, 1)
        assert found == pytest.approx(0.5 * total / divisor, rel=1e-14)


def test_its_gradient_is_its_derivative(features):
    F, target = features
    random, formula = np.random.default_rng(4), moments(reduction="relative")
    _, g = formula.evaluate(F, target, 1)
    for _ in range(5):
        v = random.standard_normal(F.shape)
        v[2] = 0  # at a constant channel the deviation has a kink
        ahead, behind = (formula.value(F + t * v, target, 1) for t in (1e-6, -1e-6))
        assert np.vdot(g, v) == pytest.approx((ahead - behind) / 2e-6, rel=1e-7)


def test_a_constant_channel_has_no_gradient_from_its_deviation(features):
    F, target = features
    target[0, 2] = 0.5  # its mean is right
    assert np.abs(moments().evaluate(F, target, 1)[1][2]).max() < 1e-15


def test_what_is_rounded_moves_it_by_less_than_its_mass(features):
    F, _ = features
    random, formula, u = np.random.default_rng(5), moments(), 2**-20
    exact = formula.statistic_mass(F)
    for _ in range(50):
        moved = F * (1 + u * random.choice([-1, 1], F.shape))
        error = np.abs(formula.statistic(moved) - exact.value)
        assert (error <= u * exact.mass).all()


def test_a_recipe_may_have_it_beside_the_others():
    term = {"kind": "moments", "weight": 3, "taps": {"relu1_1": 0.5, "relu3_1": 2}}
    found = recipe.load("default", [("term", [term])])
    weights = {term.name: term.weight for term in found.terms()}
    assert (weights["moments:relu1_1"], weights["moments:relu3_1"]) == (1.5, 6)
    text = equations.text(found)
    assert "moments = Σₗ mₗ · (Σ(μ − μ_S)² + Σ(σ − σ_S)²) / Σ(μ_S² + σ_S²)" in text
    assert "+ 3 · moments" in text


@pytest.mark.parametrize("name", Moments.MISTAKES)
def test_every_mistake_is_caught_at_its_level(name):
    (mutant,) = (one for one in MUTANTS if one.name == f"moments: {name}")
    assert try_mutant(mutant).killed
    assert KINDS["moments"] is Moments
