"""`nst weights`: the named weight sets, what each is, the cache, and files for other programs."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from nst_core.cli.options import PreprocessingName
from nst_core.cli.recipes import columns
from nst_core.errors import NstError

weights_sets = typer.Typer(
    help="List, show, fetch, verify and export sets of weights.", no_args_is_help=True
)

Spec = Annotated[
    str,
    typer.Argument(metavar="NAME", help="A set of 'nst weights list', random-vgg16:0, or a file."),
]


@weights_sets.command("list")
def list_() -> None:
    """Every set, its licence, and whether it is in the cache."""
    from rich.console import Console

    from nst_core.cli.terminal import weights_table

    Console().print(weights_table())


@weights_sets.command()
def show(name: Spec) -> None:
    """What a set is: network, pixels, licence, sources, hashes."""
    from nst_core.explain import weights_sheet as sheet

    typer.echo(sheet.as_text(name, columns()))


@weights_sets.command()
def fetch(name: str) -> None:
    """Download a set, check its hash, and keep it in the cache."""
    from nst_core import weights

    typer.echo(weights.fetch(weights.set_named(name), progress=sys.stderr.isatty()))


@weights_sets.command()
def verify(names: Annotated[list[str] | None, typer.Argument()] = None) -> None:
    """Hash what is in the cache again; of every set, or of those named."""
    from nst_core import weights

    for name in names or [name for name in weights.SETS if weights.cached(name)]:
        typer.echo(f"{name}: {weights.verify(name)}")


@weights_sets.command()
def path(name: Annotated[str | None, typer.Argument()] = None) -> None:
    """The cache folder, or the file of one set."""
    from nst_core import weights

    if name is None:
        typer.echo(weights.cache_dir())
    elif found := weights.cached(weights.set_named(name).name):
        typer.echo(found)
    else:
        raise NstError(f"weights '{name}' are not in the cache. Try: nst weights fetch {name}")


@weights_sets.command(
    epilog="Example: nst weights export vgg16-caffe vgg16.pth. The line that is printed says which "
    "pixels the other program must give. The .pth holds torchvision's features, no classifier; the "
    ".h5 is what keras.applications calls notop."
)
def export(
    name: Spec,
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help=".pth for PyTorch, .h5 for Keras, or .safetensors."),
    ],
    preprocessing: PreprocessingName = None,
) -> None:
    """Write a set to a file for another program: .pth, .h5, .safetensors."""
    from nst_core import weights

    progress = sys.stderr.isatty()
    found = weights.export(name, file, preprocessing=preprocessing, progress=progress)
    pixels = found.preprocessing.in_words
    typer.echo(f"{file}: {found.network}; pixels {pixels}; sha256 {found.sha256}")
