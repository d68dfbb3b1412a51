"""`nst sweep`: a grid of settings."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from nst_core.cli.options import (
    Backend,
    Colour,
    ContentWeight,
    Device,
    DtypeName,
    Exact,
    Folder,
    Init,
    Iterations,
    MaxPixels,
    Optimizer,
    PreprocessingName,
    Quiet,
    RecipeName,
    Seed,
    Set,
    Size,
    StyleScale,
    StyleWeight,
    TvWeight,
    WeightsName,
    make_request,
)


def sweep(
    content: Annotated[str, typer.Argument(help="The photograph, or sample:NAME.")],
    styles: Annotated[list[str], typer.Argument(metavar="STYLE...", help="One painting or more.")],
    over: Annotated[
        list[str],
        typer.Option(
            metavar="KEY=VALUE,VALUE,...",
            help="An axis of the grid; may be repeated: style_weight, content_weight, tv_weight, "
            "init, optimizer, size, iterations, seed, recipe, backend, style_scale, weights, "
            "colour, "
            "or a field of the recipe such as plan.lbfgs.history.",
        ),
    ],
    output: Folder,
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
    quiet: Quiet = False,
) -> None:
    """Paint a grid of settings: a sheet, tables and curves. The same command again goes on."""
    given = locals()
    from nst_core.cli.series import carry_out
    from nst_core.experiments import grid
    from nst_core.experiments import sweep as experiment

    def ask(settings: Mapping[str, str]) -> Any:
        options = grid.options(settings, given)
        return make_request(options["recipe"], options)

    cells = grid.cells(grid.axes(over), output / "cells", ask)
    carry_out(cells, lambda found: experiment.report(cells, found, output), output, quiet)
