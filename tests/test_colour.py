"""Colour preservation: the statistics that are matched, the colours that are kept."""

import numpy as np
import pytest
from scipy.linalg import sqrtm
from skimage.color import rgb2yiq

from nst_core import colour
from nst_core.colour import EPSILON, METHODS

ROUNDED = 1e-6  # float32 and two conversions
LINEAR = (colour.match_linear, colour.match_cholesky)
PAIRS = ("match-histogram", "match-linear", "match-cholesky", "keep-luminance")


def picture(height, width, mean, mixing, seed):
    """Correlated colours whose every value lies in mean ± the row sum of `mixing`."""
    values = np.random.default_rng(seed).uniform(-1, 1, (3, height * width))
    mixed = np.array(mixing) @ values + np.array(mean)[:, None]
    return mixed.reshape(3, height, width).astype(np.float32)


@pytest.fixture
def content():
    mixing = [[0.10, 0.02, 0.00], [0.05, 0.06, 0.01], [-0.03, 0.02, 0.05]]
    return picture(48, 40, (0.6, 0.5, 0.4), mixing, 1)


@pytest.fixture
def style():
    mixing = [[0.2, 0.0, 0.1], [0.0, 0.15, -0.1], [0.1, 0.1, 0.2]]
    return picture(33, 61, (0.3, 0.5, 0.6), mixing, 2)


def moments(image):
    flat = image.reshape(3, -1).astype(np.float64)
    return flat.mean(1), np.cov(flat, bias=True)


def chroma(image):
    return rgb2yiq(image, channel_axis=0)[1:]


# Matching


@pytest.mark.parametrize("match", LINEAR)
def test_linear_methods_match_mean_and_covariance(content, style, match):
    matched = match(style, content)
    assert matched.shape == style.shape
    assert 0 < matched.min() < matched.max() < 1  # nothing was cut
    (mean, covariance), (wanted_mean, wanted) = moments(matched), moments(content)
    np.testing.assert_allclose(mean, wanted_mean, atol=ROUNDED)
    # A(Σ_S + ε)Aᵀ = Σ_C + ε with ε = 1e-5, and the norm of A is below 2 here: (1 + 2²) ε
    np.testing.assert_allclose(covariance, wanted, atol=5e-5)
    assert np.abs(moments(style)[1] - wanted).max() > 1e-2


def test_the_two_linear_methods_take_different_roots(content, style):
    linear, cholesky = (match(style, content) for match in LINEAR)
    assert np.abs(linear - cholesky).max() > 0.05


def test_linear_is_the_transfer_of_image_analogies(content, style):
    (mean, S), (wanted_mean, C) = moments(style), moments(content)
    ridge = EPSILON * np.eye(3)
    A = sqrtm(C + ridge) @ np.linalg.inv(sqrtm(S + ridge))
    expected = A @ (style.reshape(3, -1) - mean[:, None]) + wanted_mean[:, None]
    matched = colour.match_linear(style, content)
    np.testing.assert_allclose(matched.reshape(3, -1), expected, atol=ROUNDED)


def test_cholesky_matches_red_by_red_alone(content, style):
    red = colour.match_cholesky(style, content)[0]
    gain = (red - red.mean()) / (style[0] - style[0].mean())
    wanted = np.sqrt((content[0].var() + EPSILON) / (style[0].var() + EPSILON))
    # a difference of float32 values, ε = 6e-8, over one that is seldom below 1e-4
    np.testing.assert_allclose(np.median(gain), wanted, rtol=1e-3)


def test_histograms_are_matched_channel_by_channel(content, style):
    matched = colour.match_histogram(style, content)
    assert matched.shape == style.shape
    shares = np.linspace(0.01, 0.99, 50)
    found, wanted = (np.quantile(x.reshape(3, -1), shares, axis=1) for x in (matched, content))
    # the quantile of a sample of 1920 lies within a few neighbours, 0.3 / 1920 apart
    np.testing.assert_allclose(found, wanted, atol=2e-3)
    order = np.argsort(style[0].ravel())
    assert np.all(np.diff(matched[0].ravel()[order]) >= 0)


