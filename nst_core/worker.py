"""One framework a process: jobs described in a folder, run by `python -m nst_core.worker FOLDER`.

The folder holds `jobs.json` and `arrays.safetensors`. The worker leaves `results.safetensors` and
then `results.json` there, so that results that are there are whole. A worker that raises, hangs,
is killed or leaves no results is a WorkerError that names the backend and ends with its last line.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from nst_core import files, recipe, registry, weights
from nst_core.backend import About, Array, Dtype, Session, Snapshot, Targets
from nst_core.errors import WorkerError
from nst_core.network import network
from nst_core.recipe import Recipe
from nst_core.run import effective_weights

JOBS, ARRAYS = "jobs.json", "arrays.safetensors"
RESULTS, RESULT_ARRAYS = "results.json", "results.safetensors"
TIMEOUT = 600.0


@dataclass(frozen=True)
class Job:
    """What a session is asked. `calls` are seams: `features`, `terms`, `gradient`, `paint`."""

    weights: str
    recipe: Mapping[str, Any]
    calls: tuple[str, ...]
    taps: tuple[str, ...] = ()
    device: str = "auto"
    dtype: Dtype = "float64"
    exact: bool = True


@dataclass
class Outcome:
    """What a job returned: flags and terms as the session gave them, arrays by name.

    Arrays are `features:TAP`, `targets:TERM`, `gradient`, `paint`; `totals` are those of the
    painting before each step.
    """

    flags: dict[str, str] = field(default_factory=dict)
    terms: dict[str, Any] = field(default_factory=dict)
    totals: list[float] = field(default_factory=list)
    arrays: dict[str, Array] = field(default_factory=dict)


def about(backend: str) -> About:
    """What a backend says of itself, asked in a process of its own."""
    return run(backend, (), {})[0]


def run(
    backend: str, jobs: Sequence[Job], arrays: Mapping[str, Array], timeout: float = TIMEOUT
) -> tuple[About, list[Outcome]]:
    """Runs the jobs one after another in one worker, on `arrays`, which they share.

    `arrays` are `image`, `content`, `style0` and on, each (3, height, width). Raises WorkerError,
    after `timeout` seconds at the latest.
    """
    with tempfile.TemporaryDirectory(prefix="nst-") as name:
        folder = Path(name)
        asked = {"backend": backend, "jobs": [asdict(job) for job in jobs]}
        (folder / JOBS).write_text(json.dumps(asked), "utf-8")
        _save(folder / ARRAYS, arrays)
        _start(backend, folder, timeout)
        return _results(backend, folder, len(jobs))


def _start(backend: str, folder: Path, timeout: float) -> None:
    command = [sys.executable, "-m", "nst_core.worker", str(folder)]
    environment = os.environ | {"KERAS_HOME": str(folder)}  # a stray keras.json changes floatx
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            errors="replace",  # a crash may cut a character in two
            timeout=timeout,
            env=environment,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise WorkerError(f"the worker of backend '{backend}' hung: {timeout:g} s") from error
    if done.returncode:
        ended = f"was killed by signal {-done.returncode}" if done.returncode < 0 else "failed"
        last = (done.stderr.strip() or "it said nothing").splitlines()[-1]
        raise WorkerError(f"the worker of backend '{backend}' {ended}: {last}")


def _results(backend: str, folder: Path, jobs: int) -> tuple[About, list[Outcome]]:
    try:
        found = json.loads((folder / RESULTS).read_text("utf-8"))
        asked = zip(range(jobs), found["outcomes"], strict=True)
        outcomes = [Outcome(**fields) for _, fields in asked]
        for name, array in load_file(folder / RESULT_ARRAYS).items():
            index, _, key = name.partition(":")
            outcomes[int(index)].arrays[key] = array
        told = About(**{key: _tuple(value) for key, value in dict(found["about"]).items()})
    except (OSError, ValueError, LookupError, TypeError, SafetensorError) as error:
        raise WorkerError(f"the worker of backend '{backend}' left no whole result") from error
    return told, outcomes


def work(folder: Path) -> None:
    """The worker's side: reads the jobs, does them, writes what they returned."""
    asked = json.loads((folder / JOBS).read_text("utf-8"))
    given = load_file(folder / ARRAYS)
    backend = asked["backend"]
    told = registry.backend(backend).about()
    jobs = [Job(**{key: _tuple(value) for key, value in job.items()}) for job in asked["jobs"]]
    outcomes = [do(backend, job, given) for job in jobs]
    arrays = {f"{i}:{key}": a for i, done in enumerate(outcomes) for key, a in done.arrays.items()}
    _save(folder / RESULT_ARRAYS, arrays)
    fields = [asdict(done) | {"arrays": {}} for done in outcomes]
    text = json.dumps({"about": asdict(told), "outcomes": fields})
    files.write(folder / RESULTS, text.encode())


def do(backend: str, job: Job, given: Mapping[str, Array]) -> Outcome:
    """One job, in this process."""
    asked = recipe.build(job.recipe, "of the job")
    session = open_session(backend, job, asked)
    done = Outcome(flags=dict(session.flags))
    if "features" in job.calls:
        found = session.features(given["image"], job.taps)
        done.arrays |= {f"features:{tap}": F for tap, F in found.items()}
    if {"terms", "gradient", "paint"} & set(job.calls):
        _judge(session, job, asked, given, done)
    return done


def _judge(
    session: Session, job: Job, asked: Recipe, given: Mapping[str, Array], done: Outcome
) -> None:
    targets, image = _targets(session, given, asked), given["image"]
    done.arrays |= {f"targets:{name}": value for name, value in targets.values.items()}
    if "terms" in job.calls:
        done.terms = session.terms(image, targets).as_json()
    if "gradient" in job.calls:
        terms, done.arrays["gradient"] = session.gradient(image, targets)
        done.terms = terms.as_json()
    if "paint" in job.calls:

        def watch(snapshot: Snapshot) -> None:
            done.totals.append(snapshot.terms.total)

        done.arrays["paint"] = session.paint(image, targets, asked.plan.stages()[-1], watch)


def open_session(backend: str, job: Job, asked: Recipe) -> Session:
    """The session that a job wants, on the weights as its recipe uses them."""
    loaded = weights.load(job.weights)
    net = network(loaded.network, asked.network.pooling)
    ready = effective_weights(loaded, net, asked)
    return registry.backend(backend).session(
        net, ready, device=job.device, dtype=job.dtype, exact=job.exact
    )


def _targets(session: Session, given: Mapping[str, Array], asked: Recipe) -> Targets:
    count = sum(name.startswith("style") for name in given)
    styles = [given[f"style{index}"] for index in range(count)]
    return session.targets(given["content"], styles, asked)


def _save(path: Path, arrays: Mapping[str, Array]) -> None:
    save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, path)


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


if __name__ == "__main__":
    work(Path(sys.argv[1]))
