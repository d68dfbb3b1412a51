"""The terminal output of a series of paintings: a line for each cell, and the sheet's path."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console

from nst_core.cli.terminal import say
from nst_core.errors import INTERRUPTED, NstError
from nst_core.experiments import series
from nst_core.experiments.cell import Cell, Outcome
from nst_core.run import Interrupted

Report = Callable[[Sequence[Outcome]], None]


def carry_out(cells: Sequence[Cell], report: Report, folder: Path, quiet: bool) -> list[Outcome]:
    """Paints the cells and writes the report, even if it is interrupted (exit code 130)."""
    console, outcomes = Console(stderr=True, quiet=quiet), list[Outcome]()
    try:
        with console.status("preparing") as status:
            for outcome, kept in series.outcomes(cells, lambda *at: status.update(progress(*at))):
                outcomes.append(outcome)
                mark = " (kept)" if kept else ""
                say(console, f"{len(outcomes)}/{len(cells)}  {outcome.line}{mark}")
    except (Interrupted, KeyboardInterrupt):
        if outcomes:
            report(outcomes)
        count = f"interrupted after {len(outcomes)} of {len(cells)} cells"
        say(console, f"{count}: repeat the command to continue")
        sys.exit(INTERRUPTED)
    except NstError:
        if outcomes:
            report(outcomes)
        raise
    report(outcomes)
    say_where(folder, console)
    return outcomes


def progress(cell: Cell, step: int, steps: int) -> str:
    return f"{cell.name}: {step}/{steps}"


def say_where(folder: Path, console: Console) -> None:
    say(console, f"{folder / 'sheet.png'} shows all pictures")
