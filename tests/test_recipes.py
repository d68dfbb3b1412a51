"""The shipped recipes: each source's formulas written out once more, in plain NumPy.

A row of `TABLE` has what its source multiplies Σ(F − P)² and Σ(FFᵀ − SSᵀ)² by, with its weights and
for pictures of one size: N channels of M positions at a layer, a painting of S pixels.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from values import content_loss, gram_matrix, style_loss, with_gradient

from nst_core import recipe
from nst_core.backend import Targets
from nst_core.effective import effective_weights
from nst_core.network import network
from nst_core.reference import open_backend
from nst_core.terms.formula import total_error

SAME = 1e-12  # sums of 1e5 squares in another order; measured: 2e-15 at most
SIZE, OTHER = (32, 48), (48, 32)  # of the photograph, of the style picture: 16 and more units deep
LARGER = (64, 48)

RELU1 = "relu1_1 relu2_1 relu3_1 relu4_1 relu5_1"
FIRST_FIVE = "conv1_1 conv1_2 conv2_1 conv2_2 conv3_1"


# Total variation of x, (3, height, width), as the sources write it


def down(x):
    return x[:, 1:] - x[:, :-1]


def across(x):
    return x[:, :, 1:] - x[:, :, :-1]


def absolute(x):
    return np.abs(down(x)).sum() + np.abs(across(x)).sum()


def half_squares(x):
    """½Σ over the pixels that have both neighbours."""
    return 0.5 * (down(x)[:, :, :-1] ** 2 + across(x)[:, :-1] ** 2).sum()


def powers(x):
    return ((down(x)[:, :, :-1] ** 2 + across(x)[:, :-1] ** 2) ** 1.25).sum()


def powers_of_last_row(x):
    """`x[:, h - 1, 1:]` where `x[:, :h - 1, 1:]` was meant."""
    right = x[:, :-1, :-1] - x[:, -1, 1:][:, None]
    return ((down(x)[:, :, :-1] ** 2 + right**2) ** 1.25).sum()


def means_of_squares(x):
    return (down(x) ** 2).mean() + (across(x) ** 2).mean()


def means_of_absolutes(x):
    return np.abs(down(x)).mean() + np.abs(across(x)).mean()


def nine_points(x):
    falling, rising = x[:, 1:, 1:] - x[:, :-1, :-1], x[:, 1:, :-1] - x[:, :-1, 1:]
    diagonal = ((falling**2).mean() + (rising**2).mean()) / 12
    return 2 * (means_of_squares(x) / 3 + diagonal)


@dataclass(frozen=True)
class Row:
    """What a source computes."""

    weights: str
    content: str
    c: Callable[[int, int], float]
    """On Σ(F − P)² by N, M."""
    s: Callable[[int, int, int], float]
    """On Σ(FFᵀ − SSᵀ)² by N, M, S."""
    evaluations: int
    style: str = RELU1
    scale: tuple[float, ...] = (255.0,)
    tv: Callable[[np.ndarray], float] | None = None
    theta: float = 0.0
    shares: dict[str, float] = field(default_factory=dict)
    centred: bool = False
    norm: Callable[[np.ndarray], np.ndarray] = np.square


def mean(weight):
    return lambda N, M: weight / (N * M)


def total(weight):
    return lambda N, M: weight


def paper(weight):
    """1/(4 N² M²), five layers alike."""
    return lambda N, M, S: weight / 5 / (4 * N**2 * M**2)


def squares(weight):
    """Gram matrices over M, mean of squares; or over N·M, sum."""
    return lambda N, M, S: weight / (N**2 * M**2)


def quartic(weight):
    """Gram matrices over N·M, mean of squares."""
    return lambda N, M, S: weight / (N**4 * M**2)


def pixels(weight):
    """4·3²·S² for every layer."""
    return lambda N, M, S: weight / 5 / (4 * 3**2 * S**2)


CAFFE19, CAFFE16, TORCH = "vgg19-caffe", "vgg16-caffe", "vgg19-torchvision"
CROWSON = {f"relu{n}_1": w / 341 for n, w in enumerate((256, 64, 16, 4, 1), start=1)}

JCJOHNSON = Row(CAFFE19, "relu4_2", mean(5), quartic(100), 1000, tv=half_squares, theta=1e-3)
NEURAL_STYLE_PT = Row(CAFFE19, "relu4_2", mean(5), quartic(100), 1000, tv=absolute, theta=1e-3)
CYSMITH = {
    "weights": CAFFE19,
    "content": "conv4_2",
    "c": lambda N, M: 5 / (2 * N**0.5 * M**0.5),
    "evaluations": 1000,
    "tv": absolute,
    "theta": 1e-3,
}
TUTORIAL = {"s": quartic(1e6), "style": FIRST_FIVE, "scale": (1.0,)}
TENSORFLOW = Row(
    CAFFE19, "relu5_2", mean(1e4), squares(1e-2 / 5), 1000, scale=(1.0,), tv=absolute, theta=30
)
SSUML_KERAS = (CAFFE19, "relu5_2", total(0.025), pixels(1), 400)

TABLE = {
    "gatys2015": Row(CAFFE19, "relu4_2", total(0.5), paper(1e3), 500),
    "gatys2016": Row(CAFFE19, "relu4_2", total(0.5), paper(1e3), 500),
    "neural-image-synthesis": Row(CAFFE19, "relu4_2", mean(1), quartic(1e3), 700),
    "neural-image-synthesis-normalised": Row(CAFFE19, "relu4_2", mean(1e6), squares(1e9 / 5), 700),
    "leongatys": Row(CAFFE19, "relu4_2", mean(1), quartic(1e3), 520),
    "jcjohnson": JCJOHNSON,
    "jcjohnson-as-run": Row(**{**vars(JCJOHNSON), "scale": (256.0,)}),
    "neural-style-pt": NEURAL_STYLE_PT,
    "neural-style-pt-as-run": Row(**{**vars(NEURAL_STYLE_PT), "scale": (256.0,)}),
    "anishathalye": Row(
        CAFFE19, "relu4_2", mean(5), quartic(500 / 5), 1000, tv=means_of_squares, theta=100
    ),
    "cysmith": Row(s=paper(1e4), **CYSMITH),
    "cysmith-as-run": Row(s=paper(1e4 / 5), **CYSMITH),
    "titu1994": Row(
        CAFFE16, "relu5_2", total(0.025), pixels(1), 200, tv=powers, theta=8.5e-5
    ),
    "gordicaleksa": Row(
        TORCH, "relu4_2", mean(1e5), squares(3e4 / 5), 1000, tv=absolute, theta=1
    ),
    "crowsonkb": Row(
        TORCH, "relu4_2", mean(0.015), squares(15), 2207, scale=(1.0,), tv=nine_points, theta=2,
        shares=CROWSON, centred=True,
    ),
    "pystiche": Row(TORCH, "relu4_2", mean(1), squares(1e3 / 5), 500, scale=(1.0,)),
    "rrmina": Row(
        CAFFE19, "relu4_2", mean(5), quartic(100 * 0.2), 500,
        style="relu1_2 relu2_2 relu3_4 relu4_4 relu5_4",
    ),
    "pytorch-tutorial": Row(TORCH, "conv2_2", mean(1), evaluations=320, **TUTORIAL),
    "pytorch-tutorial-as-run": Row(TORCH, "conv2_2", mean(1), evaluations=320, **TUTORIAL),
    "tensorflow-tutorial": TENSORFLOW,
    "keras-example": Row(
        CAFFE19, "relu5_2", total(2.5e-8), pixels(1e-6), 4000, tv=powers, theta=1e-6
    ),
    "keras-2017": Row(CAFFE16, "relu4_2", total(0.025), pixels(1), 200, tv=powers, theta=1),
    "kimrass": Row(
        TORCH, "relu4_2", total(0.5), paper(1e8), 400, scale=(1 / 0.229, 1 / 0.224, 1 / 0.225)
    ),
    "ssuml-torch": Row(TORCH, "conv3_1", mean(1), evaluations=620, **TUTORIAL),
    "ssuml-torch-as-run": Row(TORCH, "conv3_1", mean(1), evaluations=620, **TUTORIAL),
    "ssuml-keras": Row(*SSUML_KERAS, tv=powers, theta=1e-4),
    "ssuml-keras-as-run": Row(*SSUML_KERAS, tv=powers_of_last_row, theta=1e-4),
    "ssuml-tf": TENSORFLOW,
    "conv-indices": Row(TORCH, "relu4_2", total(0.5), paper(1e8), 100, scale=(1.0,)),
    "l2-tv": Row(
        TORCH, "relu4_2", mean(1), quartic(1e6), 100, scale=(1.0,), tv=means_of_absolutes, theta=1
    ),
    "l1-content": Row(
        TORCH, "relu4_2", mean(1e5), squares(3e4 / 5), 1000, tv=absolute, theta=1, norm=np.abs
    ),
}  # fmt: skip

# Sources that bring the style picture to the photograph's size
RESIZED = {
    "gatys2015", "cysmith", "cysmith-as-run", "titu1994", "keras-example", "keras-2017", "kimrass",
    "ssuml-torch", "ssuml-torch-as-run", "ssuml-keras", "ssuml-keras-as-run", "conv-indices",
}  # fmt: skip


@pytest.fixture(params=TABLE)
def name(request):
    return request.param


@pytest.fixture
def loaded(name):
    return recipe.load(name)


@pytest.fixture
def row(name):
    return TABLE[name]


def network_of(loaded):
    return loaded.network.of(loaded.network.weights.partition("-")[0])


def random_features(loaded, size, seed):
    """What a network of the recipe's shapes might say: rectified at its relu layers."""
    random, net = np.random.default_rng(seed), network_of(loaded)
    found = {tap: random.standard_normal(net.shape(tap, *size)) for tap in loaded.taps()}
    return {tap: np.maximum(x, 0) if "relu" in tap else x for tap, x in found.items()}


