"""The options that several commands share, and the request that they make."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from nst_core.request import Request

PAINTING, COMPUTATION, OUTPUT = "The painting", "The computation", "Output"
FLAG = " "  # in place of the word bool beside a flag


def complete_backends(incomplete: str) -> list[str]:
    """For the shell: addresses of installed backends."""
    from nst_core import registry

    return [line.name for line in registry.listing() if line.name.startswith(incomplete)]


def complete_recipes(incomplete: str) -> list[str]:
    """For the shell: the recipes that are shipped; the shell itself adds files."""
    from nst_core import recipe

    return [name for name in recipe.names() if name.startswith(incomplete)]


def complete_weights(incomplete: str) -> list[str]:
    """For the shell: the named weight sets."""
    from nst_core.weights.sets import SETS

    return [name for name in ("auto", *SETS) if name.startswith(incomplete)]


def complete_pictures(incomplete: str) -> list[str]:
    """For the shell: the samples."""
    from nst_core.samples import PAINTINGS, PHOTOGRAPHS

    samples = (f"sample:{name}" for name in (*PHOTOGRAPHS, *PAINTINGS))
    return [name for name in samples if name.startswith(incomplete)]


Backend = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="torch, tf, keras, keras:torch, keras:jax, numpy, or another that is installed.",
        autocompletion=complete_backends,
        rich_help_panel=COMPUTATION,
    ),
]
RecipeName = Annotated[
    str | None,
    typer.Option(
        "--recipe",
        metavar="RECIPE",
        help="The name of a recipe (see 'nst recipes list'), a .toml file, or a painting made "
        "by nst.",
        autocompletion=complete_recipes,
        rich_help_panel=PAINTING,
    ),
]
WeightsName = Annotated[
    str | None,
    typer.Option(
        "--weights",
        metavar="NAME",
        help="A set of weights (see 'nst weights list'), a file, or auto, which takes those of "
        "the recipe if they can be had.",
        autocompletion=complete_weights,
        rich_help_panel=COMPUTATION,
    ),
]
PreprocessingName = Annotated[
    str | None,
    typer.Option(
        "--preprocessing",
        metavar="NAME",
        help="The pixels that a weights file was trained on: caffe, hed, torchvision or none.",
        rich_help_panel=COMPUTATION,
    ),
]
Size = Annotated[
    int | None,
    typer.Option(
        metavar="PIXELS", help="The longest side of the painting.", rich_help_panel=PAINTING
    ),
]
Device = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="auto, cpu, cuda or cuda:N.", rich_help_panel=COMPUTATION),
]
DtypeName = Annotated[
    str | None,
    typer.Option(
        "--dtype",
        metavar="NAME",
        help="The precision of the layers: float32, float64 or bfloat16.",
        rich_help_panel=COMPUTATION,
    ),
]
Exact = Annotated[
    bool | None,
    typer.Option(
        "--exact/--fast",
        metavar=FLAG,
        help="Give the same bits every time and keep TF32 off, or be as fast as possible.",
        rich_help_panel=COMPUTATION,
    ),
]
Optimizer = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="lbfgs, adam, native-adam or sgd.", rich_help_panel=PAINTING),
]
Iterations = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help="How often the total is evaluated at the finest scale.",
        rich_help_panel=PAINTING,
    ),
]
Init = Annotated[
    str | None,
    typer.Option(
        metavar="START",
        help="What the painting starts from: content, style, noise, or a picture.",
        rich_help_panel=PAINTING,
    ),
]
ContentWeight = Annotated[
    float | None,
    typer.Option(metavar="W", help="More keeps more of the photograph.", rich_help_panel=PAINTING),
]
StyleWeight = Annotated[
    float | None,
    typer.Option(metavar="W", help="More paints more of the style.", rich_help_panel=PAINTING),
]
TvWeight = Annotated[
    float | None,
    typer.Option(
        metavar="W",
        help="More total variation makes the painting smoother.",
        rich_help_panel=PAINTING,
    ),
]
StyleScale = Annotated[
    float | None,
    typer.Option(
        metavar="FACTOR",
        help="The size of the style picture over that of the painting: more makes the strokes "
        "larger.",
        rich_help_panel=PAINTING,
    ),
]
Seed = Annotated[
    int | None,
    typer.Option(
        metavar="N", help="The seed of the noise of --init noise.", rich_help_panel=PAINTING
    ),
]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Any other field of the recipe or its plan, such as plan.lbfgs.history=10.",
        rich_help_panel=PAINTING,
    ),
]
MaxPixels = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help="Refuse pictures of more pixels than this.",
        rich_help_panel=COMPUTATION,
    ),
]
Colour = Annotated[
    str | None,
    typer.Option(
        "--colour",
        "--color",
        metavar="METHOD",
        help="Keep the photograph's colours by keep-luminance, match-linear, match-cholesky or "
        "match-histogram; none takes the style's.",
        rich_help_panel=PAINTING,
    ),
]
Json = Annotated[
    bool,
    typer.Option(
        "--json",
        metavar=FLAG,
        help="Print the numbers as JSON and nothing else.",
        rich_help_panel=OUTPUT,
    ),
]
Folder = Annotated[Path, typer.Option("-o", "--output", help="A folder.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")]

NO_WEIGHTS = {"content_weight": None, "style_weight": None}


def make_request(recipe_source: str | None, given: dict[str, Any]) -> "Request":
    """The request: what a finished picture says, then what the options say."""
    from nst_core import request

    return request.make_request(recipe_source, given)


def listed(given: str | None, default: Sequence[str]) -> tuple[str, ...]:
    """Names separated by commas, each once; the default where nothing is given."""
    if given is None:
        return tuple(default)
    return tuple(dict.fromkeys(name.strip() for name in given.split(",") if name.strip()))
