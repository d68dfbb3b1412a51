"""Alpha, grey, palettes, CMYK and deep pixels come back as known numbers."""

import struct

import numpy as np
import pytest
from building import BLUE, EXACT, GREEN, RED, line_of, png, tiff
from PIL import Image

from nst_core import images
from nst_core.errors import ImageError


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.webp"])
def test_alpha_is_composited_on_white(store, name):
    rgba = np.array([[(0, 0, 0, 0), (255, 0, 0, 51), (0, 0, 255, 255)]], np.uint8)
    options = {"lossless": True} if name == "a.webp" else {}
    picture = store(Image.fromarray(rgba), name, **options)
    np.testing.assert_allclose(picture.alpha, [[0, 0.2, 1]], atol=EXACT)
    expected = [(1, 1, 1), (1, 0.8, 0.8), (0, 0, 1)]
    np.testing.assert_allclose(picture.pixels[:, 0].T, expected, atol=EXACT)


def test_float64_is_a_share_of_255_to_its_last_digit(tmp_path):
    rgba = np.random.default_rng(5).integers(0, 256, (7, 9, 4), np.uint8)
    Image.fromarray(rgba).save(tmp_path / "a.png")
    Image.fromarray(rgba[..., :3]).save(tmp_path / "b.png")
    values = rgba.transpose(2, 0, 1) / np.float64(255)
    clear = images.read(tmp_path / "a.png", precision=np.float64)
    opaque = images.read(tmp_path / "b.png", precision=np.float64)
    np.testing.assert_array_equal(clear.alpha, values[3])
    np.testing.assert_array_equal(clear.pixels, values[:3] * values[3] + (1 - values[3]))
    np.testing.assert_array_equal(opaque.pixels, values[:3])
    for one in (clear.pixels, clear.alpha, opaque.pixels):
        assert one.dtype == np.float64


def test_grey_with_alpha(store):
    picture = store(Image.fromarray(np.array([[[0, 102]]], np.uint8), "LA"), "a.png")
    np.testing.assert_allclose(picture.alpha, [[0.4]], atol=EXACT)
    np.testing.assert_allclose(picture.pixels[:, 0, 0], 0.6, atol=EXACT)


PALETTE = (b"PLTE", bytes([*RED, *GREEN, *BLUE]))
WHITE, MID = (1, 1, 1), (0.4, 0.4, 0.4)


@pytest.mark.parametrize(
    ("header", "row", "chunks", "expected"),
    [
        # palette, its first entry half clear
        (
            (2, 1, 8, 3),
            b"\0\2",
            [PALETTE, (b"tRNS", b"\x33")],
            ([0.2, 1], [(1, 0.8, 0.8), (0, 0, 1)]),
        ),
        # one clear colour of RGB, of grey, of black and white, of 16-bit grey
        ((2, 1, 8, 2), b"\0\0\0\0\0\xff", [(b"tRNS", bytes(6))], ([0, 1], [WHITE, (0, 0, 1)])),
        ((2, 1, 8, 0), b"\x33\x66", [(b"tRNS", b"\0\x33")], ([0, 1], [WHITE, MID])),
        ((2, 1, 1, 0), b"\x40", [(b"tRNS", b"\0\0")], ([0, 1], [WHITE, WHITE])),
        ((2, 1, 16, 0), b"\x33\x33\x66\x66", [(b"tRNS", b"\x33\x33")], ([0, 1], [WHITE, MID])),
        # 16-bit grey with alpha
        ((1, 1, 16, 4), b"\0\0\x99\x99", [], ([0.6], [MID])),
    ],
)
def test_transparency_of_every_png_kind(tmp_path, header, row, chunks, expected):
    (tmp_path / "a.png").write_bytes(png(header, b"\0" + row, chunks))
    picture = images.read(tmp_path / "a.png")
    alpha, pixels = expected
    np.testing.assert_allclose(picture.alpha, [alpha], atol=EXACT)
    np.testing.assert_allclose(picture.pixels[:, 0].T, pixels, atol=EXACT)


def test_transparency_of_a_gif(store):
    image = Image.fromarray(np.array([[0, 1]], np.uint8), "P")
    image.putpalette([*RED, *BLUE])
    picture = store(image, "a.gif", transparency=0)
    np.testing.assert_allclose(picture.alpha, [[0, 1]])
    np.testing.assert_allclose(picture.pixels[:, 0].T, [(1, 1, 1), (0, 0, 1)], atol=EXACT)


