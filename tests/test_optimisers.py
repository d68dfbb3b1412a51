"""Adam and L-BFGS, step by step, against their papers written out again and PyTorch's own."""

import math

import numpy as np
import pytest

from nst_core import plan
from nst_core.optimisers import Adam, Lbfgs, make_optimiser

DIMENSION = 12
STEPS = 20  # further on the valley is flat, and PyTorch's own rule, y·s ≤ 1e-10, skips pairs
# Measured against PyTorch, of the largest coordinate at any step: Adam 5e-16, L-BFGS 5e-14.
ADAM, LBFGS = 1e-14, 1e-12


def quadratic(x):
    """Σ cᵢ (xᵢ − 1)², with a condition number of 1e4."""
    scale = np.logspace(-2, 2, x.size).reshape(x.shape)
    return 2 * scale * (x - 1)


def valley(x):
    """Rosenbrock's function in many dimensions, made gentle: Σ 5 (xᵢ₊₁ − xᵢ²)² + (1 − xᵢ)²."""
    g = np.zeros_like(x)
    bend = x[1:] - x[:-1] ** 2
    g[1:] += 10 * bend
    g[:-1] += -20 * bend * x[:-1] - 2 * (1 - x[:-1])
    return g


def start(size=DIMENSION):
    return 0.5 + 0.3 * np.random.default_rng(0).standard_normal(size)


def path(optimiser, gradient, x, steps):
    found = []
    for _ in range(steps):
        x = optimiser.step(x, gradient(x))
        found.append(x)
    return np.array(found)


def torch_path(make, gradient, x, steps):
    torch = pytest.importorskip("torch")
    variable = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    optimiser = make(torch)([variable])
    found = []

    def closure():
        variable.grad = torch.from_numpy(gradient(variable.detach().numpy()))
        return torch.zeros(())

    for _ in range(steps):
        optimiser.step(closure)
        found.append(variable.detach().numpy().copy())
    return np.array(found)


def parted(found, expected):
    """The largest relative distance of two paths at any step."""
    assert np.isfinite(found).all()
    return (np.abs(found - expected).max(1) / np.abs(expected).max(1)).max()


# Adam

SETTINGS = plan.Adam(lr=0.03, beta1=0.8, beta2=0.95, epsilon=1e-3)


def test_adam_is_algorithm_1_of_its_paper():
    x, m, v, expected = start(), [0.0] * DIMENSION, [0.0] * DIMENSION, []
    for t in range(1, STEPS + 1):
        g = quadratic(x)
        following = []
        for i in range(DIMENSION):
            m[i] = 0.8 * m[i] + 0.2 * g[i]
            v[i] = 0.95 * v[i] + 0.05 * g[i] ** 2
            m_hat, v_hat = m[i] / (1 - 0.8**t), v[i] / (1 - 0.95**t)
            following.append(x[i] - 0.03 * m_hat / (math.sqrt(v_hat) + 1e-3))
        x = np.array(following)
        expected.append(x)
    assert parted(path(Adam(SETTINGS), quadratic, start(), STEPS), np.array(expected)) < ADAM


def test_adam_is_that_of_pytorch():
    def make(torch):
        return lambda variables: torch.optim.Adam(variables, 0.03, (0.8, 0.95), 1e-3)

    expected = torch_path(make, valley, start(), STEPS)
    assert parted(path(Adam(SETTINGS), valley, start(), STEPS), expected) < ADAM


def test_the_first_step_of_adam_is_its_learning_rate_whatever_the_gradient():
    g = np.array([1e-3, -5.0, 400.0])
    x = Adam(plan.Adam(lr=0.1, epsilon=1e-12)).step(np.zeros(3), g)
    np.testing.assert_allclose(x, [-0.1, 0.1, -0.1], rtol=1e-8)


def test_adam_stays_where_the_gradient_is_zero():
    x = np.arange(3.0)
    assert np.array_equal(Adam(plan.Adam()).step(x, np.zeros(3)), x)


# L-BFGS


@pytest.mark.parametrize("gradient", [quadratic, valley])
@pytest.mark.parametrize(("lr", "history"), [(1.0, 100), (0.7, 4)])
def test_lbfgs_is_that_of_pytorch(gradient, lr, history):
    def make(torch):
        def made(variables):
            return torch.optim.LBFGS(
                variables,
                lr=lr,
                max_iter=1,
                history_size=history,
                tolerance_grad=0,
                tolerance_change=0,
            )

        return made

    optimiser = Lbfgs(plan.Lbfgs(lr=lr, history=history))
    found = path(optimiser, gradient, start(), STEPS)
    assert parted(found, torch_path(make, gradient, start(), STEPS)) < LBFGS
    assert len(optimiser.pairs) == min(STEPS - 1, history)  # no pair was skipped on the way


