"""Runs the whole suite on a backend and returns a verdict for each precision."""

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from nst_core import registry
from nst_core.backend import About, Dtype
from nst_core.conformance import cases, models, worker
from nst_core.conformance.budgets import PRECISIONS, Precision
from nst_core.conformance.cases import Case
from nst_core.conformance.jobs import Outcome
from nst_core.conformance.judge import Judge, Row
from nst_core.conformance.truth import Truth
from nst_core.errors import BackendError, WorkerError, unknown

DTYPES: tuple[Dtype, ...] = ("float64", "float32")
EVERY = "all"


@dataclass(frozen=True)
class Finding:
    """A row, and the case in which it was measured."""

    case: str
    row: Row


@dataclass(frozen=True)
class Verdict:
    """The result of a backend at one precision.

    `failure` says why it did not finish, and `output` holds its last lines of output.
    """

    backend: str
    dtype: Dtype
    findings: tuple[Finding, ...] = ()
    about: About | None = None
    flags: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    failure: str = ""
    output: str = ""
    absent: tuple[str, ...] = ()
    """The kinds of terms that the backend does not have; they were not checked."""

    @property
    def holds(self) -> bool:
        """Whether something was measured and every error is within its budget."""
        measured = bool(self.findings) and not self.failure
        return measured and all(finding.row.holds for finding in self.findings)

    @property
    def worst_first(self) -> list[Finding]:
        return sorted(self.findings, key=lambda finding: -finding.row.ratio)

    def as_json(self) -> dict[str, Any]:
        """Plain values for JSON; an infinite number is null."""
        return {
            "backend": self.backend,
            "dtype": self.dtype,
            "holds": self.holds,
            "failure": self.failure,
            "output": self.output,
            "framework": f"{self.about.framework} {self.about.version}" if self.about else "",
            "flags": self.flags,
            "absent": list(self.absent),
            "seconds": round(self.seconds, 1),
            "rows": [
                models.Row.of(finding.row, finding.case).model_dump()
                for finding in self.worst_first
            ],
        }


def addresses(asked: Sequence[str]) -> list[str]:
    """The addresses in `asked`, or every installed backend if it is `all`.

    Raises BackendError if `asked` is empty or contains an unknown backend.
    """
    listed = registry.listing()
    known = {*registry.declared(), *(line.name for line in listed)}
    ready = [line.name for line in listed if not line.problem]
    if not asked:
        raise BackendError(f"no backend was given: choose from {', '.join(ready)}, or use {EVERY}")
    if list(asked) == [EVERY]:
        return [line.name for line in listed if not line.problem or line.cause]
    for address in asked:
        if address not in known:
            raise BackendError(unknown("backend", address, known, "Known backends"))
    return list(asked)


def check(
    backends: Sequence[str],
    dtypes: Sequence[Dtype] = DTYPES,
    device: str = "auto",
    timeout: float = worker.TIMEOUT,
) -> Iterator[Verdict]:
    """Yields a verdict for each backend and precision, even if an earlier backend fails."""
    for backend in backends:
        for dtype in dtypes:
            yield verdict(backend, dtype, device, timeout)


def verdict(
    backend: str,
    dtype: Dtype,
    device: str = "auto",
    timeout: float = worker.TIMEOUT,
    *,
    recipes: bool = False,
) -> Verdict:
    """Runs the backend in a worker and judges its results; with `recipes`, on every recipe."""
    began = time.monotonic()
    asked = cases.of_recipes() if recipes else cases.chosen(dtype)
    jobs = [case.job(device, dtype) for case in asked]
    try:
        about, outcomes = worker.run(backend, jobs, cases.pictures(), timeout)
    except WorkerError as error:
        seconds = time.monotonic() - began
        return Verdict(backend, dtype, (), None, {}, seconds, str(error), error.output)
    findings = tuple(
        Finding(case.name, row)
        for case, outcome in zip(asked, outcomes, strict=True)
        if not outcome.absent
        for row in rows(case, outcome, dtype)
    )
    flags = next((outcome.flags for outcome in outcomes if outcome.flags), {})
    absent = tuple(sorted({kind for outcome in outcomes for kind in outcome.absent}))
    seconds = time.monotonic() - began
    return Verdict(backend, dtype, findings, about, flags, seconds, absent=absent)


def rows(case: Case, outcome: Outcome, dtype: Dtype) -> list[Row]:
    """Every row of one outcome; a single one if the session reports another precision."""
    said = outcome.flags.get("dtype", "nothing")
    if said != dtype:
        return [Row(0, f"the flag 'dtype' says {said}, not {dtype}", math.inf, 0.0)]
    return list(Judge(truth(case), outcome, claimed(outcome.flags, exact=case.exact)).rows())


def claimed(flags: dict[str, str], *, exact: bool = False) -> Precision:
    """The precision that a session reports.

    On an accelerator, float32 counts as TF32 if the flags say so and the session is not exact.
    """
    tf32 = flags.get("tf32") == "True" and flags.get("device", "cpu") != "cpu"
    dtype = flags["dtype"]
    return PRECISIONS["tf32" if tf32 and dtype == "float32" and not exact else dtype]


@cache
def truth(case: Case) -> Truth:
    """The reference results of a case, computed once for all backends."""
    return Truth(case)
