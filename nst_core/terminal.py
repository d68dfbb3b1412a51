"""What a person sees: the progress of a painting, tables of terms and of backends."""

import json
import sys
import time
import traceback
from pathlib import Path
from typing import Literal

from rich import box
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table

from nst_core import images, registry
from nst_core.backend import Snapshot, Terms
from nst_core.plan import Stage
from nst_core.run import Interrupted, Job, Request, Result

Voice = Literal["", "quiet", "json"]

INTERRUPTED = 130


def paint(
    request: Request, output: Path, keep_alpha: bool, preview_every: int | None, voice: Voice
) -> None:
    """Runs the request and saves the picture, also when it is interrupted (exit code 130)."""
    images.writable(output, alpha=keep_alpha)
    job = Job(request)
    alpha = job.alpha() if keep_alpha else None
    console = Console(stderr=True, quiet=bool(voice))
    if job.note:
        console.print(job.note, highlight=False)
    try:
        with Bar(console, job, output, preview_every) as bar:
            result = job.paint(bar.update)
    except Interrupted as stopped:
        if stopped.result:
            stopped.result.save(output, alpha)
            console.print(f"interrupted: {output} holds the picture so far")
        sys.exit(INTERRUPTED)
    result.save(output, alpha)
    if voice == "json":
        sys.stdout.write(json.dumps(result.record, ensure_ascii=False) + "\n")
    console.print(summary(output, result), highlight=False)


def summary(output: Path, result: Result) -> str:
    _, height, width = result.pixels.shape
    seconds = result.record["seconds"]
    return f"{output}: {width}×{height}, {seconds:.0f} s, total {result.terms.total:.4g}"


class Bar:
    """A bar over the work of all scales, an evaluation's work being its number of pixels."""

    def __init__(self, console: Console, job: Job, output: Path, preview_every: int | None) -> None:
        self.job, self.output, self.preview_every = job, output, preview_every
        self.bar = Progress(
            TextColumn("{task.fields[where]}"),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[terms]}"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
        )
        work = sum(stage.size**2 * stage.iterations for stage in job.stages)
        self.task: TaskID = self.bar.add_task("", total=work, where="preparing", terms="")
        self.done, self.began = 0, time.monotonic()

    def __enter__(self) -> "Bar":
        self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.stop()

    def update(self, stage: Stage, snapshot: Snapshot) -> None:
        if snapshot.iteration == 0:
            self.began = time.monotonic()
        self.done += 1
        rate = snapshot.iteration / max(time.monotonic() - self.began, 1e-9)
        self.bar.update(
            self.task,
            advance=stage.size**2,
            where=f"{stage.size} px  {snapshot.iteration + 1}/{stage.iterations}",
            terms=f"{terms_line(snapshot.terms)}  {rate:.1f} eval/s" if rate else "",
        )
        if self.preview_every and self.done % self.preview_every == 0:
            images.save(self.job.finished_size(snapshot.image()), self.output)


def terms_line(terms: Terms) -> str:
    """`content 0.12  style 0.045  tv 0.001`: each weighted, summed over its taps."""
    sums: dict[str, float] = {}
    for name, value in terms.weighted.items():
        kind = name.partition(":")[0]
        sums[kind] = sums.get(kind, 0.0) + value
    return "  ".join(f"{kind} {value:.3g}" for kind, value in sums.items() if value)


def terms_table(terms: Terms) -> Table:
    """Raw and weighted value of every term, and the total."""
    made = Table("term", "raw", "weight", "weighted", box=box.SIMPLE_HEAD)
    for column in made.columns[1:]:
        column.justify = "right"
    for name, raw in terms.raw.items():
        weight = terms.weights[name]
        made.add_row(name, f"{raw:.6g}", f"{weight:g}", f"{weight * raw:.6g}")
    made.add_section()
    made.add_row("total", "", "", f"{terms.total:.6g}")
    return made


def backends_table(verbose: bool) -> Table:
    """Every backend: what it runs on, or what is missing; with `verbose`, opened and asked."""
    made = Table("backend", "from", "frameworks", "state", box=box.SIMPLE_HEAD)
    for line in registry.listing():
        state = line.problem or "ready"
        if verbose and line.cause:
            state = "".join(traceback.format_exception(line.cause))
        elif verbose and not line.problem:
            state = devices(line.name)
        made.add_row(line.name, line.distribution, line.frameworks, state)
    return made


def devices(address: str) -> str:
    """Devices and dtypes of a backend, asked in a process of its own."""
    from nst_core.errors import WorkerError
    from nst_core.worker import about

    try:
        found = about(address)
    except WorkerError as error:
        return str(error)
    return f"devices: {', '.join(found.devices)}; dtypes: {', '.join(found.dtypes)}"
