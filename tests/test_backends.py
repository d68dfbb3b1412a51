"""Every backend computes what the core specifies: features, terms, gradients and paths agree.

Each backend runs in a worker process of its own, on the same images, weights and recipes as the
NumPy truth.
"""

from functools import cache

import numpy as np
import pytest

from nst_core import images, recipe, registry, worker
from nst_core.errors import BackendError, WorkerError

BACKENDS = ("torch", "tf", "keras:tensorflow", "keras:torch", "keras:jax")
TAPS = ("conv1_1", "relu1_2", "pool2", "conv3_1", "relu4_2", "relu5_1")

# features, terms and gradients differ by 1.6e-14 at most where this was measured
FLOAT64 = 1e-12
# seven iterations of L-BFGS part by 3e-13, twelve by 2e-11: it amplifies what is there
PATH = 1e-10

RECIPES = {
    "relative": (),
    "means": (
        ("network.pooling", "max"),
        ("content.reduction", "mean"),
        ("style.gram", "elements"),
        ("style.reduction", "mean"),
    ),
    "sums": (
        ("content.reduction", "sum"),
        ("style.gram", "raw"),
        ("style.reduction", "sum"),
        ("style.weight", 1e-6),
        ("tv.norm", "absolute"),
        ("tv.reduction", "sum"),
    ),
    "adam in a box": (
        ("variable", {"scale": 255.0, "box": "clip"}),
        ("plan.optimizer", "adam"),
        ("plan.adam.lr", 10.0),
    ),
}


def shrunk(source, size):
    picture = images.read(source)
    pixels = images.resize(picture.pixels, *images.fit(picture.height, picture.width, size))
    return pixels.astype(np.float64)


@cache
def pictures():
    """A photograph, two styles of other shapes, and an image that is none of them."""
    content = shrunk("sample:coffee", 97)
    noise = 0.2 * np.random.default_rng(0).standard_normal(content.shape)
    styles = {"style0": shrunk("sample:night", 80), "style1": shrunk("sample:astronaut", 71)}
    return {"image": content + noise, "content": content, **styles}


def job(weights, *changes, calls=("features", "terms", "gradient"), **how):
    basis = (("tv.weight", 0.5), ("plan.iterations", 7), ("plan.coarsest", None))
    fields = recipe.load("default", basis + changes).model_dump(mode="json")
    return worker.Job(weights, fields, calls, TAPS, **how)


def exact_jobs():
    seams = ("features", "gradient", "paint")
    named = {name: job("random-tiny:0", *c, calls=seams) for name, c in RECIPES.items()}
    return named | {"again": named["relative"], "random-vgg19": job("random-vgg19:0")}


def fast_jobs():
    return {
        "float32": job("random-tiny:0", exact=False, dtype="float32"),
        "bfloat16": job("random-tiny:0", exact=False, dtype="bfloat16"),
    }


@cache
def outcomes(backend, make_jobs):
    jobs = make_jobs()
    _, found = worker.run(backend, tuple(jobs.values()), pictures())
    return dict(zip(jobs, found, strict=True))


@pytest.fixture(params=BACKENDS)
def backend(request):
    try:
        registry.backend(request.param)
    except BackendError as error:
        pytest.skip(str(error))
    return request.param


def relative(a, b):
    return np.linalg.norm(a - b) / np.linalg.norm(b)


def assert_same_terms(found, truth, bound):
    for kind in ("content", "style"):
        assert found["raw"][kind] == pytest.approx(truth["raw"][kind], rel=bound, abs=0)
        assert found[kind] == pytest.approx(truth[kind], rel=bound, abs=0)
    assert found["tv"] == pytest.approx(truth["tv"], rel=bound, abs=0)
    assert found["total"] == pytest.approx(truth["total"], rel=bound, abs=0)


@pytest.mark.parametrize("name", [*RECIPES, "random-vgg19"])
def test_features_terms_and_gradient_agree_with_the_truth(backend, name):
    found, truth = outcomes(backend, exact_jobs)[name], outcomes("numpy", exact_jobs)[name]
    assert_same_terms(found.terms, truth.terms, FLOAT64)
    for key in ("gradient", *(f"features:{tap}" for tap in TAPS)):
        assert relative(found.arrays[key], truth.arrays[key]) < FLOAT64


@pytest.mark.parametrize("name", RECIPES)
def test_the_path_of_the_optimiser_agrees_with_the_truth(backend, name):
    found, truth = outcomes(backend, exact_jobs)[name], outcomes("numpy", exact_jobs)[name]
    assert found.totals == pytest.approx(truth.totals, rel=PATH, abs=0)
    assert relative(found.arrays["paint"], truth.arrays["paint"]) < PATH


def test_the_painting_starts_where_the_gradient_was_taken(backend):
    found = outcomes(backend, exact_jobs)["relative"]
    assert found.totals[0] == pytest.approx(found.terms["total"], rel=1e-14, abs=0)


def test_exact_runs_are_equal_to_the_last_bit(backend):
    found = outcomes(backend, exact_jobs)
    for key, array in found["relative"].arrays.items():
        assert np.array_equal(array, found["again"].arrays[key]), key


@pytest.mark.real_weights
def test_trained_weights_agree_with_the_truth(backend):
    found = outcomes(backend, trained_jobs)["hed"]
    truth = outcomes("numpy", trained_jobs)["hed"]
    assert_same_terms(found.terms, truth.terms, FLOAT64)
    assert relative(found.arrays["gradient"], truth.arrays["gradient"]) < FLOAT64


def trained_jobs():
    return {"hed": job("vgg16-hed")}


def test_the_fast_path_computes_the_same_in_single_precision(backend):
    found, truth = (
        outcomes(backend, fast_jobs)["float32"],
        outcomes("numpy", exact_jobs)["relative"],
    )
    assert_same_terms(found.terms, truth.terms, 1e-5)
    # measured: 1e-6, or 1e-3 where a rounding moves one unit across a kink
    assert relative(found.arrays["gradient"], truth.arrays["gradient"]) < 1e-2


def test_bfloat16_is_told_apart_from_float32(backend):
    found, truth = (
        outcomes(backend, fast_jobs)["bfloat16"],
        outcomes("numpy", exact_jobs)["relative"],
    )
    error = relative(found.arrays["features:relu4_2"], truth.arrays["features:relu4_2"])
    assert 1e-4 < error < 0.1


def test_different_formulas_are_told_apart(backend):
    found = outcomes(backend, exact_jobs)
    totals = {name: found[name].terms["total"] for name in RECIPES}
    assert len({round(total, 6) for total in totals.values()}) == len(totals)


def test_the_flags_that_were_set_are_reported(backend):
    flags = outcomes(backend, exact_jobs)["relative"].flags
    assert flags["dtype"] == "float64"
    assert flags["device"] in ("cpu", "cuda:0")


def test_a_layer_that_the_network_lacks_is_named():
    wrong = job("random-tiny:0", ("content.taps", {"relu9_1": 1.0}))
    with pytest.raises(WorkerError, match="no layer in tiny named 'relu9_1'"):
        worker.run("numpy", (wrong,), pictures())
