"""A folder with pictures, and the command line run in it."""

import sys

import pytest
from command_line import bits, noise, record

from nst_core import cli


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
def nst(folder, monkeypatch, capsys):
    """Runs a command line in this process: (exit code, standard output, standard error)."""

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["nst", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        said = capsys.readouterr()
        return stopped.value.code or 0, said.out, said.err

    return call


@pytest.fixture
def paint(nst):
    """A quick painting that must succeed; its pixels and its record."""

    def call(*arguments, to="out.png"):
        code, _, err = nst("run", *arguments, "-o", to)
        assert code == 0, err
        return bits(to), record(to)

    return call
