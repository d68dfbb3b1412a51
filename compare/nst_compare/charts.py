"""What the charts of the page share: colours and shapes, axes for 0 and ∞, and SVG."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import BytesIO
from math import ceil, floor, log10
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

from nst_compare.explain import power
from nst_compare.models import Entry
from nst_compare.pictures import data_uri
from nst_core.conformance.models import finite
from nst_core.experiments.chart import DASHES, STYLE, colours

# letters as outlines, so that a chart looks alike on every computer
OWN_STYLE: Any = STYLE | {"svg.fonttype": "path", "svg.hashsalt": "nst", "axes.axisbelow": True}
SHAPES = ("o", "s", "^", "D", "v", "P", "X")
INK, SOFT, STRIPE, ALARM = "#1a1a1a", "#666666", "#f4f4f4", "#b00020"
POINTS = 72  # an inch
TICKS, ENOUGH = 7, 3


@dataclass(frozen=True)
class Chart:
    """An SVG with its alternative text."""

    uri: str
    width: int
    height: int
    alt: str


@dataclass(frozen=True)
class Looks:
    """A colour and a shape for each backend, a dash for each precision and optimiser."""

    backends: tuple[str, ...]
    modes: tuple[str, ...]

    @classmethod
    def of(cls, entries: Sequence[Entry]) -> "Looks":
        backends = dict.fromkeys(entry.backend for entry in entries)
        return cls(tuple(backends), tuple(dict.fromkeys(map(mode, entries))))

    def colour(self, backend: str) -> Any:
        return colours(len(self.backends))[self.backends.index(backend)]

    def shape(self, backend: str) -> str:
        return SHAPES[self.backends.index(backend) % len(SHAPES)]

    def dash(self, entry: Entry) -> Any:
        return DASHES[self.modes.index(mode(entry)) % len(DASHES)]

    def points(self, backends: Iterable[str]) -> list[Line2D]:
        """The legend of the backends."""
        shown = set(backends)
        return [
            Line2D([], [], color=self.colour(b), marker=self.shape(b), ls="", ms=6, label=b)
            for b in self.backends
            if b in shown
        ]

    def dashes(self) -> list[Line2D]:
        styles = zip(self.modes, range(len(self.modes)), strict=True)
        return [
            Line2D([], [], color=SOFT, ls=DASHES[n % len(DASHES)], label=name) for name, n in styles
        ]


def mode(entry: Entry) -> str:
    return f"{entry.precision} {entry.optimizer}".strip()


def figure(width: float, height: float) -> Figure:
    return Figure(figsize=(width, height), layout="constrained")


def svg(figure: Figure, alt: str) -> Chart:
    buffer = BytesIO()
    FigureCanvasSVG(figure)
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    width, height = (round(POINTS * side * 4 / 3) for side in figure.get_size_inches())
    return Chart(data_uri(buffer.getvalue(), "image/svg+xml"), width, height, alt)


def style() -> Any:
    return matplotlib.rc_context(OWN_STYLE)


@dataclass(frozen=True)
class Edges:
    """A logarithmic axis that shows 0 at its lower edge and ∞ at its upper edge."""

    low: float
    high: float
    zero: bool
    infinite: bool

    @classmethod
    def around(cls, values: Iterable[float | None], least: float) -> "Edges":
        """The decades that contain the values; a value below `least` is drawn as 0."""
        found = [finite(value) for value in values]
        inside = [v for v in found if v is not None and v >= least]
        low = floor(log10(min(inside, default=least)))
        high = max(ceil(log10(max(inside, default=least))), low + 1)
        zero, infinite = any(v is not None and v < least for v in found), None in found
        return cls(10.0 ** (low - zero * gap(low, high)), 10.0 ** (high + infinite), zero, infinite)

    def place(self, value: float | None) -> float:
        value = finite(value)
        return self.high if value is None else max(value, self.low)

    def apply(self, axes: Axes) -> None:
        axes.set_yscale("log")
        low, high = round(log10(self.low)), round(log10(self.high))
        first = low + self.zero * gap(low, high)
        last = high - self.infinite
        exponents = list(range(first, last + 1, gap(first, last)))
        ticks = [10.0**n for n in exponents]
        labels = ["1" if n == 0 else "10" if n == 1 else power(n) for n in exponents]
        ticks += [self.low] * self.zero + [self.high] * self.infinite
        labels += ["0"] * self.zero + ["∞"] * self.infinite
        axes.yaxis.set_major_locator(FixedLocator(ticks))
        axes.yaxis.set_major_formatter(FixedFormatter(labels))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.set_ylim(self.low, self.high)


def gap(low: int, high: int) -> int:
    """The number of decades from one tick to the next."""
    return max(1, ceil((high - low) / TICKS))


def ticks(low: float, high: float) -> list[float]:
    """Round numbers between `low` and `high` on a logarithmic axis, at least three if possible."""
    first, last = floor(log10(low)), ceil(log10(high))
    decades, found = range(first, last + 1, gap(first, last)), list[float]()
    for digits in ((1,), (1, 3), (1, 2, 5), range(1, 10)):
        found = [n * 10.0**d for d in decades for n in digits if low <= n * 10.0**d <= high]
        if len(found) >= ENOUGH:
            break
    return found


def stripes(axes: Axes, count: int) -> None:
    """Shades every other column, so that it is clear to which label a mark belongs."""
    for n in range(1, count, 2):
        axes.axvspan(n - 0.5, n + 0.5, color=STRIPE, lw=0, zorder=0)


def columns(axes: Axes, names: Sequence[str]) -> None:
    axes.set_xlim(-0.5, len(names) - 0.5)
    axes.set_xticks(range(len(names)), names, rotation=90)
    axes.grid(visible=False, axis="x")


def dodged(index: int, count: int) -> float:
    """The horizontal shift of a backend's marks, so that backends do not overlap."""
    return 0.76 * ((index + 0.5) / count - 0.5)
