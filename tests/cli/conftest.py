"""A folder with pictures, and the command line run in it."""

import pytest
from command_line import bits, noise, record


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The current folder, with a photograph 40 × 32 and two paintings."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    noise(32, 40, 1).save("content.png")
    noise(48, 36, 2).save("style.png")
    noise(40, 40, 3).save("other.png")
    return tmp_path


@pytest.fixture
def nst(folder, in_process):
    """Runs a command line in the folder: (exit code, standard output, standard error)."""
    return in_process


@pytest.fixture
def paint(nst):
    """A quick painting that must succeed; its pixels and its record."""

    def call(*arguments, to="out.png"):
        code, _, err = nst("run", *arguments, "-o", to)
        assert code == 0, err
        return bits(to), record(to)

    return call
