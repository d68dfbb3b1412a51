"""The judge: a right outcome keeps every budget, and no damage to it passes or stops the judge."""

import math
from dataclasses import replace

import numpy as np
import pytest

from nst_core.conformance import cases
from nst_core.conformance.budgets import DISTANCE, PRECISIONS
from nst_core.conformance.check import truth
from nst_core.conformance.judge import LEVELS, Judge, Row

FLAT = next(case for case in cases.RANDOM if case.pictures == "flat")
SMALLEST = next(case for case in cases.RANDOM if case.pictures == "smallest")
EVERY = [
    pytest.param(case, marks=[pytest.mark.slow] * ("vgg19" in case.weights))
    for case in (*cases.RANDOM, *cases.FAST)
]
PAINTED = [case for case in cases.RANDOM if "paint" in case.calls]


def judge(outcome, case=SMALLEST, dtype="float64"):
    return Judge(truth(case), outcome, PRECISIONS[dtype])


def judged(outcome, case=SMALLEST, dtype="float64"):
    with np.errstate(all="ignore"):
        return list(judge(outcome, case, dtype).rows())


def with_array(outcome, name, array):
    arrays = {key: value for key, value in outcome.arrays.items() if key != name}
    return replace(outcome, arrays=arrays if array is None else arrays | {name: array})


def broken(rows):
    return [row for row in rows if not row.holds]


def lowest(rows):
    return min(row.level for row in broken(rows))


# A row


@pytest.mark.parametrize(
    ("measured", "budget", "holds", "share"),
    [
        (0.0, 0.0, True, 0),
        (0.0, 1.0, True, 0),
        (1.0, 1.0, True, 1),
        (2.0, 1.0, False, 2),
        (1e-300, 0.0, False, math.inf),
        (math.inf, 1.0, False, math.inf),
        (math.nan, 1.0, False, math.inf),
        (1.0, math.nan, False, math.inf),
        (1.0, math.inf, False, math.inf),
        (math.inf, math.inf, False, math.inf),
        (math.nan, math.inf, False, math.inf),
    ],
)
def test_a_row_holds_within_a_budget_that_is_a_number(measured, budget, holds, share):
    row = Row(1, "something", measured, budget)
    assert (row.holds, row.ratio) == (holds, share)


# What is right


@pytest.mark.parametrize("case", EVERY, ids=lambda case: case.name)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_right_backend_keeps_every_budget(right, case, dtype):
    rows = judged(right(case, dtype), case, dtype)
    assert broken(rows) == []
    painted = "paint" in case.calls
    assert {row.level for row in rows} == set(range(len(LEVELS) if painted else 4))


def test_single_precision_is_no_double_precision(right):
    rows = judged(right(SMALLEST, "float32"))
    assert lowest(rows) == 1


def test_what_is_measured_is_every_layer_term_and_step(right):
    rows = judged(right(SMALLEST))
    of = {level: [row.what for row in rows if row.level == level] for level in range(7)}
    terms = [term.name for term in SMALLEST.recipe.terms()]
    assert of[0] == ["shapes, names, promises"]
    assert {*SMALLEST.layers, "gram relu1_1", "gram relu5_1", "tv (terms)"} <= set(of[1])
    assert {f"{term} ({seam})" for term in terms for seam in ("terms", "gradient")} <= set(of[1])
    assert {*SMALLEST.layers, "target content:relu4_2", "target style:relu5_1"} <= set(of[2])
    assert {"gradient", *(f"gradient:{term}" for term in terms)} <= set(of[3])
    assert of[4] == ["first image", *(f"lbfgs, step {t}" for t in range(cases.STEPS))]
    assert of[5] == [f"gradient before step {t}" for t in (0, 4, 9)]
    totals = [f"total before step {t}" for t in range(cases.STEPS)]
    assert of[6] == [*totals, "distance of the paintings"]
    assert len({(row.level, row.what) for row in rows}) == len(rows)


# What is damaged

DAMAGE = {
    "missing": lambda a: None,
    "NaN": lambda a: a * np.nan,
    "one infinity": lambda a: np.where(np.arange(a.size).reshape(a.shape) == 0, np.inf, a),
    "a vector": lambda a: np.append(a.ravel(), 0),
    "a number": lambda a: np.array(1.0),
    "transposed": lambda a: a.T.repeat(2, 0),
}


def compared(case):
    """The names of the arrays of which every number counts."""
    steps = [f"{label}:{t}" for t in range(cases.STEPS) for label in ("image", "slope")]
    names = [f"features:{layer}" for layer in case.layers]
    for term in case.recipe.terms():
        names += [f"gradient:{term.name}", *[f"targets:{term.name}"] * bool(term.tap)]
        names += [f"itself:{term.name}"] * term.name.startswith("style")
    return [*names, "gradient", *steps, "paint", "nudged"]


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_no_damaged_array_passes(right, damage):
    outcome = right(SMALLEST)
    survivors = [
        name
        for name in compared(SMALLEST)
        if not broken(judged(with_array(outcome, name, damage(outcome.arrays[name]))))
    ]
    assert survivors == []


