"""Colour profiles, built here, are converted by their formulas."""

import logging

import numpy as np
import pytest
from building import (
    ADOBE,
    BLOCK,
    EXACT,
    RED,
    SRGB,
    black_only_profile,
    encoded,
    grey_profile,
    matrix_profile,
    planes,
)
from PIL import Image, ImageCms


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.webp", "a.jpg"])
def test_swapped_primaries_swap_the_channels(store, name):
    flat = Image.new("RGB", (16, 16), RED)
    options = {"lossless": True} if name == "a.webp" else {"quality": 100}
    profile = matrix_profile(SRGB[::-1])
    pixels = store(flat, name, icc_profile=profile, **options).pixels
    np.testing.assert_allclose(pixels.mean(axis=(1, 2)), (0, 0, 1), atol=2.5 / 255)


def test_a_wide_gamut_is_converted_by_its_formula(store):
    colours = np.array([[(128, 128, 128), (100, 150, 120), (180, 170, 200)]], np.uint8)
    picture = store(Image.fromarray(colours), "a.png", icc_profile=matrix_profile(ADOBE))
    light = (colours[0] / 255) ** (563 / 256) @ ADOBE  # the exponent as the file holds it
    expected = encoded(light @ np.linalg.inv(SRGB))
    np.testing.assert_allclose(picture.pixels[:, 0].T, expected, atol=1 / 255)
    assert np.abs(picture.pixels - planes(colours)).max() > 5 / 255  # it did something


def test_white_stays_white_and_black_becomes_black(store):
    paper = matrix_profile(SRGB, white=(0.9, 0.9, 0.6))
    picture = store(Image.new("RGB", (1, 1), (255, 255, 255)), "a.png", icc_profile=paper)
    np.testing.assert_allclose(picture.pixels, 1, atol=EXACT)
    soot = black_only_profile(darkest=40)
    picture = store(Image.new("CMYK", (1, 1), (255, 255, 255, 255)), "a.tif", icc_profile=soot)
    np.testing.assert_allclose(picture.pixels, 0, atol=1 / 255)


def test_an_srgb_profile_changes_nothing(store):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    ramp = np.arange(256, dtype=np.uint8)[None, :, None].repeat(3, axis=2)
    picture = store(Image.fromarray(ramp), "a.png", icc_profile=profile)
    np.testing.assert_allclose(picture.pixels, planes(ramp), atol=EXACT)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_grey_profile(store, dtype):
    full = np.iinfo(dtype).max
    values = np.array([[0, full // 4, full // 2, full]], dtype)
    picture = store(Image.fromarray(values), "a.png", icc_profile=grey_profile(1.0))
    np.testing.assert_allclose(picture.pixels[2, 0], encoded(values[0] / full), atol=1 / 255)


def test_a_colour_profile_on_a_grey_or_palette_picture(store):
    grey = Image.fromarray(np.array([[0, 100, 255]], np.uint8))
    profile = matrix_profile(SRGB, exponent=1.0)
    for image in (grey, grey.convert("P")):
        pixels = store(image, "a.png", icc_profile=profile).pixels
        np.testing.assert_allclose(
            pixels[0, 0], encoded(np.array([0, 100, 255]) / 255), atol=1 / 255
        )


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_a_profile_leaves_alpha_alone(store, mode):
    rgba = Image.fromarray(np.array([[(100, 100, 100, 51)]], np.uint8)).convert(mode)
    profile = matrix_profile(SRGB, 1.0) if mode == "RGBA" else grey_profile(1.0)
    picture = store(rgba, "a.png", icc_profile=profile)
    np.testing.assert_allclose(picture.alpha, [[0.2]], atol=EXACT)
    expected = 0.2 * encoded(100 / 255) + 0.8
    np.testing.assert_allclose(picture.pixels[:, 0, 0], expected, atol=1 / 255)


def test_cmyk_goes_through_its_profile(store):
    inks = Image.new("CMYK", (4, 4), (200, 0, 0, 128))
    picture = store(inks, "a.tif", icc_profile=black_only_profile())
    lightness = 100 * (1 - 128 / 255)
    expected = encoded(np.array(((lightness + 16) / 116) ** 3))  # Y of L*
    np.testing.assert_allclose(picture.pixels, np.full((3, 4, 4), expected), atol=1.5 / 255)


@pytest.mark.parametrize(
    "profile",
    [b"no profile at all", matrix_profile(SRGB)[:200], grey_profile(1.0), black_only_profile()],
    ids=["junk", "cut short", "grey", "cmyk"],
)
def test_a_profile_that_cannot_be_used_is_ignored_aloud(store, caplog, profile):
    with caplog.at_level(logging.WARNING):
        picture = store(Image.fromarray(BLOCK), "a.png", icc_profile=profile)
    np.testing.assert_allclose(picture.pixels, planes(BLOCK), atol=EXACT)
    assert "a.png" in caplog.text
    assert "profile is ignored" in caplog.text
