"""`nst explode`: the loss spike of a clamp inside the closure of L-BFGS."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from nst_core.cli.options import (
    Backend,
    ContentWeight,
    Device,
    DtypeName,
    Exact,
    Folder,
    Init,
    Iterations,
    MaxPixels,
    PreprocessingName,
    Quiet,
    Seed,
    Set,
    Size,
    StyleScale,
    StyleWeight,
    TvWeight,
    WeightsName,
    make_request,
)


def explode(
    content: Annotated[str | None, typer.Argument(help="Default: sample:coffee.")] = None,
    styles: Annotated[
        list[str] | None, typer.Argument(metavar="STYLE...", help="Default: sample:night.")
    ] = None,
    *,
    output: Folder,
    backend: Backend = None,
    weights: WeightsName = None,
    preprocessing: PreprocessingName = None,
    size: Size = None,
    device: Device = None,
    dtype: DtypeName = None,
    exact: Exact = None,
    iterations: Iterations = None,
    init: Init = None,
    content_weight: ContentWeight = None,
    style_weight: StyleWeight = None,
    tv_weight: TvWeight = None,
    style_scale: StyleScale = None,
    seed: Seed = None,
    set_: Set = None,
    max_pixels: MaxPixels = None,
    quiet: Quiet = False,
) -> None:
    """The loss spike of a clamp inside the closure of L-BFGS, and the same without it.

    By default 400 steps at 128 pixels with style weight 300, which on vgg16-hed is what 1e6 is on
    the source's weights. In some of the pairs and weights that were tried the plain recipe jumps
    too, later and seldom: no line search checks its steps either.
    """
    given = locals() | {"optimizer": None}
    from nst_core.cli.series import carry_out
    from nst_core.experiments import explode as experiment
    from nst_core.experiments import grid

    given |= {key: usual for key, usual in experiment.DEFAULTS.items() if given[key] is None}

    def ask(settings: Mapping[str, str]) -> Any:
        options = grid.options(settings, given)
        return make_request(options["recipe"], options)

    cells = grid.cells(grid.axes([experiment.OVER]), output / "cells", ask)
    for one in carry_out(cells, lambda f: experiment.report(cells, f, output), output, quiet):
        typer.echo(experiment.sentence(one))
