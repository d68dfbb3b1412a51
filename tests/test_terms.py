"""The loss formulas against the paper's equations, written out again in plain loops."""

import numpy as np
import pytest
from values import content_loss, gram_matrix, style_loss, total_variation

from nst_core import recipe
from nst_core.recipe import Content, Style, TotalVariation
from nst_core.terms.formula import energy, total_error
from nst_core.terms.total_variation import difference

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


def test_the_mean_of_a_style_error_is_over_all_pairs_of_channels():
    formula = Style(weight=1, taps=TAPS, reduction="mean")
    assert style_loss(np.full((4, 4), 3.0), np.ones((4, 4)), formula) == 4.0


def relative(norm="squared"):
    return Content(taps=TAPS, reduction="relative", norm=norm)


@pytest.mark.parametrize("norm", ["squared", "absolute"])
def test_a_relative_error_has_no_unit(features, norm):
    F, P = features
    formula = relative(norm)
    assert content_loss(1e3 * F, 1e3 * P, formula) == same(content_loss(F, P, formula))
    assert content_loss(np.zeros_like(P), P, formula) == same(1.0)


def test_a_target_of_zero_has_a_divisor_of_one(features):
    F, P = features
    zero = np.zeros_like(P)
    assert energy(zero) == 1.0
    assert content_loss(F, zero, relative()) == same(sum(f * f for f in F.flat))


def test_what_is_equal_has_no_error(features):
    F, _ = features
    assert [total_error(F - F, norm) for norm in ("squared", "absolute")] == [0, 0]


def test_content_may_be_an_absolute_error(features):
    F, P = features
    total = sum(abs(f - p) for f, p in zip(F.flat, P.flat, strict=True))
    formula = Content(taps=TAPS, norm="absolute", reduction="mean", factor=3)
    assert content_loss(F, P, formula) == same(3 * total / 60)


def test_a_root_divides_by_the_root_of_the_number_of_terms(features):
    F, P = features
    formula = Content(taps=TAPS, reduction="root", factor=0.5)
    assert content_loss(F, P, formula) == same(0.5 * squares_by_loops(F, P) / 60**0.5)


def test_an_image_divides_by_three_times_its_pixels_squared():
    formula = Style(weight=1, taps=TAPS, reduction="image", factor=0.25)
    G, A = np.full((4, 4), 3.0), np.ones((4, 4))
    assert style_loss(G, A, formula, 100) == same(0.25 * 16 * 4 / 300**2)
    assert formula.coefficient(A, 100) == same(0.25 / 300**2)


# Centring and shifting


def test_a_centred_gram_matrix_is_the_covariance(features):
    F, _ = features
    formula = Style(weight=1, taps=TAPS, gram="positions", centred=True)
    expected = np.cov(F.reshape(5, -1), bias=True)
    np.testing.assert_allclose(gram_matrix(F, formula), expected, rtol=1e-12)


def test_a_shift_is_added_to_every_activation(features):
    F, _ = features
    shifted, plain = Style(weight=1, taps=TAPS, shift=-1), Style(weight=1, taps=TAPS)
    np.testing.assert_array_equal(gram_matrix(F, shifted), gram_matrix(F - 1, plain))


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


def powers_by_loops(x, p, last_row=False):
    channels, height, width = x.shape
    total = 0.0
    for c, h, w in np.ndindex(channels, height - 1, width - 1):
        right = x[c, height - 1 if last_row else h, w + 1]
        total += ((x[c, h + 1, w] - x[c, h, w]) ** 2 + (right - x[c, h, w]) ** 2) ** p
    return total


@pytest.mark.parametrize("last_row", [False, True])
@pytest.mark.parametrize("exponent", [1.0, 1.25, 2.0])
def test_powers_are_of_both_differences_at_once(exponent, last_row):
    x = np.random.default_rng(0).random((3, 5, 4))
    formula = TotalVariation(
        norm="power", exponent=exponent, reduction="sum", last_row=last_row, factor=0.5
    )
    assert total_variation(x, formula) == same(0.5 * powers_by_loops(x, exponent, last_row))


def test_the_nine_point_stencil_sees_the_diagonals():
    x = np.random.default_rng(0).random((3, 5, 4))
    shares = {(1, 0): 1 / 3, (0, 1): 1 / 3, (1, 1): 1 / 12, (1, -1): 1 / 12}
    expected = 0.0
    for (down, across), share in shares.items():
        pairs = [
            (x[c, h + down, w + across], x[c, h, w])
            for c, h, w in np.ndindex(x.shape)
            if h + down < 5 and 0 <= w + across < 4
        ]
        expected += share * np.mean([(a - b) ** 2 for a, b in pairs])
    formula = TotalVariation(norm="squared", stencil="nine", reduction="mean")
    assert total_variation(x, formula) == same(expected)


def test_a_difference_is_the_neighbour_minus_the_pixel():
    x = np.arange(12.0).reshape(1, 3, 4)
    for down, across, d in ((1, 0, 4), (0, 1, 1), (1, 1, 5), (1, -1, 3)):
        assert np.unique(difference(x, down, across)).tolist() == [d]


def test_the_shares_of_a_mean_are_over_the_differences_there_are():
    found = TotalVariation(reduction="mean").directions(5, 4)
    assert found == ((1, 0, 1 / 48), (0, 1, 1 / 45))


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
