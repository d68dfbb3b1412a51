"""The processes of a test run share what JAX compiles, in a folder that lives as long as the run.

The key of an entry is the program, its compiler options and the version of JAX, so a process reads
only what it would have compiled itself. Set `JAX_COMPILATION_CACHE_DIR` to keep the folder.
"""

import os
from tempfile import TemporaryDirectory

import pytest

FOLDER = "JAX_COMPILATION_CACHE_DIR"
EVERYTHING = {  # JAX's defaults leave out programs that compile in less than a second
    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
}


def pytest_configure(config):
    patch = pytest.MonkeyPatch()
    config.add_cleanup(patch.undo)
    for name, value in EVERYTHING.items():
        patch.setenv(name, value)
    if FOLDER not in os.environ:  # neither of the user nor of the process that started this one
        folder = TemporaryDirectory(prefix="nst-compiled-")
        config.add_cleanup(folder.cleanup)
        patch.setenv(FOLDER, folder.name)


@pytest.fixture
def compiled_anew(monkeypatch):
    """Every process that this test starts compiles for itself."""
    monkeypatch.setenv("JAX_ENABLE_COMPILATION_CACHE", "false")
