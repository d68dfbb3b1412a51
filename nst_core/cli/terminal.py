"""Terminal output: the progress of a painting, and tables of terms, weights and backends."""

import json
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from rich import box
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from nst_core import images, registry, weights
from nst_core.backend import Snapshot, Terms
from nst_core.errors import INTERRUPTED, NstError
from nst_core.plan import Stage
from nst_core.registry import Listing
from nst_core.request import Request
from nst_core.run import Interrupted, Job, Result

Voice = Literal["", "quiet", "json"]


def paint(request: Request, output: Path, preview_every: int | None, voice: Voice) -> None:
    """Runs the request and saves the picture, even if it is interrupted (exit code 130)."""
    request.check_output(output)
    job = Job(request)
    console = Console(stderr=True, quiet=bool(voice))
    if job.note:
        say(console, job.note)
    try:
        with Bar(console, job, output, preview_every) as bar:
            result = job.paint(bar.update)
    except Interrupted as stopped:
        say(console, saved_so_far(output, stopped.result))
        sys.exit(INTERRUPTED)
    result.save(output)
    if voice == "json":
        sys.stdout.write(json.dumps(result.record, ensure_ascii=False) + "\n")
    say(console, summary(output, result))


def show(what: RenderableType) -> None:
    """Prints plain text to standard output unchanged, and anything else through rich."""
    if isinstance(what, str):
        sys.stdout.write(f"{what}\n")
    else:
        Console().print(what)


def say(console: Console, line: str) -> None:
    """Prints one line of plain text, without colours and without line breaks."""
    console.print(line, highlight=False, markup=False, soft_wrap=True)


def saved_so_far(output: Path, result: Result | None) -> str:
    """Saves the current picture after an interruption; returns a line that says so."""
    if result is None:
        return "interrupted before the first iteration: nothing was saved"
    result.save(output)
    return f"interrupted: the current picture was saved as {output}"


def summary(output: Path, result: Result) -> str:
    _, height, width = result.pixels.shape
    seconds, weights = result.record["seconds"], result.record["weights"]
    size = f"{width}×{height} pixels in {seconds:.0f} s"
    return f"{output}: {size} with weights {weights}, total {result.terms.total:.4g}"


class Bar:
    """A progress bar over all scales; the work of an evaluation is its number of pixels.

    A line below the bar shows the terms of the loss. A stream that is not a terminal gets neither.
    """

    def __init__(self, console: Console, job: Job, output: Path, preview_every: int | None) -> None:
        self.job, self.output, self.preview_every = job, output, preview_every
        self.bar = Progress(
            TextColumn("{task.fields[scale]}"),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[count]}"),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            TextColumn("left"),
            expand=True,
        )
        self.terms = Text(no_wrap=True, overflow="ellipsis")
        self.live = Live(Group(self.bar, self.terms), console=console, transient=True)
        work = sum(stage.size**2 * stage.iterations for stage in job.stages)
        self.task: TaskID = self.bar.add_task("", total=work, scale="preparing", count="", rate="")
        self.done, self.began = 0, time.monotonic()

    def __enter__(self) -> "Bar":
        self.live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.live.stop()

    def update(self, stage: Stage, snapshot: Snapshot) -> None:
        """Shows the current iteration, and writes the preview if one is due."""
        if snapshot.iteration == 0:
            self.began = time.monotonic()
        self.done += 1
        rate = snapshot.iteration / max(time.monotonic() - self.began, 1e-9)
        self.bar.update(
            self.task,
            advance=stage.size**2,
            scale=f"{stage.size} px",
            count=f"{snapshot.iteration + 1}/{stage.iterations}",
            rate=f"{rate:.3g} eval/s" if rate else "",
        )
        self.terms.plain = terms_line(snapshot.terms)
        if self.preview_every and self.done % self.preview_every == 0:
            self.preview(snapshot)

    def preview(self, snapshot: Snapshot) -> None:
        """Writes the current picture in its final size and colours, without a record."""
        image = self.job.shown(snapshot.image())
        images.save(image, self.output, alpha=self.job.alpha())


def terms_line(terms: Terms) -> str:
    """A line such as `content 0.12  style 0.045  tv 0.001`: weighted sums over the layers."""
    sums: dict[str, float] = {}
    for name, value in terms.weighted.items():
        kind = name.partition(":")[0]
        sums[kind] = sums.get(kind, 0.0) + value
    return "  ".join(f"{kind} {value:.3g}" for kind, value in sums.items() if value)


def table(columns: str, rows: Sequence[tuple[str, ...]], broken: int = 1) -> Table:
    """A table with these headings and rows; only the last `broken` columns may wrap."""
    made = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    names = columns.split()
    for index, name in enumerate(names):
        made.add_column(name, no_wrap=index < len(names) - broken)
    for row in rows:
        made.add_row(*(Text(cell) for cell in row))
    return made


def terms_table(terms: Terms) -> Table:
    """The value, the weight and the weighted value of every term, and the total."""
    made = table("term raw weight weighted", ())
    for column in made.columns[1:]:
        column.justify = "right"
    for name, raw in terms.raw.items():
        weight = terms.weights[name]
        made.add_row(name, f"{raw:.6g}", f"{weight:g}", f"{weight * raw:.6g}")
    made.add_section()
    made.add_row("total", "", "", f"{terms.total:.6g}")
    return made


def weights_table() -> Table:
    """Every weight set, and whether it is in the cache."""
    rows = []
    for one in weights.SETS.values():
        cached = "yes" if weights.cached(one.name) else "no"
        licences = one.licence.replace("; ", "\n")  # a narrow terminal breaks no licence in two
        rows.append((one.name, cached, one.network, one.preprocessing.name, licences))
    return table("set cached network pixels licence", rows)


def backends_table(verbose: bool) -> RenderableType:
    """Every backend, its frameworks and whether it is ready; below, how to install missing ones.

    With `verbose`, each backend that is ready is opened to list its devices, and each broken one
    is shown with its traceback.
    """
    lines = registry.listing()
    rows = [(line.name, state(line), line.distribution, line.frameworks) for line in lines]
    notes = [note for line in lines for note in notes_of(line, verbose)]
    return Group(table("backend state from frameworks", rows), *map(Text, notes))


def state(line: Listing) -> str:
    return "broken" if line.cause else "absent" if line.problem else "ready"


def notes_of(line: Listing, verbose: bool) -> Iterator[str]:
    """The lines about a backend below the table."""
    if line.problem:
        yield line.problem
    if verbose and line.cause:
        yield "".join(traceback.format_exception(line.cause))
    elif verbose and not line.problem:
        yield f"{line.name}: {devices(line.name)}"


def devices(address: str) -> str:
    """The devices and dtypes of a backend, which is imported in a separate process."""
    from nst_core.conformance.worker import about

    try:
        offered = about(address)
    except NstError as error:
        return str(error)
    return f"devices {', '.join(offered.devices)}; dtypes {', '.join(offered.dtypes)}"
