"""`nst gram`: the Gram matrices and feature maps of a picture."""

from typing import TYPE_CHECKING, Annotated

import typer

from nst_core.cli.options import Folder, listed, shared
from nst_core.errors import NstError

if TYPE_CHECKING:
    from nst_core.request import CommandOptions


@shared(
    without="recipe optimizer iterations init seed colour "
    "content_weight style_weight tv_weight style_scale",
    painting=False,
)
def gram(
    image: Annotated[str, typer.Argument(help="The picture, or sample:NAME.")],
    *,
    output: Folder,
    taps: Annotated[
        str | None,
        typer.Option(help="Layers, separated by commas. Default: relu1_1 to relu5_1."),
    ] = None,
    by_energy: Annotated[
        bool,
        typer.Option("--sort/--no-sort", help="Sort the channels, largest energy first, or not."),
    ] = False,
    options: "CommandOptions",
) -> None:
    """Draw the Gram matrices and feature maps of IMAGE, and write the matrices as .npz."""
    from nst_core.experiments import gram as experiment
    from nst_core.request import make_request

    names = listed(taps, experiment.TAPS)
    if not names:
        raise NstError("--taps is empty: name at least one layer, such as --taps relu1_1")
    table = ", ".join(f"{name} = 1" for name in names)
    only = (f"style.taps={{ {table} }}", f"content.taps={{ {names[0]} = 1 }}")
    options["set_"] = [*options.get("set_", []), *only]
    request = make_request(options, image, [image])
    experiment.report(request, experiment.measure(request, by_energy), output)
