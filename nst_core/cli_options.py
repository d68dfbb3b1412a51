"""The options that several commands share, and the request that they make."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

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


def make_request(recipe_source: str | None, given: dict[str, Any]) -> "Request":
    """The request: what a finished picture says, then what the options say."""
    from nst_core import request

    return request.make_request(recipe_source, given)