@pytest.mark.parametrize("name", ["a.png", "a.bmp", "a.gif", "a.tif"])
def test_grey_palette_and_bilevel(store, name):
    grey = Image.fromarray(np.array([[0, 51, 255]], np.uint8))
    for image, expected in [
        (grey, (0, 0.2, 1)),
        (grey.convert("P"), (0, 0.2, 1)),
        (grey.convert("1", dither=Image.Dither.NONE), (0, 0, 1)),
    ]:
        pixels = store(image, name).pixels
        np.testing.assert_allclose(pixels[:, 0], [expected] * 3, atol=EXACT)


@pytest.mark.parametrize(("name", "tolerance"), [("a.tif", EXACT), ("a.jpg", 2.5 / 255)])
def test_cmyk_without_a_profile(store, name, tolerance):
    inks = np.zeros((16, 64, 4), np.uint8)
    inks[:, :16] = (255, 0, 0, 0)  # cyan
    inks[:, 16:32] = (0, 255, 255, 0)  # magenta and yellow: red
    inks[:, 32:48] = (0, 0, 0, 204)  # black at 80 %
    pixels = store(Image.fromarray(inks, "CMYK"), name, quality=100).pixels
    expected = [(0, 1, 1), (1, 0, 0), (0.2, 0.2, 0.2), (1, 1, 1)]
    np.testing.assert_allclose(pixels[:, 8, 8::16].T, expected, atol=tolerance)


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_16_bit_grey_keeps_its_precision(store, name):
    values = np.array([[0, 1, 300, 32768, 65534, 65535]], np.uint16)
    pixels = store(Image.fromarray(values), name).pixels
    # a 256th of the step that 8 bits would leave
    np.testing.assert_allclose(pixels[1, 0], values[0] / 65535, atol=1 / 255 / 256)
    assert len(np.unique(pixels[0])) == 6


@pytest.mark.parametrize(
    ("values", "bits", "options", "expected"),
    [
        (struct.pack(">3H", 0, 256, 65535), 16, {"big_endian": True}, (0, 256 / 65535, 1)),
        (struct.pack("<3H", 0, 256, 65535), 16, {"photometric": 0}, (1, 65279 / 65535, 0)),
        (bytes([0x00, 0x0F, 0xFF]), 12, {}, (0, 1)),
        (struct.pack("<2h", 0, 32767), 16, {"sample_format": 2}, (0, 1)),
        (struct.pack("<3I", 0, 2**31, 2**32 - 1), 32, {}, (0, 0.5, 1)),
        (struct.pack("<2i", 0, 2**31 - 1), 32, {"sample_format": 2}, (0, 1)),
        (struct.pack("<3f", 0, 0.123456, 1), 32, {"sample_format": 3}, (0, 0.123456, 1)),
        (struct.pack(">2f", 0.25, 1), 32, {"sample_format": 3, "big_endian": True}, (0.25, 1)),
    ],
)
def test_deep_tiffs_are_fractions_of_their_own_range(tmp_path, values, bits, options, expected):
    (tmp_path / "a.tif").write_bytes(tiff(values, bits, **options))
    pixels = images.read(tmp_path / "a.tif").pixels
    np.testing.assert_allclose(pixels[:, 0], [expected] * 3, atol=EXACT)


@pytest.mark.parametrize(
    ("values", "sample_format"),
    [
        (struct.pack("<2f", 0, 255), 3),
        (struct.pack("<2f", -0.5, 1), 3),
        (struct.pack("<2f", 0, np.nan), 3),
        (struct.pack("<2i", -1, 5), 2),
    ],
)
def test_values_out_of_range_are_not_guessed_at(tmp_path, values, sample_format):
    path = tmp_path / "a.tif"
    path.write_bytes(tiff(values, 32, sample_format=sample_format))
    with pytest.raises(ImageError) as caught:
        images.read(path)
    line_of(caught, path, "scale them to 0 .. 1")


def test_an_unsupported_mode_is_named(store, tmp_path):
    with pytest.raises(ImageError) as caught:
        store(Image.new("LAB", (2, 2)), "a.tif")
    line_of(caught, tmp_path / "a.tif", "LAB", "convert it to RGB")
