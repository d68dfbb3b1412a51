"""`nst sweep`: a grid of settings."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from nst_core.cli.options import Folder, Quiet, shared

if TYPE_CHECKING:
    from nst_core.request import CommandOptions


@shared()
def sweep(
    content: Annotated[str, typer.Argument(help="The photograph, or sample:NAME.")],
    styles: Annotated[list[str], typer.Argument(metavar="STYLE...", help="One or more paintings.")],
    over: Annotated[
        list[str],
        typer.Option(
            metavar="KEY=VALUE,VALUE,...",
            help="An axis of the grid and its values. May be repeated. KEY is style_weight, "
            "content_weight, tv_weight, init, optimizer, size, iterations, seed, recipe, backend, "
            "style_scale, weights, colour, or a field of the recipe such as plan.lbfgs.history.",
        ),
    ],
    output: Folder,
    options: "CommandOptions",
    quiet: Quiet = False,
) -> None:
    """Paint a grid of settings, and write a sheet of the pictures, tables and curves.

    If the command is repeated, it keeps the pictures that are already painted.
    """
    from nst_core.cli.series import carry_out
    from nst_core.experiments import grid
    from nst_core.experiments import sweep as experiment
    from nst_core.request import Request, make_request

    def ask(settings: Mapping[str, str]) -> Request:
        return make_request(grid.options(settings, options), content, styles)

    cells = grid.cells(grid.axes(over), output / "cells", ask)
    carry_out(cells, lambda found: experiment.report(cells, found, output), output, quiet)
