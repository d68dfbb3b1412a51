"""Entries: what holds, what breaks and why, in numbers and in a sentence."""

import math
import re
from functools import cache

import numpy as np
import pytest

from nst_compare.comparison import sentence
from nst_compare.judge import Examination, judge, pairs
from nst_compare.measure import NATIVE, Measurement, Subject, Task, Variant, precisions
from nst_core import recipe
from nst_core.conformance import mutants
from nst_core.conformance.jobs import run_job
from nst_core.conformance.mutants import WrongBackend
from nst_core.conformance.truth import Truth
from nst_core.reference import NumpyBackend
from nst_core.reference.net import Vgg, relu
from nst_core.reference.paint import NumpySession
from nst_core.request import Request

CAFFE = {"scale": 255.0, "channels": "BGR", "mean": [103.939, 116.779, 123.68], "std": [1, 1, 1]}
CHANGES = (
    ("plan.size", 48),
    ("plan.iterations", 4),
    ("network.pooling", "max"),
    ("network.preprocessing", CAFFE),
    ("style.gram", "elements"),
)
DOUBLE, SINGLE = precisions("cpu")


@cache
def subject(*changes):
    asked = recipe.load("default", (*CHANGES, *changes))
    return Subject(Request("sample:coffee", ("sample:night",), asked, "numpy", "random-tiny:0"))


@cache
def truth(*changes):
    return Truth(subject(*changes))


def measured(backend=None, mode=DOUBLE, changes=(), variant=None, name="mine"):
    """What a worker would have returned."""
    task = Task(name, mode, variant or Variant())
    backend, asked = backend or NumpyBackend(), subject(*changes)
    job = asked.job(Task(name, mode), "cpu")
    with np.errstate(all="ignore"):
        outcome = run_job(backend, job, {n: a.copy() for n, a in asked.given().items()})
    outcome.seconds["import"] = [0.5]
    return Measurement(task, 1.0, backend.about(), outcome)


def judged(*given, **how):
    return judge(truth(*how.get("changes", ())), measured(*given, **how))


def slip(wrong):
    """A backend that is right but for one slip."""
    vgg = wrong if issubclass(wrong, Vgg) else Vgg
    return WrongBackend(vgg, wrong if issubclass(wrong, NumpySession) else NumpySession)


def kinds(entry):
    return {row.kind for row in entry.rows}


# What is right


@pytest.mark.parametrize("mode", [DOUBLE, SINGLE], ids=lambda mode: mode.name)
def test_a_right_backend_holds(mode):
    entry = judged(mode=mode).entry
    assert entry.holds
    assert not any(finding.broken for finding in entry.findings)
    assert {row.level for row in entry.rows} == set(range(7))
    assert {"conv", "relu", "pool", "gram", "content", "style", "tv", "features"} <= kinds(entry)
    assert {"kinks", "gradient", "step", "path", "total", "distance"} <= kinds(entry)


def test_rows_come_worst_first():
    ratios = [row.ratio for row in judged(mode=SINGLE).entry.rows]
    assert ratios == sorted(ratios, reverse=True)


def test_the_truth_itself_neither_flips_nor_parts_nor_drifts():
    found = judged()
    assert sum(one.count for one in found.entry.flips) == 0
    assert found.flipped.max() == 0
    assert found.entry.parting is None
    assert found.entry.drift == [0.0] * 5
    assert np.array_equal(found.painted, truth().walk.painted)


def test_seconds_say_what_a_worker_spent_them_on():
    told = judged().entry.seconds
    names = {"total", "import", "session", "targets", "compile", "evaluation"}
    assert told.keys() == names
    assert told["import"] == 0.5
    assert 0 < told["evaluation"] < 60
    assert told["compile"] >= 0


def test_memory_is_that_of_the_process():
    assert 10_000_000 < judged().entry.memory["host"] < 100_000_000_000


# What is wrong


