"""The normalised VGG: each filter's mean activation is one, measured once, the same bits after."""

import numpy as np
import pytest

from nst_core import normalised as module
from nst_core import samples, weights
from nst_core.errors import WeightsError
from nst_core.network import network
from nst_core.normalised import FLOOR, mean_activations, normalised
from nst_core.reference import open_backend

# Measured: 5e-6, from float32 weights and means.
ONE = 1e-4

pytestmark = pytest.mark.usefixtures("empty_cache")


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Photographs of a size at which the truth is quick."""
    monkeypatch.setattr(module, "SIZE", 96)


@pytest.fixture
def photographs():
    read = [module.images.read(f"sample:{name}") for name in samples.PHOTOGRAPHS]
    return [module._at_size(picture) for picture in read]


def means_by_features(ready, pooling, photographs):
    """{conv: (channels,)}, through the contract and in float64, image by image."""
    session = open_backend().session(network("tiny", pooling), ready)
    taps = [layer.name.replace("conv", "relu") for layer in network("tiny").convolutions]
    found = [session.features(photograph, taps) for photograph in photographs]
    return {
        tap.replace("relu", "conv"): sum(each[tap].mean((1, 2)) for each in found) / len(found)
        for tap in taps
    }


@pytest.mark.parametrize("pooling", ["max", "average"])
def test_the_mean_activation_of_every_living_filter_is_one(tiny, photographs, pooling):
    before = means_by_features(tiny, pooling, photographs)
    ready = normalised(tiny, network("tiny", pooling))
    after = means_by_features(ready, pooling, photographs)
    alive = 0
    for name, means in after.items():
        living = before[name] > FLOOR * before[name].mean()
        alive += living.sum()
        np.testing.assert_allclose(means[living], 1, rtol=ONE)
        # one that hardly responds stays below, in proportion
        expected = before[name][~living] / (FLOOR * before[name].mean())
        np.testing.assert_allclose(means[~living], expected, rtol=ONE)
        # not by chance: it was something else before
        assert np.abs(before[name][living] - 1).max() > 0.1
    assert alive > 100


def test_the_means_are_those_of_each_picture_alike_but_not_below_the_floor(tiny, photographs):
    found = mean_activations(tiny, network("tiny"), photographs)
    expected = means_by_features(tiny, "max", photographs)
    assert found.keys() == expected.keys()
    floored = 0
    for name, means in expected.items():
        least = FLOOR * means.mean()
        floored += (means < least).sum()
        np.testing.assert_allclose(found[name], np.maximum(means, least), rtol=ONE)
    assert floored > 0


def test_the_means_are_measured_once(tiny, monkeypatch):
    first = normalised(tiny, network("tiny"))

    def measured(*_):
        raise AssertionError("measured again")

    monkeypatch.setattr(module, "mean_activations", measured)
    again = normalised(tiny, network("tiny"))
    # the first run paints with the same bits as every later one
    assert again.sha256 == first.sha256
    assert again.name == first.name == "random-tiny:0-normalised"
    with pytest.raises(AssertionError, match="measured again"):
        normalised(tiny, network("tiny", "average"))
    with pytest.raises(AssertionError, match="measured again"):
        normalised(weights.load("random-tiny:1"), network("tiny"))
    monkeypatch.setattr(module, "SIZE", 95)
    with pytest.raises(AssertionError, match="measured again"):
        normalised(tiny, network("tiny"))


def test_the_set_itself_is_left_alone(tiny):
    normalised(tiny, network("tiny"))
    assert weights.content_hash(tiny.parameters) == tiny.sha256


def test_means_that_were_damaged_on_disk_are_refused(tiny, empty_cache):
    normalised(tiny, network("tiny"))
    (kept,) = (empty_cache / "weights").glob("means-*")
    kept.write_bytes(kept.read_bytes()[:-10])
    with pytest.raises(WeightsError, match=kept.name):
        normalised(tiny, network("tiny"))
