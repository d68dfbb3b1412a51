"""The reconstructions of the papers, from white noise: what do the layers keep of a picture?

Gatys, Ecker & Bethge 2016, figure 1: the content of one layer at a time, and the style of the first
layer, of the first two, and so on.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from nst_core.experiments import chart, output, table
from nst_core.experiments.cell import Cell, Outcome
from nst_core.experiments.chart import Line
from nst_core.experiments.sheet import Block, Tile, draw
from nst_core.experiments.sweep import inputs, tile
from nst_core.request import CommandOptions, Request

CONTENT = tuple(f"relu{block}_2" for block in range(1, 6))
STYLE = tuple(f"relu{block}_1" for block in range(1, 6))
HEADINGS = {"content": "Content of one tap", "style": "Style"}

# Changes of the recipe `default`, in which every error is relative to its target. Without total
# variation a checkerboard pattern remains, to which average pooling is blind.
BASE = ("plan.init=noise", "plan.size=192", "plan.iterations=120", "tv.weight=0.05")
# The content of the deepest layers cannot be reconstructed from saturated colours. The style cannot
# be reconstructed from grey: its error, a polynomial of degree four, has negative curvature there,
# and L-BFGS stores no pair.
NOISE = {"content": "plan.noise.width=0.15", "style": "plan.noise.width=0.25"}


def parts(
    content: Sequence[str], style: Sequence[str], cumulative: bool
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The kind, `content` or `style`, and the taps of each reconstruction."""
    for tap in content:
        yield "content", (tap,)
    for n, tap in enumerate(style, start=1):
        yield "style", tuple(style[:n]) if cumulative else (tap,)


def options(kind: str, taps: Sequence[str], given: CommandOptions) -> CommandOptions:
    """The options that reconstruct only the content or the style, with equal shares of the taps."""
    other = {"content": "style", "style": "content"}[kind]
    shares = ", ".join(f"{tap} = {1 / len(taps)}" for tap in taps)
    only = (
        f"{kind}.taps={{ {shares} }}",
        f"{kind}.weight=1",
        f"{other}.taps={{ {taps[0]} = 1 }}",
        f"{other}.weight=0",
    )
    return {**given, "set_": [*BASE, NOISE[kind], *given.get("set_", []), *only]}


def cell(kind: str, taps: Sequence[str], request: Request, folder: Path) -> Cell:
    """One reconstruction."""
    named = f"{kind}-{'-'.join(taps)}.png"
    return Cell({"kind": kind, "taps": " ".join(taps)}, request, folder / named)


def report(cells: Sequence[Cell], found: Sequence[Outcome], folder: Path) -> None:
    """Writes sheet.png, terms.md, curves.csv and curves.png."""
    output.write(folder / "terms.md", table.terms_markdown(found))
    output.write(folder / "curves.csv", table.curves_csv(found))
    title = "Relative error before each step"
    output.write(folder / "curves.png", chart.curves(title, lines(cells, found)))
    blocks = [block(kind, cells, found) for kind in HEADINGS]
    title = f"Reconstructions from white noise: {len(found)} of {len(cells)}"
    picture = Tile(("the picture",), inputs(cells[0])[0].picture, cells[0].request.content)
    sheet = draw(title, [picture], [one for one in blocks if one.tiles])
    output.write_image(folder / "sheet.png", sheet)


def block(kind: str, cells: Sequence[Cell], found: Sequence[Outcome]) -> Block:
    """The row of one kind, a tile for each of its cells."""
    outcomes = {one.cell.picture: one for one in found}
    row = [one for one in cells if one.settings["kind"] == kind]
    tiles = [tile(one, outcomes.get(one.picture), (one.settings["taps"],)) for one in row]
    return Block(tiles, len(row), HEADINGS[kind])


def lines(cells: Sequence[Cell], found: Sequence[Outcome]) -> list[Line]:
    """The lines of the chart: a dash for each kind, a colour for each cell of a row."""
    kinds = list(HEADINGS)
    rows = {kind: [one.picture for one in cells if one.settings["kind"] == kind] for kind in kinds}
    return [
        Line(
            f"{kind} of {one.cell.settings['taps']}",
            one.curve,
            colour=rows[kind].index(one.cell.picture),
            dash=kinds.index(kind),
            diverged=bool(one.diverged),
        )
        for one in found
        for kind in [one.cell.settings["kind"]]
    ]
