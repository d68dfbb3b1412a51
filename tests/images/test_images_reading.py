"""Pictures are built here, pixel by pixel, and must come back as known numbers."""

import sys
import types
from hashlib import sha256

import numpy as np
import pytest
from building import BLOCK, EXACT, GREEN, RED, planes
from PIL import Image

from nst_core import images


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.png", {}),
        ("a.bmp", {}),
        ("a.gif", {}),
        ("a.tif", {}),
        ("a.tiff", {"compression": "tiff_lzw"}),
        ("a.webp", {"lossless": True}),
        ("a.PNG", {}),
    ],
)
def test_lossless_formats_come_back_exactly(store, tmp_path, name, options):
    picture = store(Image.fromarray(BLOCK), name, **options)
    np.testing.assert_allclose(picture.pixels, planes(BLOCK), atol=EXACT)
    assert picture.pixels.dtype == np.float32
    assert picture.pixels.flags.c_contiguous
    assert (picture.height, picture.width) == (2, 3)
    assert picture.alpha is None
    assert picture.source == str(tmp_path / name)
    assert picture.sha256 == sha256((tmp_path / name).read_bytes()).hexdigest()


@pytest.mark.parametrize("name", ["a.jpg", "a.webp"])
def test_lossy_formats_keep_a_flat_colour(store, name):
    flat = np.full((16, 16, 3), (200, 100, 50), np.uint8)
    picture = store(Image.fromarray(flat), name, quality=95)
    # chroma is stored in integers: two levels at most
    np.testing.assert_allclose(picture.pixels, planes(flat), atol=2.5 / 255)


def test_a_moving_gif_gives_its_first_frame(store):
    frames = [Image.new("RGB", (3, 2), colour) for colour in (RED, GREEN)]
    picture = store(frames[0], "a.gif", save_all=True, append_images=frames[1:])
    np.testing.assert_allclose(picture.pixels[:, 0, 0], (1, 0, 0), atol=EXACT)


def test_the_content_decides_not_the_suffix(store, tmp_path):
    Image.fromarray(BLOCK).save(tmp_path / "a.png")
    (tmp_path / "a.png").rename(tmp_path / "a.jpg")
    np.testing.assert_allclose(images.read(tmp_path / "a.jpg").pixels, planes(BLOCK), atol=EXACT)


def test_a_sample_is_found_by_name(monkeypatch, tmp_path):
    Image.fromarray(BLOCK).save(tmp_path / "tea.png")
    samples = types.ModuleType("nst_core.samples")
    samples.path = lambda name: tmp_path / f"{name}.png"
    monkeypatch.setitem(sys.modules, "nst_core.samples", samples)
    picture = images.read("sample:tea")
    assert picture.source == "sample:tea"
    np.testing.assert_allclose(picture.pixels, planes(BLOCK), atol=EXACT)


UPRIGHT = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.transpose(1, 0, 2),
    6: lambda a: np.rot90(a, -1),  # stored on its left side: a quarter turn clockwise
    7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
    8: np.rot90,
}


@pytest.mark.parametrize("orientation", UPRIGHT)
@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.webp"])
def test_orientation_is_applied_once(store, name, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"lossless": True} if name == "a.webp" else {}
    picture = store(Image.fromarray(BLOCK), name, exif=exif, **options)
    np.testing.assert_allclose(picture.pixels, planes(UPRIGHT[orientation](BLOCK)), atol=EXACT)


def test_orientation_of_a_jpeg(store):
    exif = Image.Exif()
    exif[0x0112] = 6
    halves = np.zeros((16, 32, 3), np.uint8)
    halves[:, :16] = 255  # the left half becomes the top
    picture = store(Image.fromarray(halves), "a.jpg", exif=exif)
    assert picture.pixels.shape == (3, 32, 16)
    assert picture.pixels[:, :15].min() > 0.95
    assert picture.pixels[:, 17:].max() < 0.05


def test_orientation_turns_alpha_and_16_bit_greys_too(store):
    exif = Image.Exif()
    exif[0x0112] = 6
    alpha = np.array([[0, 51, 255]], np.uint8)
    rgba = np.dstack([np.zeros((1, 3, 3), np.uint8), alpha])
    picture = store(Image.fromarray(rgba), "a.png", exif=exif)
    np.testing.assert_allclose(picture.alpha, [[0], [0.2], [1]], atol=EXACT)
    deep = store(Image.fromarray(np.array([[1, 2]], np.uint16)), "b.png", exif=exif)
    np.testing.assert_allclose(deep.pixels[0] * 65535, [[1], [2]], atol=1e-3)


def test_damaged_exif_does_not_cost_the_picture(store, caplog):
    picture = store(Image.fromarray(BLOCK), "a.png", exif=b"Exif\0\0not a directory")
    np.testing.assert_allclose(picture.pixels, planes(BLOCK), atol=EXACT)
    assert "EXIF" in caplog.text


def test_warnings_of_the_decoder_go_to_the_log(store, caplog):
    cut_short = b"Exif\0\0II*\0\x08\0\0\0\xff\xff"
    picture = store(Image.fromarray(BLOCK), "a.png", exif=cut_short)
    assert picture.pixels.shape == (3, 2, 3)
    assert "Corrupt EXIF" in caplog.text
