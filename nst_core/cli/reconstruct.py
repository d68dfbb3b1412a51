"""`nst reconstruct`: what the layers keep of a picture."""

from typing import Annotated

import typer

from nst_core.cli.options import (
    NO_WEIGHTS,
    Backend,
    Device,
    DtypeName,
    Exact,
    Folder,
    Iterations,
    MaxPixels,
    PreprocessingName,
    Quiet,
    Seed,
    Set,
    Size,
    TvWeight,
    WeightsName,
    listed,
    make_request,
)
from nst_core.errors import NstError


def reconstruct(
    image: Annotated[str, typer.Argument(help="The picture, or sample:NAME.")],
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
    backend: Backend = None,
    weights: WeightsName = None,
    preprocessing: PreprocessingName = None,
    size: Size = None,
    device: Device = None,
    dtype: DtypeName = None,
    exact: Exact = None,
    iterations: Iterations = None,
    tv_weight: TvWeight = None,
    seed: Seed = None,
    set_: Set = None,
    max_pixels: MaxPixels = None,
    quiet: Quiet = False,
) -> None:
    """What layers keep of IMAGE: its content and its style, found again from white noise."""
    given = locals() | {"content": image, "styles": [image]} | NO_WEIGHTS
    from nst_core.cli.series import carry_out
    from nst_core.experiments import reconstruct as experiment

    chosen = (listed(content, experiment.CONTENT), listed(style, experiment.STYLE))
    cells = [
        experiment.cell(
            kind, taps, make_request(None, experiment.options(kind, taps, given)), output / "cells"
        )
        for kind, taps in experiment.parts(*chosen, cumulative)
    ]
    if not cells:
        raise NstError("no tap is named: give --content or --style at least one")
    carry_out(cells, lambda found: experiment.report(cells, found, output), output, quiet)
