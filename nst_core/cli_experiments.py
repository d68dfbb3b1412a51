"""Experiments."""

import typer

experiments = typer.Typer()
