"""The peak memory of this process, and a setting of glibc that keeps freed memory."""

import ctypes
import sys
from pathlib import Path

from nst_core.backend import Measured, Session

STATUS = Path("/proc/self/status")
M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4  # of glibc's malloc.h


def peak(session: Session) -> dict[str, int]:
    """The peak memory in bytes: `host`, and `device` if the session reports it.

    A value that is not known is left out.
    """
    device = session.peak_memory() if isinstance(session, Measured) else 0
    return {name: most for name, most in (("host", host()), ("device", device)) if most}


def host() -> int:
    """The peak memory of the process in bytes; 0 if it is not known."""
    if STATUS.exists():  # ru_maxrss would include the memory of the parent before the fork
        lines = dict(line.split(":", 1) for line in STATUS.read_text("utf-8").splitlines())
        return 1024 * int(lines.get("VmHWM", "0 kB").split()[0])
    if sys.platform == "darwin":
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return 0


def keep_freed() -> None:
    """Makes glibc keep freed memory; does nothing on other systems.

    Otherwise it returns arrays of tens of megabytes to the system each time, and the system clears
    the memory of the next array page by page.
    """
    if sys.platform == "linux" and hasattr(library := ctypes.CDLL(None), "mallopt"):
        library.mallopt(M_MMAP_MAX, 0)
        library.mallopt(M_TRIM_THRESHOLD, 2**31 - 1)
