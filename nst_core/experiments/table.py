"""The tables of a series: a row for each cell, as CSV and as Markdown."""

from collections.abc import Sequence

from nst_core.experiments import curve
from nst_core.experiments.cell import Outcome
from nst_core.experiments.curve import KINDS, Point


def terms_csv(found: Sequence[Outcome]) -> str:
    """Settings, state, total, the sum of each kind of term, every weighted term, seconds."""
    names = tuple(dict.fromkeys(name for one in found for name in one.terms if name != "tv"))
    heads = (*settings(found), "state", "total", *KINDS, *names, "seconds")
    return curve.table(heads, [(*row(one, names), one.seconds) for one in found])


def row(one: Outcome, names: Sequence[str]) -> tuple[object, ...]:
    """One line of the table; the terms are empty if the cell diverged."""
    kinds, terms = curve.sums(one.terms.items()), one.terms
    numbers = (one.total, *kinds.values()) if terms else ("",) * (1 + len(kinds))
    state = one.diverged or "done"
    return *one.cell.settings.values(), state, *numbers, *(terms.get(name, "") for name in names)


def terms_markdown(found: Sequence[Outcome]) -> str:
    """Settings, total, the sum of each kind of term, seconds; or that the cell diverged."""
    keys = settings(found)
    lines = [(*keys, "total", *KINDS, "seconds"), ("---",) * len(keys) + ("---:",) * 5]
    for one in found:
        kinds = [f"{value:.4g}" for value in curve.sums(one.terms.items()).values()]
        numbers = [one.diverged, "", "", ""] if one.diverged else [f"{one.total:.4g}", *kinds]
        lines.append((*one.cell.settings.values(), *numbers, f"{one.seconds:.1f}"))
    cells = ([cell.replace("|", "\\|") for cell in line] for line in lines)
    return "".join(f"| {' | '.join(line)} |\n" for line in cells)


def curves_csv(found: Sequence[Outcome]) -> str:
    """The settings, then the columns of a curve: a row for each step of each cell."""
    rows = [(*one.cell.settings.values(), *point) for one in found for point in one.curve]
    return curve.table((*settings(found), *Point._fields), rows)


def settings(found: Sequence[Outcome]) -> tuple[str, ...]:
    """The names of the settings, which are the same for every cell."""
    return tuple(found[0].cell.settings) if found else ()
