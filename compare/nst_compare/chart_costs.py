"""The cost of each entry: time until it can paint, time of one evaluation, and memory."""

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator

from nst_compare import charts
from nst_compare.charts import Chart
from nst_compare.models import Entry, Report
from nst_core.experiments.chart import PALETTE

PARTS = ("import", "session", "targets", "compile")
MEMORY = ("host", "device")
SHADES = dict(zip((*PARTS, *MEMORY), (PALETTE[n] for n in (0, 4, 2, 1, 3, 5)), strict=True))
GIB = 2**30


def costs(report: Report) -> Chart | None:
    entries = [entry for entry in report.entries if "evaluation" in entry.seconds]
    if not entries:
        return None
    with charts.style():
        figure = charts.figure(10.6, 1.6 + 0.34 * len(entries))
        start, one, memory = figure.subplots(1, 3, sharey=True, width_ratios=(1.7, 1, 1))
        stacked(start, entries)
        bars(one, [entry.seconds["evaluation"] for entry in entries], "#555555")
        one.set(title="one evaluation, s")
        held(memory, entries)
        start.set_yticks(range(len(entries)), [entry.name for entry in entries])
        start.set_ylim(len(entries) - 0.4, -0.6)
        figure.legend(handles=patches(entries), loc="outside upper left", ncols=6, frameon=False)
        return charts.svg(figure, described(entries))


def stacked(axes: Axes, entries: Sequence[Entry]) -> None:
    """The time before a painting begins, in seconds."""
    left = [0.0] * len(entries)
    for part in PARTS:
        width = [entry.seconds.get(part, 0.0) for entry in entries]
        axes.barh(range(len(entries)), width, 0.62, left, **shade(part))
        left = [a + b for a, b in zip(left, width, strict=True)]
    tidy(axes, left, [f"{seconds:.1f}" for seconds in left])
    axes.set(title="until it can paint, s")


def bars(axes: Axes, values: Sequence[float], colour: str) -> None:
    axes.barh(range(len(values)), values, 0.62, color=colour)
    tidy(axes, values, [f"{value:.3g}" for value in values])


def held(axes: Axes, entries: Sequence[Entry]) -> None:
    """Peak memory; the bar of the device is below that of the host."""
    kinds = [kind for kind in MEMORY if any(kind in entry.memory for entry in entries)]
    height = 0.62 / max(len(kinds), 1)
    most = max((m / GIB for entry in entries for m in entry.memory.values()), default=1.0)
    for index, kind in enumerate(kinds):
        values = [entry.memory.get(kind, 0) / GIB for entry in entries]
        shift = (index - (len(kinds) - 1) / 2) * height
        places = [n + shift for n in range(len(entries))]
        axes.barh(places, values, height, **shade(kind))
        write(axes, places, values, [f"{v:.2g}" if v else "" for v in values])
    spare(axes, most)
    axes.set(title="memory, GiB")


def tidy(axes: Axes, ends: Sequence[float], words: Sequence[str]) -> None:
    write(axes, range(len(ends)), ends, words)
    spare(axes, max(ends))


def write(axes: Axes, places: Sequence[float], ends: Sequence[float], words: Sequence[str]) -> None:
    """The number at the end of each bar."""
    for y, x, text in zip(places, ends, words, strict=True):
        axes.annotate(
            text, (x, y), xytext=(4, 0), textcoords="offset points", va="center", fontsize=8.5
        )


def spare(axes: Axes, most: float) -> None:
    axes.set_xlim(0, 1.32 * most or 1)
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def shade(part: str) -> dict[str, Any]:
    return {"facecolor": SHADES[part], "edgecolor": "white", "linewidth": 1}


def patches(entries: Sequence[Entry]) -> list[Patch]:
    memory = [kind for kind in MEMORY if any(kind in entry.memory for entry in entries)]
    named = {part: part for part in PARTS} | {kind: f"memory: {kind}" for kind in memory}
    return [Patch(facecolor=SHADES[part], label=name) for part, name in named.items()]


def described(entries: Sequence[Entry]) -> str:
    said = "; ".join(f"{e.name} {e.seconds['evaluation']:.3g} s" for e in entries)
    return f"Time until each can paint, time of one evaluation, and memory: {said}."
