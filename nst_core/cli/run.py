"""`nst run`: a photograph painted in the manner of a painting."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from nst_core.cli.options import (
    FLAG,
    OUTPUT,
    Backend,
    Colour,
    ContentWeight,
    Device,
    DtypeName,
    Exact,
    Init,
    Iterations,
    Json,
    MaxPixels,
    Optimizer,
    PreprocessingName,
    RecipeName,
    Seed,
    Set,
    Size,
    StyleScale,
    StyleWeight,
    TvWeight,
    WeightsName,
    complete_pictures,
    make_request,
)


def run(
    content: Annotated[
        str | None,
        typer.Argument(
            metavar="CONTENT",
            help="The photograph: a file, or sample:NAME.",
            autocompletion=complete_pictures,
        ),
    ] = None,
    styles: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="STYLE...",
            help="One painting or more: files, or sample:NAME.",
            autocompletion=complete_pictures,
        ),
    ] = None,
    *,
    output: Annotated[
        Path,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="Where the painting goes: a .png, .jpg, .webp or .tiff file.",
            rich_help_panel=OUTPUT,
        ),
    ],
    backend: Backend = None,
    recipe: RecipeName = None,
    weights: WeightsName = None,
    preprocessing: PreprocessingName = None,
    size: Size = None,
    device: Device = None,
    dtype: DtypeName = None,
    exact: Exact = None,
    optimizer: Optimizer = None,
    iterations: Iterations = None,
    init: Init = None,
    content_weight: ContentWeight = None,
    style_weight: StyleWeight = None,
    tv_weight: TvWeight = None,
    style_scale: StyleScale = None,
    colour: Colour = None,
    seed: Seed = None,
    set_: Set = None,
    max_pixels: MaxPixels = None,
    keep_alpha: Annotated[
        bool | None,
        typer.Option(
            "--keep-alpha/--no-alpha",
            metavar=FLAG,
            help="Keep the photograph's transparency.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    preview_every: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="Write the picture so far after every N iterations.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    quiet: Annotated[
        bool,
        typer.Option(
            "--quiet",
            metavar=FLAG,
            help="Print nothing but errors.",
            rich_help_panel=OUTPUT,
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Paint CONTENT in the manner of STYLE.

    Example: nst run photo.jpg painting.jpg -o out.png --size 512
    """
    given = locals()
    from nst_core.cli.terminal import paint

    voice: Literal["", "quiet", "json"] = "json" if as_json else "quiet" if quiet else ""
    paint(make_request(recipe, given), output, preview_every, voice)
