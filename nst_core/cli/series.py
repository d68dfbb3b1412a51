"""The terminal output of a series: a line for each cell, and the path of the sheet."""

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
    """Paints the cells and writes the report, also after an interruption (exit code 130)."""
    console, found = Console(stderr=True, quiet=quiet), list[Outcome]()
    try:
        with console.status("preparing") as status:
            for outcome, kept in series.outcomes(cells, lambda *at: status.update(progress(*at))):
                found.append(outcome)
                mark = " (kept)" if kept else ""
                say(console, f"{len(found)}/{len(cells)}  {outcome.line}{mark}")
    except (Interrupted, KeyboardInterrupt):
        if found:
            report(found)
        said = f"interrupted after {len(found)} of {len(cells)} cells"
        say(console, f"{said}: repeat the command to continue")
        sys.exit(INTERRUPTED)
    except NstError:
        if found:
            report(found)
        raise
    report(found)
    say_where(folder, console)
    return found


def progress(cell: Cell, step: int, steps: int) -> str:
    return f"{cell.name}: {step}/{steps}"


def say_where(folder: Path, console: Console) -> None:
    say(console, f"{folder / 'sheet.png'} shows all pictures")
