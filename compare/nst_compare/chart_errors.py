"""Charts of errors in units of u·mass, by layer and by term, and of flips by layer."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator

from nst_compare import charts
from nst_compare.charts import Chart, Edges, Looks
from nst_compare.explain import pretty
from nst_compare.models import Entry, Report
from nst_core.conformance.models import Row

LAYERS = ("conv", "relu", "pool")
TERMS = ("gram", "content", "style", "tv")
LEAST = 1e-3  # less than a thousandth of a rounding error is drawn as 0
LINEAR = 12  # up to this number of flips the axis is linear


@dataclass(frozen=True)
class Panel:
    """The rows of one precision: for each backend and column the largest error."""

    precision: str
    errors: dict[str, dict[str, float | None]]
    budgets: dict[str, float]

    @property
    def values(self) -> list[float | None]:
        found = [value for errors in self.errors.values() for value in errors.values()]
        return [*found, *self.budgets.values()]


def layers(report: Report, order: Sequence[str], looks: Looks) -> Chart | None:
    """Errors of each convolution, ReLU and pooling, in the order of the network."""
    return drawn(report, LAYERS, order, looks, "of every layer")


def terms(report: Report, order: Sequence[str], looks: Looks) -> Chart | None:
    """Errors of Gram matrices, then of terms, each in the order of the network."""
    rows = [row for entry in report.entries for row in entry.rows if row.kind in TERMS]
    place = {layer: n for n, layer in enumerate(order)}
    rows.sort(key=lambda row: (TERMS.index(row.kind), place.get(row.at, 0), row.what))
    return drawn(report, TERMS, list(dict.fromkeys(map(named, rows))), looks, "of every term")


def named(row: Row) -> str:
    """The name of a row without its method: `terms` and `gradient` both compute every term."""
    return row.what.partition(" (")[0]


def drawn(
    report: Report, kinds: Sequence[str], order: Sequence[str], looks: Looks, what: str
) -> Chart | None:
    panels = [panel for panel in panelled(report, kinds) if panel.errors]
    names = [name for name in order if any(name in p.budgets for p in panels)]
    if not names:
        return None
    with charts.style():
        width, height = max(6.2, 1.6 + 0.29 * len(names)), 1.5 + 2.3 * len(panels)
        figure = charts.figure(width, height)
        grid = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
        for axes, panel in zip(grid, panels, strict=True):
            draw(axes, panel, names, looks)
        shown = looks.points(b for panel in panels for b in panel.errors)
        budget = Line2D([], [], color=charts.INK, lw=1.4, label="budget")
        shown.append(budget)
        figure.legend(handles=shown, loc="outside upper left", ncols=int(width), frameon=False)
        return charts.svg(figure, f"Error {what} in units of u·mass. {described(panels)}")


def panelled(report: Report, kinds: Sequence[str]) -> list[Panel]:
    entries = [entry for entry in report.entries if entry.counted and entry.rows]
    return [
        panel([e for e in entries if e.precision == precision], precision, kinds)
        for precision in dict.fromkeys(entry.precision for entry in entries)
    ]


def panel(entries: Sequence[Entry], precision: str, kinds: Sequence[str]) -> Panel:
    errors: dict[str, dict[str, float | None]] = {}
    budgets: dict[str, float] = {}
    for entry in entries:
        for row in reversed(entry.rows):  # so that the worst of a name comes last
            if row.level == 1 and row.kind in kinds:
                errors.setdefault(entry.backend, {})[named(row)] = row.measured
                budgets[named(row)] = row.budget or 0.0
    return Panel(precision, errors, budgets)


def draw(axes: Axes, panel: Panel, names: Sequence[str], looks: Looks) -> None:
    edges = Edges.around(panel.values, LEAST)
    charts.stripes(axes, len(names))
    bounds = [n - 0.5 for n in range(len(names) + 1)]
    budget = [panel.budgets.get(name, float("nan")) for name in names]
    axes.stairs(budget, bounds, baseline=None, color=charts.INK, lw=1.4)
    for index, (backend, errors) in enumerate(panel.errors.items()):
        shift = charts.dodged(index, len(panel.errors))
        x = [n + shift for n, name in enumerate(names) if name in errors]
        y = [edges.place(errors[name]) for name in names if name in errors]
        shape, colour = looks.shape(backend), looks.colour(backend)
        axes.plot(x, y, shape, color=colour, ms=4.5, clip_on=False, zorder=3)
    charts.columns(axes, names)
    edges.apply(axes)
    axes.set_title(panel.precision, pad=8)  # above the marks at the upper edge
    axes.set_ylabel("units of u·mass")


def described(panels: Sequence[Panel]) -> str:
    """The alternative text: the largest error of each panel relative to its budget."""
    said = []
    for panel in panels:
        worst, who, where = max(
            (float("inf") if v is None else v / (panel.budgets[name] or 1), backend, name)
            for backend, errors in panel.errors.items()
            for name, v in errors.items()
        )
        said.append(f"{panel.precision}: at most {pretty(worst, 2)} of a budget ({who}, {where})")
    return "; ".join(said) + "."


# flips


def flips(report: Report, looks: Looks) -> Chart | None:
    """The number of flips in each layer; None if there are none."""
    found = [e for e in report.entries if e.counted and any(one.count for one in e.flips)]
    if not found:
        return None
    precisions = list(dict.fromkeys(entry.precision for entry in found))
    names = [one.layer for one in found[0].flips]
    with charts.style():
        size = max(6.2, 1.6 + 0.36 * len(names)), 1.4 + 2.0 * len(precisions)
        figure = charts.figure(*size)
        grid = figure.subplots(len(precisions), 1, sharex=True, squeeze=False)[:, 0]
        for axes, precision in zip(grid, precisions, strict=True):
            count(axes, [e for e in found if e.precision == precision], names, looks)
        shown = looks.points(entry.backend for entry in found)
        figure.legend(handles=shown, loc="outside upper left", ncols=6, frameon=False)
        return charts.svg(figure, f"Flipped activations of each layer. {counted(found)}")


def count(axes: Axes, entries: Sequence[Entry], names: Sequence[str], looks: Looks) -> None:
    charts.stripes(axes, len(names))
    most = max(one.count for entry in entries for one in entry.flips)
    base = 0.0 if most <= LINEAR else 0.5
    for index, entry in enumerate(entries):
        told = {one.layer: one.count for one in entry.flips}
        shift, colour = charts.dodged(index, len(entries)), looks.colour(entry.backend)
        x = [n + shift for n, name in enumerate(names) if told.get(name)]
        y = [told[name] for name in names if told.get(name)]
        axes.vlines(x, base, y, color=colour, lw=1.4)
        axes.plot(x, y, looks.shape(entry.backend), color=colour, ms=5)
    charts.columns(axes, names)
    if base:
        axes.set(yscale="log", ylim=(base, 2 * most))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda units, _: f"{units:,.0f}"))
        axes.yaxis.set_minor_locator(NullLocator())
    else:
        axes.set_ylim(0, 1.15 * most)
        axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.set(title=entries[0].precision, ylabel="flips")


def counted(entries: Sequence[Entry]) -> str:
    return "; ".join(f"{e.name}: {sum(one.count for one in e.flips):,}" for e in entries) + "."
