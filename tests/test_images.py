"""Pictures are built here, pixel by pixel, and must come back as known numbers."""

import logging
import os
import struct
import sys
import types
import zlib
from hashlib import sha256
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageCms

from nst_core import images
from nst_core.errors import ImageError

RED, GREEN, BLUE, GREY = (255, 0, 0), (0, 255, 0), (0, 0, 255), (90, 90, 90)
# 2 × 3, every pixel different, no symmetry
BLOCK = np.array([[RED, GREEN, BLUE], [(0, 0, 0), (255, 255, 255), GREY]], np.uint8)
EXACT = 1e-6  # float32 of a quotient


def planes(array):
    """(H, W, 3) of bytes as the suite's (3, H, W) of fractions."""
    return np.asarray(array, np.float64).transpose(2, 0, 1) / 255


def line_of(caught, *words):
    """The error's text, which must be one line that holds all the words and a cure."""
    text = str(caught.value)
    assert "\n" not in text
    assert ": " in text
    for word in words:
        assert str(word) in text
    return text


@pytest.fixture
def store(tmp_path):
    """Saves a Pillow image under a name and reads it back through the suite."""

    def put(image, name, **options):
        path = tmp_path / name
        image.save(path, **options)
        return images.read(path)

    return put


# Building blocks: PNG chunks, TIFF tags and ICC tags, so that no writer's opinion comes between


def png(header, rows, chunks=()):
    """`header` is (width, height, bits, colour type)."""

    def chunk(kind, body):
        crc = struct.pack(">I", zlib.crc32(kind + body))
        return struct.pack(">I", len(body)) + kind + body + crc

    inner = [
        (b"IHDR", struct.pack(">IIBBBBB", *header, 0, 0, 0)),
        *chunks,
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*pair) for pair in inner)


def tiff(values, bits, *, sample_format=1, photometric=1, big_endian=False):
    """An uncompressed TIFF of one grey row; `values` are the row's bytes."""
    order = ">" if big_endian else "<"
    width = len(values) * 8 // bits
    tags = [(256, width), (257, 1), (258, bits), (259, 1), (262, photometric)]
    tags += [(273, 8), (277, 1), (278, 1), (279, len(values)), (339, sample_format)]
    body = values + b"\0" * (len(values) % 2)
    entries = b"".join(struct.pack(order + "HHIHH", tag, 3, 1, n, 0) for tag, n in tags)
    head = (b"MM" if big_endian else b"II") + struct.pack(order + "HI", 42, 8 + len(body))
    return head + body + struct.pack(order + "H", len(tags)) + entries + bytes(4)


WHITE_D50 = (0.9642, 1.0, 0.8249)
# columns X Y Z of the primaries, adapted to D50
SRGB = np.array([(0.4360, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141)])
ADOBE = np.array([(0.6097, 0.3111, 0.0195), (0.2053, 0.6257, 0.0609), (0.1492, 0.0632, 0.7446)])


def fixed(*values):
    return b"".join(struct.pack(">i", round(value * 65536)) for value in values)


def xyz(values):
    return b"XYZ \0\0\0\0" + fixed(*values)


def gamma(value):
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(value * 256))


def icc(space, tags, pcs=b"XYZ ", device=b"mntr"):
    tags = {
        b"desc": b"desc\0\0\0\0" + struct.pack(">I", 2) + b"t\0" + bytes(78),
        b"cprt": b"text\0\0\0\0x\0\0\0",
        b"wtpt": xyz(WHITE_D50),
        **tags,
    }
    table, body, start = b"", b"", 132 + 12 * len(tags)
    for key, value in tags.items():
        table += key + struct.pack(">II", start + len(body), len(value))
        body += value + bytes(-len(value) % 4)
    head = struct.pack(">I4xI4s4s4s12x", start + len(body), 0x02400000, device, space, pcs)
    head = (head + b"acsp").ljust(68, b"\0") + fixed(*WHITE_D50)
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def matrix_profile(primaries, exponent=2.2, white=WHITE_D50):
    tags = {
        key + b"XYZ": xyz(column) for key, column in zip((b"r", b"g", b"b"), primaries, strict=True)
    }
    tags[b"wtpt"] = xyz(white)
    return icc(b"RGB ", tags | {key + b"TRC": gamma(exponent) for key in (b"r", b"g", b"b")})


