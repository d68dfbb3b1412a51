"""`nst gram`: the Gram matrices and feature maps of a picture."""

from typing import Annotated

import typer

from nst_core.cli.options import (
    NO_WEIGHTS,
    Backend,
    Device,
    DtypeName,
    Exact,
    Folder,
    MaxPixels,
    PreprocessingName,
    Set,
    Size,
    WeightsName,
    listed,
    make_request,
)
from nst_core.errors import NstError


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
