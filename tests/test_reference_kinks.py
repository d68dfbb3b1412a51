"""Kinks: the truth on another one's pattern is a smooth network, whose gradient is exact."""

import numpy as np
import pytest

from nst_core import recipe
from nst_core.network import network
from nst_core.reference import net

# Without kinks the total is a polynomial of degree four along every line: five points are exact.
# Measured: 2e-13 of the gradient's norm at most.
FIVE = {-2: 1 / 12, -1: -8 / 12, 1: 8 / 12, 2: -1 / 12}
DIFFERENCE, STEP = 1e-11, 0.01


@pytest.fixture
def random():
    return np.random.default_rng(3)


@pytest.fixture
def opened(open_session, pictures):
    """A session, its targets, and every layer's features at the image."""

    def call(pooling):
        session = open_session(pooling)
        asked = recipe.load("default", [("tv.weight", 0.5), ("tv.norm", "squared")])
        targets = session.targets(pictures["content"], [pictures["style0"]], asked)
        layers = [layer.name for layer in network("tiny").until(("relu5_1",))]
        return session, targets, session.features(pictures["image"], layers)

    return call


def strange(own, random, share=0.05):
    """A pattern in which some units are on the other side."""
    found = {}
    for name, side in own.items():
        other = ~side if side.dtype == bool else (side + random.integers(1, 4, side.shape)) % 4
        found[name] = np.where(random.random(side.shape) < share, other, side)
    return found


# Which side


def test_the_pattern_is_that_of_the_signs_and_the_maxima(opened):
    session, _, features = opened("max")
    own = net.kinks(session.vgg.network, features)
    relus = {name for name in features if name.startswith("relu")}
    assert set(own) == relus | {"pool1", "pool2", "pool3", "pool4"}
    assert np.array_equal(own["relu2_1"], features["conv2_1"] > 0)
    cells = net.windows(features["relu1_2"])
    assert np.array_equal(own["pool1"], cells.argmax(-1))


def test_an_average_has_no_kink(opened):
    session, _, features = opened("average")
    assert not any(name.startswith("pool") for name in net.kinks(session.vgg.network, features))


@pytest.mark.parametrize("pooling", ["max", "average"])
def test_on_its_own_pattern_a_network_is_the_same_to_the_last_bit(opened, pictures, pooling):
    session, targets, features = opened(pooling)
    own = net.kinks(session.vgg.network, features)
    terms, g = session.gradient(pictures["image"], targets)
    again, same = session.gradient(pictures["image"], targets, own)
    assert again == terms
    assert np.array_equal(g, same)


def test_a_unit_on_the_other_side_passes_what_it_would_have_cut():
    x = np.array([[[-2.0, 3.0], [0.0, -1.0]]])
    pattern = np.array([[[True, False], [True, True]]])
    y, pullback = net.relu(x, pattern)
    assert y.tolist() == [[[-2, 0], [0, -1]]]
    assert pullback(np.full_like(x, 5)).tolist() == [[[5, 0], [5, 5]]]


def test_a_choice_stands_for_the_maximum_whatever_is_larger():
    x = np.array([[[1.0, 4.0, 9.0], [2.0, 3.0, 9.0]]])
    for choice, value in enumerate([1.0, 4.0, 2.0, 3.0]):
        y, pullback = net.pool(x, "max", choice=np.full((1, 1, 1), choice))
        assert y.tolist() == [[[value]]]
        back = np.zeros((1, 2, 3))
        back[0, choice // 2, choice % 2] = 7
        assert np.array_equal(pullback(np.full((1, 1, 1), 7.0)), back)


@pytest.mark.parametrize("pooling", ["max", "average"])
def test_on_another_pattern_every_unit_takes_its_side(opened, pictures, pooling, random):
    session, _, features = opened(pooling)
    pattern = strange(net.kinks(session.vgg.network, features), random)
    found, _ = session.vgg.forward(pictures["image"], tuple(features), pattern)
    for name, side in pattern.items():
        before = list(features)[list(features).index(name) - 1]
        if side.dtype == bool:
            assert np.array_equal(found[name], found[before] * side)
        else:
            cells = net.windows(found[before])
            chosen = np.take_along_axis(cells, side[..., None], -1)[..., 0]
            assert np.array_equal(found[name], chosen)
    assert (found["relu1_1"] < 0).any()


def test_a_pattern_of_another_shape_does_not_fit(opened, pictures):
    session, targets, features = opened("max")
    own = net.kinks(session.vgg.network, features)
    with pytest.raises(ValueError, match="broadcast"):
        session.gradient(pictures["image"], targets, own | {"relu1_1": own["relu1_1"][:, 1:]})


# The gradient


@pytest.mark.parametrize("pooling", ["max", "average"])
@pytest.mark.parametrize("share", [0.0, 0.05, 0.5])
def test_the_gradient_on_a_pattern_is_that_of_the_network_that_is_frozen_so(
    opened, pictures, pooling, share, random
):
    session, targets, features = opened(pooling)
    pattern = strange(net.kinks(session.vgg.network, features), random, share)
    image = pictures["image"]
    _, g = session.gradient(image, targets, pattern)
    if share:
        assert np.linalg.norm(g - session.gradient(image, targets)[1]) > 0.1 * np.linalg.norm(g)
    for _ in range(5):
        v = random.standard_normal(image.shape)
        expected = sum(
            part * session.gradient(image + n * STEP * v, targets, pattern)[0].total / STEP
            for n, part in FIVE.items()
        )
        bound = DIFFERENCE * np.linalg.norm(g)
        assert np.vdot(g, v) == pytest.approx(expected, rel=0, abs=bound)


def test_a_frozen_network_is_linear_where_the_true_one_has_kinks(opened, pictures):
    session, _, features = opened("max")
    own = net.kinks(session.vgg.network, features)
    image = pictures["image"]

    def bend(kinks):
        """How far the features half way are from the mean of those at the ends."""
        a, b, half = (
            session.vgg.forward(x, ("relu5_1",), kinks)[0]["relu5_1"]
            for x in (image, 1 - image, np.full_like(image, 0.5))
        )
        return np.abs(half - (a + b) / 2).max() / np.abs(a).max()

    assert bend(own) < 1e-13
    assert bend(None) > 0.1
