"""`nst run`: paints a photograph in the style of a painting."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from nst_core.cli.options import FLAG, OUTPUT, Json, complete_pictures, shared

if TYPE_CHECKING:
    from nst_core.request import CommandOptions


@shared()
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
            help="One or more paintings: files, or sample:NAME.",
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
            help="The file to write: .png, .jpg, .webp or .tiff.",
            rich_help_panel=OUTPUT,
        ),
    ],
    options: "CommandOptions",
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
            help="Write the current picture to the file after every N iterations.",
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
    """Paint CONTENT in the style of STYLE.

    Example: nst run photo.jpg painting.jpg -o out.png --size 512
    """
    from nst_core.cli.terminal import paint
    from nst_core.request import make_request

    voice: Literal["", "quiet", "json"] = "json" if as_json else "quiet" if quiet else ""
    if keep_alpha is not None:
        options["keep_alpha"] = keep_alpha
    paint(make_request(options, content, styles), output, preview_every, voice)
