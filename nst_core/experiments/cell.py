"""A cell: one painting of a series, stored as a picture with its record and its loss curve.

A stored cell is used again if its record has the same request and the same hashes of the inputs,
its picture can be decoded, and its curve is complete. Otherwise the cell is painted again.
"""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nst_core import images
from nst_core.backend import Session, Snapshot
from nst_core.errors import DivergedError, NstError
from nst_core.experiments import curve, output
from nst_core.experiments.curve import Curve, Point
from nst_core.plan import Stage
from nst_core.request import Request, beside
from nst_core.run import Job

Watch = Callable[["Cell", int, int], None]
"""Called with a cell, the number of steps that it has made, and the number of all its steps."""


@dataclass(frozen=True, eq=False)
class Cell:
    """A request and the path of its picture; `settings` are those in which cells differ."""

    settings: Mapping[str, str]
    request: Request
    picture: Path

    @property
    def name(self) -> str:
        return ", ".join(f"{key} {text}" for key, text in self.settings.items())

    @property
    def curve(self) -> Path:
        return self.picture.with_suffix(".csv")


@dataclass(frozen=True, eq=False)
class Outcome:
    """A cell that was painted, or whose loss diverged."""

    cell: Cell
    record: Mapping[str, Any]
    curve: Curve

    @property
    def diverged(self) -> str:
        """`diverged at step 7`, or an empty string."""
        return f"diverged at step {step}" if (step := self.record.get("diverged")) else ""

    @property
    def total(self) -> float | None:
        """The final total; None if the cell diverged."""
        return None if self.diverged else float(self.record["terms"]["total"])

    @property
    def seconds(self) -> float:
        return float(self.record["seconds"])

    @property
    def terms(self) -> dict[str, float]:
        """Every final term, weighted, by its name; empty if the cell diverged."""
        found: dict[str, float] = {}
        for kind, value in self.record.get("terms", {}).items():
            if isinstance(value, Mapping):
                found |= {f"{kind}:{tap}": x for tap, x in value.items() if kind != "raw"}
            elif kind != "total":
                found[kind] = value
        return found

    @property
    def line(self) -> str:
        state = self.diverged or f"total {self.total:.4g}"
        return f"{self.cell.name}: {state}, {self.seconds:.1f} s"


@dataclass
class Painter:
    """Paints cells one after another, and uses a session for the next cell too if it can."""

    key: tuple[Any, ...] = ()
    session: Session | None = field(default=None, repr=False)

    def paint(self, cell: Cell, watch: Watch) -> Outcome:
        """Paints and stores the cell; if the loss diverges, stores only the record and curve."""
        job = Job(cell.request)
        job.session = self.session_for(job)
        steps, course, began = steps_of(job), list[Point](), time.monotonic()

        def progress(stage: Stage, snapshot: Snapshot) -> None:
            course.append(curve.point(len(course) + 1, stage.size, snapshot.terms))
            watch(cell, len(course), steps)

        try:
            result = job.paint(progress)
        except DivergedError as error:
            end = {"diverged": len(course) + 1, "cause": str(error)}
            seconds = round(time.monotonic() - began, 2)
            record = job.identity() | {"finished": False, **end, "seconds": seconds}
            return keep_diverged(Outcome(cell, record, tuple(course)))
        output.write(cell.curve, curve.write(tuple(course)))
        result.save(cell.picture)
        return Outcome(cell, result.record, tuple(course))

    def session_for(self, job: Job) -> Session:
        """The session of the last job if network, weights, device and precision are the same."""
        ask = job.request
        network = (ask.recipe.network, ask.preprocessing, job.weights.name, job.weights.sha256)
        key = (*network, ask.backend, ask.device, ask.dtype, ask.exact)
        if self.session is None or key != self.key:
            self.key, self.session = key, job.session
        return self.session


def kept(cell: Cell) -> Outcome | None:
    """The stored outcome of a cell, or None; raises NstError if the cell's request is invalid."""
    job = Job(cell.request)
    try:
        record, course = read_record(cell), curve.read(cell.curve.read_text("utf-8"))
        if record | job.identity() != record or len(course) != steps_done(record, job):
            return None
    except (OSError, ValueError, TypeError, KeyError, NstError):
        return None
    return Outcome(cell, record, course)


def read_record(cell: Cell) -> dict[str, Any]:
    """The record of a finished picture, or of a cell that diverged, which has no picture."""
    if cell.picture.exists():
        images.read(cell.picture)  # decodes the whole picture, so that a damaged file is noticed
        return dict(json.loads(images.read_record(cell.picture)))
    record = dict(json.loads(beside(cell.picture).read_text("utf-8")))
    if "diverged" not in record:
        raise FileNotFoundError(cell.picture)
    return record


def steps_of(job: Job) -> int:
    """The number of evaluations at all scales."""
    return sum(stage.iterations for stage in job.stages)


def steps_done(record: Mapping[str, Any], job: Job) -> int:
    """The length of the curve that belongs to the record; -1 for one that was interrupted."""
    if record.get("diverged"):
        return int(record["diverged"]) - 1
    return steps_of(job) if record["finished"] else -1


def keep_diverged(outcome: Outcome) -> Outcome:
    """Stores the record of a cell that diverged beside the place of its picture."""
    cell = outcome.cell
    cell.picture.unlink(missing_ok=True)
    output.write(cell.curve, curve.write(outcome.curve))
    text = json.dumps(outcome.record, indent=1, ensure_ascii=False)
    output.write(beside(cell.picture), text + "\n")
    return outcome
