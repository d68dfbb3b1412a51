"""Runs a comparison: measures every task, judges it, and makes the report."""

import os
import platform
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import nst_compare.judge as judging
from nst_compare import models
from nst_compare.explain import pretty
from nst_compare.judge import Evidence
from nst_compare.measure import Precision, Setting, Subject, Task, measure
from nst_compare.models import Entry, Report
from nst_core import __version__, memory
from nst_core.conformance.truth import Truth
from nst_core.optimisers import NO_NATIVE

CPUINFO = Path("/proc/cpuinfo")


@dataclass(frozen=True)
class Comparison:
    """The report, and the data of the page that the report does not contain."""

    report: Report
    subject: Subject
    truth: Truth
    evidence: Sequence[Evidence]


def compare(
    subject: Subject,
    backends: Sequence[str],
    precisions: Sequence[Precision],
    setting: Setting,
    watch: Callable[[Task], None],
) -> Comparison:
    """Runs every task; `watch` is called with each before it begins.

    A task that fails is part of the report, and the others are run all the same.
    """
    memory.keep_freed()
    truth, found = Truth(subject), list[Evidence]()
    for task in subject.tasks(backends, precisions):
        watch(task)
        measurement = measure(subject, task, setting)
        if NO_NATIVE not in measurement.failure:
            found.append(judging.judge(truth, measurement, core_total(found, task)))
    entries = [one.entry for one in found]
    report = Report(
        nst=__version__,
        made=datetime.now(UTC).isoformat(timespec="seconds"),
        machine=machine(setting.device),
        device=setting.device,
        subject=described(subject),
        sentence=sentence(entries),
        holds=bool(entries) and all(entry.holds for entry in entries),
        entries=entries,
        pairs=judging.pairs(found),
        truth=truth.walk.totals,
    )
    return Comparison(report, subject, truth, found)


def core_total(found: Sequence[Evidence], task: Task) -> float | None:
    """The last total of the plan's own optimiser in the same backend, at the same precision."""
    for entry in (one.entry for one in found):
        same = (entry.backend, entry.precision) == (task.backend, task.precision.name)
        if same and entry.counted and entry.totals:
            return entry.totals[-1]
    return None


def sentence(entries: Sequence[Entry]) -> str:
    """The first sentence: which backend fails and where, or the largest error if none fails."""
    bad = sorted((entry for entry in entries if not entry.holds), key=gravity)
    if bad:
        first = next(finding for finding in bad[0].findings if finding.broken)
        names = ", ".join(entry.name for entry in bad[1:])
        return first.sentence + f" These fail too: {names}." * bool(names)
    counted = [entry for entry in entries if entry.counted]
    backends = len({entry.backend for entry in counted})
    worst = max(counted, key=lambda entry: entry.rows[0].ratio or 0.0)
    row = worst.rows[0]
    who = "The backend" if backends == 1 else f"All {backends} backends"
    be = "is" if backends == 1 else "are"
    return (
        f"{who} {be} within every budget. The error that comes closest to its budget is that of "
        f"{row.what} in {worst.name}: {pretty(row.measured)} of {pretty(row.budget)}."
    )


def gravity(entry: Entry) -> tuple[bool, int]:
    """The key by which failures are sorted: the lowest level first, failed workers last."""
    broken = [row.level for row in entry.rows if not row.holds]
    return bool(entry.failure), min(broken, default=0)


def described(subject: Subject) -> models.Subject:
    """What was compared, for the report."""
    job, (_, height, width) = subject.painting, subject.pictures["content"].shape
    identity = job.identity()
    return models.Subject(
        content=identity["content"],
        styles=identity["styles"],
        weights=identity["weights"],
        sha256=identity["sha256"],
        width=width,
        height=height,
        iterations=job.stages[-1].iterations,
        recipe=subject.recipe.model_dump(mode="json"),
    )


def machine(device: str) -> dict[str, str]:
    """The machine on which the comparison was run."""
    found = {"system": platform.system(), "processor": processor()}
    found |= {"cores": str(cores()), "python": platform.python_version()}
    if device.startswith("cuda"):
        found["gpu"] = gpu(device)
    return found


def cores() -> int:
    """The number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def processor() -> str:
    """The model of the processor if it is known, otherwise its architecture."""
    if CPUINFO.exists():
        for line in CPUINFO.read_text("utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def gpu(device: str) -> str:
    """Name and driver version of the GPU."""
    index = device.partition(":")[2] or "0"
    asked = ["nvidia-smi", "-i", index, "--query-gpu=name,driver_version", "--format=csv,noheader"]
    try:
        said = subprocess.run(asked, capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return said.stdout.strip()
