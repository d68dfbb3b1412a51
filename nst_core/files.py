"""Files that are written completely or not at all."""

import os
import secrets
from pathlib import Path


def write(path: Path, data: bytes) -> None:
    """Writes `data` to a temporary file beside `path` and renames it; raises OSError on failure.

    A symbolic link is followed. An old file at `path` stays until the new one is complete.
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
    part.touch(exist_ok=False)  # permission bits do not show that a disk is read-only
    part.unlink()


def _part(path: Path) -> Path:
    """A new name in the folder of the real file; raises RuntimeError for a loop of links."""
    return path.resolve().parent / f".nst-{secrets.token_hex(8)}.part"
