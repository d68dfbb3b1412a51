"""A request: the pictures, the recipe, and how the painting is computed.

A finished picture carries the request that it was made with, so that it can be repeated.
"""

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, TypedDict

import numpy as np

from nst_core import images, recipe
from nst_core.backend import Dtype
from nst_core.colour import METHODS, NONE
from nst_core.errors import NstError, unknown
from nst_core.images import Picture, Precision
from nst_core.plan import INITS, Optimizer, Plan
from nst_core.recipe import Recipe

# the fields of a request that a record holds and `recorded` returns
REPEATED = (
    "content", "styles", "backend", "weights", "preprocessing",
    "dtype", "exact", "style_scale", "keep_alpha", "colour",
)  # fmt: skip

Settings = Mapping[str, tuple[Any, str]]
"""The user's settings: (value, origin) by the name of an option, or by a field of the recipe."""


class Options(TypedDict, total=False):
    """The options of a painting, by their names in `nst run`.

    Each is a field of `Request`, a field of the plan, or the weight of a term. The recipe decides
    where an option is absent or None.
    """

    backend: str
    recipe: str
    weights: str
    preprocessing: str
    device: str
    dtype: Dtype
    exact: bool
    size: int
    iterations: int
    optimizer: Optimizer
    init: str
    seed: int
    content_weight: float
    style_weight: float
    tv_weight: float
    style_scale: float
    colour: str
    max_pixels: int
    keep_alpha: bool
    changes: Mapping[str, Any]
    """Any other field of the recipe or its plan: `{"plan.lbfgs.history": 10}`."""


class CommandOptions(Options, total=False):
    """The options that a command line gives."""

    set_: Sequence[str]
    """Fields as text: `["plan.lbfgs.history=10"]`."""
    settings: Settings
    """The user's defaults for options that are not given."""


@dataclass(frozen=True)
class Request:
    """What to paint. The fields `backend` to `exact` say how it is computed."""

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
    settings: Settings = field(default_factory=dict)
    """The user's settings that were used."""

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
        """The precision of the pixels that a session receives: float64 if that is the dtype."""
        return np.float64 if self.dtype == "float64" else np.float32

    def read(self, source: str) -> Picture:
        """The picture `source` in this precision; raises ImageError as `images.read` does."""
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


OPTIONS = CommandOptions.__optional_keys__
REQUEST_OPTIONS = OPTIONS & {field.name for field in fields(Request)} - {"recipe"}
PLAN_OPTIONS = OPTIONS & Plan.model_fields.keys()
WEIGHT_OPTIONS = {name for name in OPTIONS if name.endswith("_weight")}
# a record does not hold these: the user's settings count for them even in a repeated picture
UNRECORDED = {"recipe", "device", "max_pixels"}


def beside(path: Path) -> Path:
    """The path of the record that belongs to a picture."""
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


def make_request(
    options: CommandOptions,
    content: str | None,
    styles: Sequence[str] | None,
    held: Mapping[str, Picture] | None = None,
) -> Request:
    """The request: what a finished picture says, then the settings, then what the options say.

    For a finished picture, only the settings that its record does not hold count.
    """
    given: dict[str, Any] = {key: value for key, value in options.items() if value is not None}
    check_names(given)
    settings = unsaid(options)
    source = given.get("recipe") or settings.get("recipe", (recipe.DEFAULT,))[0]
    record = recorded(source)
    if record:
        settings = {name: settings[name] for name in UNRECORDED & settings.keys()}
    usual = {name: value for name, (value, _) in settings.items()}
    said = usual | given
    asked = record | {key: said[key] for key in REQUEST_OPTIONS & said.keys()}
    asked |= {"content": content} if content else {}
    asked |= {"styles": styles} if styles else {}
    for need in ("content", "styles"):
        if need not in asked:
            raise NstError(f"no {need.removesuffix('s')} picture: nst run CONTENT STYLE -o OUT")
    fields = [(field_of(name), value) for name, value in usual.items() if is_field(name)]
    asked |= {"recipe": recipe.load(source, [*fields, *changes(options)]), "held": held or {}}
    return Request(**(asked | {"styles": tuple(asked["styles"]), "settings": settings}))


def unsaid(options: CommandOptions) -> dict[str, tuple[Any, str]]:
    """The settings that no option overrides; the preprocessing belongs to the weights."""
    said = {key for key, value in options.items() if value is not None}
    said |= {key for key, _ in changes(options)}
    said |= {"preprocessing"} if "weights" in said else set()
    return {
        name: setting
        for name, setting in options.get("settings", {}).items()
        if name not in said and not any(f"{field_of(name)}.".startswith(f"{key}.") for key in said)
    }


def field_of(option: str) -> str:
    """The dotted field of the recipe that the option stands for; its own name if there is none."""
    if option in PLAN_OPTIONS:
        return f"plan.{option}"
    if option in WEIGHT_OPTIONS:
        return f"{option.removesuffix('_weight')}.weight"
    return option


def is_field(name: str) -> bool:
    """Whether an option or a setting is laid over the recipe."""
    return "." in field_of(name)


def check_names(given: Iterable[str]) -> None:
    """Raises TypeError, as Python does, for an option that there is not."""
    if strange := next((name for name in given if name not in OPTIONS), None):
        raise TypeError(unknown("option", strange, sorted(Options.__optional_keys__)))


def changes(options: CommandOptions) -> Iterator[tuple[str, Any]]:
    """(dotted key, value) for each option that lays something over the recipe."""
    yield from (options.get("changes") or {}).items()
    for item in options.get("set_") or ():
        key, equals, text = item.partition("=")
        if not (key.strip() and equals):
            raise NstError(
                f"--set {item}: write it as KEY=VALUE, such as --set plan.lbfgs.history=10"
            )
        yield key.strip(), recipe.parse_value(text)
    for name, value in options.items():
        if value is not None and is_field(name):
            yield field_of(name), value