def flat(F, *, centred=False):
    F = F.reshape(len(F), -1)
    return F - F.mean(1, keepdims=True) if centred else F


def written_out(row, F, P, S, x):
    """Every weighted term, from features of the painting, photograph and style, and the pixels."""
    N, M = flat(F[row.content]).shape
    terms = {
        f"content:{row.content}": row.c(N, M) * row.norm(F[row.content] - P[row.content]).sum()
    }
    for tap in row.style.split():
        f, s = (flat(features[tap], centred=row.centred) for features in (F, S))
        (N, M), K = f.shape, s.shape[1]
        if K == M:
            value = row.s(N, M, x[0].size) * ((f @ f.T - s @ s.T) ** 2).sum()
        else:  # each Gram matrix over its own number of positions
            value = row.s(N, 1, x[0].size) * ((f @ f.T / M - s @ s.T / K) ** 2).sum()
        terms[f"style:{tap}"] = row.shares.get(tap, 1) * value
    scale = np.reshape(row.scale, (-1, 1, 1))
    return terms | {"tv": row.theta * (row.tv(scale * x) if row.tv else 0)}


def by_recipe(loaded, F, P, S, x):
    """The same through the recipe: `Targets` and its terms."""

    def statistics(picture, terms, _):
        return {term.name: term.formula.statistic(picture[term.tap]) for term in terms}

    targets = Targets.of(loaded, P, [S], statistics)
    terms = {}
    for term, factor in zip(targets.terms, targets.coefficients(x[0].size), strict=True):
        target = targets.values.get(term.name)
        if term.name.startswith("content"):
            raw = factor * total_error(F[term.tap] - target, term.formula.norm)
            assert raw == content_loss(F[term.tap], target, term.formula)
        elif term.name.startswith("style"):
            G = gram_matrix(F[term.tap], term.formula)
            raw = factor * total_error(G - target)
            assert raw == style_loss(G, target, term.formula, x[0].size)
        else:
            scale = np.reshape(targets.variable.scales, (-1, 1, 1))
            raw = term.formula.value(scale * x, None, x[0].size)
        terms[term.name] = term.weight * raw
    return terms


