"""Comparisons made in this process: of backends that are right, that are wrong, that fail."""

import numpy as np
import pytest

from nst_compare import measure, report
from nst_compare.comparison import Comparison, compare
from nst_compare.measure import Setting, Subject, precisions
from nst_core import images, recipe
from nst_core.conformance import mutants
from nst_core.conformance.jobs import run_job
from nst_core.conformance.mutants import WrongBackend
from nst_core.errors import WorkerError
from nst_core.reference import NumpyBackend
from nst_core.reference.net import Vgg
from nst_core.reference.paint import NumpySession
from nst_core.request import Request

HOSTILE = '<b>&".png'
BACKENDS = {
    "numpy": NumpyBackend,
    "other": NumpyBackend,
    "flipped": lambda: WrongBackend(mutants.FlippedKernel, NumpySession),
    "ceil": lambda: WrongBackend(mutants.CeilPooling, NumpySession),
    "nan": lambda: WrongBackend(Vgg, mutants.NotANumber),
}


class InProcess:
    """Stands in for `nst_core.conformance.worker`."""

    @staticmethod
    def run(backend, jobs, arrays, *how):
        if backend not in BACKENDS:
            said = f"the worker of backend '{backend}' failed: no <luck> & | nothing"
            raise WorkerError(said, "first line\n<script>alert('last line')</script>")
        opened = BACKENDS[backend]()
        with np.errstate(all="ignore"):
            found = [run_job(opened, job, {n: a.copy() for n, a in arrays.items()}) for job in jobs]
        for outcome in found:
            outcome.seconds["import"] = [0.5]
        return opened.about(), found


def compared(content, styles, backends, modes=("float64", "float32"), changes=()):
    """A comparison on the tiny network, at 51 pixels and three steps."""
    asked = recipe.load("default", (("plan.size", 51), ("plan.iterations", 3), *changes))
    subject = Subject(Request(content, tuple(styles), asked, "numpy", "random-tiny:0"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(measure, "worker", InProcess)
        return compare(subject, backends, precisions("cpu", modes), Setting(), lambda task: None)


def with_native(found):
    """The same with a framework's own Adam, whose steps are not the core's."""
    own = next(e for e in found.report.entries if e.name == "numpy float32")
    rows = [
        row.model_copy(update={"measured": 1e5, "ratio": 10.0, "holds": False})
        if row.kind == "step"
        else row
        for row in own.rows
    ]
    own = own.model_copy(update={"optimizer": "Adam()", "rows": rows, "findings": []})
    report = found.report.model_copy(update={"entries": [*found.report.entries, own]})
    return Comparison(report, found.subject, found.truth, found.evidence)


@pytest.fixture(scope="session")
def right():
    """Two backends that hold, at two precisions."""
    return compared("sample:coffee", ["sample:night"], ["numpy", "other"])


@pytest.fixture(scope="session")
def mixed(tmp_path_factory):
    """Right, wrong, broken and failed, of pictures with hostile names and odd sizes; and a
    framework's own optimiser."""
    folder = tmp_path_factory.mktemp("pictures")
    for name, shape in ((HOSTILE, (37, 53)), ("s.png", (61, 33)), ("t.png", (35, 41))):
        images.save(np.random.default_rng(0).random((3, *shape)), folder / name)
    styles = [str(folder / name) for name in ("s.png", "t.png")]
    backends = ["numpy", "flipped", "ceil", "nan", "fails"]
    found = with_native(compared(str(folder / HOSTILE), styles, backends))
    found.report.grown = ["numpy float32, gradient: 1e-08 was, 2e-07 <is>"]
    return found


@pytest.fixture(scope="session")
def written(mixed, tmp_path_factory):
    """The folder of its report."""
    folder = tmp_path_factory.mktemp("reports") / "deep" / "report"
    report.check_folder(folder)
    report.write(mixed, folder)
    return folder


@pytest.fixture(scope="session")
def hopeless():
    """No worker came back."""
    return compared("sample:coffee", ["sample:night"], ["fails"], ["float64"])


@pytest.fixture(scope="session")
def single():
    """One backend at one precision."""
    return compared("sample:coffee", ["sample:night"], ["numpy"], ["float64"])
