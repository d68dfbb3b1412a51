"""A recipe: what is optimised. Network, taps, formulas, weights, and the plan it was made for.

A recipe is data: a TOML file in `recipes/`, a user's own, or the record inside a finished
picture. Every formula that it can name is written once, in `nst_core.terms`.
"""

import json
import tomllib
from collections.abc import Iterable, Mapping
from copy import deepcopy
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self, Union

from pydantic import Field, ValidationError, create_model, model_validator

from nst_core.complaint import complaint
from nst_core.errors import RecipeError, unknown
from nst_core.images import read_record
from nst_core.network import Edge, Network, Pooling, network
from nst_core.plan import Plan
from nst_core.section import Positive, Section, Weight
from nst_core.terms import KINDS, Formula, Term
from nst_core.terms.content import Content
from nst_core.terms.gram import Gram
from nst_core.terms.total_variation import TotalVariation

DEFAULT = "default"

Name = Annotated[str, Field(pattern="^[a-z][a-z_]*$")]
Triple = tuple[float, float, float]


class Preprocessing(Section):
    """(scale·image − mean) / std of an RGB image in [0, 1], in the order of `channels`."""

    scale: Positive
    channels: Literal["RGB", "BGR"]
    mean: Triple = (0.0, 0.0, 0.0)
    std: tuple[Positive, Positive, Positive] = (1.0, 1.0, 1.0)


class NetworkChoice(Section):
    """Which features are compared."""

    weights: str
    """The weight set that the recipe means; used where the user asks for `auto`.

    Another network sees other features: no number of one recipe means the same in the other."""
    pooling: Pooling = "max"
    """Whether pooling takes the mean or the maximum of four activations.

    Average pooling spreads a gradient over the four values of a window and paints more smoothly;
    max pooling hands it to the largest."""
    edge: Edge = "floor"
    """Whether pooling drops an odd last row and column, or pools what there is of them (Caffe).

    An odd last row or column is dropped (floor) or pooled as far as it goes (ceil): the features
    differ at the border of such sizes."""
    normalised: bool = False
    """Filters rescaled to a mean activation of one (Gatys et al. 2016, section 2).

    Filters with a mean activation of one weigh alike in every layer; the terms become a different
    size."""
    preprocessing: Preprocessing | None = None
    """In place of that of the weights.

    The pixels reach the network on another scale, in another order or around another mean: every
    feature changes."""

    def of(self, name: str) -> Network:
        """The network called `name`, joined as the recipe says."""
        return network(name, self.pooling, self.edge)


class Style(Gram):
    """The Gram matrices of the painting against those of the style, and how several styles and
    their shapes are treated; this holds for every term whose target is the style."""

    combine: Literal["targets", "losses"] = "targets"
    """Several styles: one term with their average Gram matrix, or a term for each.

    Several styles are one average target, or a term each; unless errors are relative, the gradient
    is the same and the value differs by a constant."""
    blend: tuple[Weight, ...] = ()
    """The shares of several styles; empty: equal shares.

    The shares of several styles; one style is not affected."""
    resize: Literal["own", "content"] = "own"
    """Whether the style picture keeps its shape, or is brought to that of the photograph.

    Brought to the photograph's shape, the style picture is distorted and its strokes take another
    size."""

    @property
    def keeps_shape(self) -> bool:
        return super().keeps_shape and self.resize == "own"


class Variable(Section):
    """What the optimiser moves: the image times `scale`, and whether it stays in its box."""

    scale: Positive | tuple[Positive, Positive, Positive] = 1.0
    """One number, or one for each of red, green and blue.

    Steps and total variation are in this unit: the optimiser sees another curvature, and one
    learning rate moves the picture by another amount."""
    box: Literal["none", "clip", "clamp"] = "none"
    """Whether each step is cut to the colours that exist. After `clip` L-BFGS remembers the step
    that was made, after `clamp` the step that was meant.

    Without a box, colours beyond those that exist are cut when the picture is saved; clip tells
    L-BFGS of the cut, clamp does not."""

    @property
    def scales(self) -> tuple[float, float, float]:
        """For red, green and blue."""
        return self.scale if isinstance(self.scale, tuple) else (self.scale,) * 3


def _further(kind: type[Formula]) -> type[Formula]:
    """The kind as a `[[term]]` of a recipe: with the kind's name, and one of its own."""
    fields: dict[str, Any] = {
        "kind": (Literal[kind.KIND], Field(description="The kind of the term.")),
        "name": (Name, Field(kind.KIND, description="What the term is called in results.")),
    }
    return create_model(f"{kind.__name__}Term", __base__=kind, __doc__=kind.__doc__, **fields)


if TYPE_CHECKING:
    Further = Formula
else:
    _FURTHER = tuple(_further(kind) for kind in KINDS.values())
    Further = Annotated[Union[_FURTHER], Field(discriminator="kind")]  # noqa: UP007


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
    SECTIONS: ClassVar[tuple[str, ...]] = ("content", "style", "tv")
    """The terms that have a section of their own."""

    network: NetworkChoice
    content: Content
    style: Style
    tv: TotalVariation = TotalVariation()
    term: tuple[Further, ...] = ()
    """Further terms of any kind, each a `[[term]]` with its `kind`.

    Each further term pulls the picture towards what it measures."""
    variable: Variable = Variable()
    plan: Plan = Plan()

    @model_validator(mode="after")
    def _terms_differ_in_name(self) -> Self:
        names = [*self.SECTIONS, *(one.model_dump()["name"] for one in self.term)]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two terms are called '{name}': give each [[term]] its own name")
        return self

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if not any(term.weight for term in self.terms()):
            raise ValueError("every weight is 0: nothing would be optimised")
        return self

    @classmethod
    def kind(cls, section: str) -> type[Formula]:
        """The kind of the term that has the section."""
        found = cls.model_fields[section].annotation
        assert isinstance(found, type)
        return found

    @property
    def formulas(self) -> dict[str, Formula]:
        """Every kind of term that the recipe uses, by name, in the order of the total."""
        further = {getattr(formula, "name", ""): formula for formula in self.term}
        return {name: getattr(self, name) for name in self.SECTIONS} | further

    def terms(self, styles: int = 1) -> tuple[Term, ...]:
        """The summands of the total, content first; those of weight 0 are part of the list."""
        return tuple(
            Term(f"{called}:{tap}" if tap else called, tap, part * weight, formula, style)
            for name, formula in self.formulas.items()
            for called, part, style in self.copies(name, formula, styles)
            for tap, weight in formula.weights().items()
        )

    def copies(
        self, name: str, formula: Formula, styles: int
    ) -> list[tuple[str, float, int | None]]:
        """(name, share of the weight, number of the style) of each copy of a formula.

        There is one, unless each of several styles has a term of its own.
        """
        if formula.TARGET != "styles" or self.style.combine == "targets" or styles == 1:
            return [(name, 1.0, None)]
        shares = enumerate(self.shares(styles))
        return [(f"{name}{n + 1}", share, n) for n, share in shares]

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
        for name, formula in self.formulas.items():
            for tap in formula.weights():
                if tap and tap not in network.by_name:
                    line = missing(tap, network, self.network.weights)
                    raise RecipeError(f"{before}recipe '{self.name}': {name}.taps: {line}")


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
