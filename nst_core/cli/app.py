"""The command line `nst`. Nothing heavy is imported before a command needs it.

Exit codes: 0 if the command succeeded; 1 if a check failed; 2 if the request is invalid, with a
message of one line; 130 if the command was interrupted, after the current picture has been saved.
"""

import logging
import sys
import traceback
from typing import Annotated, Any

import typer

from nst_core import __version__
from nst_core.cli.backends import backends
from nst_core.cli.check import check
from nst_core.cli.compare import compare
from nst_core.cli.explode import explode
from nst_core.cli.gram import gram
from nst_core.cli.losses import losses
from nst_core.cli.options import FLAG
from nst_core.cli.recipes import recipes
from nst_core.cli.reconstruct import reconstruct
from nst_core.cli.run import run
from nst_core.cli.sweep import sweep
from nst_core.cli.weights import weights_sets
from nst_core.errors import INTERRUPTED, UNMET, NstError

DEBUG = "--debug"

app = typer.Typer(
    epilog=f"Add {DEBUG} to any command to see the traceback of an error. A file config.toml and "
    "variables such as NST_SIZE change the defaults of options: see docs/settings.md.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
for command in (run, losses, backends, check, compare, sweep, reconstruct, gram, explode):
    app.command()(command)
app.add_typer(weights_sets, name="weights")
app.add_typer(recipes, name="recipes")


def show_version(wanted: bool) -> None:
    """Prints the version and exits."""
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


def main() -> None:
    """The console script. A failure prints one line to standard error and sets the exit code."""
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
    """One line that says what happened and what to do; empty if the help was just printed."""
    if isinstance(error, NstError):
        return " ".join([*str(error).split(), *filter(None, getattr(error, "__notes__", ()))])
    if hasattr(error, "format_message"):  # an error of typer's parser
        return complaint(" ".join(error.format_message().split()), getattr(error, "ctx", None))
    kind = type(error).__name__
    return f"{kind}: {' '.join(str(error).split())[:300]} (add {DEBUG} for the traceback)"


def complaint(line: str, context: Any) -> str:
    """An error message of the parser, with the names of the commands and a hint to the help."""
    commands = sorted(getattr(getattr(context, "command", None), "commands", ()))
    if commands and line.startswith("No such command"):
        line = f"{line.rstrip('.')}: use one of {', '.join(commands)}."
    line = line.partition(", unable to parse")[0]  # the rest repeats what comes before
    path = getattr(context, "command_path", None) or "nst"
    return f"{line.rstrip('.?')}. See '{path} --help'." if line else ""
