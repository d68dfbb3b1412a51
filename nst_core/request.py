"""A request: what to paint from, by which recipe, and how it is computed.

A finished picture carries the request that it was made with, so that it can be repeated.
"""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from nst_core import images, recipe
from nst_core.backend import Dtype
from nst_core.colour import METHODS, NONE
from nst_core.errors import NstError, unknown
from nst_core.images import Picture, Precision
from nst_core.plan import INITS
from nst_core.recipe import Recipe

# what a record says of the request, and `recorded` gives back
REPEATED = (
    "content", "styles", "backend", "weights", "preprocessing",
    "dtype", "exact", "style_scale", "keep_alpha", "colour",
)  # fmt: skip


PLAN_OPTIONS = ("size", "iterations", "optimizer", "init", "seed")
WEIGHT_OPTIONS = ("content", "style", "tv")
REQUEST_OPTIONS = (
    "content", "styles", "backend", "weights", "preprocessing",
    "device", "dtype", "exact", "style_scale", "colour", "max_pixels",
    "keep_alpha", "held",
)  # fmt: skip


@dataclass(frozen=True)
class Request:
    """What to paint, and where. `backend` to `exact` say how it is computed."""

    content: str
    styles: tuple[str, ...]
    recipe: Recipe
    backend: str = "torch"
    weights: str = "auto"
    preprocessing: str | None = None
    device: str = "auto"
    dtype: Dtype = "float32"
    exact: bool = False
    style_scale: float = 1.0
    max_pixels: int = images.MAX_PIXELS
    keep_alpha: bool = False
    colour: str = NONE
    held: Mapping[str, Picture] = field(default_factory=dict)
    """Pictures that are in memory, by the name that stands for them."""

    def __post_init__(self) -> None:
        if not 0 < self.style_scale < math.inf:
            raise NstError(f"--style-scale must be a number above 0, not {self.style_scale:g}")
        if self.colour not in METHODS:
            raise NstError(unknown("colour method", self.colour, METHODS))

    @property
    def pictures(self) -> tuple[str, ...]:
        """Every picture that is read: the content, the styles, and the first image if named."""
        init = self.recipe.plan.init
        return (self.content, *self.styles, *(() if init in INITS else (init,)))

    @property
    def precision(self) -> Precision:
        """That of the pixels which a session is given: float64 where it is asked for."""
        return np.float64 if self.dtype == "float64" else np.float32

    def read(self, source: str) -> Picture:
        """The picture `source` in that precision; raises ImageError as `images.read` does."""
        if held := self.held.get(source):
            return replace(held, pixels=held.pixels.astype(self.precision))
        return images.read(source, max_pixels=self.max_pixels, precision=self.precision)

    def check_output(self, path: Path) -> None:
        """Raises NstError if the result could not be saved as `path`; leaves nothing behind."""
        images.writable(path, alpha=self.keep_alpha)
        if beside(path).is_dir():
            raise NstError(f"the record '{beside(path)}' would lie where a folder is: rename one")
        for source in self.pictures:
            if Path(source).exists() and path.exists() and path.samefile(source):
                raise NstError(f"'{path}' is one of the pictures to paint from: choose another -o")


def beside(path: Path) -> Path:
    """Where the record of a picture lies."""
    return Path(f"{path}.json")


def recorded(source: str) -> dict[str, Any]:
    """The request that a finished picture was made with; empty for any other recipe source."""
    path = Path(source)
    if source in recipe.names() or path.suffix == ".toml" or not path.is_file():
        return {}
    try:
        record = json.loads(images.read_record(path))
        return {key: record[key] for key in REPEATED if record[key] is not None}
    except KeyError as error:
        cause = f"the record of '{source}' lacks {error}"
        raise NstError(f"{cause}: name a picture painted by this version") from error
    except (ValueError, TypeError) as error:
        cause = f"the record of '{source}' is damaged ({error})"
        raise NstError(f"{cause}: name another picture, or a recipe") from error


def make_request(recipe_source: str | None, given: dict[str, Any]) -> Request:
    """The request: what a finished picture says, then what the options say."""
    source = recipe_source or recipe.DEFAULT
    options = recorded(source)
    options |= {key: given[key] for key in REQUEST_OPTIONS if given.get(key) not in (None, [])}
    options["recipe"] = recipe.load(source, changes(given))
    for need in ("content", "styles"):
        if need not in options:
            raise NstError(f"no {need.removesuffix('s')} picture: nst run CONTENT STYLE -o OUT")
    return Request(**(options | {"styles": tuple(options["styles"])}))


def changes(given: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """(dotted key, value) for each option that lays something over the recipe."""
    yield from (given.get("changes") or {}).items()
    for item in given.get("set_") or []:
        key, equals, text = item.partition("=")
        if not (key.strip() and equals):
            raise NstError(
                f"--set {item}: write it as KEY=VALUE, such as --set plan.lbfgs.history=10"
            )
        yield key.strip(), recipe.parse_value(text)
    for name in PLAN_OPTIONS:
        if given.get(name) is not None:
            yield f"plan.{name}", given[name]
    for name in WEIGHT_OPTIONS:
        if given.get(f"{name}_weight") is not None:
            yield f"{name}.weight", given[f"{name}_weight"]