def compare(loaded, row, size, style_size):
    F, P = (random_features(loaded, size, seed) for seed in (1, 2))
    S = random_features(loaded, style_size, 3)
    x = np.random.default_rng(4).random((3, *size))
    found = by_recipe(loaded, F, P, S, x)
    assert found == pytest.approx(written_out(row, F, P, S, x), rel=SAME, abs=0)
    assert all(value > 0 for key, value in found.items() if key != "tv")
    assert (found["tv"] > 0) == bool(row.tv)


# Formulas


def test_the_table_has_every_recipe_but_the_default():
    assert set(TABLE) == set(recipe.names()) - {recipe.DEFAULT}


def test_every_term_is_that_of_its_source(loaded, row):
    compare(loaded, row, SIZE, SIZE)


def test_every_term_is_that_of_its_source_on_pictures_of_two_shapes(name, loaded, row):
    assert loaded.style.resize == ("content" if name in RESIZED else "own")
    if name not in RESIZED:
        compare(loaded, row, SIZE, OTHER)
        compare(loaded, row, SIZE, LARGER)


MUTANTS = [
    ("gatys2016", "content.factor", 0.501),
    ("gatys2016", "content.reduction", "mean"),
    ("leongatys", "style.gram", "positions"),
    ("gordicaleksa", "style.reduction", "mean"),
    ("cysmith", "style.average", "double"),
    ("cysmith", "content.reduction", "mean"),
    ("titu1994", "style.gram", "positions"),
    ("titu1994", "style.reduction", "sum"),
    ("crowsonkb", "style.centred", False),
    ("leongatys", "style.shift", -1.0),
    ("crowsonkb", "tv.stencil", "cross"),
    ("anishathalye", "tv.reduction", "sum"),
    ("jcjohnson", "tv.norm", "squared"),
    ("keras-example", "tv.exponent", 1.26),
    ("ssuml-keras", "tv.last_row", True),
    ("neural-style-pt", "variable.scale", 256.0),
    ("l1-content", "content.norm", "squared"),
    ("l2-tv", "tv.norm", "squared"),
    ("rrmina", "style.weight", 100.01),
]