@pytest.mark.parametrize("damage", ["missing", "a vector", "a number", "transposed"])
@pytest.mark.parametrize("name", ["kinks@4:relu1_2", "kinks@9:relu3_1", "kinks@0:pool2"])
def test_features_on_the_path_have_their_shape(right, name, damage):
    outcome = right(SMALLEST)
    rows = judged(with_array(outcome, name, DAMAGE[damage](outcome.arrays[name])))
    assert [row.what for row in broken(rows)] == [broken(rows)[0].what]
    assert broken(rows)[0].what.startswith(f"{name} has shape ")


def test_a_shape_that_is_wrong_is_told_and_nothing_else_is_judged(right):
    outcome = right(SMALLEST)
    for name in compared(SMALLEST):
        if name.startswith(("itself", "gradient:")):
            continue  # what is compared alone breaks alone
        array = outcome.arrays[name]
        told = f"{name} has shape {(*array.shape, 1)}, not {array.shape}"
        rows = judged(with_array(outcome, name, array[..., None]))
        assert broken(rows) == [Row(0, told, math.inf, 0)]
        assert {row.level for row in rows} == {0}


@pytest.mark.parametrize("case", PAINTED, ids=lambda case: case.name)
@pytest.mark.parametrize("field", ["totals", "nudged"])
@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
def test_no_total_that_is_no_number_passes(right, case, field, wrong):
    outcome = right(case)
    totals = [*getattr(outcome, field)[:-1], wrong]
    assert lowest(judged(replace(outcome, **{field: totals}), case)) == 6


def test_totals_of_a_nudged_painting_that_are_missing_do_not_widen_the_budget(right):
    rows = judged(replace(right(SMALLEST), nudged=[]))
    assert lowest(rows) == 6
    assert all(row.budget == math.inf for row in broken(rows))


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ({"complaints": ["it forgot"]}, "it forgot"),
        ({"terms": {}}, "the terms of the method 'terms' are not those of the recipe"),
        ({"flags": {"dtype": "float64"}}, "no flag 'device'"),
        ({"flags": {"device": "cpu"}}, "no flag 'dtype'"),
    ],
)
def test_a_broken_promise_is_a_broken_budget(right, damage, words):
    rows = judged(replace(right(SMALLEST), **damage))
    assert words in [row.what for row in broken(rows)]
    assert {row.level for row in rows} == {0}


def test_terms_in_another_order_or_with_other_weights_are_not_those_of_the_recipe(right):
    outcome = right(SMALLEST)
    raw, weights = outcome.terms["gradient"]["raw"], outcome.terms["gradient"]["weights"]
    for told in (
        {"raw": dict(reversed(raw.items())), "weights": weights},
        {"raw": raw, "weights": {name: 2 * weight for name, weight in weights.items()}},
    ):
        rows = judged(replace(outcome, terms=outcome.terms | {"gradient": told}))
        assert lowest(rows) == 0


@pytest.mark.parametrize("seam", ["terms", "gradient"])
def test_a_term_that_is_no_number_is_broken_in_its_seam(right, seam):
    outcome = right(SMALLEST)
    told = outcome.terms[seam]
    wrong = told | {"raw": told["raw"] | {"tv": math.nan}}
    rows = judged(replace(outcome, terms=outcome.terms | {seam: wrong}))
    assert [(row.level, row.what) for row in broken(rows)] == [(1, f"tv ({seam})")]


# Level by level: what breaks there, and only there


def test_one_number_of_one_feature_breaks_its_operation_and_the_next(right):
    outcome = right(SMALLEST)
    F = outcome.arrays["features:conv2_1"].copy()
    F[0, 0, 0] += 1e-9
    found = broken(judged(with_array(outcome, "features:conv2_1", F)))
    assert {(row.level, row.what) for row in found} >= {(1, "conv2_1"), (2, "conv2_1")}
    assert {row.what for row in found if row.level == 1} <= {"conv2_1", "relu2_1"}


def test_a_target_is_compared_with_the_truths_and_used_as_it_is(right):
    outcome = right(SMALLEST)
    wrong = outcome.arrays["targets:content:relu4_2"] * (1 + 1e-9)
    found = broken(judged(with_array(outcome, "targets:content:relu4_2", wrong)))
    assert (2, "target content:relu4_2") in {(row.level, row.what) for row in found}


def test_one_wrong_step_breaks_its_level_there(right):
    """Adam is given its moments by the gradients alone, so that only one step is off."""
    case = next(case for case in PAINTED if case.recipe.plan.optimizer == "adam")
    outcome = right(case)
    image = outcome.arrays["image:5"] + 1e-9
    found = broken(judged(with_array(outcome, "image:5", image), case))
    assert {row.what for row in found if row.level == 4} == {"adam, step 4", "adam, step 5"}
    assert lowest(judged(with_array(outcome, "image:5", image), case)) == 4


def test_a_gradient_on_the_path_is_judged_where_the_path_was(right):
    outcome = right(SMALLEST)
    slope = outcome.arrays["slope:9"] * (1 + 1e-9)
    found = broken(judged(with_array(outcome, "slope:9", slope)))
    assert "gradient before step 9" in {row.what for row in found if row.level == 5}


