"""Writes `report.html`, `report.json` and `report.md`, and the summary for the terminal."""

from collections.abc import Iterator
from pathlib import Path

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from nst_compare import page, table
from nst_compare.comparison import Comparison
from nst_compare.models import Entry, Report
from nst_compare.table import Cell, Line
from nst_core import files
from nst_core.errors import NstError

HTML, JSON, MARKDOWN = "report.html", "report.json", "report.md"
STYLES = {"broken": "bold red", "near": "yellow", "shown": "dim"}


def check_folder(folder: Path) -> None:
    """Makes the folder; raises NstError if it cannot be written to."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        files.try_folder(folder / JSON)
    except OSError as error:
        raise refused(folder, error) from error


def write(found: Comparison, folder: Path) -> None:
    """Writes the three files; the numbers come first, in case the page cannot be made."""
    try:
        files.write(folder / JSON, found.report.model_dump_json(indent=1).encode())
        files.write(folder / MARKDOWN, page.markdown(found.report).encode())
        files.write(folder / HTML, page.html(found).encode())
    except OSError as error:
        raise refused(folder, error) from error


def refused(folder: Path, error: OSError) -> NstError:
    return NstError(
        f"the report cannot be written to '{folder}' ({error.strerror}): choose another -o"
    )


def summary(report: Report, folder: Path) -> RenderableType:
    """The first sentence, the table, failed workers, worse rows, and the path of the page."""
    sentence = Text(report.sentence, "bold" if report.holds else "bold red")
    counted, native = table.groups(report.entries)
    parts: list[RenderableType] = [sentence, Text(), compact(counted + native, native)]
    for entry in report.entries:
        parts += failed(entry)
    if report.grown:
        parts += [Text("\nWorse than in the baseline:", "bold red")]
        parts += [Text(f"  {line}", "red") for line in report.grown]
    where = Text(f"\n{folder / HTML}", no_wrap=True, overflow="ignore")
    return Group(*parts, where)


def compact(lines: list[Line], native: list[Line]) -> Table:
    """A row for each entry, the worst first; errors above their budget are red."""
    found = Table(
        box=None,
        pad_edge=False,
        padding=(0, 1, 0, 0),
        caption=caption(native),
        caption_justify="left",
    )
    found.add_column("backend", no_wrap=True)
    for name in (*table.COLUMNS, "other"):
        found.add_column(name, justify="right", no_wrap=True)
    found.add_column("which")
    found.add_column("s", justify="right", no_wrap=True)
    for line in lines:
        found.add_row(*cells(line), style="bold red" if line.entry.failure else "")
    return found


def caption(native: list[Line]) -> str:
    said = "Largest error in % of its budget (×N: N times the budget); s: one evaluation."
    own = " Steps of the framework's own Adam have no budget." if native else ""
    return said + own


def cells(line: Line) -> Iterator[Text]:
    yield Text(line.entry.name)
    if line.entry.failure:
        yield Text("failed")
        return
    what = line.other.row.what if line.other.row else ""
    yield from (styled(cell) for cell in (*line.cells, line.other))
    yield Text(what, "dim", no_wrap=True, overflow="ellipsis")
    yield Text(line.brief)


def styled(cell: Cell) -> Text:
    return Text(cell.text, STYLES.get(cell.state, ""))


def failed(entry: Entry) -> Iterator[RenderableType]:
    """Why a worker failed, and the last lines that it printed."""
    if entry.failure:
        yield Text(f"\n{entry.name}: {entry.failure}", "bold red")
        yield Padding(Text(entry.output), (0, 0, 0, 2))
