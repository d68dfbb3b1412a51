"""The cases: pictures that are hard in ways that are stated, and formulas that differ."""

import numpy as np
import pytest

from nst_core import recipe, weights
from nst_core.conformance import cases
from nst_core.conformance.budgets import STEP
from nst_core.conformance.jobs import CALLS, picked
from nst_core.network import network
from nst_core.terms import KINDS

RANDOM = (*cases.RANDOM, *cases.FAST)
EVERY = [
    *(pytest.param(c, marks=[pytest.mark.slow] * ("vgg19" in c.weights)) for c in RANDOM),
    *(pytest.param(case, marks=pytest.mark.real_weights) for case in cases.REAL),
]
DEEPEST = "relu5_1"


def sides(name):
    return {role: array.shape[1:] for role, array in picked(cases.pictures(), name).items()}


# Pictures


def test_every_picture_is_exact_in_single_precision():
    for name, array in cases.pictures().items():
        assert array.dtype == np.float64, name
        assert np.array_equal(array, array.astype(np.float32)), name


def test_every_picture_is_large_enough_for_the_deepest_tap():
    least = network("vgg19").smallest_size((DEEPEST,))
    assert min(side for array in cases.pictures().values() for side in array.shape[1:]) >= least


def test_an_image_has_the_shape_of_its_content():
    for name in ("photograph", "flat", "smallest"):
        assert sides(name)["image"] == sides(name)["content"]


def test_the_photograph_is_odd_at_two_poolings_and_has_two_styles_of_other_shapes():
    height, width = sides("photograph")["content"]
    assert (height % 2, width % 2, height // 2 % 2, width // 2 % 2) == (1, 1, 0, 1)
    shapes = {sides("photograph")[role] for role in ("content", "style0", "style1")}
    assert len(shapes) == 3
    assert sorted(sides("photograph")) == ["content", "image", "style0", "style1"]


def test_the_photograph_leaves_the_box():
    image = cases.pictures()["photograph/image"]
    assert image.min() < 0
    assert image.max() > 1


def test_the_flat_picture_is_mostly_flat_and_half_its_own_content():
    image, content = (cases.pictures()[f"flat/{role}"] for role in ("image", "content"))
    alike = np.diff(content, axis=2) == 0
    assert alike.mean() > 0.8
    black, white = (content == 0).mean(), (content == 1).mean()
    assert black > 0.5
    assert white > 0.15
    assert np.array_equal(image[:, :, 28:], content[:, :, 28:])
    assert not np.array_equal(image, content)


def test_the_smallest_is_one_unit_at_the_deepest_tap():
    assert network("tiny").shape(DEEPEST, *sides("smallest")["image"])[1:] == (1, 1)


# Formulas


@pytest.mark.parametrize("case", EVERY, ids=lambda case: case.name)
def test_a_case_reaches_its_taps_in_one_stage_and_asks_what_is_known(case):
    taps = case.recipe.taps()
    assert case.layers[0] == "conv1_1"
    assert case.layers[-1] == DEEPEST
    assert set(taps) <= set(case.layers)
    assert set(case.calls) <= set(CALLS)
    assert set(cases.ONCE) <= set(case.calls)
    assert case.recipe.plan.optimizer in STEP
    assert len(case.recipe.plan.stages()) == 1
    assert all(term.weight > 0 for term in case.recipe.terms())


def test_a_painting_is_looked_at_where_it_went_and_beside_it():
    for case in (*RANDOM, *cases.REAL):
        assert ("paint" in case.calls) == ("paths" in case.calls) == ("nudged" in case.calls)


def test_the_names_of_the_cases_differ():
    names = [case.name for case in (*RANDOM, *cases.REAL)]
    assert len(set(names)) == len(names)


def test_every_formula_is_tried_and_so_is_each_choice_that_it_has():
    tried = {case.formula for case in cases.RANDOM + cases.FURTHER}
    assert tried == set(cases.FORMULAS)
    recipes = [case.recipe for case in cases.RANDOM]
    assert {r.network.pooling for r in recipes} == {"max", "average"}
    assert {r.content.reduction for r in recipes} >= {"sum", "mean", "relative"}
    assert {r.style.reduction for r in recipes} >= {"sum", "mean", "relative"}
    assert {r.style.gram for r in recipes} == {"raw", "positions", "elements"}
    assert {r.tv.norm for r in recipes} >= {"absolute", "squared"}
    assert {r.tv.reduction for r in recipes} == {"sum", "mean"}
    assert {r.variable.scale for r in recipes} >= {1.0, 255.0}
    painted = [case.recipe.plan.optimizer for case in cases.RANDOM if "paint" in case.calls]
    assert set(painted) >= {"adam", "lbfgs"}


def test_every_kind_of_term_is_tried():
    recipes = [case.recipe for case in cases.RANDOM + cases.FURTHER]
    tried = {formula.KIND for found in recipes for formula in found.formulas.values()}
    assert tried == KINDS.keys()


def test_preprocessings_with_and_without_a_mean_are_tried():
    tried = {case.job("cpu", "float64").loaded().preprocessing.name for case in cases.RANDOM}
    assert tried == {"caffe", "torchvision", "none"}


# Recipes


def test_every_shipped_recipe_is_a_case_with_the_pixels_that_it_means():
    found = {case.formula: case for case in cases.of_recipes()}
    assert tuple(found) == recipe.names()
    for name, case in found.items():
        asked, meant = case.recipe, recipe.load(name)
        assert asked.model_copy(update={"plan": meant.plan}) == meant
        assert asked.plan.iterations == cases.STEPS
        assert (case.pictures, case.calls, case.exact) == ("pair", cases.ONCE, True)
    pixels = {recipe.load(name).network.weights: cases.pixels(name) for name in found}
    assert pixels["vgg19-caffe"] == "caffe"


def test_the_pair_has_two_styles_of_the_contents_shape():
    assert len(sides("pair")) == 4
    assert len(set(sides("pair").values())) == 1


# What is chosen


def test_the_fast_path_is_judged_in_single_precision_alone(empty_cache):
    assert cases.chosen("float64") == cases.RANDOM + cases.FURTHER
    assert cases.chosen("float32") == cases.RANDOM + cases.FAST + cases.FURTHER
    assert all(case.exact for case in cases.RANDOM)
    assert not any(case.exact for case in cases.FAST)


def test_trained_weights_are_judged_where_they_are_in_the_cache(monkeypatch):
    monkeypatch.setattr(weights, "cached", lambda name: name == cases.TRAINED)
    assert cases.chosen("float64") == cases.RANDOM + cases.FURTHER + cases.REAL
    everything = cases.RANDOM + cases.FAST + cases.FURTHER + cases.REAL
    assert cases.chosen("float32") == everything
    assert {case.weights for case in cases.REAL} == {cases.TRAINED}


def test_a_job_says_all_that_a_case_is():
    case = cases.RANDOM[0]
    job = case.job("cuda:1", "float32")
    assert (job.device, job.dtype, job.exact) == ("cuda:1", "float32", True)
    assert (job.weights, job.pictures, job.preprocessing) == (
        case.weights,
        case.pictures,
        case.preprocessing,
    )
    assert (job.calls, job.taps) == (case.calls, case.layers)
    assert job.recipe == case.recipe.model_dump(mode="json")
