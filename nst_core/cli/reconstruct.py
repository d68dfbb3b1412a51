"""`nst reconstruct`: what the layers keep of a picture."""

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
        str | None, typer.Option(help="Taps, each by itself. Default: relu1_2 to relu5_2.")
    ] = None,
    style: Annotated[
        str | None, typer.Option(help="Taps in their order. Default: relu1_1 to relu5_1.")
    ] = None,
    cumulative: Annotated[
        bool, typer.Option("--cumulative/--each", help="Style: the first taps together, or each.")
    ] = True,
    options: "CommandOptions",
    quiet: Quiet = False,
) -> None:
    """What layers keep of IMAGE: its content and its style, found again from white noise."""
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
        raise NstError("no tap is named: give --content or --style at least one")
    carry_out(cells, lambda found: experiment.report(cells, found, output), output, quiet)