def grey_profile(exponent):
    return icc(b"GRAY", {b"kTRC": gamma(exponent)})


def black_only_profile(darkest=0):
    """A CMYK profile that sees K alone: L* falls in a line from 100 to 100/255 of `darkest`."""
    ramp = bytes(range(256))
    grid = b"".join(bytes([darkest if corner % 2 else 255, 128, 128]) for corner in range(16))
    lut = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + fixed(1, 0, 0, 0, 1, 0, 0, 0, 1)
    lut += ramp * 4 + grid + ramp * 3
    return icc(b"CMYK", {b"A2B0": lut, b"A2B1": lut}, b"Lab ", b"scnr")


def encoded(linear):
    """The sRGB curve, IEC 61966-2-1."""
    linear = np.clip(linear, 0, 1)
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


# read: formats


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


# read: orientation

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


# read: alpha


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


# read: modes


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


# read: colour profiles


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


# read: refusals


def test_missing_folder_and_empty(tmp_path):
    (tmp_path / "empty.png").touch()
    (tmp_path / "file").write_text("x")
    for path, word in [
        (tmp_path / "none.png", "No such file"),
        (tmp_path, "directory"),
        (tmp_path / "file" / "a.png", "Not a directory"),
        (tmp_path / "empty.png", "0 bytes"),
    ]:
        with pytest.raises(ImageError) as caught:
            images.read(path)
        line_of(caught, path, word)


def test_permission_denied(tmp_path, monkeypatch):
    def refuse(self):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr("pathlib.Path.read_bytes", refuse)
    with pytest.raises(ImageError) as caught:
        images.read(tmp_path / "a.png")
    line_of(caught, tmp_path / "a.png", "Permission denied", "permissions")
    assert isinstance(caught.value.__cause__, PermissionError)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read and write everywhere")
