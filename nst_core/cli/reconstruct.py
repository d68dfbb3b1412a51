"""`nst reconstruct`: reconstructs a picture from the features of single layers."""

from typing import TYPE_CHECKING, Annotated

import typer

from nst_core.cli.options import Folder, Quiet, listed, shared
from nst_core.errors import NstError

if TYPE_CHECKING:
    from nst_core.request import CommandOptions


@shared(
    without="recipe optimizer init content_weight style_weight style_scale colour", painting=False
)
def reconstruct(
    image: Annotated[str, typer.Argument(help="The picture, or sample:NAME.")],
    *,
    output: Folder,
    content: Annotated[
        str | None,
        typer.Option(
            help="Layers to reconstruct the content from, each alone. Default: relu1_2 to relu5_2."
        ),
    ] = None,
    style: Annotated[
        str | None,
        typer.Option(
            help="Layers to reconstruct the style from, in order. Default: relu1_1 to relu5_1."
        ),
    ] = None,
    cumulative: Annotated[
        bool,
        typer.Option(
            "--cumulative/--each",
            help="For the style, use each layer together with all before it, or each alone.",
        ),
    ] = True,
    options: "CommandOptions",
    quiet: Quiet = False,
) -> None:
    """Reconstruct the content and the style of IMAGE from single layers, starting from noise."""
    from nst_core.cli.series import carry_out
    from nst_core.experiments import reconstruct as experiment
    from nst_core.request import make_request

    chosen = (listed(content, experiment.CONTENT), listed(style, experiment.STYLE))
    cells = [
        experiment.cell(
            kind,
            taps,
            make_request(experiment.options(kind, taps, options), image, [image]),
            output / "cells",
        )
        for kind, taps in experiment.parts(*chosen, cumulative)
    ]
    if not cells:
        raise NstError(
            "--content and --style are both empty: name at least one layer, such as "
            "--content relu4_2"
        )
    carry_out(cells, lambda found: experiment.report(cells, found, output), output, quiet)
