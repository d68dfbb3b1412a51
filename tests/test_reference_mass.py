"""Masses: the value is the session's, the mass is that of the terms, counted one by one."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from nst_core import recipe
from nst_core.network import network
from nst_core.reference import mass, open_backend
from nst_core.reference.net import Vgg
from nst_core.weights import CAFFE, NONE, TORCHVISION

# Sums in another order; measured: 6e-16 at most.
SAME = 1e-13
U = 2.0**-24


@pytest.fixture
def random():
    return np.random.default_rng(7)


@pytest.fixture
def vgg(tiny):
    def made(pooling="max", rule=NONE):
        weights = replace(tiny, preprocessing=rule)
        return Vgg(network("tiny", pooling), weights, np.dtype(np.float64))

    return made


def style_formula(**changes):
    return recipe.Style(weight=1, taps={"relu1_1": 1.0}, **changes)


def content_formula(**changes):
    return recipe.Content(taps={"relu1_1": 1.0}, **changes)


# Layers


def products(x, kernel, bias, o, h, w):
    """The terms of one unit of a convolution."""
    found = [bias[o]]
    for c, i, j in product(range(len(x)), range(3), range(3)):
        row, column = h + i - 1, w + j - 1
        if 0 <= row < x.shape[1] and 0 <= column < x.shape[2]:
            found.append(kernel[o, c, i, j] * x[c, row, column])
    return np.array(found)


def assert_terms(found, terms_of):
    """Each value is the sum of its terms, and each mass that of their absolute values."""
    for index in np.ndindex(found.value.shape):
        terms = terms_of(*index)
        assert found.mass[index] == pytest.approx(np.abs(terms).sum(), rel=SAME)
        assert found.value[index] == pytest.approx(terms.sum(), rel=0, abs=SAME * found.mass[index])


def test_the_mass_of_a_convolution_is_that_of_its_products_and_its_bias(vgg, random):
    layer = network("tiny").layer("conv2_1")
    x = random.standard_normal((4, 4, 3))
    found = mass.layer(vgg(), layer, x)
    kernel, bias = vgg().parameters["conv2_1"]
    assert_terms(found, lambda *index: products(x, kernel, bias, *index))
    assert found.terms == 4 * 9 + 1


def test_the_first_layer_without_preprocessing_is_a_convolution(vgg, random):
    x = random.random((3, 3, 4))
    found = mass.first_layer(vgg(), x)
    kernel, bias = vgg().parameters["conv1_1"]
    assert_terms(found, lambda *index: products(x, kernel, bias, *index))
    assert found.terms == 3 * 9 + 1


@pytest.mark.parametrize("rule", [CAFFE, TORCHVISION], ids=lambda rule: rule.name)
def test_the_first_layer_bears_what_the_preprocessing_subtracts(vgg, random, rule):
    """Pixel and mean are terms of their own: the mass is no less than theirs, nor thrice it."""
    image = random.random((3, 3, 4))
    image[:, 1, 1] = np.array(rule.mean)[:: -1 if rule.channels == "BGR" else 1] / rule.scale
    found = mass.first_layer(vgg(rule=rule), image)
    kernel, bias = vgg(rule=rule).parameters["conv1_1"]
    order = ["RGB".index(channel) for channel in rule.channels]
    mean, std = (np.array(numbers)[:, None, None] for numbers in (rule.mean, rule.std))
    both = rule.scale * np.abs(image[order]) / std + mean / std
    for index in np.ndindex(found.value.shape):
        least = np.abs(products(both, np.abs(kernel), np.abs(bias), *index)).sum()
        assert least * (1 - SAME) <= found.mass[index] <= 3 * least


@pytest.mark.parametrize("pooling", ["max", "average"])
def test_the_mass_of_a_pool_is_that_of_what_it_takes(vgg, random, pooling):
    x = random.standard_normal((4, 5, 4))
    found = mass.layer(vgg(pooling), network("tiny").layer("pool1"), x)
    for c, h, w in np.ndindex(found.value.shape):
        cells = x[c, 2 * h : 2 * h + 2, 2 * w : 2 * w + 2]
        if pooling == "average":
            assert found.mass[c, h, w] == pytest.approx(np.abs(cells).sum() / 4, rel=SAME)
        else:
            assert found.value[c, h, w] == cells.max()
            assert found.mass[c, h, w] == np.abs(cells).max()
    assert found.terms == 4


def test_a_rectification_is_one_term(vgg):
    x = np.array([-2.0, -0.0, 0.0, 3.0]).reshape(4, 1, 1)
    found = mass.layer(vgg(), network("tiny").layer("relu1_1"), x)
    assert found.value.ravel().tolist() == [0, 0, 0, 3]
    assert found.mass.ravel().tolist() == [0, 0, 0, 3]
    assert found.terms == 1


# Terms


@pytest.mark.parametrize("gram", ["raw", "positions", "elements"])
def test_the_mass_of_a_gram_matrix_is_that_of_its_products(random, gram):
    F = random.standard_normal((3, 4, 5))
    found = style_formula(gram=gram).statistic_mass(F)
    divisor = {"raw": 1, "positions": 20, "elements": 60}[gram]
    assert_terms(found, lambda i, j: (F[i] * F[j]).ravel() / divisor)
    assert found.terms == 20


def test_a_mean_or_a_shift_is_one_more_term_of_each_factor(random):
    F = random.standard_normal((3, 4, 5))
    found = style_formula(centred=True, shift=-2.0).statistic_mass(F)
    size = np.abs(F) + np.abs(F).mean((1, 2), keepdims=True) + 2
    np.testing.assert_allclose(found.mass, np.einsum("ihw,jhw->ij", size, size), rtol=SAME)


REDUCED = {
    "sum": lambda target: 1,
    "mean": lambda target: target.size,
    "relative": lambda target: (target**2).sum(),
}


@pytest.mark.parametrize("reduction", REDUCED)
def test_the_mass_of_a_squared_error_is_that_of_a_product_of_differences(random, reduction):
    F, P = random.standard_normal((2, 2, 3, 4))
    found = content_formula(reduction=reduction, factor=0.5).mass(F, P, 1)
    each = [abs(f - p) * (abs(f) + abs(p)) for f, p in zip(F.flat, P.flat, strict=True)]
    assert found.mass == pytest.approx(0.5 * sum(each) / REDUCED[reduction](P), rel=SAME)
    assert found.terms == 24


def test_the_mass_of_an_absolute_error_is_that_of_both_its_sides(random):
    F, P = random.standard_normal((2, 2, 3, 4))
    found = content_formula(norm="absolute", reduction="root").mass(F, P, 1)
    each = [abs(f) + abs(p) for f, p in zip(F.flat, P.flat, strict=True)]
    assert found.mass == pytest.approx(sum(each) / 24**0.5, rel=SAME)


@pytest.mark.parametrize("reduction", REDUCED)
def test_the_mass_of_style_has_that_of_the_gram_matrix(random, reduction):
    F, A = random.standard_normal((3, 4, 5)), random.standard_normal((3, 3))
    formula = style_formula(gram="positions", reduction=reduction, factor=0.25)
    found = formula.mass(F, A, 20)
    each = []
    for i, j in product(range(3), range(3)):
        terms = (F[i] * F[j]).ravel() / 20
        each.append(abs(terms.sum() - A[i, j]) * (np.abs(terms).sum() + abs(A[i, j])))
    assert found.mass == pytest.approx(0.25 * sum(each) / REDUCED[reduction](A), rel=SAME)
    assert found.terms == 20 + 9


def pairs(x, directions=((1, 0), (0, 1))):
    """The values of every pair of neighbours, by direction."""
    _, height, width = x.shape
    for down, across in directions:
        yield [
            (x[c, h, w], x[c, h + down, w + across])
            for c, h, w in np.ndindex(x.shape)
            if h + down < height and 0 <= w + across < width
        ]


@pytest.mark.parametrize("reduction", ["sum", "mean"])
@pytest.mark.parametrize("norm", ["absolute", "squared"])
def test_the_mass_of_total_variation_is_that_of_both_its_pixels(random, norm, reduction):
    x = random.standard_normal((3, 4, 5))
    found = recipe.TotalVariation(norm=norm, reduction=reduction).mass(x, None, 1)
    expected = 0.0
    for both in pairs(x):
        each = [(abs(a) + abs(b)) * (1 if norm == "absolute" else abs(a - b)) for a, b in both]
        expected += sum(each) / (len(each) if reduction == "mean" else 1)
    assert found.mass == pytest.approx(expected, rel=SAME)
    assert found.terms == 3 * (3 * 5 + 4 * 4)


def test_diagonal_neighbours_count_with_their_share(random):
    x = random.standard_normal((3, 4, 5))
    formula = recipe.TotalVariation(norm="absolute", reduction="sum", stencil="nine")
    across, diagonal = pairs(x), pairs(x, ((1, 1), (1, -1)))
    expected = sum(abs(a) + abs(b) for both in across for a, b in both) / 3
    expected += sum(abs(a) + abs(b) for both in diagonal for a, b in both) / 12
    found = formula.mass(x, None, 1)
    assert found.mass == pytest.approx(expected, rel=SAME)
    assert found.terms == 3 * (3 * 5 + 4 * 4 + 2 * 3 * 4)


def test_what_is_equal_has_no_mass_but_that_of_its_own_rounding():
    flat = np.full((3, 4, 5), 0.3)
    squared, absolute = (
        recipe.TotalVariation(norm=norm, reduction="sum").mass(flat, None, 1)
        for norm in ("squared", "absolute")
    )
    assert (squared.value, squared.mass) == (0, 0)
    assert (absolute.value, absolute.mass) == (0, pytest.approx(0.6 * absolute.terms))


# What a mass is for


def variation(x, **fields):
    return recipe.TotalVariation(**fields).mass(x, None, 1)


FORMULAS = {
    "content": lambda F, P: content_formula().mass(F, P, 1),
    "absolute content": lambda F, P: content_formula(norm="absolute").mass(F, P, 1),
    "Gram": lambda F, P: style_formula().statistic_mass(F),
    "centred Gram": lambda F, P: style_formula(centred=True, shift=1.0).statistic_mass(F),
    "style": lambda F, P: style_formula().mass(F, P[:, :3, 0], 1),
    "absolute variation": lambda F, P: recipe.TotalVariation(norm="absolute", stencil="nine").mass(
        F, None, 1
    ),
    "squared variation": lambda F, P: recipe.TotalVariation().mass(F, None, 1),
    "powers": lambda F, P: recipe.TotalVariation(norm="power", reduction="sum", exponent=1.25).mass(
        F, None, 1
    ),
}


@pytest.mark.parametrize("formula", FORMULAS.values(), ids=FORMULAS)
def test_inputs_that_are_rounded_move_a_sum_by_few_units(random, formula):
    """A square has its input twice, a Gram matrix that is squared four times."""
    F, P = random.standard_normal((2, 3, 4, 5))
    exact, worst = formula(F, P), 0.0
    for _ in range(50):
        moved = F * (1 + U * random.choice([-1, 1], F.shape))
        worst = max(worst, np.max(np.abs(formula(moved, P).value - exact.value) / exact.mass) / U)
    assert 0.05 < worst < 4


# The session


@pytest.mark.parametrize("pooling", ["max", "average"])
@pytest.mark.parametrize("rule", [CAFFE, NONE], ids=lambda rule: rule.name)
def test_values_are_those_of_the_session(tiny, pictures, every_term, pooling, rule):
    net = network("tiny", pooling)
    session = open_backend().session(net, replace(tiny, preprocessing=rule))
    image, styles = pictures["image"], [pictures["style0"], pictures["style1"]]
    names = [layer.name for layer in net.layers]
    features = session.features(image, names)
    first = mass.first_layer(session.vgg, image)
    assert np.array_equal(first.value, features["conv1_1"])
    for before, layer in zip(names, net.layers[1:], strict=False):
        found = mass.layer(session.vgg, layer, features[before])
        assert np.array_equal(found.value, features[layer.name])
        assert (found.mass >= np.abs(found.value) * (1 - SAME)).all()
    targets = session.targets(pictures["content"], styles, every_term)
    raw = session.terms(image, targets).raw
    for term in targets.terms:
        x = features[term.tap] if term.tap else image
        found = term.formula.mass(x, targets.values.get(term.name), image[0].size)
        assert found.value == raw[term.name]
        assert found.mass >= found.value
