"""The truth is proved here: values by plain loops, derivatives by differences, in float64."""

from dataclasses import replace

import numpy as np
import pytest
from values import total_variation, with_gradient

from nst_core import optimisers, plan, recipe
from nst_core.backend import Targets
from nst_core.errors import BackendError, NstError
from nst_core.network import network
from nst_core.reference import net, open_backend
from nst_core.weights import CAFFE, HED, TORCHVISION, Preprocessing

# Central differences against the derivative, in units of its norm, as a random direction may lie
# across it; measured: 4e-10 at most for the terms, over 200 seeds, and 1e-9 through the network,
# with the seeds used here.
DIFFERENCE, STEP = 1e-8, 1e-5
# Through the network: short enough to cross no kink, long enough to keep its digits.
SHORT = 1e-6
# Sums in another order; measured: 6e-16 at most.
SAME = 1e-13


@pytest.fixture
def random():
    return np.random.default_rng(5)


def slope(function, x, v, step=STEP):
    """d f(x + t v) / d t at t = 0, of a number or an array."""
    return (function(x + step * v) - function(x - step * v)) / (2 * step)


def assert_pullback(layer, x, random):
    """⟨g, J v⟩ = ⟨Jᵀ g, v⟩ for random g and v, and the value has no other part."""
    y, pullback = layer(x)
    for _ in range(5):
        g, v = random.standard_normal(y.shape), random.standard_normal(x.shape)
        expected = np.vdot(g, slope(lambda x: layer(x)[0], x, v))
        back = pullback(g)
        assert back.shape == x.shape
        bound = DIFFERENCE * np.linalg.norm(back)
        assert np.vdot(back, v) == pytest.approx(expected, rel=0, abs=bound)


# Preprocessing

# an order that is its own inverse would hide a transposition
CYCLIC = Preprocessing("cyclic", 2.0, "GBR", (0.1, 0.2, 0.3), (0.5, 0.25, 0.125))


def test_caffe_sees_blue_first_in_units_of_255():
    image = np.array([1.0, 0.5, 0.0])[:, None, None]
    found, _ = net.preprocess(image, CAFFE)
    np.testing.assert_allclose(found.ravel(), [-103.939, 127.5 - 116.779, 255 - 123.68], rtol=SAME)


def test_torchvision_sees_red_first_in_units_of_its_deviation():
    image = np.array([1.0, 0.5, 0.0])[:, None, None]
    found, _ = net.preprocess(image, TORCHVISION)
    expected = [(1 - 0.485) / 0.229, (0.5 - 0.456) / 0.224, -0.406 / 0.225]
    np.testing.assert_allclose(found.ravel(), expected, rtol=SAME)


@pytest.mark.parametrize("rule", [CAFFE, HED, TORCHVISION, CYCLIC], ids=lambda rule: rule.name)
def test_preprocessing_is_pulled_back_to_red_green_blue(rule, random):
    assert_pullback(lambda x: net.preprocess(x, rule), random.random((3, 4, 5)), random)


def test_the_gradient_of_the_blue_that_caffe_sees_first_is_that_of_the_last_channel():
    _, pullback = net.preprocess(np.zeros((3, 1, 1)), CAFFE)
    assert pullback(np.array([1.0, 0, 0])[:, None, None]).ravel().tolist() == [0, 0, 255]


# Convolution


def convolution_by_loops(x, kernel, bias):
    """The definition, with zeros outside the image."""
    (out, into, _, _), (_, height, width) = kernel.shape, x.shape
    y = np.zeros((out, height, width))
    for o in range(out):
        for h in range(height):
            for w in range(width):
                y[o, h, w] = bias[o]
                for c in range(into):
                    for i in range(3):
                        for j in range(3):
                            row, column = h + i - 1, w + j - 1
                            if 0 <= row < height and 0 <= column < width:
                                y[o, h, w] += kernel[o, c, i, j] * x[c, row, column]
    return y


@pytest.mark.parametrize(("height", "width"), [(4, 5), (3, 1), (1, 1)])
def test_convolution_is_its_definition(random, height, width):
    x = random.standard_normal((2, height, width))
    kernel, bias = random.standard_normal((3, 2, 3, 3)), random.standard_normal(3)
    np.testing.assert_allclose(
        net.convolution(x, kernel, bias)[0], convolution_by_loops(x, kernel, bias), atol=SAME
    )


