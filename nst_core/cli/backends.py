"""`nst backends`: which backends are installed and which are missing."""

from typing import Annotated

import typer


def backends(
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Also show the devices, and tracebacks of errors.")
    ] = False,
) -> None:
    """List the backends and how to install those that are missing."""
    from nst_core.cli.terminal import backends_table, show

    show(backends_table(verbose))
