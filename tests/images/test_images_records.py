"""The record inside a picture, or beside it."""

import struct
import zlib
from io import BytesIO

import numpy as np
import pytest
from building import ADOBE, EXACT, line_of, matrix_profile, png
from PIL import Image, ImageCms

from nst_core import images
from nst_core.errors import ImageError

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