@pytest.mark.parametrize(("height", "width"), [(4, 5), (3, 1), (1, 1)])
def test_convolution_is_pulled_back(random, height, width):
    kernel, bias = random.standard_normal((3, 2, 3, 3)), random.standard_normal(3)
    x = random.standard_normal((2, height, width))
    assert_pullback(lambda x: net.convolution(x, kernel, bias), x, random)


# Rectification


def test_rectification_keeps_what_is_positive(random):
    y, pullback = net.relu(np.array([[[-2.0, -0.0, 0.0, 1e-300, 3.0]]]))
    assert y.ravel().tolist() == [0, 0, 0, 1e-300, 3]
    # its derivative at 0 is 0
    assert pullback(np.full((1, 1, 5), 7.0)).ravel().tolist() == [0, 0, 0, 7, 7]


def test_rectification_is_pulled_back(random):
    x = random.standard_normal((2, 5, 4))
    assert np.abs(x).min() > 10 * STEP
    assert_pullback(net.relu, x, random)


# Pooling

WINDOWS = np.array([[[1.0, 5, 2, 2, 9], [3, 4, 2, 2, 9], [9, 9, 9, 9, 9]]])


def test_pooling_drops_the_odd_row_and_column():
    assert net.pool(WINDOWS, "max")[0].tolist() == [[[5, 2]]]
    assert net.pool(WINDOWS, "average")[0].tolist() == [[[13 / 4, 2]]]


def test_the_first_of_equal_maxima_takes_the_gradient():
    back = net.pool(WINDOWS, "max")[1](np.array([[[10.0, 20.0]]]))
    assert back.tolist() == [[[0, 10, 20, 0, 0], [0] * 5, [0] * 5]]
    above = np.array([[[1.0, 7], [7, 7]]])
    assert net.pool(above, "max")[1](np.ones((1, 1, 1))).tolist() == [[[0, 1], [0, 0]]]


def test_an_average_shares_its_gradient_evenly():
    back = net.pool(WINDOWS, "average")[1](np.array([[[10.0, 20.0]]]))
    assert back.tolist() == [[[2.5, 2.5, 5, 5, 0], [2.5, 2.5, 5, 5, 0], [0] * 5]]


