"""The whole suite on a backend: a verdict for each precision."""

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
    """A backend at one precision. `failure` is what kept it from finishing, `output` its last
    lines."""

    backend: str
    dtype: Dtype
    findings: tuple[Finding, ...] = ()
    about: About | None = None
    flags: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    failure: str = ""
    output: str = ""
    absent: tuple[str, ...] = ()
    """The kinds of terms that the backend does not have, and on which it was not tried."""

    @property
    def holds(self) -> bool:
        """Something was measured, and every budget is kept."""
        measured = bool(self.findings) and not self.failure
        return measured and all(finding.row.holds for finding in self.findings)

    @property
    def worst_first(self) -> list[Finding]:
        return sorted(self.findings, key=lambda finding: -finding.row.ratio)

    def as_json(self) -> dict[str, Any]:
        """Plain values; a number that is infinite is null."""
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
    """The backends that are meant: as they are, or each that is ready if `all` is asked.

    Raises BackendError for one that is unknown, and if none is asked.
    """
    listed = registry.listing()
    known = {*registry.declared(), *(line.name for line in listed)}
    ready = [line.name for line in listed if not line.problem]
    if not asked:
        raise BackendError(f"no backend was named: use {', '.join(ready)} or {EVERY}")
    if list(asked) == [EVERY]:
        return [line.name for line in listed if not line.problem or line.cause]
    for address in asked:
        if address not in known:
            raise BackendError(unknown("backend", address, known, "Declared here"))
    return list(asked)


def check(
    backends: Sequence[str],
    dtypes: Sequence[Dtype] = DTYPES,
    device: str = "auto",
    timeout: float = worker.TIMEOUT,
) -> Iterator[Verdict]:
    """One verdict after another; a backend that fails does not keep the next from its turn."""
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
    """Runs the backend in a worker, and judges what it left; on every recipe if that is asked."""
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
    """Every row of one outcome; one alone if the session has not the precision that was asked."""
    said = outcome.flags.get("dtype", "nothing")
    if said != dtype:
        return [Row(0, f"the flag 'dtype' says {said}, not {dtype}", math.inf, 0.0)]
    return list(Judge(truth(case), outcome, claimed(outcome.flags, exact=case.exact)).rows())


def claimed(flags: dict[str, str], *, exact: bool = False) -> Precision:
    """The precision that a session says it has.

    On an accelerator, and unless it is to be exact, float32 may stand for TF32.
    """
    tf32 = flags.get("tf32") == "True" and flags.get("device", "cpu") != "cpu"
    dtype = flags["dtype"]
    return PRECISIONS["tf32" if tf32 and dtype == "float32" and not exact else dtype]


@cache
def truth(case: Case) -> Truth:
    """The truth of a case, which all backends share."""
    return Truth(case)