def test_permissions_of_the_disk_itself(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(b"x")
    path.chmod(0)
    with pytest.raises(ImageError):
        images.read(path)
    tmp_path.chmod(0o500)
    with pytest.raises(ImageError):
        images.writable(path)
    tmp_path.chmod(0o700)


@pytest.mark.parametrize(
    "content", [b"hello", b"\x89PNG\r\n\x1a\n", b"P6 1 1 255 \0\0\0", b"II*\0"]
)
def test_no_picture(tmp_path, content):
    path = tmp_path / "a.png"
    path.write_bytes(content)
    with pytest.raises(ImageError) as caught:
        images.read(path)
    line_of(caught, path, "not a picture", "JPEG, PNG, WebP, TIFF, BMP or GIF")
    assert caught.value.__cause__ is not None


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.bmp", "a.gif", "a.tif", "a.webp"])
def test_truncated(tmp_path, name):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    path = tmp_path / name
    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[: -len(path.read_bytes()) // 3])
    with pytest.raises(ImageError) as caught:
        images.read(path)
    line_of(caught, path)
    assert caught.value.__cause__ is not None


def test_whatever_a_decoder_raises_is_one_line(tmp_path, monkeypatch):
    Image.fromarray(BLOCK).save(tmp_path / "a.png")

    def burst(self):
        raise struct.error("unpack requires\na buffer")

    monkeypatch.setattr("PIL.PngImagePlugin.PngImageFile.load_prepare", burst)
    with pytest.raises(ImageError) as caught:
        images.read(tmp_path / "a.png")
    line_of(caught, tmp_path / "a.png", "damaged", "unpack requires a buffer")


def test_the_header_alone_shows_a_picture_too_large(tmp_path):
    path = tmp_path / "bomb.png"
    path.write_bytes(png((60_000, 50_000, 8, 2), b""))
    with pytest.raises(ImageError) as caught:
        images.read(path)
    line_of(caught, path, "60000 × 50000", "3,000,000,000", "100,000,000", "--max-pixels")


def test_the_limit_is_exact_and_the_only_one(store, tmp_path, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1)  # Pillow's own
    store(Image.fromarray(BLOCK), "a.png")
    assert Image.MAX_IMAGE_PIXELS == 1
    images.read(tmp_path / "a.png", max_pixels=6)
    with pytest.raises(ImageError):
        images.read(tmp_path / "a.png", max_pixels=5)
    assert Image.MAX_IMAGE_PIXELS == 1


# fit and resize


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


# save


@pytest.fixture
def pixels():
    return np.random.default_rng(3).random((3, 20, 30), np.float32)


@pytest.mark.parametrize("suffix", [".png", ".tif", ".tiff", ".PNG"])
def test_lossless_round_trip(tmp_path, pixels, suffix):
    images.save(pixels, tmp_path / f"a{suffix}")
    back = images.read(tmp_path / f"a{suffix}").pixels
    np.testing.assert_allclose(back, np.round(255 * pixels) / 255, atol=EXACT)


def test_values_are_rounded_and_cut(tmp_path):
    values = np.array([-3, 0.4 / 255, 0.6 / 255, 254.4 / 255, 254.6 / 255, 7], np.float64)
    images.save(np.tile(values, (3, 1, 1)), tmp_path / "a.png")
    raw = np.asarray(Image.open(tmp_path / "a.png"))
    np.testing.assert_array_equal(raw[0, :, 1], [0, 0, 1, 254, 255, 255])


@pytest.mark.parametrize("suffix", [".jpg", ".jpeg", ".webp"])
def test_lossy_round_trip(tmp_path, suffix):
    smooth = np.stack(np.meshgrid(np.linspace(0, 1, 64), np.linspace(0, 1, 48)))
    smooth = np.concatenate([smooth, 1 - smooth[:1]])
    images.save(smooth, tmp_path / f"a{suffix}")
    back = images.read(tmp_path / f"a{suffix}").pixels
    assert np.sqrt(np.mean((back - smooth) ** 2)) < 2 / 255


def test_jpeg_keeps_its_chroma_whole(tmp_path, pixels):
    images.save(pixels, tmp_path / "a.jpg")
    with Image.open(tmp_path / "a.jpg") as image:
        assert {(h, v) for _, h, v, _ in image.layer} == {(1, 1)}
        # table K.1 of the standard, first entry 16, at quality 95
        assert image.quantization[0][0] == 2


@pytest.mark.parametrize("suffix", [".png", ".webp", ".tif"])
def test_alpha_is_kept_beside_the_colours(tmp_path, pixels, suffix):
    alpha = np.tile(np.linspace(0, 1, 30, dtype=np.float32), (20, 1))
    images.save(pixels, tmp_path / f"a{suffix}", alpha=alpha)
    back = images.read(tmp_path / f"a{suffix}")
    np.testing.assert_allclose(back.alpha, np.round(255 * alpha) / 255, atol=EXACT)
    if suffix != ".webp":  # lossy
        raw = np.asarray(Image.open(tmp_path / f"a{suffix}"))[..., :3]
        np.testing.assert_allclose(planes(raw), np.round(255 * pixels) / 255, atol=EXACT)


def test_webp_keeps_the_colours_under_clear_alpha(tmp_path):
    halves = np.zeros((3, 32, 64), np.float32)
    halves[0, :, :32] = 1
    halves[2, :, 32:] = 1
    images.save(halves, tmp_path / "a.webp", alpha=0 * halves[0])
    raw = np.asarray(Image.open(tmp_path / "a.webp"))
    np.testing.assert_allclose(raw[:, ::40, :3].mean(axis=0), [RED, BLUE], atol=3)


def test_jpeg_has_no_alpha(tmp_path, pixels):
    with pytest.raises(ImageError) as caught:
        images.save(pixels, tmp_path / "a.jpg", alpha=pixels[0])
    line_of(caught, tmp_path / "a.jpg", "alpha", ".png")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["a.gif", "a", "a.png.txt"])
def test_an_unknown_suffix_names_the_known(tmp_path, pixels, name):
    for call in (lambda path: images.save(pixels, path), images.writable):
        with pytest.raises(ImageError) as caught:
            call(tmp_path / name)
        line_of(caught, tmp_path / name, ".png, .jpg, .jpeg, .webp, .tif, .tiff")


def test_values_that_are_no_numbers(tmp_path, pixels):
    pixels[1, 2, 3] = np.nan
    with pytest.raises(ImageError) as caught:
        images.save(pixels, tmp_path / "a.png")
    line_of(caught, tmp_path / "a.png", "not finite", "learning rate")
    assert list(tmp_path.iterdir()) == []


def test_a_size_that_the_format_does_not_have(tmp_path):
    with pytest.raises(ImageError) as caught:
        images.save(np.zeros((3, 1, 20_000), np.float32), tmp_path / "a.webp")
    line_of(caught, tmp_path / "a.webp", "WEBP", "another format")
    assert caught.value.__cause__ is not None
    assert list(tmp_path.iterdir()) == []


# save: whole or not at all


def fail(*_args, **_options):
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("target", ["os.replace", "os.fsync", "PIL.Image.Image.save"])
@pytest.mark.parametrize("old", [None, b"the old picture"])
def test_a_failure_leaves_the_folder_as_it_was(tmp_path, pixels, monkeypatch, target, old):
    path = tmp_path / "a.png"
    if old is not None:
        path.write_bytes(old)
    before = sorted(tmp_path.iterdir())
    monkeypatch.setattr(target, fail)
    with pytest.raises(ImageError) as caught:
        images.save(pixels, path)
    line_of(caught, path, "No space left")
    assert sorted(tmp_path.iterdir()) == before
    assert old is None or path.read_bytes() == old


def test_an_interruption_leaves_nothing_either(tmp_path, monkeypatch):
    def interrupt(*_args):
        raise KeyboardInterrupt

    (tmp_path / "a.json").write_text("old")
    monkeypatch.setattr("os.fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        images.write_text(tmp_path / "a.json", "new")
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]
    assert (tmp_path / "a.json").read_text() == "old"


def test_a_save_replaces_the_old_file_and_nothing_else(tmp_path, pixels):
    for _ in range(2):
        images.save(pixels, tmp_path / "a.png")
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_a_link_stays_a_link(tmp_path, pixels):
    (tmp_path / "there").mkdir()
    (tmp_path / "a.png").symlink_to(tmp_path / "there" / "b.png")
    images.save(pixels, tmp_path / "a.png")
    assert (tmp_path / "a.png").is_symlink()
    assert (tmp_path / "there" / "b.png").is_file()


def test_permissions_are_those_of_any_file(tmp_path):
    (tmp_path / "plain").write_text("x")
    images.write_text(tmp_path / "ours", "x")
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_write_text(tmp_path):
    images.write_text(tmp_path / "a.json", '{"name": "Étoile"}\n')
    assert (tmp_path / "a.json").read_bytes() == '{"name": "Étoile"}\n'.encode()
    with pytest.raises(ImageError) as caught:
        images.write_text(tmp_path / "none" / "a.json", "x")
    line_of(caught, tmp_path / "none" / "a.json", "No such file")


# writable


def test_writable_says_yes_and_leaves_nothing(tmp_path):
    images.writable(tmp_path / "a.png")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "b.png").write_bytes(b"old")
    images.writable(tmp_path / "b.png")
    assert (tmp_path / "b.png").read_bytes() == b"old"


