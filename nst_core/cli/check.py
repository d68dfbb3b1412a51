"""`nst check`: the conformance suite from the command line."""

import json
from typing import Annotated, cast, get_args

import typer

from nst_core.errors import FAILED, NstError, unknown


def check(
    backends: Annotated[
        list[str] | None,
        typer.Argument(metavar="BACKEND...", help="The names of one or more backends, or all."),
    ] = None,
    dtype: Annotated[
        list[str] | None,
        typer.Option(
            help="The precision: float64, float32 or bfloat16. May be repeated. "
            "Default: float64 and float32."
        ),
    ] = None,
    device: Annotated[str, typer.Option(help="The device: auto, cpu, cuda or cuda:N.")] = "auto",
    timeout: Annotated[
        float,
        typer.Option(min=1, help="The time limit in seconds of one backend at one precision."),
    ] = 600,
    every: Annotated[bool, typer.Option("--all-rows", help="Print every row.")] = False,
    recipes: Annotated[
        bool,
        typer.Option("--recipes", help="Check every built-in recipe instead of the usual cases."),
    ] = False,
    mutants: Annotated[
        bool,
        typer.Option(
            "--mutants",
            help="Test the checks themselves on backends that have one deliberate mistake each.",
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the rows as JSON.")] = False,
) -> None:
    """Compare backends with the float64 reference at seven levels.

    The exit code is 1 if an error exceeds its budget.
    """
    if mutants:
        holds = check_mutants()
    else:
        holds = check_backends(
            backends or [], dtype or [], device, timeout, recipes, every, as_json
        )
    raise typer.Exit(0 if holds else FAILED)


def check_backends(
    backends: list[str],
    dtypes: list[str],
    device: str,
    timeout: float,
    recipes: bool,
    every: bool,
    as_json: bool,
) -> bool:
    """Prints the verdict of each backend; returns whether every error is within its budget."""
    from rich.console import Console

    from nst_core import weights
    from nst_core.backend import Dtype
    from nst_core.conformance import cases, report
    from nst_core.conformance.check import DTYPES as USUAL
    from nst_core.conformance.check import addresses, verdict

    for name in dtypes:
        if name not in get_args(Dtype):
            raise NstError(unknown("dtype", name, get_args(Dtype)))
    console, voice = Console(), Console(stderr=True)
    verdicts = []
    for backend in addresses(backends):
        for dtype in cast(list[Dtype], dtypes) or USUAL:
            with voice.status(f"{backend}, {dtype}"):
                result = verdict(backend, dtype, device, timeout, recipes=recipes)
            verdicts.append(result)
            if not as_json:
                style = "bold" if result.holds else "bold red"
                console.print(report.summary(result), style=style, highlight=False, markup=False)
                if result.output:
                    console.print(result.output, highlight=False, markup=False, soft_wrap=True)
                else:
                    console.print(report.verdict_table(result, every=every))
    if as_json:
        typer.echo(json.dumps([result.as_json() for result in verdicts], indent=1))
    elif not weights.cached(cases.TRAINED):
        console.print(
            "Only random weights were checked. To check trained weights too, run: "
            f"nst weights fetch {cases.TRAINED}",
            highlight=False,
            soft_wrap=True,
        )
    return all(result.holds for result in verdicts)


def check_mutants() -> bool:
    """Prints the table of mutants; returns whether each one fails at its level."""
    from rich.console import Console

    from nst_core.conformance import mutants, report

    console = Console()
    results = list(mutants.try_mutants())
    console.print(report.mutants_table(results))
    killed = sum(result.killed for result in results)
    console.print(f"{killed} of {len(results)} mutants fail at their level", highlight=False)
    return killed == len(results)
