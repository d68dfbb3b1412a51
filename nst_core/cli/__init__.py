"""The command line `nst`: one file for each command, and the options that they share."""

from nst_core.cli.app import app, main

__all__ = ["app", "main"]
