"""`nst compare`: exit codes, what it prints and leaves, and what it does with a backend that is
wrong or fails."""

import json
from functools import partial
from pathlib import Path

import pytest

from nst_compare import baseline
from nst_compare.models import Report

WRONG = """
from nst_core.conformance import mutants
from nst_core.conformance.mutants import WrongBackend
from nst_core.reference.net import Vgg
from nst_core.reference.paint import NumpySession

def open_backend():
    return WrongBackend({})
"""
FAILING = """
import os, sys, time
from nst_core.reference import NumpyBackend

class Stranger(NumpyBackend):
    def session(self, *a, **k):
        {}

open_backend = Stranger
"""
PICTURES = ("sample:coffee", "sample:night")
CAFFE = "{scale=255.0, channels='BGR', mean=[103.939, 116.779, 123.68], std=[1, 1, 1]}"
QUICK = ("--weights", "random-tiny:0", "--size", "40", "--iterations", "3")
DOUBLE = ("--precision", "float64")


@pytest.fixture
def nst(tmp_path, monkeypatch, in_process):
    """Runs `nst compare ARGUMENTS…`: (exit code, standard output, standard error)."""
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    return partial(in_process, "compare")


def report():
    return Report.model_validate_json(Path("report/report.json").read_bytes())


# What holds


def test_a_comparison_that_holds_is_exit_code_0_and_three_files(nst, tmp_path):
    code, out, _ = nst(*PICTURES, *QUICK, "--backends", "numpy", "-o", "report")
    assert code == 0
    assert {path.name for path in (tmp_path / "report").iterdir()} == {
        "report.html", "report.json", "report.md",
    }  # fmt: skip
    found = report()
    assert [(entry.name, entry.holds) for entry in found.entries] == [
        ("numpy float64", True),
        ("numpy float32", True),
    ]
    assert found.holds
    assert " ".join(found.sentence.split()) in " ".join(out.split())


def test_json_is_the_report_and_nothing_else(nst):
    code, out, err = nst(
        *PICTURES, *QUICK, *DOUBLE, "--backends", "numpy", "-o", "report", "--json"
    )
    assert (code, err) == (0, "")
    assert Report.model_validate_json(out) == report()


def test_the_schema_is_printed_without_pictures(nst):
    code, out, _ = nst("--schema")
    assert code == 0
    schema = json.loads(out)
    assert {"sentence", "entries", "pairs", "machine"} <= schema["properties"].keys()


def test_odd_sizes_and_several_styles_of_other_shapes(nst, tmp_path):
    import numpy as np

    from nst_core import images

    for name, shape in (("c", (37, 53)), ("s", (61, 33)), ("t", (35, 41))):
        images.save(np.random.default_rng(0).random((3, *shape)), tmp_path / f"{name}.png")
    code, _, _ = nst(
        "c.png", "s.png", "t.png", *QUICK, "--size", "51", "--backends", "numpy", "-o", "report"
    )
    assert code == 0
    found = report().subject
    assert (found.width, found.height) == (51, 36)
    assert found.styles == ["s.png", "t.png"]


@pytest.mark.parametrize(
    "recipe", ["gatys2016", "keras-2017", "crowsonkb", "ssuml-torch", "keras-example"]
)
def test_any_recipe_is_compared(nst, recipe):
    code, _, _ = nst(*PICTURES, *QUICK, "--recipe", recipe, "--backends", "numpy", "-o", "report")
    assert code == 0
    assert report().subject.recipe["name"] == recipe


# What does not


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ("mutants.SwappedChannels, NumpySession", "at level 1 (operation), first at conv1_1"),
        ("Vgg, mutants.KerasAdam", "at level 4 (step), first at step 0"),
    ],
)
def test_a_wrong_backend_is_exit_code_1_and_the_first_sentence(nst, stranger, wrong, words):
    stranger("mine", WRONG.format(wrong))
    adam = (
        "--optimizer",
        "adam",
        "--content-weight",
        "1e-6",
        "--style-weight",
        "1e-6",
        "--tv-weight",
        "0",
    )
    code, out, _ = nst(
        *PICTURES,
        *QUICK,
        *adam,
        "--set",
        f"network.preprocessing={CAFFE}",
        "--backends",
        "numpy,mine",
        "-o",
        "report",
    )
    assert code == 1
    found = report()
    assert found.sentence.startswith(f"mine float64 differs from the reference {words}")
    assert [entry.holds for entry in found.entries] == [True, True, False, False]
    assert words in " ".join(out.split())


@pytest.mark.parametrize(
    ("end", "words", "said"),
    [
        ("raise RuntimeError('no luck')", "no luck", "raise RuntimeError('no luck')"),
        ("os.write(2, b'so be it'); os.kill(os.getpid(), 9)", "killed by signal 9", "so be it"),
        ("os.write(2, b'so be it'); time.sleep(60)", "did not finish within 15 s", "so be it"),
    ],
)
def test_a_worker_that_fails_is_an_entry_and_the_others_finish(nst, stranger, end, words, said):
    stranger("mine", FAILING.format(end))
    code, out, _ = nst(
        *PICTURES, *QUICK, *DOUBLE, "--backends", "mine,numpy", "-o", "report", "--timeout", "15"
    )
    assert code == 1
    mine, numpy = report().entries
    assert words in mine.failure
    assert said in mine.output
    assert (mine.holds, numpy.holds) == (False, True)
    assert words in out