def test_writable_says_no(tmp_path):
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "file").write_text("x")
    (tmp_path / "loop.png").symlink_to(tmp_path / "loop.png")
    for path in (
        tmp_path / "none" / "a.png",
        tmp_path / "folder.png",
        tmp_path / "file" / "a.png",
        tmp_path / ("a" * 300 + ".png"),
        tmp_path / "loop.png",
    ):
        with pytest.raises(ImageError) as caught:
            images.writable(path)
        line_of(caught, path)
        with pytest.raises(ImageError):
            images.save(np.zeros((3, 2, 2), np.float32), path)
    assert {path.name for path in tmp_path.iterdir()} == {"folder.png", "file", "loop.png"}


def test_a_folder_that_may_not_be_written(tmp_path, monkeypatch):
    def refuse(*_args, **_options):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("pathlib.Path.touch", refuse)
    with pytest.raises(ImageError) as caught:
        images.writable(tmp_path / "a.png")
    line_of(caught, tmp_path / "a.png", "Read-only file system")


# records

RECORD = '{"recipe": "gatys2016", "style": "夜.jpg", "size": 512}'


def test_a_png_carries_its_record(tmp_path, pixels):
    images.save(pixels, tmp_path / "a.png", record=RECORD)
    assert images.read_record(tmp_path / "a.png") == RECORD
    assert Image.open(tmp_path / "a.png").text == {images.RECORD_KEY: RECORD}
    np.testing.assert_allclose(
        images.read(tmp_path / "a.png").pixels, np.round(255 * pixels) / 255, atol=EXACT
    )