@pytest.mark.parametrize(
    ("wrong", "level", "where", "cause"),
    [
        (mutants.SwappedChannels, 1, "conv1_1", "the channels swapped, BGR for RGB"),
        (mutants.NoMean, 1, "conv1_1", "the mean not subtracted"),
        (mutants.ReflectPadding, 1, "conv1_1", "reflected padding in place of zeros"),
        (mutants.FlippedKernel, 1, "conv1_1", "flipped kernels"),
        (mutants.AveragePooling, 1, "pool1", "average pooling in place of the maximum"),
        (mutants.SinglePrecision, 1, "conv1_1", "single precision somewhere in between"),
        (mutants.MeanForRelative, 1, "relu4_2", ""),
        (mutants.DeafTap, 3, "gradient", ""),
        (mutants.OldGradient, 5, "step 1", ""),
    ],
)
def test_a_slip_is_named_with_backend_level_layer_and_cause(wrong, level, where, cause):
    entry = judged(slip(wrong)).entry
    assert not entry.holds
    first = entry.findings[0]
    assert first.broken
    assert first.sentence.startswith(f"mine float64 differs from the reference at level {level} (")
    assert f"first at {where}" in first.sentence
    assert (f"a backend with {cause}" in first.sentence) if cause else True
    assert bool(cause) == ("Its numbers are those of" in first.sentence)
    assert sentence([entry]) == first.sentence


def test_single_precision_that_rounds_more_is_known_by_its_size():
    entry = judged(slip(mutants.Rounded), mode=SINGLE).entry
    assert "a backend with TF32, which keeps 10 bits." in entry.findings[0].sentence
    entry = judged(slip(mutants.RoundedMore), mode=SINGLE).entry
    assert "a backend with bfloat16, which keeps 7 bits." in entry.findings[0].sentence


def test_a_gram_matrix_that_is_off_by_a_factor_is_told_which():
    entry = judged(slip(mutants.GramPerChannel)).entry
    said = entry.findings[0].sentence
    assert "at level 1 (operation), first at relu1_1 (gram relu1_1)" in said
    positions = 48 * 32
    assert f"a factor of {positions:g}, which is H·W." in said


def test_keras_adam_is_known_by_its_steps():
    changes = (("plan.optimizer", "adam"), ("content.weight", 1e-6), ("style.weight", 1e-6))
    entry = judged(slip(mutants.KerasAdam), changes=changes).entry
    said = entry.findings[0].sentence
    assert "at level 4 (step), first at step 0: " in said
    assert "with Keras' form of Adam, with ε = 1e-7" in said


def test_a_broken_promise_is_told_and_nothing_else_is_shown():
    found = judged(slip(mutants.Nothing))
    entry = found.entry
    assert not entry.holds
    said = entry.findings[0].sentence
    assert said.startswith(
        "mine float64 violates the backend interface at level 0 (exact): features:conv1_1 has"
    )
    assert (entry.flips, entry.drift, entry.parting) == ([], [], None)
    assert found.painted is None
    assert pairs([found, found]) == []


def test_another_precision_than_was_asked_is_no_comparison():
    class Single(NumpyBackend):
        def session(self, *given, **how):
            return super().session(*given, **(how | {"dtype": "float32"}))

    entry = judged(Single()).entry
    assert not entry.holds
    assert "the flag 'dtype' says float32, not float64" in entry.findings[0].sentence


def test_nan_is_a_row_without_a_measure():
    entry = judged(slip(mutants.NotANumber)).entry
    assert not entry.holds
    bad = [row for row in entry.rows if row.measured is None]
    assert bad
    assert all(row.ratio is None and not row.holds for row in bad)
    assert not any(math.isnan(row.measured) for row in entry.rows if row.measured is not None)


def test_a_worker_that_failed_is_an_entry_that_does_not_hold():
    task = Task("mine", DOUBLE)
    found = judge(truth(), Measurement(task, 2.0, failure="it was killed", output="last\nlines"))
    entry = found.entry
    assert (entry.holds, entry.failure, entry.output) == (False, "it was killed", "last\nlines")
    assert entry.findings[0].sentence == "mine float64 could not be compared: it was killed."
    assert sentence([entry]) == entry.findings[0].sentence


# Flips and paths


