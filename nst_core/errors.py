"""Errors that a user can act on. The message is one line: what happened, then what to do."""

from collections.abc import Iterable
from difflib import get_close_matches

FAILED, UNMET, INTERRUPTED = 1, 2, 130  # exit codes of the command line


class NstError(Exception):
    """An invalid request. The command line prints the message as one line and exits with 2."""


class ImageError(NstError):
    """A picture that cannot be read or written."""


class WeightsError(NstError):
    """A weight set that is unknown, unreachable or damaged."""


class RecipeError(NstError):
    """A recipe or plan with a field that is unknown or out of range."""


class BackendError(NstError):
    """A backend that is unknown, not installed or broken."""


class DivergedError(NstError):
    """A painting whose total loss is no longer a finite number."""


class WorkerError(NstError):
    """A worker process that raised, hung, was killed or left no result.

    `output` holds its last lines of output.
    """

    def __init__(self, message: str, output: str = "") -> None:
        super().__init__(message)
        self.output = output


def unknown(what: str, name: str, known: Iterable[str], there: str = "Choose from") -> str:
    """The message for an unknown name: it suggests the nearest name and lists all names."""
    names = sorted(known)
    return f"no {what} named '{name}'.{nearest(name, names)} {there}: {', '.join(names)}."


def nearest(name: str, known: Iterable[str]) -> str:
    """` Did you mean 'NAME'?` with the nearest name; empty if no name is similar."""
    near = get_close_matches(name, sorted(known), n=1, cutoff=0.6)
    return f" Did you mean '{near[0]}'?" if near else ""
