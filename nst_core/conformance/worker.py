"""A worker process for one framework: `python -m nst_core.conformance.worker FOLDER`.

The folder holds `jobs.json` and `arrays.safetensors`. The worker runs the jobs and writes
`results.safetensors` and then `results.json`, which contains the ticket of the jobs. Results are
therefore complete, and belong to this run. If a worker raises, hangs, is killed or leaves no
results, a WorkerError names the backend and ends with the worker's last line of output.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from nst_core import files, registry
from nst_core.backend import About, Array, Backend, Configured
from nst_core.conformance.jobs import Job, Outcome, run_job
from nst_core.errors import WorkerError

JOBS, ARRAYS = "jobs.json", "arrays.safetensors"
RESULTS, RESULT_ARRAYS = "results.json", "results.safetensors"
TIMEOUT = 600.0  # seconds
LAST_LINES = 12
# read when NumPy and the frameworks are imported, so that the parent process sets them
THREADS = ("MKL_NUM_THREADS", "OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS")


def about(backend: str) -> About:
    """The versions, devices and dtypes of a backend, which is imported in a separate process."""
    return run(backend, (), {})[0]


def run(
    backend: str,
    jobs: Sequence[Job],
    arrays: Mapping[str, Array],
    timeout: float = TIMEOUT,
    threads: int | None = None,
) -> tuple[About, list[Outcome]]:
    """Runs the jobs one after another in one worker; they share `arrays`.

    `arrays` are `image`, `content`, `style0` and so on, each (3, height, width). `threads` is the
    number of threads for each operation, in frameworks that have such a setting. Raises
    WorkerError if the worker fails or runs for more than `timeout` seconds.
    """
    with tempfile.TemporaryDirectory(prefix="nst-") as name:
        folder = Path(name)
        ticket = uuid4().hex
        described = [asdict(job) for job in jobs]
        asked = {"ticket": ticket, "backend": backend, "jobs": described}
        (folder / JOBS).write_text(json.dumps(asked), "utf-8")
        _save(folder / ARRAYS, arrays)
        _start(backend, folder, dict.fromkeys(THREADS if threads else (), str(threads)), timeout)
        return collect(backend, folder, ticket, len(jobs))


def _start(backend: str, folder: Path, environment: Mapping[str, str], timeout: float) -> None:
    command = [sys.executable, "-m", "nst_core.conformance.worker", str(folder)]
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            errors="replace",  # a crash may interrupt the output within a character
            timeout=timeout,
            env=os.environ | environment,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        said = error.stderr.decode(errors="replace") if error.stderr else ""
        raise WorkerError(
            f"the worker of backend '{backend}' did not finish within {timeout:g} s",
            last_lines(said),
        ) from error
    if done.returncode:
        ended = f"was killed by signal {-done.returncode}" if done.returncode < 0 else "failed"
        last = (done.stderr.strip() or "it printed no message").splitlines()[-1]
        raise WorkerError(
            f"the worker of backend '{backend}' {ended}: {last}", last_lines(done.stderr)
        )


def prepare(backend: Backend, jobs: Sequence[Job], folder: Path) -> tuple[str, ...]:
    """Sets what the backend wants set before its framework is imported.

    Returns the names of the variables that are worth recording.
    """
    if not isinstance(backend, Configured):
        return THREADS
    others = [job.device for job in jobs if job.device != "cpu"]
    device = others[0] if others else "cpu" if jobs else "auto"
    exact = bool(jobs) and all(job.exact for job in jobs)
    os.environ.update(backend.environment(device, exact, folder))
    return tuple(sorted({*THREADS, *backend.variables}))


def last_lines(text: str) -> str:
    return "\n".join(text.strip().splitlines()[-LAST_LINES:])


def collect(backend: str, folder: Path, ticket: str, jobs: int) -> tuple[About, list[Outcome]]:
    """Reads the results with this ticket; raises WorkerError if they are not complete."""
    try:
        found = json.loads((folder / RESULTS).read_text("utf-8"))
        if found["ticket"] != ticket:
            raise WorkerError(f"the worker of backend '{backend}' left the result of another run")
        asked = zip(range(jobs), found["outcomes"], strict=True)
        outcomes = [Outcome(**fields) for _, fields in asked]
        for name, array in load_file(folder / RESULT_ARRAYS).items():
            index, _, key = name.partition(":")
            outcomes[int(index)].arrays[key] = array
        offered = About(**{key: _tuple(value) for key, value in dict(found["about"]).items()})
    except (OSError, ValueError, LookupError, TypeError, SafetensorError) as error:
        raise WorkerError(f"the worker of backend '{backend}' left no complete result") from error
    return offered, outcomes


def work(folder: Path) -> None:
    """The main function of the worker: reads the jobs, runs them and writes their results."""
    asked = json.loads((folder / JOBS).read_text("utf-8"))
    given = load_file(folder / ARRAYS)
    began = time.perf_counter()
    backend = registry.backend(asked["backend"])
    jobs = [Job(**{key: _tuple(value) for key, value in job.items()}) for job in asked["jobs"]]
    variables = prepare(backend, jobs, folder)
    offered = backend.about()
    imported = time.perf_counter() - began
    outcomes = [run_job(backend, job, given) for job in jobs]
    for done in outcomes:
        done.seconds["import"] = [imported]
        done.environment = {name: os.environ[name] for name in variables if name in os.environ}
    leave(folder, asked["ticket"], offered, outcomes)


def leave(folder: Path, ticket: str, about: About, outcomes: Sequence[Outcome]) -> None:
    """Writes the results. The arrays come first, so that `results.json` implies them."""
    arrays = {f"{i}:{key}": a for i, done in enumerate(outcomes) for key, a in done.arrays.items()}
    _save(folder / RESULT_ARRAYS, arrays)
    fields = [asdict(done) | {"arrays": {}} for done in outcomes]
    result = {"ticket": ticket, "about": asdict(about), "outcomes": fields}
    files.write(folder / RESULTS, json.dumps(result).encode())


def _save(path: Path, arrays: Mapping[str, Array]) -> None:
    save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, path)


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


if __name__ == "__main__":
    work(Path(sys.argv[1]))