class Leaning(Vgg):
    """One unit of relu2_1, at channel 1, row 2, column 3, is rectified the other way."""

    def layer(self, layer, x, kink=None):
        if layer.name != "relu2_1" or kink is not None:
            return super().layer(layer, x, kink)
        active = x > 0
        active[1, 2, 3] ^= True
        x = x.copy()
        x[1, 2, 3] = 1e-9 if active[1, 2, 3] else -1e-9
        return relu(x, x > 0)


def test_a_unit_on_the_other_side_is_counted_and_found_in_the_picture():
    found = judged(slip(Leaning))
    assert {one.layer: one.count for one in found.entry.flips if one.count}["relu2_1"] == 1
    rows, columns = np.nonzero(found.flipped)
    assert 2 * 2 in rows  # relu2_1 has a stride of 2
    assert 2 * 3 in columns
    assert found.flipped.shape == truth().image.shape[1:]
    parting = found.entry.parting
    assert (parting.step, parting.layer) == (0, "relu2_1")
    assert (parting.channel, parting.row, parting.column) == (1, 2, 3)
    assert parting.effect > 1e-12


def test_where_no_layer_makes_half_of_the_change_the_first_of_the_network_is_named(monkeypatch):
    found = measured()
    examination = Examination(truth(), found, found.outcome, judged().entry, None)
    monkeypatch.setattr(Examination, "effect", lambda *_: 0.4)
    flipped = {name: np.ones_like(truth().sides[name][0]) for name in ("relu1_2", "pool1")}
    parting = examination.parted(0, flipped, 1.0)
    assert parting.layer == "relu1_2"  # not pool1, which the alphabet has first
    assert (parting.channel, parting.row, parting.column) == (0, 0, 0)


# The frameworks' own


def test_an_optimiser_of_the_frameworks_own_is_shown_and_not_judged():
    changes = (("plan.optimizer", "adam"), ("content.weight", 1e-6), ("style.weight", 1e-6))
    own = Variant(NATIVE, 0.02)
    found = measured(slip(mutants.KerasAdam), changes=changes, variant=own)
    entry = judge(truth(*changes), found, core=2.0).entry
    assert entry.holds
    assert not entry.counted
    assert any(not row.holds for row in entry.rows if row.kind == "step")
    said = entry.findings[0].sentence
    assert "the framework's own Adam differs from the core's: step 0 has an error of" in said
    assert "with Keras' form of Adam" in said
    assert re.search(r"the total is \S+, [\d.]+% (higher|lower) than with the core's Adam\.$", said)


def test_a_slip_below_the_optimiser_is_judged_all_the_same():
    changes = (("plan.optimizer", "adam"),)
    found = measured(slip(mutants.NoMean), changes=changes, variant=Variant(NATIVE, 0.02))
    assert not judge(truth(*changes), found).entry.holds


# Together


def test_pairs_are_of_one_precision_both_ways():
    found = [judged(name="a"), judged(name="b"), judged(name="c", mode=SINGLE)]
    told = {(one.precision, one.what, one.a, one.b): one.distance for one in pairs(found)}
    names = ("gradient", "gram", "painting")
    assert told == {
        ("float64", what, *two): 0.0 for what in names for two in (("a", "b"), ("b", "a"))
    }


def test_the_sentence_names_the_lowest_level_first_and_all_that_fail():
    right = judged().entry
    late = judged(slip(mutants.OldGradient), name="late").entry
    early = judged(slip(mutants.NoMean), name="early").entry
    failed = judge(truth(), Measurement(Task("dead", DOUBLE), 2.0, failure="it hung")).entry
    said = sentence([failed, late, right, early])
    assert said.startswith(
        "early float64 differs from the reference at level 1 (operation), first at"
    )
    assert said.endswith("These fail too: late float64, dead float64.")
    assert sentence([failed, right]) == "dead float64 could not be compared: it hung."


def test_the_sentence_says_what_comes_nearest_to_a_budget():
    entries = [judged(name="a").entry, judged(name="b", mode=SINGLE).entry]
    row = max((one for entry in entries for one in entry.rows), key=lambda one: one.ratio)
    said = sentence(entries)
    assert said.startswith("All 2 backends are within every budget. The error that comes closest ")
    assert row.what in said
    assert sentence(entries[:1]).startswith("The backend is within every budget.")
