"""A picture is saved whole or not at all."""

import numpy as np
import pytest
from building import BLUE, EXACT, RED, line_of, planes
from PIL import Image

from nst_core import images
from nst_core.errors import ImageError


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
