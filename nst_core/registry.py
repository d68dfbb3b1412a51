"""The registry of backends: every backend is an entry point of the group `nst.backends`.

The address of a backend is its name, such as `torch`, or its name and engine, such as
`keras:jax`. A missing or broken backend does not affect the others.
"""

import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import EntryPoint, PackageNotFoundError, entry_points, version

from nst_core.backend import Backend
from nst_core.errors import BackendError, unknown

GROUP = "nst.backends"


@dataclass(frozen=True)
class Listing:
    """One backend, or one engine of it. `problem` is empty if it is ready to paint."""

    name: str
    distribution: str
    frameworks: str
    problem: str
    cause: BaseException | None = None


def declared() -> dict[str, EntryPoint]:
    """The entry points by name, in alphabetical order."""
    return {entry.name: entry for entry in sorted(entry_points(group=GROUP))}


def backend(address: str) -> Backend:
    """The backend with this address; its framework is not imported.

    Raises BackendError if the backend is unknown or broken, or its framework is not installed.
    """
    plugins = declared()
    name, _, engine = address.partition(":")
    if name not in plugins:
        raise BackendError(unknown("backend", name, plugins, there="Known backends"))
    opened = _open(plugins[name], engine)
    if problem := _absent(address, opened):
        raise BackendError(problem)
    return opened


def listing() -> list[Listing]:
    """Every declared backend and engine, ready or not; imports no framework."""
    return [line for entry in declared().values() for line in _lines(entry)]


def _lines(entry: EntryPoint) -> Iterator[Listing]:
    distribution = _distribution(entry)
    try:
        engines = _open(entry).engines or ("",)
        for engine in engines:
            opened = _open(entry, engine)
            address = f"{entry.name}:{engine}" if engine else entry.name
            frameworks = " + ".join(f"{n.title} {_version(n.module)}" for n in opened.requires)
            yield Listing(address, distribution, frameworks, _absent(address, opened))
    except BackendError as error:
        yield Listing(entry.name, distribution, "", str(error), error.__cause__)


def _open(entry: EntryPoint, engine: str = "") -> Backend:
    try:
        open_backend = entry.load()
        opened: Backend = open_backend()
        if engine and engine in opened.engines:
            opened = open_backend(engine)
        _ = opened.requires, opened.engines  # an object without them is not a backend
    except Exception as error:
        raise BackendError(
            f"backend '{entry.name}' (from {_distribution(entry)}) failed to load: "
            f"{type(error).__name__}: {' '.join(str(error).split())}. "
            "Run 'nst backends --verbose' for the traceback."
        ) from error
    if engine and not opened.engines:
        raise BackendError(f"backend '{entry.name}' has no engines: leave out ':{engine}'.")
    if engine and engine not in opened.engines:
        raise BackendError(unknown(f"engine of backend {entry.name}", engine, opened.engines))
    return opened


def _absent(address: str, opened: Backend) -> str:
    """A message that names the missing framework; empty if none is missing."""
    for need in opened.requires:
        if not _installed(need.module):
            return (
                f"backend '{address}' needs {need.title}, which is not installed. "
                f'Try: pip install "{need.install}"'
            )
    return ""


def _installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # its parent package is missing
        return False


def _version(module: str) -> str:
    try:
        return version(module)
    except PackageNotFoundError:
        return "(absent)"


def _distribution(entry: EntryPoint) -> str:
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist else "an unknown package"
