"""A recipe: what is optimised. Network, taps, formulas, weights, and the plan it was made for.

A recipe is data: a TOML file in `recipes/`, a user's own, or the record inside a finished
picture. Every formula that it can name is written once, in `nst_core.formulas`.
"""

import json
import tomllib
from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from importlib import resources
from math import isclose
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from nst_core.complaint import complaint
from nst_core.errors import RecipeError, unknown
from nst_core.images import read_record
from nst_core.network import Edge, Network, Pooling, network
from nst_core.plan import Plan

DEFAULT = "default"

Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Taps = Annotated[dict[str, Weight], Field(min_length=1)]

Norm = Literal["squared", "absolute"]
Triple = tuple[float, float, float]


class Section(BaseModel):
    """A part of a recipe: immutable, and no field that is not declared."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Preprocessing(Section):
    """(scale·image − mean) / std of an RGB image in [0, 1], in the order of `channels`."""

    scale: Positive
    channels: Literal["RGB", "BGR"]
    mean: Triple = (0.0, 0.0, 0.0)
    std: tuple[Positive, Positive, Positive] = (1.0, 1.0, 1.0)


class NetworkChoice(Section):
    """Which features are compared."""

    weights: str
    """The weight set that the recipe means; used where the user asks for `auto`."""
    pooling: Pooling = "max"
    edge: Edge = "floor"
    """Whether pooling drops an odd last row and column, or pools what there is of them (Caffe)."""
    normalised: bool = False
    """Filters rescaled to a mean activation of one (Gatys et al. 2016, section 2)."""
    preprocessing: Preprocessing | None = None
    """In place of that of the weights."""

    def of(self, name: str) -> Network:
        """The network called `name`, joined as the recipe says."""
        return network(name, self.pooling, self.edge)


class Content(Section):
    """Σ(F − P)² over the features F of the painting and P of the photograph; or Σ|F − P|."""

    weight: Weight = 1.0
    taps: Taps
    norm: Norm = "squared"
    reduction: Literal["sum", "mean", "root", "relative"] = "sum"
    """The sum is divided by 1, by the number K of its terms, by √K, or by the sum for F = 0."""
    factor: Positive = 1.0


class Style(Section):
    """Σ(G − A)² over the Gram matrices G of the painting and A of the style."""

    weight: Weight
    taps: Taps
    average: Literal["none", "one", "double"] = "none"
    """The taps' weights are free, must add up to one, or are divided by their number as well."""
    gram: Literal["raw", "positions", "elements"] = "raw"
    """F Fᵀ is divided by nothing, by M = height·width, or by N·M with N channels."""
    centred: bool = False
    """The mean over positions is taken from F first: a covariance."""
    shift: float = 0.0
    """Added to F before the product."""
    reduction: Literal["sum", "mean", "relative", "image"] = "sum"
    """The sum is divided by 1, by N², by ΣA², or by (3·H·W)² of the painting's H×W pixels."""
    factor: Positive = 1.0
    combine: Literal["targets", "losses"] = "targets"
    """Several styles: one term with their average Gram matrix, or a term for each."""
    blend: tuple[Weight, ...] = ()
    """Shares of several styles; empty: equal shares."""
    resize: Literal["own", "content"] = "own"
    """The style picture keeps its shape, or is brought to the photograph's height and width."""


class TotalVariation(Section):
    """Differences d between neighbouring values of the variable: Σ|d|, Σd², or Σ(d₁² + d₂²)^p."""

    weight: Weight = 0.0
    norm: Literal["absolute", "squared", "power"] = "squared"
    exponent: Annotated[float, Field(ge=1, allow_inf_nan=False)] = 1.25
    """p of the norm `power`, which is summed over pixels with both neighbours."""
    stencil: Literal["cross", "nine"] = "cross"
    """Neighbours below and on the right; or the diagonal ones too, with shares 1/3 and 1/12."""
    reduction: Literal["sum", "mean"] = "mean"
    factor: Positive = 1.0
    last_row: bool = False
    """`power` compares each pixel with its right neighbour in the last row (a slip of SSUML)."""
    counted: bool = True
    """False: it has a gradient, but no part in the total that is reported."""

    @model_validator(mode="after")
    def _power_is_a_sum(self) -> Self:
        if self.norm == "power" and (self.reduction, self.stencil) != ("sum", "cross"):
            raise ValueError(
                "tv.norm 'power' needs tv.reduction 'sum' and tv.stencil 'cross', "
                f"not '{self.reduction}' and '{self.stencil}'"
            )
        return self


class Variable(Section):
    """What the optimiser moves: the image times `scale`, and whether it stays in its box."""

    scale: Positive | tuple[Positive, Positive, Positive] = 1.0
    """One number, or one for each of red, green and blue."""
    box: Literal["none", "clip", "clamp"] = "none"
    """`clip` cuts each step to the colours that exist, and L-BFGS remembers the step that was
    made; `clamp` cuts it too, but L-BFGS remembers the step that was meant."""

    @property
    def scales(self) -> tuple[float, float, float]:
        """For red, green and blue."""
        return self.scale if isinstance(self.scale, tuple) else (self.scale,) * 3


@dataclass(frozen=True)
class Term:
    """One summand of the total: `weight` times the formula's value at `tap`.

    `name` is `content:relu4_2`, `style:relu1_1` or `tv`; `tap` is empty for total variation,
    which looks at the image itself.
    """

    name: str
    tap: str
    weight: float
    formula: Content | Style | TotalVariation