def test_lbfgs_applies_the_inverse_hessian_of_equation_7_17():
    """H ← (I − ρsyᵀ) H (I − ρysᵀ) + ρssᵀ, oldest pair first, from H = (y·s / y·y) I."""
    optimiser = Lbfgs(plan.Lbfgs(lr=0.5, history=5))
    path(optimiser, valley, start(), 12)
    s, y, _ = optimiser.pairs[-1]
    eye = np.eye(DIMENSION)
    H = (y @ s) / (y @ y) * eye
    for s, y, _ in optimiser.pairs:
        rho = 1 / (y @ s)
        H = (eye - rho * np.outer(s, y)) @ H @ (eye - rho * np.outer(y, s)) + rho * np.outer(s, s)
    g = np.random.default_rng(3).standard_normal(DIMENSION)
    # measured: 4e-16
    np.testing.assert_allclose(
        optimiser.direction(g), -H @ g, rtol=0, atol=1e-13 * abs(H @ g).max()
    )


def test_lbfgs_finds_the_minimum_of_an_ill_conditioned_quadratic():
    found = path(Lbfgs(plan.Lbfgs()), quadratic, start(), 60)
    assert np.abs(found[-1] - 1).max() < 1e-6


@pytest.mark.parametrize(("g", "length"), [([30.0, -10.0], 1 / 40), ([0.2, -0.3], 1.0)])
def test_the_first_step_of_lbfgs_is_no_longer_than_one(g, length):
    x = Lbfgs(plan.Lbfgs(lr=0.5)).step(np.zeros(2), np.array(g))
    np.testing.assert_allclose(x, [-0.5 * length * part for part in g], rtol=1e-15)


def test_lbfgs_stays_where_the_gradient_is_zero():
    optimiser = Lbfgs(plan.Lbfgs())
    x = np.arange(3.0)
    for _ in range(3):
        assert np.array_equal(optimiser.step(x, np.zeros(3)), x)


def test_a_pair_of_negative_curvature_is_skipped():
    optimiser = Lbfgs(plan.Lbfgs())
    x = path(optimiser, quadratic, start(), 5)[-1]
    before = list(optimiser.pairs)
    assert len(before) == 4
    uphill = optimiser.g - 3 * optimiser.s  # y = −3 s
    optimiser.step(x, uphill)
    assert len(optimiser.pairs) == 4
    assert all(kept is pair for kept, pair in zip(optimiser.pairs, before, strict=True))
    assert optimiser.g is uphill  # the next pair starts here all the same


@pytest.mark.parametrize(("cosine", "kept"), [(0.02, 1), (0.005, 0), (-0.02, 0)])
def test_a_pair_is_kept_if_its_curvature_exceeds_the_stated_share(cosine, kept):
    """The rule has no unit: y·s is compared with ‖y‖‖s‖."""
    optimiser = Lbfgs(plan.Lbfgs(curvature=0.01))
    optimiser.s, optimiser.g = np.array([1e-9, 0.0]), np.zeros(2)
    y = 1e-6 * np.array([cosine, math.sqrt(1 - cosine**2)])
    optimiser.remember(y)
    assert len(optimiser.pairs) == kept


def test_the_oldest_pair_is_forgotten_when_the_history_is_full():
    optimiser = Lbfgs(plan.Lbfgs(history=3))
    x, newest = start(), []
    for _ in range(7):
        x = optimiser.step(x, quadratic(x))
        newest.extend(list(optimiser.pairs)[-1:])
    assert len(newest) == 6
    assert all(a is b for a, b in zip(optimiser.pairs, newest[-3:], strict=True))


# Both


@pytest.mark.parametrize("make", [lambda: Adam(plan.Adam()), lambda: Lbfgs(plan.Lbfgs())])
def test_two_optimisers_share_nothing(make):
    alone = path(make(), valley, start(), 8)
    one, other = make(), make()
    x, found = start(), []
    for step in range(8):
        x = one.step(x, valley(x))
        found.append(x)
        other.step(start() + step, quadratic(start() + step))
    assert np.array_equal(np.array(found), alone)


@pytest.mark.parametrize("make", [lambda: Adam(plan.Adam()), lambda: Lbfgs(plan.Lbfgs())])
def test_a_step_leaves_its_arguments_alone_and_works_in_any_shape(make):
    flat = path(make(), quadratic, start(12), 8)
    x = start(12).reshape(3, 2, 2)
    optimiser = make()
    for expected in flat:
        g = quadratic(x)
        x_kept, g_kept = x.copy(), g.copy()
        following = optimiser.step(x, g)
        assert np.array_equal(x, x_kept)
        assert np.array_equal(g, g_kept)
        # measured: 0; a sum may be taken in another order
        np.testing.assert_allclose(following.ravel(), expected, rtol=1e-13)
        x = following


@pytest.mark.parametrize(("name", "kind"), [("adam", Adam), ("lbfgs", Lbfgs)])
def test_the_stage_says_which_optimiser_and_its_constants(name, kind):
    stage = plan.Plan(optimizer=name, adam=plan.Adam(lr=7), lbfgs=plan.Lbfgs(lr=9)).stages()[0]
    optimiser = make_optimiser(stage)
    assert type(optimiser) is kind
    assert optimiser.settings.lr == {"adam": 7, "lbfgs": 9}[name]
