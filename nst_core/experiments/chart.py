"""Loss curves on a logarithmic scale, in colours that the colour-blind tell apart."""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from nst_core.experiments.cell import Outcome
from nst_core.experiments.curve import Curve, Jump

# Okabe & Ito 2008, without the yellow, which a thin line does not show
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
DASHES = ("-", (0, (5, 2)), (0, (1, 1.5)), (0, (6, 2, 1, 2)), (0, (3, 1, 1, 1, 1, 1)))
MARKERS = ("", "o", "s", "^", "v", "D", "P", "X")
ROOM = 100  # a curve that diverges is drawn up to this many times the highest other total
HIGHEST = 1e100  # the largest total for which matplotlib can draw a logarithmic axis
DPI = 150


@dataclass(frozen=True)
class Line:
    """A curve with its label; the colour, dash and marker are numbered."""

    label: str
    curve: Curve
    colour: int = 0
    dash: int = 0
    marker: int = 0
    diverged: bool = False


def lines(found: Sequence[Outcome]) -> list[Line]:
    """A colour for each value of the first setting, a dash for the second, a marker for others."""
    keys = [tuple(one.cell.settings.values()) for one in found]
    firsts, seconds, rests = (
        list(dict.fromkeys(key[part] for key in keys))
        for part in (slice(1), slice(1, 2), slice(2, None))
    )
    return [
        Line(
            one.cell.name,
            one.curve,
            firsts.index(key[:1]),
            seconds.index(key[1:2]),
            rests.index(key[2:]),
            bool(one.diverged),
        )
        for one, key in zip(found, keys, strict=True)
    ]


def curves(title: str, drawn: Sequence[Line], jumps: Sequence[Jump] = ()) -> bytes:
    """A PNG of the total at each step; a cross marks the end of a curve that diverged.

    `jumps`, one for each line, are marked with a ring and their size.
    """
    with matplotlib.rc_context(STYLE):
        columns = -(-len(drawn) // 40)
        height = max(4.2, 1.2 + 0.2 * -(-len(drawn) // columns))
        figure = Figure(figsize=(7 + 3 * columns, height), layout="constrained")
        positive = any(point.total > 0 for line in drawn for point in line.curve)
        axes = figure.add_subplot(yscale="log" if positive else "linear")
        plot(axes, drawn)
        for line, jump in zip(drawn, jumps, strict=bool(jumps)):
            mark(axes, line, jump)
        axes.set(title=title, xlabel="step", ylabel="total")
        figure.legend(loc="outside right upper", ncols=columns, frameon=False, handlelength=3)
        return png(figure)


def plot(axes: Axes, drawn: Sequence[Line]) -> None:
    """Draws the lines, cut at `ceiling`, so that a line that diverges leaves others readable."""
    shades, top = colours(1 + max((line.colour for line in drawn), default=0)), ceiling(drawn)
    for line in drawn:
        steps, totals = [p.step for p in line.curve], [min(p.total, top) for p in line.curve]
        axes.plot(
            steps,
            totals,
            label=line.label,
            color=shades[line.colour],
            linestyle=DASHES[line.dash % len(DASHES)],
            marker=MARKERS[line.marker % len(MARKERS)],
            markevery=0.1,
        )
        if line.diverged and line.curve:
            axes.plot(steps[-1], totals[-1], "x", color=shades[line.colour], ms=9, mew=2)


def ceiling(drawn: Sequence[Line]) -> float:
    """The largest total that is drawn: ROOM times the highest line that does not diverge."""
    if not any(line.diverged for line in drawn):
        return HIGHEST
    others = [p.total for line in drawn if not line.diverged for p in line.curve]
    return min(ROOM * max(others, default=HIGHEST), HIGHEST)


def mark(axes: Axes, line: Line, jump: Jump) -> None:
    """A ring at the top of a jump, with its size beside it."""
    shade = PALETTE[line.colour]
    axes.plot(jump.step, jump.after, "o", color=shade, mfc="none", ms=10)
    said = f"step {jump.step}: {jump.times}"
    axes.annotate(
        said, (jump.step, jump.after), xytext=(10, 6), textcoords="offset points", color=shade
    )


def colours(count: int) -> Sequence[Any]:
    """The palette, or `count` steps of a continuous colour scale if the palette is too short."""
    if count <= len(PALETTE):
        return PALETTE
    return [matplotlib.colormaps["viridis"](0.95 * n / (count - 1)) for n in range(count)]


def png(figure: Figure) -> bytes:
    buffer = BytesIO()
    FigureCanvasAgg(figure)
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


STYLE: Any = {
    "figure.dpi": DPI,
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.6,
    "lines.markersize": 4,
    "legend.fontsize": 9,
}