@pytest.mark.parametrize("pooling", ["max", "average"])
@pytest.mark.parametrize(("height", "width"), [(4, 6), (5, 7), (2, 3), (3, 2)])
def test_pooling_is_its_definition_and_is_pulled_back(random, pooling, height, width):
    x = random.standard_normal((3, height, width))
    take = {"max": np.max, "average": np.mean}[pooling]
    y = net.pool(x, pooling)[0]
    assert y.shape == (3, height // 2, width // 2)
    for c, h, w in np.ndindex(y.shape):
        window = x[c, 2 * h : 2 * h + 2, 2 * w : 2 * w + 2]
        assert y[c, h, w] == pytest.approx(take(window), rel=SAME)
    assert_pullback(lambda x: net.pool(x, pooling), x, random)


# Terms

TAPS = {"relu1_1": 1.0}
REDUCTIONS = ("sum", "mean", "relative")


@pytest.mark.parametrize("norm", ["squared", "absolute"])
@pytest.mark.parametrize("reduction", [*REDUCTIONS, "root"])
def test_the_gradient_of_content(random, reduction, norm):
    F, P = random.standard_normal((2, 4, 3, 5))
    formula = recipe.Content(taps=TAPS, norm=norm, reduction=reduction, factor=0.5)
    assert_gradient(lambda F: with_gradient(F, P, formula), F, random)


def test_the_gradient_of_content_is_equation_2(random):
    F, P = random.random((2, 4, 3, 5))
    formula = recipe.load("gatys2016").content
    np.testing.assert_allclose(with_gradient(F, P, formula)[1], F - P, rtol=SAME)


@pytest.mark.parametrize("reduction", [*REDUCTIONS, "image"])
@pytest.mark.parametrize("gram", ["raw", "positions", "elements"])
@pytest.mark.parametrize(
    ("centred", "shift"), [(False, 0.0), (True, 0.0), (False, -1.0), (True, 2)]
)
def test_the_gradient_of_style(random, gram, reduction, centred, shift):
    F, A = random.standard_normal((4, 3, 5)), random.standard_normal((4, 4))
    how = {"gram": gram, "reduction": reduction, "centred": centred, "shift": shift}
    formula = recipe.Style(weight=1, taps=TAPS, factor=0.25, **how)
    assert_gradient(lambda F: with_gradient(F, A + A.T, formula, 35), F, random)


def test_the_gradient_of_style_is_equation_6(random):
    F, S = random.random((2, 4, 3, 5))
    formula = recipe.load("gatys2016").style
    N, M = 4, 15
    rows, styles = F.reshape(N, M), S.reshape(N, M)
    G, A = rows @ rows.T, styles @ styles.T
    expected = (rows.T @ (G - A)).T / (N**2 * M**2)
    found = with_gradient(F, A / M, formula)[1]
    np.testing.assert_allclose(found.reshape(N, M), expected, rtol=1e-12)  # measured: 1e-14


@pytest.mark.parametrize("reduction", ["sum", "mean"])
@pytest.mark.parametrize("norm", ["absolute", "squared"])
@pytest.mark.parametrize("stencil", ["cross", "nine"])
def test_the_gradient_of_total_variation(random, norm, reduction, stencil):
    x = random.standard_normal((3, 4, 5))
    formula = recipe.TotalVariation(norm=norm, reduction=reduction, stencil=stencil, factor=0.5)
    assert_gradient(lambda x: with_gradient(x, None, formula), x, random)


@pytest.mark.parametrize("last_row", [False, True])
@pytest.mark.parametrize("exponent", [1.0, 1.25, 2.0])
def test_the_gradient_of_powers(random, exponent, last_row):
    x = random.standard_normal((3, 4, 5))
    formula = recipe.TotalVariation(
        norm="power", exponent=exponent, reduction="sum", last_row=last_row, factor=0.5
    )
    assert_gradient(lambda x: with_gradient(x, None, formula), x, random)


def test_equal_neighbours_do_not_pull_at_each_other():
    x = np.full((3, 4, 5), 0.3)
    for norm in ("absolute", "squared"):
        _, g = with_gradient(x, None, recipe.TotalVariation(norm=norm))
        assert not g.any()


def assert_gradient(term, x, random):
    """The derivative of a term, along random directions and for each number of x."""
    _, g = term(x)

    def value(x):
        return term(x)[0]

    for _ in range(5):
        v = random.standard_normal(x.shape)
        bound = DIFFERENCE * np.linalg.norm(g)
        assert np.vdot(g, v) == pytest.approx(slope(value, x, v), rel=0, abs=bound)
    for index in np.ndindex(x.shape):
        v = np.zeros_like(x)
        v[index] = 1
        bound = DIFFERENCE * np.abs(g).max()
        assert g[index] == pytest.approx(slope(value, x, v), rel=0, abs=bound)


# Edges and kinks


@pytest.mark.parametrize("pooling", ["max", "average"])
@pytest.mark.parametrize(("height", "width"), [(5, 7), (4, 6), (1, 1), (3, 4)])
def test_a_pool_that_rounds_up_takes_what_there_is(random, pooling, height, width):
    x = random.standard_normal((2, height, width)) - 3  # all negative: zeros outside would win
    y, _ = net.pool(x, pooling, "ceil")
    take = np.max if pooling == "max" else np.mean
    assert y.shape == (2, -(-height // 2), -(-width // 2))
    for c, h, w in np.ndindex(y.shape):
        window = x[c, 2 * h : 2 * h + 2, 2 * w : 2 * w + 2]
        assert y[c, h, w] == pytest.approx(take(window), rel=SAME)
    assert_pullback(lambda x: net.pool(x, pooling, "ceil"), x, random)


def test_a_network_on_its_own_kinks_is_itself(tiny, pictures):
    vgg = net.Vgg(network("tiny", "max"), tiny, np.dtype(np.float64))
    names = [layer.name for layer in vgg.network.layers]
    features, _ = vgg.forward(pictures["image"], names)
    again, _ = vgg.forward(pictures["image"], names, net.kinks(vgg.network, features))
    assert all(np.array_equal(features[name], again[name]) for name in names)


def test_kinks_decide_which_side_is_taken(random):
    x = random.standard_normal((2, 4, 4))
    y, pullback = net.relu(x, x < 0)
    assert np.array_equal(y, np.minimum(x, 0))
    assert np.array_equal(pullback(np.ones_like(x)), x < 0)
    last = np.full((2, 2, 2), 3)
    y, pullback = net.pool(x, "max", "floor", last)
    assert np.array_equal(y, x[:, 1::2, 1::2])
    assert np.array_equal(pullback(np.ones_like(y)).nonzero()[1] % 2, np.ones(8))


# The whole gradient


def targets_of(session, pictures, asked):
    styles = [pictures["style0"], pictures["style1"]]
    return session.targets(pictures["content"], styles, asked)


def only(targets, name):
    """The same targets with the weight of one term alone, at one."""
    terms = tuple(replace(term, weight=float(term.name == name)) for term in targets.terms)
    return Targets(terms, targets.values, targets.variable)


NAMES = tuple(
    f"{kind}:{tap}"
    for kind, taps in {
        "content": ("conv3_1", "relu4_2"),
        "style": ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"),
    }.items()
    for tap in taps
)


@pytest.mark.parametrize("pooling", ["max", "average"])
def test_the_gradient_of_every_term_through_the_network(
    random, open_session, pictures, every_term, pooling
):
    session = open_session(pooling)
    targets = targets_of(session, pictures, every_term)
    assert {term.name for term in targets.terms} == {*NAMES, "tv"}
    for name in (*NAMES, "tv"):
        alone = only(targets, name)
        _, g = session.gradient(pictures["image"], alone)
        v = random.standard_normal(g.shape)

        def total(x, alone=alone):
            return session.terms(x, alone).total

        expected = slope(total, pictures["image"], v, SHORT)
        bound = DIFFERENCE * np.linalg.norm(g)
        assert np.vdot(g, v) == pytest.approx(expected, rel=0, abs=bound), name


@pytest.mark.parametrize("rule", [CAFFE, TORCHVISION], ids=lambda rule: rule.name)
def test_the_gradient_of_every_pixel(random, tiny, rule):
    asked = recipe.load(
        "default",
        [
            ("content.taps", {"conv2_2": 1, "relu3_1": 1}),  # one that style looks at too
            ("style.taps", {"relu1_1": 1, "pool1": 1, "relu3_1": 1}),
            ("tv.weight", 0.5),
        ],
    )
    session = open_backend().session(network("tiny", "max"), replace(tiny, preprocessing=rule))
    content, style, image = random.random((3, 3, 5, 7))
    targets = session.targets(content, [style], asked)
    _, g = session.gradient(image, targets)
    for index in np.ndindex(image.shape):
        v = np.zeros_like(image)
        v[index] = 1
        expected = slope(lambda x: session.terms(x, targets).total, image, v, SHORT)
        assert g[index] == pytest.approx(expected, rel=0, abs=DIFFERENCE * np.abs(g).max()), index


def test_the_gradient_is_the_sum_of_its_terms(open_session, pictures, every_term):
    session = open_session()
    targets = targets_of(session, pictures, every_term)
    terms, g = session.gradient(pictures["image"], targets)
    parts = [
        term.weight * session.gradient(pictures["image"], only(targets, term.name))[1]
        for term in targets.terms
    ]
    assert np.abs(sum(parts) - g).max() < SAME * np.abs(g).max()
    assert terms.total == pytest.approx(sum(terms.weighted.values()), rel=SAME)
    assert all(value > 0 for value in terms.raw.values())


# Targets


def test_features_are_those_of_the_layers_one_by_one(tiny, pictures):
    session = open_backend().session(network("tiny", "max"), tiny)
    x = pictures["image"]
    taps = ["conv1_1", "relu1_1", "pool1", "conv2_1", "relu3_4", "pool5"]
    found = session.features(x, taps)
    assert set(found) == set(taps)
    for layer in network("tiny").layers:
        if layer.kind == "conv":
            kernel, bias = (array.astype(np.float64) for array in tiny.parameters[layer.name])
            x = net.convolution(x, kernel, bias)[0]
        else:
            x = net.relu(x)[0] if layer.kind == "relu" else net.pool(x, "max")[0]
        if layer.name in taps:
            np.testing.assert_allclose(found[layer.name], x, rtol=0, atol=SAME * x.max())
    assert (found["conv1_1"] < 0).any()  # not overwritten by its rectification


def test_targets_are_features_and_the_shared_gram_matrices(open_session, pictures, every_term):
    session = open_session()
    targets = targets_of(session, pictures, every_term)
    assert set(targets.values) == set(NAMES)
    P = session.features(pictures["content"], ["conv3_1"])["conv3_1"]
    assert np.array_equal(targets.values["content:conv3_1"], P)
    grams = []
    for style in ("style0", "style1"):
        S = session.features(pictures[style], ["relu2_1"])["relu2_1"]
        grams.append(np.einsum("ihw,jhw->ij", S, S) / (S.shape[1] * S.shape[2]))
    expected = 0.75 * grams[0] + 0.25 * grams[1]  # the recipe blends 3 to 1
    np.testing.assert_allclose(targets.values["style:relu2_1"], expected, rtol=SAME)


def test_a_picture_that_is_its_own_target_has_no_error(open_session, pictures):
    asked = recipe.load("default", [("tv.weight", 0)])
    session = open_session()
    targets = session.targets(pictures["content"], [pictures["content"]], asked)
    terms, g = session.gradient(pictures["content"], targets)
    assert terms.total == 0
    assert not g.any()


def test_a_tap_that_the_network_lacks_is_refused_before_any_work(open_session, pictures):
    asked = recipe.load("default", [("style.taps", {"relu6_1": 1})])
    with pytest.raises(NstError, match="no layer in tiny named 'relu6_1'"):
        open_session().targets(pictures["content"], [pictures["style0"]], asked)


# Painting


def staged(optimizer, **changes):
    return plan.Plan(optimizer=optimizer, iterations=5, **changes).stages()[-1]


def painted(session, image, targets, stage):
    """The painting, and (iteration, terms, image) before each step."""
    seen = []

    def watch(snapshot):
        seen.append((snapshot.iteration, snapshot.terms, snapshot.image()))

    return session.paint(image, targets, stage, watch), seen


def with_variable(targets, **changes):
    return Targets(targets.terms, targets.values, recipe.Variable(**changes))


@pytest.mark.parametrize("scale", [1.0, 255.0])
@pytest.mark.parametrize("optimizer", ["lbfgs", "adam"])
def test_painting_is_the_optimiser_fed_with_the_gradient(
    open_session, pictures, every_term, optimizer, scale
):
    session = open_session()
    targets = with_variable(targets_of(session, pictures, every_term), scale=scale)
    stage = staged(optimizer)
    image, seen = painted(session, pictures["image"], targets, stage)
    assert [iteration for iteration, _, _ in seen] == [0, 1, 2, 3, 4]
    optimiser = optimisers.make_optimiser(stage)
    for (_, terms, before), after in zip(
        seen, [shot[2] for shot in seen[1:]] + [image], strict=True
    ):
        expected, g = session.gradient(before, targets)
        assert terms == expected
        assert session.terms(before, targets) == expected
        x = optimiser.step(before * scale, g / scale) / scale
        # x / scale · scale is not always x; measured: 1e-16
        np.testing.assert_allclose(after, x, rtol=0, atol=1e-14)
    np.testing.assert_allclose(seen[0][2], pictures["image"], rtol=0, atol=1e-15)
    assert np.abs(image - pictures["image"]).max() > 1e-5


def test_painting_lowers_the_total(open_session, pictures, every_term):
    session = open_session()
    targets = targets_of(session, pictures, every_term)
    stage = plan.Plan(iterations=20).stages()[0]
    image, seen = painted(session, pictures["image"], targets, stage)
    assert session.terms(image, targets).total < 0.5 * seen[0][1].total


def test_painting_twice_gives_the_same_bits(open_session, pictures, every_term):
    session = open_session()
    targets = targets_of(session, pictures, every_term)
    kept = pictures["image"].copy()
    first, _ = painted(session, pictures["image"], targets, staged("lbfgs"))
    assert np.array_equal(pictures["image"], kept)
    again, _ = painted(session, pictures["image"], targets, staged("lbfgs"))
    assert np.array_equal(first, again)


@pytest.mark.parametrize("scale", [1.0, 255.0])
def test_a_box_keeps_every_pixel_in_the_unit_interval(open_session, pictures, every_term, scale):
    session = open_session()
    targets = targets_of(session, pictures, every_term)
    fast = staged("adam", adam=plan.Adam(lr=0.5 * scale))
    free = with_variable(targets, scale=scale)
    boxed = with_variable(targets, scale=scale, box="clip")
    outside, _ = painted(session, pictures["image"], free, fast)
    assert outside.min() < 0
    assert outside.max() > 1
    inside, seen = painted(session, pictures["image"], boxed, fast)
    for image in [shot[2] for shot in seen] + [inside]:
        assert image.min() >= 0
        assert image.max() <= 1
    assert inside.min() == 0
    assert inside.max() == 1


def test_a_variable_may_have_a_scale_for_each_channel(open_session, pictures, every_term):
    session = open_session()
    scale = (1.0, 2.0, 3.0)
    targets = with_variable(targets_of(session, pictures, every_term), scale=scale)
    each = np.array(scale)[:, None, None]
    terms, _ = session.gradient(pictures["image"], targets)
    expected = total_variation(each * pictures["image"], every_term.tv)
    assert terms.raw["tv"] == pytest.approx(expected, rel=SAME)
    stage = staged("adam", adam=plan.Adam(lr=0.06, epsilon=1e-30))
    image, _ = painted(session, pictures["image"], targets, stage)
    first, _ = painted(
        session, pictures["image"], targets, stage.model_copy(update={"iterations": 1})
    )
    step = np.abs(first - pictures["image"]) * each
    np.testing.assert_allclose(step, 0.06, rtol=1e-3)  # Adam's first step is its rate
    assert np.isfinite(image).all()


def test_a_term_that_is_not_counted_has_a_gradient_all_the_same(open_session, pictures, every_term):
    session = open_session()
    fields = every_term.model_dump()
    silent = recipe.build(fields, "here", [("tv.counted", False)])
    told = session.gradient(pictures["image"], targets_of(session, pictures, every_term))
    kept = session.gradient(pictures["image"], targets_of(session, pictures, silent))
    assert np.array_equal(told[1], kept[1])
    assert kept[0].total == pytest.approx(told[0].total - told[0].weighted["tv"], rel=1e-12)


def test_lbfgs_remembers_the_step_that_the_box_left_of_it(open_session, pictures, every_term):
    session = open_session()
    targets = targets_of(session, pictures, every_term)
    paths = {}
    for box in ("none", "clip", "clamp"):
        paths[box], _ = painted(
            session, pictures["image"] - 0.3, with_variable(targets, box=box), staged("lbfgs")
        )
    assert not np.allclose(paths["clip"], paths["clamp"])
    assert not np.allclose(paths["clip"], paths["none"])


@pytest.mark.parametrize(("norm", "power"), [("absolute", 1), ("squared", 2)])
def test_a_scaled_variable_changes_total_variation_alone(
    open_session, pictures, every_term, norm, power
):
    session = open_session()
    asked = recipe.build(every_term.model_dump(), "here", [("tv.norm", norm)])
    targets = targets_of(session, pictures, asked)
    scaled = with_variable(targets, scale=255)
    image = pictures["image"]
    terms, g = session.gradient(image, targets)
    scaled_terms, scaled_g = session.gradient(image, scaled)
    for name in NAMES:
        assert scaled_terms.raw[name] == terms.raw[name]
    # the differences are those of the variable, in units of 1/255
    assert scaled_terms.raw["tv"] == pytest.approx(255**power * terms.raw["tv"], rel=SAME)
    assert scaled_terms.raw["tv"] == pytest.approx(total_variation(255 * image, asked.tv), rel=SAME)
    _, tv = session.gradient(image, only(targets, "tv"))
    expected = g + asked.tv.weight * (255**power - 1) * tv
    np.testing.assert_allclose(scaled_g, expected, rtol=0, atol=SAME * np.abs(expected).max())


# The door


def test_a_session_computes_in_the_precision_that_was_asked(tiny, pictures, every_term):
    double, single = (
        open_backend().session(network("tiny"), tiny, dtype=dtype)
        for dtype in ("float64", "float32")
    )
    for session, dtype in ((double, np.float64), (single, np.float32)):
        targets = targets_of(session, pictures, every_term)
        _, g = session.gradient(pictures["image"], targets)
        image, _ = painted(session, pictures["image"], targets, staged("lbfgs"))
        features = session.features(pictures["image"], ["relu5_1"])["relu5_1"]
        assert {g.dtype, image.dtype, features.dtype} == {np.dtype(dtype)}
        assert session.flags == {"device": "cpu", "dtype": np.dtype(dtype).name, "exact": "True"}


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"device": "cuda"}, "no device of numpy named 'cuda'"),
        ({"dtype": "bfloat16"}, "no dtype of numpy named 'bfloat16'"),
    ],
)
def test_what_numpy_does_not_offer_is_refused(tiny, asked, words):
    with pytest.raises(BackendError, match=words):
        open_backend().session(network("tiny"), tiny, **asked)


def test_numpy_says_what_it_is():
    about = open_backend().about()
    assert (about.framework, about.version, about.engine) == ("NumPy", np.__version__, "")
    assert (about.devices, about.dtypes) == (("cpu",), ("float32", "float64"))
