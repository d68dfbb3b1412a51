"""Errors that a user can act on: one line that says what happened, then what to do."""

from collections.abc import Iterable
from difflib import get_close_matches

FAILED, UNMET, INTERRUPTED = 1, 2, 130  # exit codes of the command line


class NstError(Exception):
    """A request that cannot be met. The command line prints it as one line and exits with 2."""


class ImageError(NstError):
    """A picture that cannot be read or written."""


class WeightsError(NstError):
    """A weight set that is unknown, unreachable or damaged."""


class RecipeError(NstError):
    """A recipe or plan with a field that is unknown or out of range."""


class BackendError(NstError):
    """A backend that is unknown, not installed or broken."""


class DivergedError(NstError):
    """A painting whose total is no longer a finite number."""


class WorkerError(NstError):
    """A worker process that raised, hung, was killed or left no result; with what it said last."""

    def __init__(self, message: str, output: str = "") -> None:
        super().__init__(message)
        self.output = output


def unknown(what: str, name: str, known: Iterable[str], there: str = "Choose from") -> str:
    """The line for a name that does not exist: the nearest one, then all there are."""
    names = sorted(known)
    return f"no {what} named '{name}'.{nearest(name, names)} {there}: {', '.join(names)}."


def nearest(name: str, known: Iterable[str]) -> str:
    """The question whether the nearest name was meant, after a space; empty if none is near."""
    near = get_close_matches(name, sorted(known), n=1, cutoff=0.6)
    return f" Did you mean '{near[0]}'?" if near else ""
