"""The paths: the totals of all backends, and below them the distance from the reference."""

from collections.abc import Sequence
from math import nan
from typing import Any

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from nst_compare import charts
from nst_compare.charts import Chart, Edges, Looks
from nst_compare.explain import pretty
from nst_compare.models import Entry, Report
from nst_core.conformance.models import finite

LEAST = 1e-20  # a smaller drift is drawn as 0
TRUTH: Any = {"color": "#bbbbbb", "lw": 5, "solid_capstyle": "round"}


def paths(report: Report, looks: Looks) -> Chart | None:
    entries = [entry for entry in report.entries if entry.totals]
    if not entries:
        return None
    with charts.style():
        figure = charts.figure(9.6, 6.6 + 0.22 * len(partings(entries)))
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(1, 1.4))
        totals(upper, report.truth, entries, looks)
        drift(lower, [entry for entry in entries if entry.drift], looks)
        truth = Line2D([], [], label="reference", **TRUTH)
        shown = [truth, *looks.points(e.backend for e in entries), *looks.dashes()]
        figure.legend(handles=shown, loc="outside right upper", frameon=False, handlelength=2.6)
        return charts.svg(figure, described(entries))


def totals(axes: Axes, truth: Sequence[float], entries: Sequence[Entry], looks: Looks) -> None:
    axes.plot(range(len(truth)), truth, **TRUTH)
    for entry in entries:
        found = [nan if total is None else total for total in map(finite, entry.totals)]
        axes.plot(range(len(found)), found, lw=1.3, **look(entry, looks))
    drawn = [*truth, *(finite(total) for entry in entries for total in entry.totals)]
    if all(total is None or total > 0 for total in drawn):
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(FixedLocator(charts.ticks(*axes.get_ylim())))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda total, _: pretty(total)))
        axes.yaxis.set_minor_locator(NullLocator())
    axes.set(title="total before each step", ylabel="total")


def look(entry: Entry, looks: Looks) -> dict[str, Any]:
    """Colour, line and marks; the marks of different backends are at different steps."""
    first = looks.backends.index(entry.backend)
    return {
        "color": looks.colour(entry.backend),
        "linestyle": looks.dash(entry),
        "marker": looks.shape(entry.backend),
        "markevery": (first, len(looks.backends)),
        "ms": 4.5,
    }


def drift(axes: Axes, entries: Sequence[Entry], looks: Looks) -> None:
    """On a logarithmic axis, with the steps at which paths part."""
    edges = Edges.around([d for entry in entries for d in entry.drift], LEAST)
    for entry in entries:
        points = [edges.place(distance) for distance in entry.drift]
        axes.plot(range(len(points)), points, lw=1.3, clip_on=False, **look(entry, looks))
        if entry.parting:
            at, colour = entry.parting.step, looks.colour(entry.backend)
            ring: Any = {"ms": 11, "mfc": "none", "mew": 1.6, "clip_on": False}
            axes.plot(at, points[at], "o", color=colour, **ring)
    edges.apply(axes)
    label(axes, entries)
    axes.xaxis.set_major_locator(MaxNLocator(11, integer=True))
    axes.margins(x=0.03)
    axes.set_title("drift from the reference's path", pad=10)
    axes.set(xlabel="step", ylabel="‖image − reference‖ / ‖reference‖")


def label(axes: Axes, entries: Sequence[Entry]) -> None:
    """A line at each step where paths part, with a label for each."""
    found = partings(entries)
    last = max((len(entry.drift) for entry in entries), default=1) - 1
    for row, ((step, layer), names) in enumerate(found.items()):
        axes.axvline(step, color=charts.SOFT, lw=0.9, ls=":", zorder=1)
        height, right = 0.06 + 0.075 * row, step > 0.55 * last
        who = ", ".join(names) if len(names) < 3 else f"{len(names)} paths"
        axes.annotate(
            f"step {step}, {layer}: {who}",
            (step, height),
            xycoords=("data", "axes fraction"),
            xytext=(-5 if right else 5, 0),
            textcoords="offset points",
            ha="right" if right else "left",
            va="center",
            fontsize=9,
            color=charts.INK,
            bbox={"fc": "white", "ec": "none", "alpha": 0.85, "pad": 1.5},
            zorder=4,
        )


def partings(entries: Sequence[Entry]) -> dict[tuple[int, str], list[str]]:
    """The names of the entries that part, by step and layer."""
    found: dict[tuple[int, str], list[str]] = {}
    for entry in entries:
        if entry.parting:
            found.setdefault((entry.parting.step, entry.parting.layer), []).append(entry.name)
    return dict(sorted(found.items()))


def described(entries: Sequence[Entry]) -> str:
    said = [
        f"{', '.join(names)} part from the reference before step {step} in {layer}"
        for (step, layer), names in partings(entries).items()
    ]
    return f"Totals and drift of {len(entries)} paths: {'; '.join(said) or 'no path parts'}."
