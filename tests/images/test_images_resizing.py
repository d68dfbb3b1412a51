"""The size of a picture at a scale, and its resampling."""

import numpy as np
import pytest
from building import EXACT

from nst_core import images


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((100, 200, 50), (25, 50)),
        ((200, 100, 50), (50, 25)),
        ((3, 1000, 100), (1, 100)),
        ((1, 100_000, 10), (1, 10)),
        ((480, 640, 1000), (750, 1000)),
        ((427, 640, 512), (342, 512)),  # 341.6
        ((7, 7, 7), (7, 7)),
    ],
)
def test_fit(arguments, expected):
    assert images.fit(*arguments) == expected


@pytest.mark.parametrize("shape", [(5, 9), (64, 31), (33, 100)])
def test_a_constant_stays_constant(shape):
    result = images.resize(np.full((4, 33, 47), 0.3, np.float32), *shape)
    assert result.shape == (4, *shape)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, 0.3, atol=EXACT)


def test_the_mean_is_kept():
    noise = np.random.default_rng(1).random((3, 64, 96))
    result = images.resize(noise, 16, 24, clip=False)
    # the border's pixels weigh a little more: 0.002 measured, 0.04 where nothing is averaged
    np.testing.assert_allclose(result.mean(axis=(1, 2)), noise.mean(axis=(1, 2)), atol=0.01)


def test_a_fine_checkerboard_shrinks_to_grey():
    board = np.indices((64, 64)).sum(axis=0) % 2
    result = images.resize(board[None].astype(np.float32), 8, 8)
    np.testing.assert_allclose(result, 0.5, atol=0.01)


def test_floats_are_not_rounded_to_bytes():
    ramp = np.linspace(0.5, 0.501, 64, dtype=np.float32) * np.ones((1, 64, 1), np.float32)
    result = images.resize(ramp, 32, 32)
    assert len(np.unique(result[0, 0])) == 32
    np.testing.assert_allclose(
        result[0, 0, 8:24], ramp[0, 0].reshape(32, 2).mean(1)[8:24], atol=EXACT
    )


@pytest.mark.parametrize(("cut", "limit"), [(np.s_[:, 32:], 0.12), (np.s_[32:, 32:], 0.25)])
def test_ringing_is_as_stated(cut, limit):
    step = np.zeros((1, 64, 64), np.float32)
    step[0][cut] = 1
    ringing = [images.resize(step, n, n, clip=False).max() - 1 for n in range(16, 520, 7)]
    assert limit / 2 < max(ringing) < limit


def test_clip_is_a_choice():
    step = np.zeros((1, 64, 64), np.float32)
    step[:, :, 32:] = 1
    free = images.resize(step, 96, 96, clip=False)
    assert free.min() < -0.05
    np.testing.assert_array_equal(images.resize(step, 96, 96), np.clip(free, 0, 1))
    outside = images.resize(3 * step - 1, 32, 32, clip=False)
    assert outside[0, 0, -1] == pytest.approx(2)


def test_the_same_shape_is_a_copy():
    pixels = np.random.default_rng(2).random((3, 5, 7), np.float32) * 4 - 2
    result = images.resize(pixels, 5, 7, clip=False)
    np.testing.assert_array_equal(result, pixels)
    assert not np.shares_memory(result, pixels)
    np.testing.assert_array_equal(images.resize(pixels, 5, 7), np.clip(pixels, 0, 1))


def test_float64_keeps_every_digit_where_the_shape_stays_and_its_dtype_everywhere():
    pixels = np.random.default_rng(2).random((3, 5, 7))
    np.testing.assert_array_equal(images.resize(pixels, 5, 7), pixels)
    larger = images.resize(pixels, 10, 14)
    assert larger.dtype == np.float64
    np.testing.assert_array_equal(larger, images.resize(pixels.astype(np.float32), 10, 14))
