"""One framework a process: a job described in a folder, run by `python -m nst_core.worker`.

The folder holds `job.json` and `arrays.safetensors`; the worker leaves `result.json` and `results.safetensors`
there, the JSON last, so that a result that is there is whole. A worker that raises, hangs, is
killed or leaves no result is a WorkerError that names the backend and ends with its last line.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from nst_core import files, recipe, registry, weights
from nst_core.backend import About, Array, Dtype, Session, Targets
from nst_core.errors import WorkerError
from nst_core.network import network
from nst_core.recipe import Recipe
from nst_core.run import effective_weights

JOB, ARRAYS, RESULT, RESULTS = (
    "job.json",
    "arrays.safetensors",
    "result.json",
    "results.safetensors",
)
TIMEOUT = 600.0


@dataclass(frozen=True)
class Job:
    """What a worker is asked. `calls` are seams: `about`, `features`, `terms`, `gradient`, `paint`.

    Arrays that go with it: `image`, `content`, `style0` and on, each (3, height, width).
    """

    backend: str
    calls: tuple[str, ...] = ("about",)
    weights: str = ""
    recipe: Mapping[str, Any] = field(default_factory=dict)
    taps: tuple[str, ...] = ()
    device: str = "auto"
    dtype: Dtype = "float64"
    exact: bool = True


def about(backend: str) -> About:
    """What a backend says of itself, asked in a process of its own."""
    found, _ = run(Job(backend))
    return About(**{key: _tuple(value) for key, value in found["about"].items()})


def run(
    job: Job, arrays: Mapping[str, Array] | None = None, timeout: float = TIMEOUT
) -> tuple[dict[str, Any], dict[str, Array]]:
    """The job's results, as JSON and as arrays; raises WorkerError after `timeout` seconds."""
    with tempfile.TemporaryDirectory(prefix="nst-") as name:
        folder = Path(name)
        (folder / JOB).write_text(json.dumps(asdict(job)), "utf-8")
        _save(folder / ARRAYS, arrays or {})
        _start(job, folder, timeout)
        return _results(job, folder)


def _start(job: Job, folder: Path, timeout: float) -> None:
    command = [sys.executable, "-m", "nst_core.worker", str(folder)]
    environment = os.environ | {"KERAS_HOME": str(folder)}  # a stray keras.json changes floatx
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=timeout, env=environment, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise WorkerError(f"backend '{job.backend}' gave no result in {timeout:g} s") from error
    if done.returncode:
        ended = f"was killed by signal {-done.returncode}" if done.returncode < 0 else "failed"
        last = (done.stderr.strip() or "it said nothing").splitlines()[-1]
        raise WorkerError(f"the worker of backend '{job.backend}' {ended}: {last}")


def _results(job: Job, folder: Path) -> tuple[dict[str, Any], dict[str, Array]]:
    try:
        found = json.loads((folder / RESULT).read_text("utf-8"))
        return found, load_file(folder / RESULTS)
    except (OSError, ValueError, SafetensorError) as error:
        raise WorkerError(f"the worker of backend '{job.backend}' left no result") from error


def work(folder: Path) -> None:
    """The worker's side: reads the job, makes its calls, writes what they returned."""
    fields = json.loads((folder / JOB).read_text("utf-8"))
    job = Job(**{key: _tuple(value) for key, value in fields.items()})
    backend = registry.backend(job.backend)
    found: dict[str, Any] = {"about": asdict(backend.about())}
    arrays: dict[str, Array] = {}
    if job.weights:
        _calls(job, load_file(folder / ARRAYS), found, arrays)
    _save(folder / RESULTS, arrays)
    files.write(folder / RESULT, json.dumps(found).encode())


def _calls(
    job: Job, given: Mapping[str, Array], found: dict[str, Any], arrays: dict[str, Array]
) -> None:
    asked = recipe.build(job.recipe, "of the job")
    session = open_session(job, asked)
    found["flags"] = dict(session.flags)
    if "features" in job.calls:
        features = session.features(given["image"], job.taps)
        arrays |= {f"features:{tap}": F for tap, F in features.items()}
    if not {"terms", "gradient", "paint"} & set(job.calls):
        return
    targets = _targets(session, given, asked)
    arrays |= {f"targets:{name}": value for name, value in targets.values.items()}
    if "terms" in job.calls:
        found["terms"] = session.terms(given["image"], targets).as_json()
    if "gradient" in job.calls:
        terms, arrays["gradient"] = session.gradient(given["image"], targets)
        found["terms"] = terms.as_json()
    if "paint" in job.calls:
        totals: list[float] = []
        stage = asked.plan.stages()[-1]
        arrays["paint"] = session.paint(
            given["image"], targets, stage, lambda shot: totals.append(shot.terms.total)
        )
        found["totals"] = totals


def open_session(job: Job, asked: Recipe) -> Session:
    """The session that a job wants, on the weights as its recipe uses them."""
    loaded = weights.load(job.weights)
    net = network(loaded.network, asked.network.pooling)
    ready = effective_weights(loaded, net, asked)
    backend = registry.backend(job.backend)
    return backend.session(net, ready, device=job.device, dtype=job.dtype, exact=job.exact)


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
