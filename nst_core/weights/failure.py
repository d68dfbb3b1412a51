"""The error for a set that cannot be downloaded, and the check of every downloaded file."""

import hashlib
from pathlib import Path

from nst_core.errors import WeightsError


class FetchError(WeightsError):
    """A weight set that cannot be downloaded: its name, the reason, and what to do."""

    def __init__(self, name: str, reason: str, cure: str) -> None:
        super().__init__(name, reason, cure)
        self.name, self.reason, self.cure = name, reason, cure

    def __str__(self) -> str:
        return f"weights {self.name} cannot be downloaded here ({self.reason}); {self.cure}"


def check_hash(name: str, path: Path, algorithm: str, digest: str) -> None:
    """Raises FetchError unless the file's hash begins with `digest` (hexadecimal)."""
    with path.open("rb") as file:
        found = hashlib.file_digest(file, lambda: hashlib.new(algorithm, usedforsecurity=False))
    if not found.hexdigest().startswith(digest):
        reason = f"{path.name} has {algorithm} {found.hexdigest()}, not {digest}"
        raise FetchError(
            name, reason, "try again; if this persists, the file was changed at its source"
        )
