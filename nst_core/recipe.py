"""A recipe says what is optimised: network, layers, formulas, loss weights, and a plan.

A recipe is data: a TOML file in `recipes/`, a user's own TOML file, or the record of a painted
picture. The formulas are defined in `nst_core.terms`.
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
    """The network whose features are compared."""

    weights: str
    """The weight set of the recipe, which is used if the user asks for `auto`.

    Other weights have other features, so the loss weights of the recipes cannot be compared."""
    pooling: Pooling = "max"
    """Whether pooling takes the mean or the maximum of four activations.

    Average pooling spreads the gradient over the four activations of a window and makes the
    painting smoother; max pooling passes it to the largest activation."""
    edge: Edge = "floor"
    """Whether pooling drops an odd last row and column (floor), or keeps it (ceil, as in Caffe).

    If a side is odd, its last row or column is dropped (floor) or kept (ceil), and the features
    differ near that border."""
    normalised: bool = False
    """Whether filters are rescaled to a mean activation of one (Gatys et al. 2016, section 2).

    With a mean activation of one, every filter has a similar influence, and the terms change in
    size."""
    preprocessing: Preprocessing | None = None
    """Preprocessing that replaces the preprocessing of the weights.

    The network gets pixels with another scale, order or mean, which changes every feature."""

    def of(self, name: str) -> Network:
        """The network called `name`, with the recipe's pooling."""
        return network(name, self.pooling, self.edge)


class Style(Gram):
    """The style loss, which compares Gram matrices of the painting with those of the style.

    `combine`, `blend` and `resize` apply to every term whose target is the style."""

    combine: Literal["targets", "losses"] = "targets"
    """For several styles: one term with the average Gram matrix, or a term for each style.

    With several styles there is one average target, or a term for each; unless errors are
    relative, the gradient is the same and the value differs by a constant."""
    blend: tuple[Weight, ...] = ()
    """The shares of several styles; they are equal if the list is empty.

    The shares of several styles change; a single style is not affected."""
    resize: Literal["own", "content"] = "own"
    """Whether the style picture keeps its shape, or is resized to that of the photograph.

    If it is resized to the photograph's shape, the style picture is distorted and the size of its
    strokes changes."""

    @property
    def keeps_shape(self) -> bool:
        return super().keeps_shape and self.resize == "own"


class Variable(Section):
    """The variable of the optimiser, which is the image times `scale`, and its limits."""

    scale: Positive | tuple[Positive, Positive, Positive] = 1.0
    """A factor, or one factor each for red, green and blue.

    Steps and total variation are in units of the variable, so the curvature changes, and the same
    learning rate changes the picture by another amount."""
    box: Literal["none", "clip", "clamp"] = "none"
    """Whether the image is limited to [0, 1] after each step. With `clip` L-BFGS stores the step
    that was really made, with `clamp` the step before clamping.

    With none, the picture is clipped to [0, 1] only when it is saved; with clip, L-BFGS stores the
    clipped steps, and with clamp the steps before clamping."""

    @property
    def scales(self) -> tuple[float, float, float]:
        """The factors for red, green and blue."""
        return self.scale if isinstance(self.scale, tuple) else (self.scale,) * 3


def _further(kind: type[Formula]) -> type[Formula]:
    """The model of a `[[term]]` of this kind, with the fields `kind` and `name`."""
    fields: dict[str, Any] = {
        "kind": (Literal[kind.KIND], Field(description="The kind of the term.")),
        "name": (Name, Field(kind.KIND, description="What the term is called in results.")),
    }
    # its docstrings are those of the kind: to look for them in this file again would take long
    no_source = {"use_attribute_docstrings": False}
    return create_model(
        f"{kind.__name__}Term",
        __base__=kind,
        __doc__=kind.__doc__,
        __cls_kwargs__=no_source,
        **fields,
    )


if TYPE_CHECKING:
    Further = Formula
else:
    _FURTHER = tuple(_further(kind) for kind in KINDS.values())
    Further = Annotated[Union[_FURTHER], Field(discriminator="kind")]  # noqa: UP007


