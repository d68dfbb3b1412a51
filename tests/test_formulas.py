"""The loss formulas against the paper's equations, written out again in plain loops."""

import numpy as np
import pytest

from nst_core import recipe
from nst_core.formulas import (
    content_loss,
    gram_matrix,
    squared_error,
    squared_error_divisor,
    style_loss,
    total_variation,
)
from nst_core.recipe import Content, Style, TotalVariation

# Sums of at most 1e3 terms in another order; measured: 7e-16 at most.
SAME = 1e-14

TAPS = {"relu1_1": 1.0}


def same(value):
    return pytest.approx(value, rel=SAME, abs=0)


@pytest.fixture
def features():
    """F and P or S of the same shape: N = 5 channels, M = 12 positions, 3 × 4."""
    random = np.random.default_rng(1)
    return random.random((5, 3, 4)), random.random((5, 3, 4)) - 0.2


def gram_by_loops(F):
    """Eq. 3: G_ij = Σ_k F_ik F_jk."""
    N, height, width = F.shape
    G = np.zeros((N, N))
    for i in range(N):
        for j in range(N):
            for h in range(height):
                for w in range(width):
                    G[i, j] += F[i, h, w] * F[j, h, w]
    return G


def squares_by_loops(a, b):
    return sum((x - y) ** 2 for x, y in zip(a.flat, b.flat, strict=True))


# Gram matrices


@pytest.mark.parametrize(("gram", "divisor"), [("raw", 1), ("positions", 12), ("elements", 60)])
def test_the_gram_matrix_is_equation_3_over_its_divisor(features, gram, divisor):
    F, _ = features
    found = gram_matrix(F, Style(weight=1, taps=TAPS, gram=gram))
    np.testing.assert_allclose(found, gram_by_loops(F) / divisor, rtol=SAME)


def test_the_gram_matrix_counts_channels_not_positions():
    assert gram_matrix(np.ones((2, 3, 5)), Style(weight=1, taps=TAPS)).shape == (2, 2)


# The paper


def test_content_of_gatys2016_is_equation_1(features):
    F, P = features
    formula = recipe.load("gatys2016").content
    assert content_loss(F, P, formula) == same(0.5 * squares_by_loops(F, P))


def test_style_of_gatys2016_is_equation_4_on_pictures_of_one_size(features):
    F, S = features
    formula = recipe.load("gatys2016").style
    N, M = 5, 12
    E = squares_by_loops(gram_by_loops(F), gram_by_loops(S)) / (4 * N**2 * M**2)
    assert style_loss(gram_matrix(F, formula), gram_matrix(S, formula), formula) == same(E)


def test_style_of_gatys2016_weighs_its_layers_as_equation_5():
    weights = [t.weight for t in recipe.load("gatys2016").terms() if t.name.startswith("style")]
    assert weights == [same(1e3 / 5)] * 5


# Reductions


@pytest.mark.parametrize("factor", [1.0, 0.25])
def test_errors_are_summed_averaged_or_relative(features, factor):
    F, P = features
    total = squares_by_loops(F, P)
    scale = sum(p * p for p in P.flat)
    expected = {"sum": total, "mean": total / 60, "relative": total / scale}
    for reduction, value in expected.items():
        content = Content(taps=TAPS, reduction=reduction, factor=factor)
        style = Style(weight=1, taps=TAPS, reduction=reduction, factor=factor)
        assert content_loss(F, P, content) == same(factor * value)
        assert style_loss(F, P, style) == same(factor * value)
        assert squared_error(F, P, reduction) == same(value)


def test_the_mean_of_a_style_error_is_over_all_pairs_of_channels():
    formula = Style(weight=1, taps=TAPS, reduction="mean")
    assert style_loss(np.full((4, 4), 3.0), np.ones((4, 4)), formula) == 4.0


def test_a_relative_error_has_no_unit(features):
    F, P = features
    assert squared_error(1e3 * F, 1e3 * P, "relative") == same(squared_error(F, P, "relative"))
    assert squared_error(np.zeros_like(P), P, "relative") == same(1.0)


def test_a_target_of_zero_has_a_divisor_of_one(features):
    F, P = features
    zero = np.zeros_like(P)
    assert squared_error_divisor(zero, "relative") == 1.0
    assert squared_error(F, zero, "relative") == same(sum(f * f for f in F.flat))


def test_what_is_equal_has_no_error(features):
    F, _ = features
    assert [squared_error(F, F, reduction) for reduction in ("sum", "mean", "relative")] == [0] * 3


# Total variation

# down: 3 1 | 2 4 ; across: 1, -3, 0 in the first channel, nothing in the third
STEPS = np.zeros((3, 3, 2))
STEPS[0] = [[0, 1], [3, 0], [1, -4]]
# first channel, down: 3, -2, -1, -4; across: 1, -3, -5; of 12 and 9 differences in all


@pytest.mark.parametrize(
    ("norm", "reduction", "value"),
    [
        ("absolute", "sum", 10 + 9),
        ("squared", "sum", 30 + 35),
        ("absolute", "mean", 10 / 12 + 9 / 9),
        ("squared", "mean", 30 / 12 + 35 / 9),
    ],
)
def test_total_variation_by_hand(norm, reduction, value):
    assert total_variation(STEPS, TotalVariation(norm=norm, reduction=reduction)) == same(value)


def test_total_variation_of_a_flat_picture_is_zero():
    for norm in ("absolute", "squared"):
        assert total_variation(np.full((3, 4, 5), 0.7), TotalVariation(norm=norm)) == 0


# Sizes


def tiled(F):
    return np.tile(F, (1, 2, 2))


@pytest.mark.parametrize("gram", ["positions", "elements"])
def test_a_style_painted_twice_over_is_the_same_style(features, gram):
    F, S = features
    formula = Style(weight=1, taps=TAPS, gram=gram, reduction="relative")
    A = gram_matrix(S, formula)
    once = style_loss(gram_matrix(F, formula), A, formula)
    assert once > 0.1
    assert style_loss(gram_matrix(tiled(F), formula), A, formula) == same(once)
    # and so it is when the style is the larger picture
    large = gram_matrix(tiled(S), formula)
    assert style_loss(gram_matrix(F, formula), large, formula) == same(once)


def test_a_raw_gram_matrix_grows_with_the_picture(features):
    F, _ = features
    formula = Style(weight=1, taps=TAPS)
    np.testing.assert_allclose(
        gram_matrix(tiled(F), formula), 4 * gram_matrix(F, formula), rtol=SAME
    )
