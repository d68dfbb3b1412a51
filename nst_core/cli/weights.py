"""`nst weights`: lists, shows, downloads, verifies and exports weight sets."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from nst_core.cli.options import PreprocessingName
from nst_core.cli.recipes import columns
from nst_core.errors import NstError

weights_sets = typer.Typer(
    help="List, show, download, verify and export sets of weights.", no_args_is_help=True
)

Spec = Annotated[
    str,
    typer.Argument(
        metavar="NAME",
        help="A name from 'nst weights list', random weights such as random-vgg16:0, or a file.",
    ),
]


@weights_sets.command("list")
def list_() -> None:
    """List the sets with their licences, and whether each is in the cache."""
    from rich.console import Console

    from nst_core.cli.terminal import weights_table

    Console().print(weights_table())


@weights_sets.command()
def show(name: Spec) -> None:
    """Show the network, preprocessing, licence, sources and hashes of a set."""
    from nst_core.explain import weights_sheet as sheet

    typer.echo(sheet.as_text(name, columns()))


@weights_sets.command()
def fetch(name: str) -> None:
    """Download a set, check its hash and keep it in the cache."""
    from nst_core import weights

    typer.echo(weights.fetch(weights.set_named(name), progress=sys.stderr.isatty()))


@weights_sets.command()
def verify(names: Annotated[list[str] | None, typer.Argument()] = None) -> None:
    """Check the hashes of the cached sets again: of those named, or of all."""
    from nst_core import weights

    for name in names or [name for name in weights.SETS if weights.cached(name)]:
        typer.echo(f"{name}: {weights.verify(name)}")


@weights_sets.command()
def path(name: Annotated[str | None, typer.Argument()] = None) -> None:
    """Print the path of the cache folder, or of the file of one set."""
    from nst_core import weights

    if name is None:
        typer.echo(weights.cache_dir())
    elif file := weights.cached(weights.set_named(name).name):
        typer.echo(file)
    else:
        raise NstError(f"weights '{name}' are not in the cache. Try: nst weights fetch {name}")


@weights_sets.command(
    epilog="Example: nst weights export vgg16-caffe vgg16.pth. The printed line says which "
    "preprocessing the other program must use. A .pth file has the keys of torchvision's features, "
    "without the classifier; a .h5 file corresponds to the notop files of keras.applications."
)
def export(
    name: Spec,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="The file to write: .pth for PyTorch, .h5 for Keras, or .safetensors.",
        ),
    ],
    preprocessing: PreprocessingName = None,
) -> None:
    """Write a set to a .pth, .h5 or .safetensors file for another program."""
    from nst_core import weights

    progress = sys.stderr.isatty()
    made = weights.export(name, file, preprocessing=preprocessing, progress=progress)
    pixels = made.preprocessing.in_words
    typer.echo(f"{file}: {made.network}; pixels {pixels}; sha256 {made.sha256}")