class Recipe(Section):
    """The definition of the loss, and the plan for its optimisation."""

    name: str
    title: str
    source: str
    """The source: a paper with its section, or a repository with its file."""
    notes: tuple[str, ...] = ()
    """Remarks for the reader."""
    departures: tuple[str, ...] = ()
    """What the source does differently."""
    SECTIONS: ClassVar[tuple[str, ...]] = ("content", "style", "tv")
    """The terms that have their own section."""

    network: NetworkChoice
    content: Content
    style: Style
    tv: TotalVariation = TotalVariation()
    term: tuple[Further, ...] = ()
    """Further terms of any kind, each a `[[term]]` with a `kind`.

    Each further term adds its own error to the total."""
    variable: Variable = Variable()
    plan: Plan = Plan()

    @model_validator(mode="after")
    def _terms_differ_in_name(self) -> Self:
        names = [*self.SECTIONS, *(getattr(one, "name", "") for one in self.term)]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two terms are called '{name}': give each [[term]] its own name")
        return self

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if not any(term.weight for term in self.terms()):
            raise ValueError("every weight is 0: give at least one term a weight above 0")
        return self

    @classmethod
    def kind(cls, section: str) -> type[Formula]:
        """The kind of the term in a section."""
        kind = cls.model_fields[section].annotation
        assert isinstance(kind, type)
        return kind

    @property
    def formulas(self) -> dict[str, Formula]:
        """Every kind of term that the recipe uses, by name, in the order of the total."""
        further = {getattr(formula, "name", ""): formula for formula in self.term}
        return {name: getattr(self, name) for name in self.SECTIONS} | further

    def terms(self, styles: int = 1) -> tuple[Term, ...]:
        """The terms of the total, content first, including those with weight 0."""
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

        There is only one, unless each of several styles has its own term.
        """
        if formula.TARGET != "styles" or self.style.combine == "targets" or styles == 1:
            return [(name, 1.0, None)]
        shares = enumerate(self.shares(styles))
        return [(f"{name}{n + 1}", share, n) for n, share in shares]

    def taps(self) -> tuple[str, ...]:
        """Every layer that a term uses, without repetitions."""
        return tuple(dict.fromkeys(term.tap for term in self.terms() if term.tap))

    def shares(self, styles: int) -> tuple[float, ...]:
        """The share of each style; the shares add up to one."""
        blend = self.style.blend or (1.0,) * styles
        if len(blend) != styles or not sum(blend):
            raise RecipeError(
                f"style.blend: {len(blend)} shares for {styles} style{'s' * (styles > 1)}: "
                "give one share for each style, not all of them 0"
            )
        return tuple(share / sum(blend) for share in blend)

    def check(self, network: Network, note: str | None = None) -> None:
        """Raises RecipeError if the network lacks a layer; the message names weights that have it.

        `note` says why this network is used, if the recipe's own weights are not available.
        """
        from nst_core.weights.layers import missing  # imports h5py and requests

        before = f"{note} is not possible: " if note else ""
        for name, formula in self.formulas.items():
            for tap in formula.weights():
                if tap and tap not in network.by_name:
                    line = missing(tap, network, self.network.weights)
                    raise RecipeError(f"{before}recipe '{self.name}': {name}.taps: {line}")


def names() -> tuple[str, ...]:
    """The names of the built-in recipes."""
    files = resources.files("nst_core").joinpath("recipes").iterdir()
    return tuple(sorted(file.name.removesuffix(".toml") for file in files))


def load(source: str, changes: Iterable[tuple[str, Any]] = ()) -> Recipe:
    """The built-in recipe called `source`, or the recipe in a TOML file or a painted picture.

    `changes` are (dotted key, value) pairs that replace fields, such as `("style.weight", 1e4)`.
    """
    return build(read(source), source, changes)


def read(source: str) -> dict[str, Any]:
    """The fields of a built-in recipe, a TOML file, or the record of a painted picture."""
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
    """Applies `changes` to `fields` and validates them; raises RecipeError with one line."""
    merged = deepcopy(dict(fields))
    for key, value in changes:
        _put(merged, key, value)
    try:
        return Recipe.model_validate(merged)
    except ValidationError as error:
        raise RecipeError(f"recipe '{source}': {complaint(error, Recipe)}") from error


def schema() -> dict[str, Any]:
    """The JSON schema of a recipe: every field with its type, default and limits."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | Recipe.model_json_schema()


def parse_value(text: str) -> Any:
    """The value of a TOML literal (`1e4`, `true`, `[1, 2]`); any other text is a string."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _put(fields: dict[str, Any], key: str, value: Any) -> None:
    *path, last = key.split(".")
    for name in path:
        fields = fields.setdefault(name, {})
        if not isinstance(fields, dict):
            raise RecipeError(f"'{key}' is not a field of a recipe: '{name}' has no subfields")
    fields[last] = value