def test_luminance_is_matched_and_grey(content, style):
    matched = colour.match_luminance(style, content)
    assert matched.shape == style.shape
    np.testing.assert_array_equal(matched, matched[[1, 2, 0]])
    wanted = rgb2yiq(content, channel_axis=0)[0]
    np.testing.assert_allclose(matched.mean(), wanted.mean(), atol=ROUNDED)
    np.testing.assert_allclose(matched.std(), wanted.std(), rtol=EPSILON / wanted.var())


@pytest.mark.parametrize("name", PAIRS)
def test_a_style_that_matches_already_stays(content, name):
    expected = METHODS[name].seen(content)
    np.testing.assert_allclose(METHODS[name].recoloured(content, content), expected, atol=ROUNDED)


# Luminance and chroma


def test_luminance_is_that_of_yiq_and_a_grey_stays(content):
    grey = colour.luminance(content)
    weights = np.array([0.299, 0.587, 0.114])  # NTSC
    np.testing.assert_allclose(grey[0], np.tensordot(weights, content, 1), atol=ROUNDED)
    np.testing.assert_array_equal(grey, grey[[1, 2, 0]])
    np.testing.assert_allclose(colour.luminance(grey), grey, atol=ROUNDED)


def test_noise_beyond_the_box_is_not_cut():
    noise = np.random.default_rng(3).standard_normal((3, 20, 20))
    grey = colour.luminance(noise)
    assert grey.min() < 0
    assert grey.max() > 1


def test_the_painting_keeps_its_luminance_and_takes_the_colours(content):
    painting = picture(48, 40, (0.5, 0.5, 0.5), 0.03 * np.eye(3), 4)
    result = colour.with_chroma(painting, content)
    assert 0 < result.min() < result.max() < 1  # nothing was cut
    np.testing.assert_allclose(chroma(result), chroma(content), atol=ROUNDED)
    found, wanted = colour.luminance(result), colour.luminance(painting)
    np.testing.assert_allclose(found, wanted, atol=ROUNDED)


def test_colours_that_do_not_exist_are_cut(content):
    painting = picture(48, 40, (0.5, 0.5, 0.5), 2 * np.eye(3), 5)
    result = colour.with_chroma(painting, content)
    assert (result.min(), result.max()) == (0, 1)
    np.testing.assert_array_equal(result, colour.with_chroma(np.clip(painting, 0, 1), content))


# Grey, flat and tiny pictures


def odd(style):
    """Pictures whose covariance is singular."""
    return {
        "grey": colour.luminance(style),
        "flat": np.full((3, 20, 30), 0.25, np.float32),
        "black": np.zeros((3, 20, 30), np.float32),
        "white": np.ones((3, 20, 30), np.float32),
        "one pixel": np.full((3, 1, 1), 0.75, np.float32),
    }


ODD = ("grey", "flat", "black", "white", "one pixel")


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("kind", ODD)
def test_singular_pictures_give_numbers(content, style, name, kind):
    method, singular = METHODS[name], odd(style)[kind]
    pairs = ((singular, content), (style, singular), (singular, singular))
    for given, reference in pairs:
        found = method.recoloured(given, reference)
        assert (found.shape, found.dtype) == (given.shape, np.float32)
        assert np.isfinite(found).all()
        assert 0 <= found.min() <= found.max() <= 1
        assert method.recoloured(given.astype(np.float64), reference).dtype == np.float64
    assert np.isfinite(method.restored(singular, singular)).all()


@pytest.mark.parametrize("match", LINEAR)
def test_a_flat_style_takes_the_mean_and_a_flat_content_gives_its_colour(content, style, match):
    flat = np.full((3, 20, 30), 0.25, np.float32)
    mean = moments(content)[0]
    np.testing.assert_allclose(moments(match(flat, content))[0], mean, atol=ROUNDED)
    # what is left of the style has the variance ε at most: three standard deviations and a half
    assert np.abs(match(style, flat) - 0.25).max() < 3.5 * EPSILON**0.5


def test_none_leaves_everything_as_it_is(content, style):
    method = METHODS[colour.NONE]
    assert method.recoloured(style, content) is style
    assert method.seen(content) is content
    assert method.restored(style, content) is style
