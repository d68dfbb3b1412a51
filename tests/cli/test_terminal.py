"""What a terminal of 80 columns shows, and what a pipe does not get."""

from io import StringIO

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from nst_core import recipe, registry, weights
from nst_core.backend import About, Snapshot, Terms
from nst_core.cli import terminal
from nst_core.cli.terminal import Bar
from nst_core.conformance import worker
from nst_core.errors import WorkerError
from nst_core.registry import Listing
from nst_core.request import Request
from nst_core.run import Job

RAW = {"content:relu4_2": 0.5, "style:relu1_1": 0.25, "style:relu2_1": 0.0625, "tv": 2.0}
TERMS = Terms(RAW, {"content:relu4_2": 1.0, "style:relu1_1": 4.0, "style:relu2_1": 8.0, "tv": 1e-5})
IMAGE = np.full((3, 26, 32), 0.5)
WIDTH = 80


@pytest.fixture
def job(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (40, 32), (200, 90, 10)).save("c.png")
    changes = {"plan.size": 32, "plan.iterations": 100, "plan.coarsest": 32}
    asked = recipe.load("default", changes.items())
    return Job(Request("c.png", ("c.png",), asked, "numpy", "random-tiny:0"))


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands until it is moved."""

    class Clock:
        now = 1000.0

    monkeypatch.setattr(terminal.time, "monotonic", lambda: Clock.now)
    return Clock


def shown(what, width=WIDTH):
    """The lines of something on a console of a width, without the space at their ends."""
    console = Console(file=StringIO(), width=width)
    console.print(what)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def pictured(bar):
    """What the bar would show now."""
    return shown(bar.live.renderable)


def snapshot(iteration):
    return Snapshot(iteration, TERMS, lambda: IMAGE, lambda: IMAGE)


@pytest.fixture
def make_bar(tmp_path):
    """A bar, and the stream that its console writes to."""

    def make(job, *, is_terminal=True, preview_every=None):
        stream = StringIO()
        console = Console(file=stream, force_terminal=is_terminal, width=WIDTH)
        return Bar(console, job, tmp_path / "out.png", preview_every), stream

    return make


# The bar


def test_the_bar_shows_scale_iteration_terms_and_rate_within_80_columns(job, make_bar, clock):
    bar, _ = make_bar(job)
    (stage,) = job.stages
    for iteration in range(37):
        bar.update(stage, snapshot(iteration))
        clock.now += 0.25
    first, second = pictured(bar)
    assert max(len(first), len(second)) <= WIDTH
    assert first.startswith("32 px ")
    assert first.index("37/100") > 40  # the bar takes what is left
    # 36 iterations in 9 s
    assert " 37/100 4 eval/s " in first
    assert first.endswith(" left")
    assert second == "content 0.5  style 1.5  tv 2e-05"


def test_the_widest_numbers_leave_room_for_the_bar(job, make_bar, clock):
    bar, _ = make_bar(job)
    stage = job.stages[0].model_copy(update={"size": 16384, "iterations": 10000})
    sums = dict.fromkeys(RAW, -1.234567e-300)
    widest = Terms(sums, dict.fromkeys(RAW, 1.0))
    bar.update(stage, Snapshot(0, widest, lambda: IMAGE, lambda: IMAGE))
    clock.now += 7
    bar.update(stage, Snapshot(9998, widest, lambda: IMAGE, lambda: IMAGE))
    first, second = pictured(bar)
    assert "16384 px " in first
    assert "━" * 8 in first
    assert " 9999/10000 1.43e+03 eval/s " in first
    assert "…" not in first + second
    assert max(len(first), len(second)) <= WIDTH


def test_the_rate_is_that_of_the_scale(job, make_bar, clock):
    bar, _ = make_bar(job)
    coarse = job.stages[0]
    fine = coarse.model_copy(update={"size": 64})
    bar.update(coarse, snapshot(0))
    clock.now += 50
    bar.update(fine, snapshot(0))
    assert "eval/s" not in pictured(bar)[0]
    clock.now += 2
    bar.update(fine, snapshot(1))
    assert " 2/100 0.5 eval/s " in pictured(bar)[0]


def test_work_is_counted_in_pixels(job, make_bar):
    bar, _ = make_bar(job)
    (task,) = bar.bar.tasks
    assert task.total == 32**2 * 100
    for iteration in range(25):
        bar.update(job.stages[0], snapshot(iteration))
    assert task.percentage == 25


def test_a_terminal_sees_the_bar_come_and_go(job, make_bar):
    bar, stream = make_bar(job)
    with bar:
        bar.update(job.stages[0], snapshot(0))
        bar.live.refresh()
    assert "1/100" in stream.getvalue()
    assert "style 1.5" in stream.getvalue()
    assert "\x1b[2K" in stream.getvalue()  # erases its lines


def test_a_pipe_gets_nothing(job, make_bar):
    bar, stream = make_bar(job, is_terminal=False)
    with bar:
        bar.update(job.stages[0], snapshot(0))
    assert stream.getvalue() == ""


def test_a_bar_leaves_the_terminal_as_it_was_after_an_error(job, make_bar):
    bar, stream = make_bar(job)
    with pytest.raises(ZeroDivisionError), bar:
        1 / 0  # noqa: B018
    assert stream.getvalue().count("\x1b[?25l") == stream.getvalue().count("\x1b[?25h") == 1


def test_previews_come_every_so_often_at_the_final_size(job, make_bar, tmp_path):
    bar, _ = make_bar(job, is_terminal=False, preview_every=3)
    out = tmp_path / "out.png"
    written = []
    for iteration in range(7):
        bar.update(job.stages[0], snapshot(iteration))
        written.append(out.exists())
        out.unlink(missing_ok=True)
    assert written == [False, False, True, False, False, True, False]
    small = Snapshot(8, TERMS, lambda: IMAGE[:, ::2, ::2], lambda: IMAGE)
    bar.update(job.stages[0], snapshot(7))
    bar.update(job.stages[0], small)
    with Image.open(out) as image:
        assert image.size == (32, 26)


# Lines and tables


def test_terms_line_sums_each_kind_and_leaves_out_what_weighs_nothing():
    assert terminal.terms_line(TERMS) == "content 0.5  style 1.5  tv 2e-05"
    weightless = Terms(RAW, TERMS.weights | {"tv": 0.0})
    assert terminal.terms_line(weightless) == "content 0.5  style 1.5"


def test_terms_table_has_a_row_for_each_term_and_the_total():
    rows = [line.split() for line in shown(terminal.terms_table(TERMS)) if line.split()]
    assert rows[0] == ["term", "raw", "weight", "weighted"]
    assert ["style:relu1_1", "0.25", "4", "1"] in rows
    assert ["tv", "2", "1e-05", "2e-05"] in rows
    assert rows[-1] == ["total", "2.00002"]


def test_weights_table_keeps_its_names_whole():
    text = "\n".join(shown(terminal.weights_table()))
    for name in ("vgg19-caffe", "vgg16-caffe", "vgg19-torchvision", "vgg16-hed"):
        assert f" {name} " in text
    for whole in ("cached", "network", "pixels", " CC BY 4.0 (Oxford VGG)\n"):
        assert whole in text


def test_each_licence_stands_whole_on_a_line_of_its_own():
    column = [line[50:] for line in shown(terminal.weights_table()) if line[50:].strip(" ─")]
    licences = [row.licence.split("; ") for row in weights.SETS.values()]
    assert column == ["licence", *(each for several in licences for each in several)]


def test_a_table_breaks_only_its_last_columns_and_takes_no_markup():
    made = terminal.table("name text", [("a-long-name-of-a-thing", "[bold]word " * 20)])
    lines = shown(made, width=50)
    assert any("a-long-name-of-a-thing [bold]word" in " ".join(line.split()) for line in lines)
    assert max(map(len, lines)) <= 50


READY = Listing("numpy", "nst-suite 0.1.0", "NumPy 2.4.0", "")
ABSENT = Listing(
    "keras:tensorflow",
    "nst-suite 0.1.0",
    "Keras 3.15.1 + TensorFlow (absent)",
    "backend 'keras:tensorflow' needs TensorFlow, which is not installed. "
    'Try: pip install "nst-suite[keras]"',
)
BROKEN = Listing(
    "mlx",
    "nst-mlx 3",
    "",
    "backend 'mlx' (from nst-mlx 3) failed to load: ImportError: no [metal]. "
    "Run 'nst backends --verbose' for the traceback.",
    ImportError("no [metal]"),
)


@pytest.fixture
def three(monkeypatch):
    monkeypatch.setattr(registry, "listing", lambda: [READY, ABSENT, BROKEN])


@pytest.mark.usefixtures("three")
def test_backends_stand_in_a_table_and_their_troubles_below():
    lines = shown(terminal.backends_table(verbose=False))
    rows = {line.split()[0]: line.split()[1:] for line in lines if line.startswith(" k")}
    assert rows["keras:tensorflow"][:3] == ["absent", "nst-suite", "0.1.0"]
    assert any(line.split()[:2] == ["mlx", "broken"] for line in lines)
    assert any(line.split()[:2] == ["numpy", "ready"] for line in lines)
    below = " ".join(lines[lines.index("", 2) :])
    assert ABSENT.problem in below
    assert BROKEN.problem in below
    assert max(map(len, lines)) <= WIDTH


@pytest.mark.usefixtures("three")
def test_verbose_asks_the_ready_and_shows_why_the_broken_are(monkeypatch):
    said = About("NumPy", "2", ("cpu",), ("float32", "float64"))
    monkeypatch.setattr(worker, "about", lambda address: said)
    lines = shown(terminal.backends_table(verbose=True))
    assert "numpy: devices cpu; dtypes float32, float64" in lines
    assert "ImportError: no [metal]" in lines


@pytest.mark.usefixtures("three")
def test_a_backend_that_fails_when_asked_spoils_nothing(monkeypatch):
    def fail(address):
        raise WorkerError(f"the worker of backend '{address}' failed: no driver")

    monkeypatch.setattr(worker, "about", fail)
    lines = shown(terminal.backends_table(verbose=True))
    assert "numpy: the worker of backend 'numpy' failed: no driver" in lines