def test_a_painting_may_be_as_far_away_as_a_nudge_leads(right):
    outcome = right(SMALLEST)
    paint = outcome.arrays["paint"]
    near, far = paint * (1 + 1e-6), paint * (1 + 1e-3)
    (row,) = (r for r in judged(with_array(outcome, "nudged", near)) if r.what.startswith("dist"))
    assert row.budget == pytest.approx(DISTANCE * 1e-6, rel=1e-3)
    (row,) = (r for r in judged(with_array(outcome, "nudged", far)) if r.what.startswith("dist"))
    assert row.budget == pytest.approx(DISTANCE * 1e-3, rel=1e-3)


# Kinks


def flipped(outcome, layer, index):
    """The outcome with one unit of `layer` on the other side."""
    F = outcome.arrays[f"features:{layer}"].copy()
    F[index] = 0.0 if F[index] else 1e-3
    return with_array(outcome, f"features:{layer}", F)


def test_a_unit_on_the_other_side_is_counted(right):
    F = right(FLAT).arrays["features:relu2_1"]
    wrong = flipped(right(FLAT), "relu2_1", np.unravel_index(F.argmax(), F.shape))
    flips, kinked = judge(right(FLAT), FLAT).flips()
    assert flips == 0
    assert kinked == sum(side.size for side in judge(right(FLAT), FLAT).kinks.values())
    assert judge(wrong, FLAT).flips() == (1, kinked)


def test_a_unit_on_its_kink_is_on_both_sides(right):
    own = judge(right(FLAT), FLAT)
    _, decided = own.truth.sides["pool1"]
    assert 0 < (~decided).sum() < decided.size  # the picture is flat: there are equal maxima
    c, h, w = np.argwhere(~decided & (own.kinks["pool1"] == 0))[0]
    swapped = right(FLAT).arrays["features:relu1_2"].copy()
    swapped[c, 2 * h, 2 * w] -= 1e-15  # the first of equal maxima is no longer the largest
    found = judge(with_array(right(FLAT), "features:relu1_2", swapped), FLAT)
    assert found.kinks["pool1"][c, h, w] != own.kinks["pool1"][c, h, w]
    assert found.flips()[0] == 0


def test_flips_have_a_budget_of_their_own(right):
    F = right(FLAT).arrays["features:relu2_1"]
    wrong = flipped(right(FLAT), "relu2_1", np.unravel_index(F.argmax(), F.shape))
    kinked = judge(wrong, FLAT).flips()[1]
    for dtype, budget, holds in (("float64", 0, False), ("float32", 1, True)):
        (row,) = (row for row in judged(wrong, FLAT, dtype) if row.what.startswith("kinks"))
        assert (row.what, row.measured) == (f"kinks of {kinked:,}", 1)
        assert (row.budget, row.holds) == (budget, holds)


def test_an_outcome_may_be_judged_twice(right):
    first, again = (judged(right(cases.RANDOM[0]), cases.RANDOM[0]) for _ in range(2))
    assert first == again


def test_an_array_that_no_level_needs_is_no_matter(right):
    outcome = right(SMALLEST)
    assert broken(judged(with_array(outcome, "features:relu9_9", np.ones(3)))) == []


# Units that no program can decide


def leaning(width):
    """The truth's gradient when every unit that is so near to its kink is on the second side."""
    held = truth(SMALLEST)
    pattern = {layer: own for layer, (own, _) in held.sides.items()}
    for layer, margin, deviation in held.margins(held.features):
        near = (margin > 0) & (margin <= width * deviation)
        pattern[layer] = np.where(near, held.both_sides(layer, held.features)[1], pattern[layer])
    return held.gradient(held.image, held.targets, pattern)


def gradient_row(outcome, precision):
    rows = Judge(truth(SMALLEST), outcome, precision).rows()
    return next(row for row in rows if row.what == "gradient")


def test_what_hangs_on_undecided_units_is_allowed(right):
    width = 1e-2
    outcome = with_array(right(SMALLEST), "gradient", leaning(width))
    plain = PRECISIONS["float64"]
    row = gradient_row(outcome, plain)
    assert (row.holds, row.budget) == (False, plain.gradient)
    # as if features were known to ten times that width
    row = gradient_row(outcome, replace(plain, features=10 * width))
    assert row.holds
    assert row.budget > row.measured > plain.gradient


@pytest.mark.parametrize("damage", [0.9, 1.1, -1])
def test_undecided_units_excuse_nothing_else(right, damage):
    outcome = right(SMALLEST, "float32")
    wrong = with_array(outcome, "gradient", outcome.arrays["gradient"] * damage)
    assert not gradient_row(wrong, PRECISIONS["float32"]).holds


@pytest.mark.parametrize("case", [FLAT, SMALLEST], ids=lambda case: case.name)
def test_no_unit_is_undecided_in_double_precision(case):
    held = truth(case)
    pattern = {layer: own for layer, (own, _) in held.sides.items()}
    width = PRECISIONS["float64"].undecided
    assert held.undecided(held.image, held.targets, pattern, width) == 0
