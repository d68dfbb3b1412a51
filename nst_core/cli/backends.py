"""`nst backends`: what is installed, and what is absent."""

from typing import Annotated

import typer


def backends(
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Open each one, and show devices and tracebacks.")
    ] = False,
) -> None:
    """List the backends, and how to install what is absent."""
    from nst_core.cli.terminal import backends_table, show

    show(backends_table(verbose))
