"""`nst explode`: the loss spike that a clamp inside the closure of L-BFGS causes."""

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
    """Show the loss spike that a clamp inside the closure of L-BFGS causes.

    The same picture is painted with and without this mistake, by default in 400 steps at 128
    pixels with style weight 300, which on vgg16-hed corresponds to 1e6 on the weights of the
    source. With some of the pictures and weights that were tried, the loss also jumps without the
    mistake, but later and rarely, because no line search checks the steps there either.
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
