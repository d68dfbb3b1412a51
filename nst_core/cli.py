"""The command line `nst`. Nothing heavy is imported before a command needs it.

Exit codes: 0 done; 1 a check failed; 2 the request cannot be met, said in one line;
130 interrupted, with the picture so far saved.
"""

import json
import logging
import sys
import traceback
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from nst_core import __version__
from nst_core.cli_check import check
from nst_core.cli_compare import compare
from nst_core.cli_experiments import experiments
from nst_core.cli_options import (
    FLAG,
    OUTPUT,
    Backend,
    Colour,
    ContentWeight,
    Device,
    DtypeName,
    Exact,
    Init,
    Iterations,
    Json,
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
    complete_pictures,
    make_request,
)
from nst_core.cli_recipes import recipes
from nst_core.cli_weights import weights_sets
from nst_core.errors import INTERRUPTED, UNMET, NstError

DEBUG = "--debug"

app = typer.Typer(
    epilog=f"{DEBUG} anywhere on the line shows the traceback of an error.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.add_typer(weights_sets, name="weights")
app.add_typer(recipes, name="recipes")


def show_version(wanted: bool) -> None:
    """Prints the version and leaves."""
    if wanted:
        typer.echo(f"nst-suite {__version__}")
        raise typer.Exit


@app.callback()
def options(
    _version: Annotated[
        bool,
        typer.Option(
            "--version",
            metavar=FLAG,
            callback=show_version,
            is_eager=True,
            help="Show the version and exit.",
        ),
    ] = False,
) -> None:
    """Neural style transfer in PyTorch, TensorFlow and Keras, from one specification."""


@app.command()
def run(
    content: Annotated[
        str | None,
        typer.Argument(
            metavar="CONTENT",
            help="The photograph: a file, or sample:NAME.",
            autocompletion=complete_pictures,
        ),
    ] = None,
    styles: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="STYLE...",
            help="One painting or more: files, or sample:NAME.",
            autocompletion=complete_pictures,
        ),
    ] = None,
    *,
    output: Annotated[
        Path,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="Where the painting goes: a .png, .jpg, .webp or .tiff file.",
            rich_help_panel=OUTPUT,
        ),
    ],
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
    keep_alpha: Annotated[
        bool | None,
        typer.Option(
            "--keep-alpha/--no-alpha",
            metavar=FLAG,
            help="Keep the photograph's transparency.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    preview_every: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="Write the picture so far after every N iterations.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    quiet: Annotated[
        bool,
        typer.Option(
            "--quiet",
            metavar=FLAG,
            help="Print nothing but errors.",
            rich_help_panel=OUTPUT,
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Paint CONTENT in the manner of STYLE.

    Example: nst run photo.jpg painting.jpg -o out.png --size 512
    """
    given = locals()
    from nst_core.terminal import paint

    voice: Literal["", "quiet", "json"] = "json" if as_json else "quiet" if quiet else ""
    paint(make_request(recipe, given), output, preview_every, voice)


@app.command()
def losses(
    image: Annotated[str, typer.Argument(help="The picture to judge.")],
    content: Annotated[str, typer.Option(help="The photograph.")],
    style: Annotated[list[str], typer.Option(help="A painting; may be repeated.")],
    backend: Backend = None,
    recipe: RecipeName = None,
    weights: WeightsName = None,
    preprocessing: PreprocessingName = None,
    size: Size = None,
    device: Device = None,
    dtype: DtypeName = None,
    exact: Exact = True,
    content_weight: ContentWeight = None,
    style_weight: StyleWeight = None,
    tv_weight: TvWeight = None,
    style_scale: StyleScale = None,
    colour: Colour = None,
    set_: Set = None,
    max_pixels: MaxPixels = None,
    as_json: Json = False,
) -> None:
    """Print every term of the total at IMAGE, without optimising.

    IMAGE is brought to the size that the plan ends with. The JSON holds the
    "total", the weighted terms as "content", "style" and "tv", the same without
    their weights as "raw", and the name of the network's "weights". "content"
    and "style" have a number for each layer. Several styles that have a term
    each (style.combine = "losses") are "style1", "style2" and so on.
    """
    given = locals() | {"styles": style}
    from nst_core.evaluation import Evaluation
    from nst_core.terminal import terms_table

    evaluation = Evaluation(make_request(recipe, given), image)
    for note in evaluation.notes():
        typer.echo(note, err=True)
    terms = evaluation.terms()
    show(json.dumps(evaluation.as_json(terms)) if as_json else terms_table(terms))


@app.command()
def backends(
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Open each one, and show devices and tracebacks.")
    ] = False,
) -> None:
    """List the backends, and how to install what is absent."""
    from nst_core.terminal import backends_table

    show(backends_table(verbose))


app.command()(check)
app.command()(compare)
app.add_typer(experiments)


def show(what: Any) -> None:
    """Plain text goes to standard output as it is; anything else is laid out by rich."""
    if isinstance(what, str):
        typer.echo(what)
        return
    from rich.console import Console

    Console().print(what)


def main() -> None:
    """The console script: every failure is one line on standard error and an exit code."""
    debug = DEBUG in sys.argv
    logging.basicConfig(format="%(message)s", level=logging.DEBUG if debug else logging.ERROR)
    arguments = [argument for argument in sys.argv[1:] if argument != DEBUG]
    try:
        sys.exit(app(arguments, prog_name="nst", standalone_mode=False))
    except (KeyboardInterrupt, typer.Abort):
        sys.exit(INTERRUPTED)
    except Exception as error:
        if debug:
            typer.echo("".join(traceback.format_exception(error)), err=True)
        if line := line_of(error):
            typer.echo(f"nst: {line}", err=True)
        sys.exit(UNMET)


def line_of(error: Exception) -> str:
    """What happened and what to do, in one line; empty where the help was just shown."""
    if isinstance(error, NstError):
        return " ".join(str(error).split())
    if hasattr(error, "format_message"):  # the command line's own complaints
        return complaint(" ".join(error.format_message().split()), getattr(error, "ctx", None))
    kind = type(error).__name__
    return f"{kind}: {' '.join(str(error).split())[:300]} (add {DEBUG} for the traceback)"


def complaint(line: str, context: Any) -> str:
    """A complaint of the parser, with the commands there are, and where to read more."""
    commands = sorted(getattr(getattr(context, "command", None), "commands", ()))
    if commands and line.startswith("No such command"):
        line = f"{line.rstrip('.')}: use one of {', '.join(commands)}."
    line = line.partition(", unable to parse")[0]  # which says the same again
    path = getattr(context, "command_path", None) or "nst"
    return f"{line.rstrip('.?')}. See '{path} --help'." if line else ""
