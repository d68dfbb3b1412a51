"""The results of backends and mutants as tables."""

from collections.abc import Iterable

from rich.table import Table

from nst_core.conformance.check import Finding, Verdict
from nst_core.conformance.judge import LEVELS
from nst_core.conformance.mutants import MutantResult

SHOWN = 12  # the most exceeded budgets that a table shows


def verdict_table(verdict: Verdict, *, every: bool) -> Table:
    """The worst row of each level and the exceeded budgets, or `every` row, worst first."""
    lines = verdict.worst_first
    if not every:
        broken = [line for line in lines if not line.row.holds][:SHOWN]
        both = dict.fromkeys((*broken, *worst_of_each(lines)))  # a set would not keep the order
        lines = sorted(both, key=lambda line: -line.row.ratio)
    table = Table(box=None, pad_edge=False)
    for name in ("level", "what", "on"):
        table.add_column(name)
    for name in ("measured", "budget", "ratio"):
        table.add_column(name, justify="right")
    for line in lines:
        row, style = line.row, "" if line.row.holds else "bold red"
        level = f"{row.level} {LEVELS[row.level]}"
        numbers = (f"{number:.3g}" for number in (row.measured, row.budget, row.ratio))
        table.add_row(level, row.what, line.case, *numbers, style=style)
    return table


def worst_of_each(worst_first: Iterable[Finding]) -> list[Finding]:
    first: dict[int, Finding] = {}
    for finding in worst_first:
        first.setdefault(finding.row.level, finding)
    return list(first.values())


def summary(verdict: Verdict) -> str:
    """The verdict in one line."""
    name = f"{verdict.backend}, {verdict.dtype}"
    if verdict.failure:
        return f"{name}: {verdict.failure}"
    broken = sum(not finding.row.holds for finding in verdict.findings)
    said = "every error is within its budget"
    if broken:
        said = f"{broken} of {len(verdict.findings)} budgets exceeded"
    if verdict.absent:
        said += f"; it does not have the terms {', '.join(verdict.absent)}"
    framework = f"{verdict.about.framework} {verdict.about.version}" if verdict.about else ""
    device = verdict.flags.get("device", "")
    return f"{name}: {said} ({framework}, {device}, {verdict.seconds:.0f} s)"


def mutants_table(results: Iterable[MutantResult]) -> Table:
    """Each mutant, the level at which it must fail, and the row at which it failed."""
    table = Table("mutant", "level", "caught by", "measured", "budget", box=None, pad_edge=False)
    for result in results:
        mutant, worst = result.mutant, result.worst
        style = "" if result.killed else "bold red"
        level = f"{mutant.level} {LEVELS[mutant.level]}"
        if worst is None:
            table.add_row(mutant.name, level, "nothing: it passes", "", "", style=style)
            continue
        where = "" if result.killed else f"level {result.level}: "
        numbers = (f"{worst.measured:.3g}", f"{worst.budget:.3g}")
        table.add_row(mutant.name, level, where + worst.what, *numbers, style=style)
    return table
