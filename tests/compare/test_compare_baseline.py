"""A report held against an earlier one: what is worse, what is not, and what cannot be compared."""

import pytest

from nst_compare import baseline
from nst_compare.models import Entry, Report, Subject
from nst_core.conformance.models import Row
from nst_core.errors import NstError

U32 = 2**-24


def row(what="gradient", measured=1e-6, budget=5e-5, level=3, kind="gradient"):
    ratio = measured / budget if budget else None
    return Row(
        level=level, what=what, kind=kind, at="", measured=measured, budget=budget, ratio=ratio,
        holds=measured <= budget,
    )  # fmt: skip


def entry(*rows, backend="torch", precision="float32", **more):
    holds = all(row.holds for row in rows)
    return Entry(backend=backend, precision=precision, holds=holds, rows=list(rows), **more)


SUBJECT = Subject(
    content="c.png", styles=["s.png"], weights="w", sha256={"c.png": "1", "weights:w": "2"},
    width=64, height=43, iterations=10, recipe={"name": "default"},
)  # fmt: skip


def report(*entries, subject=SUBJECT, device="cpu"):
    return Report(
        nst="1", made="now", machine={}, device=device, subject=subject, sentence="", holds=True,
        entries=list(entries), pairs=[], truth=[],
    )  # fmt: skip


def lines(old, now):
    return baseline.grown(report(entry(old)), report(entry(now)))


def test_the_same_again_is_not_worse():
    assert lines(row(), row()) == []


def test_an_error_that_is_ten_times_as_large_is_named():
    (line,) = lines(row(measured=1e-6), row(measured=1.1e-5))
    assert line == "torch float32, gradient: the error was 1·10⁻⁶ and is 1.1·10⁻⁵ now"
    assert lines(row(measured=1e-6), row(measured=9.9e-6)) == []
    assert lines(row(measured=1e-5), row(measured=1e-7)) == []


def test_a_budget_that_breaks_is_named_whatever_was_before():
    (line,) = lines(row(measured=4e-5), row(measured=6e-5))
    assert line == "torch float32, gradient: the error is 6·10⁻⁵, and its budget is 5·10⁻⁵"
    assert lines(row(measured=6e-5), row(measured=6e-5)) == [line]


def test_what_has_no_finite_measure_is_named():
    bad = Row(level=3, what="gradient", kind="gradient", at="", measured=None, budget=5e-5,
              ratio=None, holds=False)  # fmt: skip
    assert lines(row(), bad) == [
        "torch float32, gradient: the error is ∞, and its budget is 5·10⁻⁵"
    ]
    assert lines(bad, row()) == []


@pytest.mark.parametrize(
    ("old", "now", "worse"),
    [
        (row(measured=0.0), row(measured=9 * U32), False),
        (row(measured=0.0), row(measured=11 * U32), True),
        (row("conv1_1", 0.0, 20, 1, "conv"), row("conv1_1", 9.0, 20, 1, "conv"), False),
        (row("conv1_1", 0.0, 20, 1, "conv"), row("conv1_1", 11.0, 20, 1, "conv"), True),
        (row("kinks of 9", 0.0, 99, 3, "kinks"), row("kinks of 9", 10.0, 99, 3, "kinks"), False),
        (row("kinks of 9", 0.0, 99, 3, "kinks"), row("kinks of 9", 11.0, 99, 3, "kinks"), True),
        (row("total", 1e-9, 5e-2, 6, "total"), row("total", 1e-3, 5e-2, 6, "total"), False),
    ],
)
def test_less_than_one_rounding_counts_as_one_and_results_by_their_budget(old, now, worse):
    assert bool(lines(old, now)) is worse


def test_what_is_gone_is_named():
    two = report(entry(row()), entry(row(), precision="float64"))
    assert baseline.grown(two, report(entry(row()))) == [
        "torch float64: is in the baseline, but is no longer compared"
    ]
    both = report(entry(row(), row("conv1_1", 1.0, 20, 1, "conv")))
    assert baseline.grown(both, report(entry(row()))) == [
        "torch float32, conv1_1: is no longer measured"
    ]


def test_a_backend_that_is_not_asked_or_not_in_the_baseline_is_no_matter():
    old = report(entry(row()), entry(row(), backend="tf"))
    assert baseline.grown(old, report(entry(row()))) == []
    assert baseline.grown(report(entry(row())), old) == []


def test_a_worker_that_fails_is_named():
    failed = Entry(backend="torch", precision="float32", holds=False, failure="it was killed")
    assert baseline.grown(report(entry(row())), report(failed)) == ["torch float32: it was killed"]


def test_the_frameworks_own_optimiser_is_not_judged():
    own = entry(row(), optimizer="Adam()")
    assert baseline.grown(report(own), report(entry(row(measured=1), optimizer="Adam()"))) == []


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"sha256": {"c.png": "3", "weights:w": "2"}}, "set of pictures and weights"),
        ({"width": 63}, "size"),
        ({"recipe": {"name": "gatys2016"}}, "recipe"),
    ],
)
def test_another_question_cannot_be_compared(changed, word, tmp_path):
    old = report(subject=SUBJECT.model_copy(update=changed))
    with pytest.raises(NstError, match=f"has another {word}: compare the same"):
        baseline.check(old, SUBJECT, "cpu", tmp_path / "old.json")
    with pytest.raises(NstError, match="has another device"):
        baseline.check(report(), SUBJECT, "cuda", tmp_path / "old.json")


def test_pictures_may_lie_elsewhere(tmp_path):
    moved = SUBJECT.model_copy(
        update={"content": "d.png", "sha256": {"d.png": "1", "weights:w": "2"}}
    )
    baseline.check(report(), moved, "cpu", tmp_path)


def test_a_report_is_read_back_as_it_was_written(tmp_path):
    path = tmp_path / "old.json"
    written = report(entry(row()))
    path.write_text(written.model_dump_json())
    assert baseline.read(path) == written


@pytest.mark.parametrize(
    ("text", "words"),
    [(None, "cannot be read"), ("{", "is not a report"), ('{"version": "x"}', "is not a report")],
)
def test_what_is_no_report_is_refused_in_one_line(text, words, tmp_path):
    path = tmp_path / "old.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(NstError, match=words) as refused:
        baseline.read(path)
    assert "\n" not in str(refused.value)
