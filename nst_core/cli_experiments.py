"""`nst sweep`, `nst reconstruct`, `nst gram`, `nst explode`: the experiments of the sources."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from nst_core.cli_options import (
    Backend,
    Colour,
    ContentWeight,
    Device,
    DtypeName,
    Exact,
    Init,
    Iterations,
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
    make_request,
)
from nst_core.errors import NstError

experiments = typer.Typer()

Folder = Annotated[Path, typer.Option("-o", "--output", help="A folder.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")]


@experiments.command()
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
    from nst_core.experiments import grid
    from nst_core.experiments import sweep as experiment
    from nst_core.experiments.console import carry_out

    def ask(settings: Mapping[str, str]) -> Any:
        options = grid.options(settings, given)
        return make_request(options["recipe"], options)

    cells = grid.cells(grid.axes(over), output / "cells", ask)
    carry_out(cells, lambda found: experiment.report(cells, found, output), output, quiet)


@experiments.command()
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
    from nst_core.experiments import reconstruct as experiment
    from nst_core.experiments.console import carry_out

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


@experiments.command()
def gram(
    image: Annotated[str, typer.Argument(help="The picture, or sample:NAME.")],
    output: Folder,
    taps: Annotated[
        str | None, typer.Option(help="Separated by commas. Default: relu1_1 to relu5_1.")
    ] = None,
    by_energy: Annotated[
        bool, typer.Option("--sort/--no-sort", help="Channels of the largest energy first.")
    ] = False,
    backend: Backend = None,
    weights: WeightsName = None,
    preprocessing: PreprocessingName = None,
    size: Size = None,
    device: Device = None,
    dtype: DtypeName = None,
    exact: Exact = None,
    set_: Set = None,
    max_pixels: MaxPixels = None,
) -> None:
    """Draw the Gram matrices and feature maps of IMAGE, and write the matrices as .npz."""
    given = locals() | {"content": image, "styles": [image]} | NO_WEIGHTS
    from nst_core.experiments import gram as experiment

    names = listed(taps, experiment.TAPS)
    if not names:
        raise NstError("no tap is named: give --taps at least one")
    table = ", ".join(f"{name} = 1" for name in names)
    only = (f"style.taps={{ {table} }}", f"content.taps={{ {names[0]} = 1 }}")
    request = make_request(None, given | {"set_": [*(set_ or []), *only], "tv_weight": None})
    experiment.report(request, experiment.measure(request, by_energy), output)


@experiments.command()
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
    from nst_core.experiments import explode as experiment
    from nst_core.experiments import grid
    from nst_core.experiments.console import carry_out

    given |= {key: usual for key, usual in experiment.DEFAULTS.items() if given[key] is None}

    def ask(settings: Mapping[str, str]) -> Any:
        options = grid.options(settings, given)
        return make_request(options["recipe"], options)

    cells = grid.cells(grid.axes([experiment.OVER]), output / "cells", ask)
    for one in carry_out(cells, lambda f: experiment.report(cells, f, output), output, quiet):
        typer.echo(experiment.sentence(one))


NO_WEIGHTS = {"content_weight": None, "style_weight": None}


def listed(given: str | None, default: Sequence[str]) -> tuple[str, ...]:
    """Names separated by commas, each once; the default where nothing is given."""
    if given is None:
        return tuple(default)
    return tuple(dict.fromkeys(name.strip() for name in given.split(",") if name.strip()))
