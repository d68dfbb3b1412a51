"""Files that are written whole or not at all."""

import os
import secrets
from pathlib import Path


def write(path: Path, data: bytes) -> None:
    """Writes `data` beside `path` and moves it there in one step; raises OSError if it cannot.

    A symbolic link is followed. What was at `path` stays until the new file is complete.
    """
    part = _part(path)
    try:
        with part.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path.resolve())
    finally:
        part.unlink(missing_ok=True)


def try_folder(path: Path) -> None:
    """Raises OSError if no file could be written beside `path`; leaves nothing behind."""
    part = _part(path)
    part.touch(exist_ok=False)  # permission bits say nothing of a read-only disk
    part.unlink()


def _part(path: Path) -> Path:
    """A fresh name in the folder where the file really lies; RuntimeError for a ring of links."""
    return path.resolve().parent / f".nst-{secrets.token_hex(8)}.part"