@pytest.mark.parametrize(("name", "key", "value"), MUTANTS)
def test_another_formula_is_noticed(name, key, value):
    with pytest.raises(AssertionError):
        compare(recipe.load(name, [(key, value)]), TABLE[name], SIZE, SIZE)


def test_a_gram_matrix_that_grows_with_its_picture_needs_pictures_of_one_size(loaded):
    assert loaded.style.gram != "raw" or loaded.style.resize == "content"


def test_weights_times_coefficients_are_the_canonical_table(loaded, row):
    net, (height, width) = network_of(loaded), (300, 400)
    S = height * width
    for term in loaded.terms()[:-1]:
        N, *sides = net.shape(term.tap, height, width)
        M = int(np.prod(sides))
        if term.name.startswith("content"):
            target = np.ones((N, *sides))
            expected, divisor = row.c(N, M), 1
        else:
            target = np.ones((N, N))
            expected = row.shares.get(term.tap, 1) * row.s(N, M, S)
            divisor = term.formula.divisor((N, M)) ** 2
        targets = Targets((term,), {term.name: target}, loaded.variable)
        (factor,) = targets.coefficients(S)
        assert term.weight * factor / divisor == pytest.approx(expected, rel=1e-12, abs=0)
    assert loaded.tv.weight == row.theta


