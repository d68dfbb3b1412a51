"""A grid of settings: axes such as `style_weight=1e2,1e4`, and a cell for each combination."""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, cast

from nst_core.errors import NstError, unknown
from nst_core.experiments.cell import Cell
from nst_core.recipe import parse_value
from nst_core.request import CommandOptions, Request

# the settings that have a name of their own, and the type of their values
SHORT: dict[str, Callable[[str], Any]] = {
    "style_weight": float,
    "content_weight": float,
    "tv_weight": float,
    "style_scale": float,
    "size": int,
    "iterations": int,
    "seed": int,
    "init": str,
    "optimizer": str,
    "recipe": str,
    "backend": str,
    "weights": str,
    "colour": str,
}
# fields of a recipe that have a short option
ALIASES = {f"{term}.weight": f"{term}_weight" for term in ("content", "style", "tv")}
ALIASES |= {f"plan.{key}": key for key in ("size", "iterations", "seed", "init", "optimizer")}

LONGEST_NAME = 120  # of a file, in characters; some disks stop at 143


@dataclass(frozen=True)
class Axis:
    """A setting and its values, as text."""

    key: str
    texts: tuple[str, ...]


def axes(given: Sequence[str]) -> tuple[Axis, ...]:
    """The axes of `KEY=VALUE,VALUE,…` options; raises NstError if one is invalid."""
    found = tuple(map(axis, given))
    keys = [one.key for one in found]
    if twice := next((key for key in keys if keys.count(key) > 1), None):
        raise NstError(f"--over {twice} is given twice: put all its values into one list")
    return found


def axis(given: str) -> Axis:
    """One axis; the values of a recipe's field are written as in TOML, lists with brackets."""
    key, _, listed = (part.strip() for part in given.partition("="))
    texts = tuple(text.strip() for text in re.split(r",(?![^\[{]*[\]}])", listed))
    if not key or not all(texts):
        raise NstError(f"--over {given}: write it as KEY=VALUE,VALUE, such as style_weight=1e2,1e4")
    key = ALIASES.get(key, key)
    if key not in SHORT and "." not in key:
        there = "Choose from these, or write a field such as plan.lbfgs.history"
        raise NstError(unknown("setting", key, SHORT, there))
    values = [value(key, text) for text in texts]
    if twice := next((t for t, v in zip(texts, values, strict=True) if values.count(v) > 1), None):
        raise NstError(f"--over {given}: {twice} is given twice: remove one of them")
    return Axis(key, texts)


def value(key: str, text: str) -> Any:
    """The value of `key` that `text` stands for."""
    try:
        return SHORT.get(key, parse_value)(text)
    except ValueError:
        kind = "whole number" if SHORT[key] is int else "number"
        raise NstError(f"--over {key}: '{text}' is not a {kind}") from None


def combinations(over: Sequence[Axis]) -> Iterator[dict[str, str]]:
    """The settings of every cell, the last axis changing fastest."""
    for texts in product(*(one.texts for one in over)):
        yield dict(zip((one.key for one in over), texts, strict=True))


def options(settings: Mapping[str, str], given: CommandOptions) -> CommandOptions:
    """The options of a cell: the options `given` for all cells, changed by its own settings."""
    short = {key: value(key, text) for key, text in settings.items() if key in SHORT}
    dotted = [f"{key}={text}" for key, text in settings.items() if key not in SHORT]
    laid_over = cast(CommandOptions, {**short, "set_": [*given.get("set_", []), *dotted]})
    return {**given, **laid_over}


def cells(
    over: Sequence[Axis], folder: Path, ask: Callable[[Mapping[str, str]], Request]
) -> tuple[Cell, ...]:
    """A cell for each combination, its picture in `folder`; `ask` makes its request."""
    return tuple(
        Cell(settings, ask(settings), folder / f"{file_name(settings)}.png")
        for settings in combinations(over)
    )


def file_name(settings: Mapping[str, str]) -> str:
    """Such as `init=noise,size=64`; characters that a disk may refuse are replaced, with a hash."""
    full = ",".join(f"{key}={text}" for key, text in settings.items())
    plain = re.sub(r"[^\w=,.+-]", "-", full, flags=re.ASCII)
    if plain == full and len(full) <= LONGEST_NAME:
        return full
    return f"{plain[:LONGEST_NAME]}-{hashlib.sha256(full.encode()).hexdigest()[:8]}"
