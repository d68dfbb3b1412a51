"""Files are written whole or not at all, and nothing is left beside them."""

import os
from pathlib import Path

import pytest

from nst_core import files


def test_a_file_is_written_with_nothing_beside_it(tmp_path):
    files.write(tmp_path / "a", b"some\r\n\0bytes")
    assert (tmp_path / "a").read_bytes() == b"some\r\n\0bytes"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_an_older_file_is_replaced(tmp_path):
    (tmp_path / "a").write_bytes(b"a longer text than the other")
    files.write(tmp_path / "a", b"short")
    assert (tmp_path / "a").read_bytes() == b"short"


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_write_that_fails_leaves_the_older_file_and_nothing_else(tmp_path, monkeypatch, step):
    def refuse(*_):
        raise OSError("disk full")

    (tmp_path / "a").write_bytes(b"old")
    monkeypatch.setattr(*{"fsync": (os, "fsync"), "replace": (Path, "replace")}[step], refuse)
    with pytest.raises(OSError, match="disk full"):
        files.write(tmp_path / "a", b"not yet complete")
    assert (tmp_path / "a").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_the_older_file_stays_until_the_other_is_complete(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(os, "fsync", lambda _: seen.append((tmp_path / "a").read_bytes()))
    (tmp_path / "a").write_bytes(b"old")
    files.write(tmp_path / "a", b"other")
    assert seen == [b"old"]


def test_a_symbolic_link_is_followed(tmp_path):
    (tmp_path / "far").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "far" / "file")
    files.write(tmp_path / "link", b"x")
    assert (tmp_path / "link").is_symlink()
    assert [path.name for path in (tmp_path / "far").iterdir()] == ["file"]
    assert (tmp_path / "far" / "file").read_bytes() == b"x"


def test_trying_a_folder_leaves_nothing_behind(tmp_path):
    files.try_folder(tmp_path / "a")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("attempt", [files.try_folder, lambda path: files.write(path, b"")])
def test_a_folder_that_is_absent_is_an_oserror(tmp_path, attempt):
    with pytest.raises(OSError, match="No such file"):
        attempt(tmp_path / "nowhere" / "a")