def test_the_default_recipe_has_relative_errors():
    loaded = recipe.load("default")
    F, P = (random_features(loaded, SIZE, seed) for seed in (1, 2))
    S = random_features(loaded, OTHER, 3)
    x = np.random.default_rng(4).random((3, *SIZE))
    f, p = F["relu4_2"], P["relu4_2"]
    expected = {
        "content:relu4_2": ((f - p) ** 2).sum() / (p**2).sum(),
        "tv": 0.5 * means_of_absolutes(x),
    }
    for tap, share in zip(RELU1.split(), (0.1, 0.4, 0.5, 0.02, 0.001), strict=True):
        f, s = flat(F[tap]), flat(S[tap])
        G, A = f @ f.T / f.shape[1], s @ s.T / s.shape[1]
        expected[f"style:{tap}"] = 100 * share * ((G - A) ** 2).sum() / (A**2).sum()
    assert by_recipe(loaded, F, P, S, x) == pytest.approx(expected, rel=SAME, abs=0)


def test_the_gradient_of_jcjohnsons_total_variation_is_what_his_module_adds():
    x = 255 * np.random.default_rng(0).random((3, 7, 9))
    g = np.zeros_like(x)
    right, below = x[:, :-1, :-1] - x[:, :-1, 1:], x[:, :-1, :-1] - x[:, 1:, :-1]
    g[:, :-1, :-1] += right + below
    g[:, :-1, 1:] -= right
    g[:, 1:, :-1] -= below
    for name in ("jcjohnson", "jcjohnson-as-run"):
        _, found = with_gradient(x, None, recipe.load(name).tv)
        np.testing.assert_allclose(found, g, rtol=0, atol=1e-12 * np.abs(g).max())


def test_one_family_has_the_same_content_and_style_terms():
    def coefficients(name, N=64, M=1000):
        row = TABLE[name]
        return row.c(N, M), row.s(N, M, M)

    family = [coefficients(n) for n in ("jcjohnson", "neural-style-pt", "anishathalye")]
    assert all(a == pytest.approx(b) for a, b in pairwise(family))
    content, style = family[0]
    assert coefficients("leongatys") == pytest.approx((content / 5, style * 10))


# Several styles


@pytest.mark.parametrize("name", ["anishathalye", "cysmith", "titu1994"])
def test_several_styles_are_several_losses(name):
    loaded = recipe.load(name)
    one, two = (sum(t.weight for t in loaded.terms(n) if "style" in t.name) for n in (1, 2))
    assert one == pytest.approx(two)
    assert {t.name for t in loaded.terms(2) if t.tap == "relu3_1"} == {
        "style1:relu3_1", "style2:relu3_1",
    }  # fmt: skip


# What is said of them


@pytest.mark.parametrize("name", recipe.names())
def test_it_loads_and_names_its_source_and_its_departures(name):
    loaded = recipe.load(name)
    assert loaded.name == name
    assert loaded.title
    assert loaded.source
    # none of the others is known to do all that its source does
    assert bool(loaded.departures) == (name != recipe.DEFAULT)
    sentences = (*loaded.notes, *loaded.departures)
    assert len(set(sentences)) == len(sentences)
    assert all(sentence.endswith(".") for sentence in sentences)


@pytest.mark.parametrize("name", recipe.names())
def test_every_tap_exists_in_its_network(name):
    loaded = recipe.load(name)
    loaded.check(network_of(loaded))


