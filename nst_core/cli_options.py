"""The options that several commands share, and the request that they make."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nst_core.errors import NstError

if TYPE_CHECKING:
    from nst_core.request import Request

Backend = Annotated[
    str | None, typer.Option(help="torch, tf, keras, keras:torch, keras:jax, numpy, …")
]
RecipeName = Annotated[
    str | None,
    typer.Option("--recipe", help="A recipe's name, a .toml file, or a finished picture."),
]
WeightsName = Annotated[
    str | None, typer.Option("--weights", help="auto, a set of 'nst weights list', or a file.")
]
PreprocessingName = Annotated[
    str | None,
    typer.Option(
        "--preprocessing", help="What a weights file wants: caffe, hed, torchvision, none."
    ),
]
Size = Annotated[int | None, typer.Option(help="Longest side of the painting, in pixels.")]
Device = Annotated[str | None, typer.Option(help="auto, cpu, cuda or cuda:N.")]
DtypeName = Annotated[str | None, typer.Option("--dtype", help="float32, float64 or bfloat16.")]
Exact = Annotated[
    bool | None, typer.Option("--exact/--fast", help="TF32 and nondeterminism off, or allowed.")
]
Optimizer = Annotated[str | None, typer.Option(help="lbfgs, adam, native-adam or sgd.")]
Iterations = Annotated[int | None, typer.Option(help="Evaluations at the finest scale.")]
Init = Annotated[str | None, typer.Option(help="content, style, noise, or a picture.")]
ContentWeight = Annotated[float | None, typer.Option(help="Weight of the content term.")]
StyleWeight = Annotated[float | None, typer.Option(help="Weight of the style term.")]
TvWeight = Annotated[float | None, typer.Option(help="Weight of total variation.")]
StyleScale = Annotated[
    float | None, typer.Option(help="Size of the style picture over that of the painting.")
]
Seed = Annotated[int | None, typer.Option(help="For --init noise.")]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Any other field of the recipe or its plan."),
]
MaxPixels = Annotated[int | None, typer.Option(help="Largest picture that is decoded.")]
Colour = Annotated[
    str | None,
    typer.Option(
        "--colour",
        "--color",
        help="Keep the photograph's colours: keep-luminance, match-linear, match-cholesky, "
        "match-histogram; or none.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print the numbers as JSON, nothing else.")]

PLAN_OPTIONS = ("size", "iterations", "optimizer", "init", "seed")
WEIGHT_OPTIONS = ("content", "style", "tv")
REQUEST_OPTIONS = (
    "content", "styles", "backend", "weights", "preprocessing",
    "device", "dtype", "exact", "style_scale", "colour", "max_pixels",
    "keep_alpha",
)  # fmt: skip


def make_request(recipe_source: str | None, given: dict[str, Any]) -> "Request":
    """The request: what a finished picture says, then what the options say."""
    from nst_core import recipe
    from nst_core.request import Request, recorded

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
    from nst_core.recipe import parse_value

    for item in given["set_"] or []:
        key, equals, text = item.partition("=")
        if not (key.strip() and equals):
            raise NstError(
                f"--set {item}: write it as KEY=VALUE, such as --set plan.lbfgs.history=10"
            )
        yield key.strip(), parse_value(text)
    for name in PLAN_OPTIONS:
        if given.get(name) is not None:
            yield f"plan.{name}", given[name]
    for name in WEIGHT_OPTIONS:
        if given[f"{name}_weight"] is not None:
            yield f"{name}.weight", given[f"{name}_weight"]
