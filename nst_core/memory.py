"""The most memory that this process has held, of the machine and of a session's device."""

import sys
from pathlib import Path

from nst_core.backend import Measured, Session

STATUS = Path("/proc/self/status")


def peak(session: Session) -> dict[str, int]:
    """In bytes: `host`, and `device` if the session tells; what cannot be known is left out."""
    device = session.peak_memory() if isinstance(session, Measured) else 0
    return {name: most for name, most in (("host", host()), ("device", device)) if most}


def host() -> int:
    """0 where it cannot be known."""
    if STATUS.exists():  # ru_maxrss would count what the parent held before the fork
        lines = dict(line.split(":", 1) for line in STATUS.read_text("utf-8").splitlines())
        return 1024 * int(lines.get("VmHWM", "0 kB").split()[0])
    if sys.platform == "darwin":
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return 0
