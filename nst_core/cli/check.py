"""`nst check`: the conformance suite from the command line."""

import json
from typing import Annotated, cast, get_args

import typer

from nst_core.errors import FAILED, NstError, unknown


def check(
    backends: Annotated[
        list[str] | None, typer.Argument(metavar="BACKEND...", help="One or more, or all.")
    ] = None,
    dtype: Annotated[
        list[str] | None,
        typer.Option(help="float64, float32, bfloat16; may be repeated. Default: the first two."),
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")] = "auto",
    timeout: Annotated[
        float, typer.Option(min=1, help="Seconds for a backend at one precision.")
    ] = 600,
    every: Annotated[bool, typer.Option("--all-rows", help="Print every row.")] = False,
    recipes: Annotated[
        bool, typer.Option("--recipes", help="Every shipped recipe, in place of the usual cases.")
    ] = False,
    mutants: Annotated[
        bool, typer.Option("--mutants", help="Try the suite itself on wrong backends.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the rows as JSON.")] = False,
) -> None:
    """Prove a backend: seven levels against the float64 truth. Exits with 1 if one fails."""
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
    """Prints each verdict as it comes; true if every one holds."""
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
    asked = addresses(backends)
    verdicts = []
    for backend in asked:
        for dtype in cast(list[Dtype], dtypes) or USUAL:
            with voice.status(f"{backend}, {dtype}"):
                found = verdict(backend, dtype, device, timeout, recipes=recipes)
            verdicts.append(found)
            if not as_json:
                style = "bold" if found.holds else "bold red"
                console.print(report.summary(found), style=style, highlight=False, markup=False)
                if found.output:
                    console.print(found.output, highlight=False, markup=False, soft_wrap=True)
                else:
                    console.print(report.verdict_table(found, every=every))
    if as_json:
        typer.echo(json.dumps([found.as_json() for found in verdicts], indent=1))
    elif not weights.cached(cases.TRAINED):
        console.print(f"without real weights: nst weights fetch {cases.TRAINED} adds them")
    return all(found.holds for found in verdicts)


def check_mutants() -> bool:
    """Prints the table of mutants; true if every one is caught at its level."""
    from rich.console import Console

    from nst_core.conformance import mutants, report

    console = Console()
    fates = list(mutants.fates())
    console.print(report.fates_table(fates))
    killed = sum(fate.killed for fate in fates)
    console.print(f"{killed} of {len(fates)} mutants caught at their level", highlight=False)
    return killed == len(fates)