# The frameworks' own


def test_a_backend_without_an_adam_of_its_own_is_compared_with_the_cores_alone(nst):
    asked = (*PICTURES, *QUICK, *DOUBLE, "--backends", "numpy", "-o", "report")
    assert nst(*asked, "--optimizer", "native-adam")[0] == 0
    assert [entry.name for entry in report().entries] == ["numpy float64"]


@pytest.mark.slow
def test_native_adam_is_shown_beside_the_cores_and_not_judged(nst):
    code, _, _ = nst(
        *PICTURES, *QUICK, "--optimizer", "native-adam", "--backends", "torch", "-o", "report",
        "--precision", "float32",
    )  # fmt: skip
    assert code == 0
    core, own, default = report().entries
    assert [entry.optimizer for entry in (core, own, default)] == ["", "Adam(0.02)", "Adam()"]
    assert "makes the same steps as the core's" in own.findings[0].sentence
    assert "differs from the core's" in default.findings[0].sentence
    assert core.totals[0] == own.totals[0] == default.totals[0]


# The baseline


def test_a_baseline_gates(nst, tmp_path, monkeypatch):
    asked = (*PICTURES, *QUICK, "--backends", "numpy", "-o", "report")
    assert nst(*asked)[0] == 0
    old = tmp_path / "old.json"
    (tmp_path / "report" / "report.json").rename(old)
    assert nst(*asked, "--baseline", str(old))[0] == 0
    assert (report().grown, report().baseline) == ([], str(old))
    monkeypatch.setattr(baseline, "FACTOR", 0.5)  # the same error is then too much
    code, out, _ = nst(*asked, "--baseline", str(old))
    assert code == 1
    assert report().holds
    (line,) = (line for line in report().grown if line.startswith("numpy float32, gradient: "))
    assert line in out


def test_a_baseline_of_another_question_is_refused_before_anything_runs(nst, tmp_path):
    asked = (*PICTURES, *QUICK, *DOUBLE, "--backends", "numpy")
    assert nst(*asked, "-o", "report")[0] == 0
    code, out, err = nst(*asked, "-o", "other", "--size", "44", "--baseline", "report/report.json")
    assert (code, out) == (2, "")
    assert "has another size: compare the same" in err
    assert not (tmp_path / "other" / "report.json").exists()


# What cannot be asked


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "a photograph, a painting and a folder are required"),
        (PICTURES, "a photograph, a painting and a folder are required"),
        ((*PICTURES, "-o", "report", "--backends", "torhc"), "no backend named 'torhc'. Did you"),
        ((*PICTURES, "-o", "report", "--precision", "float16"), "no precision named 'float16'"),
        ((*PICTURES, "-o", "report", "--precision", "tf32"), "no precision named 'tf32'"),
        ((*PICTURES, "-o", "report", "--baseline", "no.json"), "'no.json' cannot be read"),
        (("no.png", "sample:night", "-o", "report"), "no.png"),
        ((*PICTURES, "-o", "report", "--optimizer", "adagrad"), "optimizer"),
        ((*PICTURES, "-o", "d", "--baseline", "d/report.json"), "would overwrite its baseline"),
        (
            (*PICTURES, "-o", "report", "--device", "cuda:7", "--backends", "numpy"),
            "no device of numpy named 'cuda:7'",
        ),
        ((*PICTURES, "-o", "file"), "cannot be written to 'file'"),
        ((*PICTURES, "-o", "report", "--size", "4"), "increase --size"),
    ],
)
def test_what_cannot_be_asked_is_one_line_and_exit_code_2(nst, tmp_path, arguments, words):
    (tmp_path / "file").write_text("mine")
    code, out, err = nst(*arguments, "--weights", "random-tiny:0")
    assert (code, out) == (2, "")
    assert words in err
    assert err.count("\n") == 1
    assert (tmp_path / "file").read_text() == "mine"


# Repetition


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.usefixtures("compiled_anew")
@pytest.mark.parametrize(
    "backend",
    [
        "torch",
        "tf",
        "keras:tensorflow",
        pytest.param("keras:torch", marks=pytest.mark.long),
        pytest.param("keras:jax", marks=pytest.mark.long),
    ],
)
def test_double_precision_is_the_same_to_the_last_bit(nst, backend):
    asked = (*PICTURES, *QUICK, *DOUBLE, "--backends", backend, "-o", "report")
    assert nst(*asked)[0] == 0
    first = report().entries[0]
    assert nst(*asked)[0] == 0
    again = report().entries[0]
    assert first.flags["deterministic"] == "True"
    assert (again.rows, again.totals, again.drift) == (first.rows, first.totals, first.drift)
