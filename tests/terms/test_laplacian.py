"""The term `laplacian`: values by loops, derivative by differences, mass, and its mistakes."""

import numpy as np
import pytest

from nst_core import recipe
from nst_core.conformance.mutants import MUTANTS, try_mutant
from nst_core.explain import equations
from nst_core.terms import KINDS
from nst_core.terms.laplacian import Laplacian

# The means of up to 27 values below 1 are summed with shares that add up to 8: in any order of the
# sums both sides are within 8 · 3 · 32 units of rounding, 2⁻⁵³, of the exact value.
ROUNDING = 8 * 3 * 32 * 2**-53


@pytest.fixture
def image():
    """Odd sides: with a pool of 2 a row and a column are left over."""
    return np.random.default_rng(6).random((3, 11, 9))


def edges(**fields):
    return Laplacian(**{"weight": 1, "pool": 2, "reduction": "sum"} | fields)


def by_loops(x, p):
    """The Laplacian of the sums over channels of the means of squares."""
    _, height, width = x.shape
    rows, columns = height // p, width // p
    pools = np.zeros((rows, columns))
    for i, j in np.ndindex(rows, columns):
        pools[i, j] = x[:, i * p : (i + 1) * p, j * p : (j + 1) * p].sum() / p**2
    found = np.zeros((rows - 2, columns - 2))
    for i, j in np.ndindex(found.shape):
        r, c = i + 1, j + 1
        beside = pools[r - 1, c] + pools[r + 1, c] + pools[r, c - 1] + pools[r, c + 1]
        found[i, j] = 4 * pools[r, c] - beside
    return found


@pytest.mark.parametrize("pool", [1, 2, 3])
def test_the_statistic_is_the_laplacian_of_the_pooled_image(image, pool):
    found = edges(pool=pool).statistic(image)
    np.testing.assert_allclose(found, by_loops(image, pool), rtol=0, atol=2 * ROUNDING)


def test_it_does_not_see_a_plane():
    down, across = np.mgrid[:12, :8] / 12
    plane = np.stack([0.2 + 0.3 * down + 0.4 * across] * 3)
    assert np.abs(edges().statistic(plane)).max() < ROUNDING


def test_it_is_summed_averaged_or_relative(image):
    target = by_loops(image[:, ::-1], 2)
    total = float(np.square(by_loops(image, 2) - target).sum())
    divisors = {"sum": 1, "mean": target.size, "relative": float(np.square(target).sum())}
    for reduction, divisor in divisors.items():
        found = edges(reduction=reduction, factor=0.5).value(image, target, 99)
        assert found == pytest.approx(
            0.5 * total / divisor, rel=1e-11
        )  # of errors that are each within ROUNDING


@pytest.mark.parametrize("pool", [1, 2, 3])
def test_its_gradient_is_its_derivative(image, pool):
    random, formula = np.random.default_rng(7), edges(pool=pool)
    target = formula.statistic(image[:, ::-1])
    _, g = formula.evaluate(image, target, 1)
    for _ in range(5):
        v = random.standard_normal(image.shape)
        ahead, behind = (formula.value(image + t * v, target, 1) for t in (1e-5, -1e-5))
        assert np.vdot(g, v) == pytest.approx((ahead - behind) / 2e-5, rel=1e-7)


def test_what_is_rounded_moves_it_by_less_than_its_mass(image):
    random, formula, u = np.random.default_rng(8), edges(), 2**-20
    exact = formula.statistic_mass(image)
    for _ in range(50):
        moved = image * (1 + u * random.choice([-1, 1], image.shape))
        assert (np.abs(formula.statistic(moved) - exact.value) <= u * exact.mass).all()


def test_a_recipe_may_have_it_beside_the_others():
    found = recipe.load("default", [("term", [{"kind": "laplacian", "weight": 3}])])
    assert found.terms()[-1].name == "laplacian"
    assert found.terms()[-1].tap == ""
    text = equations.text(found)
    assert "laplacian = Σ(ΔI − ΔC)² / Σ(ΔC)²" in text
    assert "I and C: squares of 4 by 4 pixels of painting and photograph" in text


def test_two_of_a_kind_need_names():
    coarse = {"kind": "laplacian", "weight": 3, "pool": 16, "name": "coarse"}
    found = recipe.load("default", [("term", [{"kind": "laplacian", "weight": 3}, coarse])])
    assert [term.name for term in found.terms()][-2:] == ["laplacian", "coarse"]


@pytest.mark.parametrize("name", Laplacian.MISTAKES)
def test_every_mistake_is_caught_at_its_level(name):
    (mutant,) = (one for one in MUTANTS if one.name == f"laplacian: {name}")
    assert try_mutant(mutant).killed
    assert KINDS["laplacian"] is Laplacian
