"""Banners that go straight to file descriptor 2 are swallowed, unless the import fails."""

import os
import subprocess
import sys

import pytest

from nst_core.quiet import quiet_import


def said(body, **environment):
    """Standard output and error of a fresh process that runs `body` inside `quiet_import`."""
    code = (
        "import os, sys\nfrom nst_core.quiet import quiet_import\n"
        f"with quiet_import():\n    {body}\n"
        "sys.stderr.write('after\\n')\nprint(os.environ['TF_CPP_MIN_LOG_LEVEL'])"
    )
    kept = {key: value for key, value in os.environ.items() if key != "TF_CPP_MIN_LOG_LEVEL"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=kept | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout, done.stderr


def test_banners_are_swallowed_and_the_error_stream_is_back_afterwards():
    out, err = said(
        "os.write(2, b'banner'); sys.stderr.write('of Python'); os.write(1, b'result ')"
    )
    assert out == "result 3\n"
    assert err == "after\n"


def test_a_failed_import_tells_all_that_was_said():
    out, err = said("os.write(2, b'the cause, '); sys.stderr.write('half a line, '); 1 / 0")
    assert out == ""
    assert err.startswith("the cause, half a line, Traceback")
    assert err.endswith("ZeroDivisionError: division by zero\n")


def test_an_error_passes_through_with_the_stream_restored(capfd):
    with pytest.raises(ImportError, match="libcudart"), quiet_import():
        raise ImportError("libcudart")
    os.write(2, b"after")
    assert capfd.readouterr().err == "after"


def test_a_user_who_asks_tensorflow_to_speak_is_obeyed():
    out, _ = said("pass", TF_CPP_MIN_LOG_LEVEL="1")
    assert out == "1\n"


def test_no_descriptor_is_leaked():
    with quiet_import():
        pass
    first = os.dup(2)
    os.close(first)
    for _ in range(3):
        with quiet_import():
            pass
    again = os.dup(2)
    os.close(again)
    assert again == first
