"""The memory of this process: the most that it has held, and what becomes of what is freed."""

import ctypes
import sys
from pathlib import Path

from nst_core.backend import Measured, Session

STATUS = Path("/proc/self/status")
M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4  # of glibc's malloc.h


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


def keep_freed() -> None:
    """Lets glibc keep what is freed: arrays of tens of megabytes otherwise go back to the system
    each time, and the next one is cleared page by page. Elsewhere nothing is done."""
    if sys.platform == "linux" and hasattr(library := ctypes.CDLL(None), "mallopt"):
        library.mallopt(M_MMAP_MAX, 0)
        library.mallopt(M_TRIM_THRESHOLD, 2**31 - 1)
