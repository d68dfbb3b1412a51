"""An interruption saves the picture so far."""

import json
import signal

import pytest
from command_line import (
    PAIR,
    QUICK,
    TO,
    WAIT,
    WHERE,
    bits,
    contents,
    record,
    start,
    until,
)

from nst_core import images
from nst_core.cli.terminal import Bar
from nst_core.reference.paint import NumpySession


@pytest.mark.parametrize("last", [0, 3])
def test_an_interruption_saves_the_picture_so_far(nst, monkeypatch, last):
    update = Bar.update

    def interrupted(self, stage, snapshot):
        update(self, stage, snapshot)
        if stage.size == 32 and snapshot.iteration == last:
            raise KeyboardInterrupt

    monkeypatch.setattr(Bar, "update", interrupted)
    scales = ("--size", "64", "--set", "plan.coarsest=32", "--iterations", "5")
    code, out, err = nst("run", *PAIR, *TO, *WHERE, *scales)
    assert (code, out) == (130, "")
    assert err == "interrupted: the current picture was saved as out.png\n"
    assert bits("out.png").shape == (51, 64, 3)
    said = record("out.png")
    assert said["finished"] is False
    assert said["terms"]["total"] > 0
    assert json.loads(images.read_record("out.png")) == said


def test_an_interruption_before_the_first_iteration_saves_nothing(nst, folder, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(NumpySession, "targets", interrupted)
    before = contents(folder)
    code, _, err = nst("run", *PAIR, *TO, *QUICK)
    assert code == 130
    assert err == "interrupted before the first iteration: nothing was saved\n"
    assert contents(folder) == before


def test_control_c_saves_the_picture_so_far(folder):
    endless = ("--size", "32", "--iterations", "10000000", "--preview-every", "1")
    with start("run", *PAIR, *TO, *WHERE, *endless) as running:
        try:
            until((folder / "out.png").is_file, running)
            running.send_signal(signal.SIGINT)
            out, err = running.communicate(timeout=WAIT)
        finally:
            running.kill()
    assert (running.returncode, out) == (130, "")
    assert err == "interrupted: the current picture was saved as out.png\n"
    assert record("out.png")["finished"] is False
    assert bits("out.png").shape == (26, 32, 3)
    assert not list(folder.glob(".nst-*"))