def test_weights_and_evaluations_are_those_of_the_source(loaded, row):
    assert loaded.network.weights == row.weights
    assert loaded.variable.scales == pytest.approx(row.scale * (3 // len(row.scale)))
    assert sum(stage.iterations for stage in loaded.plan.stages()) == row.evaluations


def test_the_two_scales_of_the_authors_code():
    for name in ("neural-image-synthesis", "neural-image-synthesis-normalised"):
        stages = recipe.load(name).plan.stages()
        assert [(stage.size, stage.iterations) for stage in stages] == [(512, 500), (1024, 200)]


@pytest.mark.parametrize("name", recipe.names())
def test_it_paints(name, tiny, empty_cache):
    loaded = recipe.load(name)
    net = loaded.network.of("tiny")
    session = open_backend().session(net, effective_weights(tiny, net, loaded))
    content, style = np.random.default_rng(0).random((2, 3, *SIZE))
    targets = session.targets(content, [style], loaded)
    stage = loaded.plan.stages()[-1].model_copy(update={"iterations": 2})
    seen = []
    image = session.paint(content, targets, stage, lambda snapshot: seen.append(snapshot.terms))
    assert len(seen) == 2
    assert np.isfinite(image).all()
    assert not np.array_equal(image, content)
    assert all(np.isfinite(terms.total) for terms in seen)


def departures(name):
    return " ".join(recipe.load(name).departures)


def test_titu1994_keeps_the_aspect_ratio_and_has_400_rows():
    plan = recipe.load("titu1994").plan
    assert (plan.size, plan.side) == (400, "shortest")
    assert "the height is 400 pixels, whether it is the longer side or not." in departures(
        "titu1994"
    )
    assert "square" not in departures("titu1994")


def test_titu1994_weighs_each_of_several_styles_by_itself():
    assert "absolute weight" in departures("titu1994")
    assert "they are shares" in departures("titu1994")


def test_kimrass_says_how_its_source_resizes():
    for word in ("Pillow's bicubic filter", "PyTorch's bilinear filter", "Lanczos"):
        assert word in departures("kimrass")


def test_anishathalye_says_how_far_another_epsilon_leads():
    assert "6.6 grey levels" in departures("anishathalye")
    assert "nothing to see" not in departures("anishathalye")


def test_the_notes_of_crowsonkb_agree_with_its_departures():
    assert "total variation pads the picture by replication" in departures("crowsonkb")
    (note,) = [n for n in recipe.load("crowsonkb").notes if n.startswith("Content and total")]
    assert "padding" in note


# Known slips


WORDS = {"name", "title", "source", "notes", "departures"}
PIXELS_BY_256 = {"network.preprocessing", "variable.scale", "plan.noise.width"}
UNTOLD_BOX = {"variable.box", "plan.lbfgs.absolute"}
SLIPS = {
    "jcjohnson": PIXELS_BY_256 | {"tv.counted"},
    "neural-style-pt": PIXELS_BY_256,
    "cysmith": {"style.average"},
    "pytorch-tutorial": UNTOLD_BOX,
    "ssuml-torch": UNTOLD_BOX,
    "ssuml-keras": {"tv.last_row"},
}


def leaves(fields, before=""):
    """{dotted name: value}; a preprocessing that is asked for is one value."""
    found = {}
    for key, value in fields.items():
        nested = isinstance(value, dict) and key != "preprocessing"
        found |= leaves(value, f"{before}{key}.") if nested else {before + key: value}
    return found


def test_every_recipe_as_run_has_a_plain_one():
    assert {f"{name}-as-run" for name in SLIPS} == {n for n in recipe.names() if "as-run" in n}


@pytest.mark.parametrize("name", SLIPS)
def test_a_recipe_as_run_differs_only_in_the_slip(name):
    plain, as_run = (leaves(recipe.load(n).model_dump()) for n in (name, f"{name}-as-run"))
    assert plain.keys() == as_run.keys()
    different = {key for key in plain if plain[key] != as_run[key]}
    assert different - WORDS == SLIPS[name]


def test_pixels_by_256_are_pixels_by_256_everywhere():
    for name in ("jcjohnson-as-run", "neural-style-pt-as-run"):
        loaded = recipe.load(name)
        rule = loaded.network.preprocessing
        assert (rule.scale, rule.channels) == (256, "BGR")
        assert rule.mean == (103.939, 116.779, 123.68)
        assert loaded.plan.noise.width == 0.001 / 256
        assert recipe.load(name.removesuffix("-as-run")).plan.noise.width == 0.001 / 255


# What is refused


@pytest.mark.parametrize(
    ("name", "key", "value", "words"),
    [
        ("cysmith", "style.avarage", "one", ["style.avarage", "'style.average'", "style.gram"]),
        ("titu1994", "tv.exponent", "high", ["tv.exponent must be a number", "'high'"]),
        ("titu1994", "tv.exponent", 0.5, ["tv.exponent must be at least 1, not 0.5"]),
        ("jcjohnson", "tv.counted", "no way", ["tv.counted must be true or false", "'no way'"]),
        ("kimrass", "variable.scale", [1, 2], ["variable.scale", "three of them", "[1, 2]"]),
        ("cysmith", "content.reduction", "rot", ["'sum', 'mean', 'root' or 'relative'", "'rot'"]),
        ("keras-2017", "plan.side", "height", ["'longest', 'shortest' or 'area'", "'height'"]),
        ("keras-2017", "tv.reduction", "mean", ["reduction 'sum'", "'mean'"]),
        ("anishathalye", "style.taps.relu1_1", 0.3, ["style.taps", "add up to 1, not 1.1", "one"]),
        ("cysmith-as-run", "style.taps.relu1_1", 0.1, ["add up to 1, not 0.9", "double"]),
    ],
)  # fmt: skip
def test_a_change_that_makes_no_sense_is_one_line(name, key, value, words):
    with pytest.raises(recipe.RecipeError) as caught:
        recipe.load(name, [(key, value)])
    text = str(caught.value)
    assert text.startswith(f"recipe '{name}': ")
    assert "\n" not in text
    for word in words:
        assert word in text


def test_a_layer_that_the_network_lacks_is_one_line():
    with pytest.raises(recipe.RecipeError) as caught:
        recipe.load("rrmina").check(network("vgg16"))
    assert str(caught.value) == (
        "recipe 'rrmina': style.taps: no layer in vgg16 named 'relu3_4'. Did you mean 'relu3_3'? "
        "vgg19 has 'relu3_4': use --weights vgg19-caffe or vgg19-torchvision."
    )


def test_weights_that_have_a_layer_begin_with_those_of_the_recipe():
    loaded = recipe.load("pystiche", [("content.taps", {"relu4_4": 1.0})])
    with pytest.raises(recipe.RecipeError, match="use --weights vgg19-torchvision or vgg19-caffe"):
        loaded.check(network("vgg16"))


def test_a_layer_that_no_network_has_is_answered_with_those_there_are():
    loaded = recipe.load("pystiche", [("content.taps", {"relu6_1": 1.0})])
    with pytest.raises(recipe.RecipeError) as caught:
        loaded.check(network("vgg16"))
    assert "Choose from: conv1_1, conv1_2" in str(caught.value)
    assert "--weights" not in str(caught.value)


# The page about them


def fields_of(section, definitions, before=""):
    """The dotted name of every field below a section of the JSON Schema."""
    for key, value in section["properties"].items():
        kinds = (value, *value.get("anyOf", ()))
        nested = [kind["$ref"].rpartition("/")[2] for kind in kinds if "$ref" in kind]
        if nested:
            yield from fields_of(definitions[nested[0]], definitions, f"{before}{key}.")
        else:
            yield before + key


def test_the_page_has_every_field_and_every_recipe():
    page = (Path(__file__).parents[1] / "docs" / "recipes.md").read_text("utf-8")
    first_cells = re.findall(r"^\| (`[^|]*`) \|", page, flags=re.MULTILINE)
    listed = [name for cell in first_cells for name in re.findall(r"`([^`]+)`", cell)]
    schema = recipe.schema()
    names = [*fields_of(schema, schema["$defs"]), *recipe.names()]
    assert set(listed) == set(names)
    fields_and_recipes = listed[: len(names)]  # what follows compares some of them
    assert sorted(fields_and_recipes) == sorted(names)
