"""Every mutant is caught, at its level; and what is right is not, on the same pictures."""

from dataclasses import replace

import numpy as np
import pytest

from nst_core import recipe, registry, weights
from nst_core.conformance import cases, mutants, worker
from nst_core.conformance.budgets import PRECISIONS
from nst_core.conformance.check import truth
from nst_core.conformance.jobs import Job, run_job
from nst_core.conformance.judge import LEVELS, Judge
from nst_core.conformance.mutants import MUTANTS, Mutant, WrongBackend, try_mutant, try_mutants
from nst_core.errors import BackendError
from nst_core.reference import NumpyBackend
from nst_core.reference.net import Vgg, relu
from nst_core.reference.paint import NumpySession
from nst_core.weights import arrays

# what a suite of this kind must notice, in the words of the table
REQUIRED = {
    "padding: reflect",
    "padding: valid",
    "pooling: ceil for floor",
    "pooling: average for max",
    "BGR for RGB",
    "no mean subtracted",
    "Gram divided by C for C·H·W",
    "Adam with Keras' epsilon hat",
    "convolution tap read after an in-place ReLU",
    "TF32 for float32",
    "bfloat16 for float32",
    "a truth in float32",
    "a stale result file",
    "one wrong step, the last one right",
    "NaN features",
    "features of no tap",
}


def test_every_slip_that_must_be_noticed_is_among_them():
    assert {mutant.name for mutant in MUTANTS} >= REQUIRED


def test_their_names_differ_and_every_level_has_one():
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)
    assert {mutant.level for mutant in MUTANTS} == set(range(len(LEVELS)))


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_is_caught_at_its_level(mutant):
    found = try_mutant(mutant)
    assert found.level is not None, "it survives"
    assert found.level == mutant.level, found.worst
    assert found.killed
    assert not found.worst.holds
    assert found.worst.level == found.level


@pytest.mark.parametrize("pictures", sorted({mutant.pictures for mutant in MUTANTS}))
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_what_is_right_is_not_caught(pictures, dtype):
    found = try_mutant(Mutant("nothing wrong", 0, NumpySession, pictures, dtype))
    assert (found.level, found.worst, found.killed) == (None, None, False)


def test_mutants_leave_the_pictures_as_they_were():
    before = {name: array.copy() for name, array in cases.pictures().items()}
    careless = next(mutant for mutant in MUTANTS if mutant.name == "writes into its input")
    assert try_mutant(careless).killed
    for name, array in cases.pictures().items():
        assert np.array_equal(array, before[name])


def test_a_mutant_that_is_caught_too_low_or_too_high_is_not_killed():
    wrong = replace(next(mutant for mutant in MUTANTS if mutant.level == 1), level=2)
    assert not try_mutant(wrong).killed
    assert try_mutant(wrong).level == 1


def test_the_results_are_those_of_the_mutants_in_their_order(monkeypatch):
    monkeypatch.setattr(mutants, "MUTANTS", MUTANTS[5:7])
    assert [found.mutant for found in try_mutants()] == list(MUTANTS[5:7])


# ReLU′(0): black pixels and no biases make whole regions exactly zero


class SlopeOne(Vgg):
    """max(x, 0) whose derivative at 0 is 1."""

    at_zero = 1.0

    def layer(self, layer, x, kink=None):
        if layer.kind != "relu" or kink is not None:
            return super().layer(layer, x, kink)
        y, _ = relu(x)
        return y, lambda g: g * ((x > 0) + self.at_zero * (x == 0))


class SlopeHalf(SlopeOne):
    """That of `jax.numpy.maximum`."""

    at_zero = 0.5


BACKENDS = ("torch", "tf", "keras:tensorflow", "keras:torch", "keras:jax")
AGREE = 1e-12  # the budget of a gradient in float64
EDGE = 24  # columns, from which on the image is black


@pytest.fixture(scope="module")
def unbiased(tmp_path_factory):
    """A weights file of `random-tiny:0` without biases, whose pixels are used as they are."""
    tiny = weights.load("random-tiny:0")
    parameters = {name: (k, np.zeros_like(b)) for name, (k, b) in tiny.parameters.items()}
    path = tmp_path_factory.mktemp("weights") / "unbiased.safetensors"
    arrays.write_parameters(path, parameters, {"network": "tiny", "preprocessing": "none"})
    return str(path)


@pytest.fixture(scope="module")
def black():
    """A picture whose right half is black, where its content is not."""
    random = np.random.default_rng(0)
    given = {name: random.random((3, 40, 2 * EDGE)) for name in ("image", "content", "style0")}
    given["image"][:, :, EDGE:] = 0
    return {f"black/{name}": cases.single(array) for name, array in given.items()}


@pytest.fixture(scope="module")
def asked(unbiased):
    """The gradient there, of content, style and total variation, with either pooling."""
    recipes = [
        recipe.load("default", [("network.pooling", pooling), ("tv.weight", 0.5)])
        for pooling in ("max", "average")
    ]
    return tuple(
        Job(
            unbiased,
            asked.model_dump(mode="json"),
            ("features", "gradient"),
            ("relu1_1", "relu3_1"),
            pictures="black",
        )
        for asked in recipes
    )


def distance(found, truth):
    return np.linalg.norm(found - truth) / np.linalg.norm(truth)


def gradients(backend, asked, black):
    return [run_job(backend, job, black).arrays["gradient"] for job in asked]


def test_the_black_half_is_exactly_on_the_kinks(asked, black):
    for job in asked:
        found = run_job(NumpyBackend(), job, black).arrays
        for tap, stride, reach in (("relu1_1", 1, 1), ("relu3_1", 4, 3)):
            F = found[f"features:{tap}"]
            assert not F[:, :, EDGE // stride + reach :].any()
            assert F[:, :, : EDGE // stride].any()


@pytest.mark.parametrize("slope", [SlopeOne, SlopeHalf])
def test_a_slope_at_zero_is_noticed(slope, asked, black):
    wrong = gradients(WrongBackend(slope, NumpySession), asked, black)
    for found, own in zip(wrong, gradients(NumpyBackend(), asked, black), strict=True):
        assert distance(found, own) > 0.1  # measured: 0.6 with ½, 11 with 1


@pytest.mark.parametrize(("slope", "level"), [(Vgg, None), (SlopeOne, 3), (SlopeHalf, 3)])
def test_the_judge_catches_a_slope_at_zero(slope, level, unbiased, black, monkeypatch):
    monkeypatch.setattr(cases, "pictures", lambda: black)
    case = cases.Case("black", unbiased, "means", cases.ONCE)
    outcome = run_job(WrongBackend(slope, NumpySession), case.job("cpu", "float64"), black)
    rows = Judge(truth(case), outcome, PRECISIONS["float64"]).rows()
    assert min((row.level for row in rows if not row.holds), default=None) == level


@pytest.mark.slow
@pytest.mark.parametrize("backend", BACKENDS)
def test_every_backend_has_slope_zero_at_zero(backend, asked, black):
    try:
        registry.backend(backend)
    except BackendError as error:
        pytest.skip(str(error))
    _, outcomes = worker.run(backend, asked, black)
    for outcome, own in zip(outcomes, gradients(NumpyBackend(), asked, black), strict=True):
        assert distance(outcome.arrays["gradient"], own) < AGREE
