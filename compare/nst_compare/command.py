"""The command line that repeats a comparison, made from its report."""

import json
import shlex
from collections.abc import Iterator
from typing import Any

from nst_compare.measure import NATIVE
from nst_compare.models import Report
from nst_core import recipe
from nst_core.errors import NstError
from nst_core.explain.diff import fields

OWN = {"plan.size": "--size", "plan.iterations": "--iterations", "plan.optimizer": "--optimizer"}
WIDTH = 88
SET_BY_COMPARE = ("plan.coarsest",)


def command(report: Report) -> str:
    """The command, quoted for a shell and broken into lines of at most WIDTH characters."""
    lines = ["nst compare"]
    for words in arguments(report):
        word = shlex.join(words)
        if len(lines[-1]) + len(word) >= WIDTH:
            lines.append(" ")
        lines[-1] += f" {word}"
    return " \\\n".join(lines)


def arguments(report: Report) -> Iterator[tuple[str, ...]]:
    """The arguments, in groups that stay on one line."""
    subject = report.subject
    yield (subject.content, *subject.styles)
    yield ("-o", "REPORT/")
    yield ("--backends", ",".join(dict.fromkeys(e.backend for e in report.entries)))
    for precision in dict.fromkeys(e.precision for e in report.entries):
        yield ("--precision", precision)
    yield ("--device", report.device)
    yield ("--weights", subject.weights)
    yield ("--recipe", str(subject.recipe.get("name", "")))
    native = any(entry.optimizer for entry in report.entries)
    for key, value in settings(subject.recipe):
        if key in OWN:
            yield (OWN[key], NATIVE if native and key == "plan.optimizer" else str(value))
        elif key not in SET_BY_COMPARE:
            yield ("--set", f"{key}={toml(value)}")


def settings(used: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """(dotted key, value) of OWN, and of every field that differs from the recipe of that name."""
    try:
        shipped = dict(fields(recipe.load(str(used.get("name", ""))).model_dump(mode="json")))
    except NstError:
        shipped = dict(fields(used))  # the recipe is a file, which the command needs
    for key, value in fields(used):
        if key in OWN or shipped.get(key) != value:
            yield key, value


def toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)} = {toml(v)}" for k, v in value.items()) + "}"
    return value if isinstance(value, str) else json.dumps(value)
