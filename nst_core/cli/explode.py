"""`nst explode`: the loss spike of a clamp inside the closure of L-BFGS."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from nst_core.cli.options import Folder, Quiet, shared

if TYPE_CHECKING:
    from nst_core.request import CommandOptions


@shared(without="recipe optimizer colour", painting=False)
def explode(
    content: Annotated[str | None, typer.Argument(help="Default: sample:coffee.")] = None,
    styles: Annotated[
        list[str] | None, typer.Argument(metavar="STYLE...", help="Default: sample:night.")
    ] = None,
    *,
    output: Folder,
    options: "CommandOptions",
    quiet: Quiet = False,
) -> None:
    """The loss spike of a clamp inside the closure of L-BFGS, and the same without it.

    By default 400 steps at 128 pixels with style weight 300, which on vgg16-hed is what 1e6 is on
    the source's weights. In some of the pairs and weights that were tried the plain recipe jumps
    too, later and seldom: no line search checks its steps either.
    """
    from nst_core.cli.series import carry_out
    from nst_core.experiments import explode as experiment
    from nst_core.experiments import grid
    from nst_core.request import Request, make_request

    photograph, paintings = content or experiment.CONTENT, styles or [experiment.STYLE]
    asked: CommandOptions = {**experiment.DEFAULTS, **options}

    def ask(settings: Mapping[str, str]) -> Request:
        return make_request(grid.options(settings, asked), photograph, paintings)

    cells = grid.cells(grid.axes([experiment.OVER]), output / "cells", ask)
    for one in carry_out(cells, lambda f: experiment.report(cells, f, output), output, quiet):
        typer.echo(experiment.sentence(one))