def test_a_long_record_comes_back(tmp_path, pixels):
    record = "[" + "1234567," * 500_000 + "0]"
    images.save(pixels, tmp_path / "a.png", record=record)
    assert images.read_record(tmp_path / "a.png") == record


def test_a_picture_cut_short_still_tells_its_record(tmp_path, pixels):
    images.save(pixels, tmp_path / "a.png", record=RECORD)
    (tmp_path / "a.png").write_bytes((tmp_path / "a.png").read_bytes()[:-200])
    assert images.read_record(tmp_path / "a.png") == RECORD


def test_a_record_moved_behind_the_pixels(tmp_path):
    parts = png((1, 1, 8, 0), b"\0\0")
    body = b"nst\0" + b"{}"
    chunk = struct.pack(">I", len(body)) + b"tEXt" + body
    chunk += struct.pack(">I", zlib.crc32(b"tEXt" + body))
    (tmp_path / "a.png").write_bytes(parts[:-12] + chunk + parts[-12:])
    assert images.read_record(tmp_path / "a.png") == "{}"


@pytest.mark.parametrize("name", ["a.jpg", "a.webp", "a.tif", "a.png"])
def test_other_pictures_have_theirs_beside_them(tmp_path, pixels, name):
    path = tmp_path / name
    images.save(pixels, path, record=None if name == "a.png" else RECORD)
    with pytest.raises(ImageError) as caught:
        images.read_record(path)
    line_of(caught, path, f"{path}.json", "contains no record")
    images.write_text(f"{path}.json", RECORD)
    assert images.read_record(path) == RECORD


def test_no_record_of_a_file_that_is_not_there(tmp_path):
    with pytest.raises(ImageError) as caught:
        images.read_record(tmp_path / "a.png")
    line_of(caught, tmp_path / "a.png", "No such file")


def test_pixel_limits_do_not_hide_a_record(tmp_path, pixels, monkeypatch):
    images.save(pixels, tmp_path / "a.png", record=RECORD)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1)
    assert images.read_record(tmp_path / "a.png") == RECORD


def test_buffers_are_as_the_standard_says():
    """The builders above agree with an independent decoder of theirs."""
    assert Image.open(BytesIO(png((2, 1, 8, 0), b"\0\1\2"))).size == (2, 1)
    profile = ImageCms.ImageCmsProfile(BytesIO(matrix_profile(ADOBE)))
    np.testing.assert_allclose(profile.profile.red_colorant[0], ADOBE[0], atol=1e-4)
