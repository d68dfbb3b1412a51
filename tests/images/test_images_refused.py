"""Pictures that cannot be read: one line each."""

import os
import struct

import numpy as np
import pytest
from building import BLOCK, line_of, png
from PIL import Image

from nst_core import images
from nst_core.errors import ImageError


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