class Recipe(Section):
    """Everything that decides which picture is the best one."""

    name: str
    title: str
    source: str
    """Where it comes from: a paper with its section, a repository with its file."""
    notes: tuple[str, ...] = ()
    """What a reader should know of it."""
    departures: tuple[str, ...] = ()
    """What the source does and this recipe does not."""
    network: NetworkChoice
    content: Content
    style: Style
    tv: TotalVariation = TotalVariation()
    variable: Variable = Variable()
    plan: Plan = Plan()

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if not any(term.weight for term in self.terms()):
            raise ValueError("every weight is 0: nothing would be optimised")
        total = sum(self.style.taps.values())
        if self.style.average != "none" and not isclose(total, 1, abs_tol=1e-6):
            average = self.style.average
            raise ValueError(f"style.taps must add up to 1, not {total:g}: average is '{average}'")
        return self

    def terms(self, styles: int = 1) -> tuple[Term, ...]:
        """The summands of the total, content first; those of weight 0 are part of the list."""
        content = (
            Term(f"content:{tap}", tap, self.content.weight * share, self.content)
            for tap, share in self.content.taps.items()
        )
        weight = self.style.weight
        if self.style.average == "double":
            weight /= len(self.style.taps)
        style = (
            Term(f"{kind}:{tap}", tap, weight * part * share, self.style)
            for kind, part in self.style_kinds(styles)
            for tap, share in self.style.taps.items()
        )
        return (*content, *style, Term("tv", "", self.tv.weight, self.tv))

    def style_kinds(self, styles: int) -> list[tuple[str, float]]:
        """The first part of the style terms' names, and its share of the weight."""
        if self.style.combine == "targets" or styles == 1:
            return [("style", 1.0)]
        return [(f"style{n}", part) for n, part in enumerate(self.shares(styles), start=1)]

    def taps(self) -> tuple[str, ...]:
        """Every tap that a term looks at, once."""
        return tuple(dict.fromkeys(term.tap for term in self.terms() if term.tap))

    def shares(self, styles: int) -> tuple[float, ...]:
        """Each style's share; they add up to one."""
        blend = self.style.blend or (1.0,) * styles
        if len(blend) != styles or not sum(blend):
            raise RecipeError(
                f"style.blend: {len(blend)} shares for {styles} style{'s' * (styles > 1)}: "
                "give one for each style, not all of them 0"
            )
        return tuple(share / sum(blend) for share in blend)

    def check(self, network: Network, note: str | None = None) -> None:
        """Raises RecipeError, naming the weights that have it, if the network lacks a tap.

        `note` says why it is this network, where another was wanted.
        """
        from nst_core.weights.layers import missing  # imports h5py and requests

        before = f"{note} is not possible: " if note else ""
        for section, taps in (("content", self.content.taps), ("style", self.style.taps)):
            for tap in taps:
                if tap not in network.by_name:
                    line = missing(tap, network, self.network.weights)
                    raise RecipeError(f"{before}recipe '{self.name}': {section}.taps: {line}")


def names() -> tuple[str, ...]:
    """The recipes that are shipped."""
    found = resources.files("nst_core").joinpath("recipes").iterdir()
    return tuple(sorted(item.name.removesuffix(".toml") for item in found))


def load(source: str, changes: Iterable[tuple[str, Any]] = ()) -> Recipe:
    """The recipe called `source`, or in the TOML file or finished picture of that path.

    `changes` are (dotted key, value) pairs laid over it, such as `("style.weight", 1e4)`.
    """
    return build(read(source), source, changes)


def read(source: str) -> dict[str, Any]:
    """The fields of a shipped recipe, a TOML file, or the record of a finished picture."""
    path = Path(source)
    try:
        if source in names():
            text = resources.files("nst_core").joinpath(f"recipes/{source}.toml").read_text("utf-8")
            return tomllib.loads(text)
        if path.suffix == ".toml":
            return tomllib.loads(path.read_text("utf-8"))
        if path.is_file():
            return dict(json.loads(read_record(path))["recipe"])
    except (
        tomllib.TOMLDecodeError,
        json.JSONDecodeError,
        KeyError,
        TypeError,
        ValueError,
    ) as error:
        raise RecipeError(f"recipe '{source}' cannot be read: {error}") from error
    except OSError as error:
        raise RecipeError(
            f"recipe '{source}' cannot be read ({error.strerror}): check the path"
        ) from error
    raise RecipeError(unknown("recipe", source, names()))


def build(
    fields: Mapping[str, Any], source: str, changes: Iterable[tuple[str, Any]] = ()
) -> Recipe:
    """Validates `fields` with `changes` laid over them; raises RecipeError in one line."""
    merged = deepcopy(dict(fields))
    for key, value in changes:
        _put(merged, key, value)
    try:
        return Recipe.model_validate(merged)
    except ValidationError as error:
        raise RecipeError(f"recipe '{source}': {complaint(error, Recipe)}") from error


def schema() -> dict[str, Any]:
    """The JSON Schema of a recipe: every field, its type, its default and its limits."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | Recipe.model_json_schema()


def parse_value(text: str) -> Any:
    """A value as TOML writes it (`1e4`, `true`, `[1, 2]`); anything else is the text itself."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _put(fields: dict[str, Any], key: str, value: Any) -> None:
    *path, last = key.split(".")
    for name in path:
        fields = fields.setdefault(name, {})
        if not isinstance(fields, dict):
            raise RecipeError(f"'{key}' is no field of a recipe: '{name}' has no fields below it")
    fields[last] = value
