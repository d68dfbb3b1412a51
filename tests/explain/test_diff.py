"""What differs between two recipes: every field, both values, and a sentence that fits."""

import pytest

from nst_core import recipe
from nst_core.explain import diff
from nst_core.explain.diff import differences

SHIPPED = recipe.names()
OTHER = {"lr": 1, "beta1": 0.5, "beta2": 0.5, "epsilon": 1}
OWN = {"scale": 255.0, "channels": "BGR"}


def loaded(**changes):
    """The default with changes, whose keys are written `style__gram`."""
    return recipe.load("default", [(k.replace("__", "."), v) for k, v in changes.items()])


def only(**changes):
    """The one difference that a change of the default makes."""
    (found,) = differences(loaded(), loaded(**changes))
    return found


def test_every_field_has_a_sentence_and_every_sentence_a_field():
    fields = dict(diff.fields(loaded().model_dump(mode="json")))
    for key in fields:
        assert diff.effect(key, loaded())[-1] in ".;", key
    assert set(diff.NO_RATIO) <= fields.keys()
    assert {key for key, value in fields.items() if value in (None, [])} <= diff.UNSET.keys()


def test_what_a_recipe_is_called_is_no_difference():
    assert differences(loaded(), loaded(name="other", title="T", source="S", notes=["n"])) == []
    text = diff.as_text(loaded(), loaded(name="other"))
    assert text.splitlines()[-1] == "no field differs"
    assert text.splitlines()[1] == "B  other: Relative errors, coarse to fine"


@pytest.mark.parametrize("name", SHIPPED)
def test_every_pair_of_recipes_has_its_differences_and_no_other(name):
    one = recipe.load(name)
    for other in map(recipe.load, SHIPPED):
        found = differences(one, other)
        a, b = (dict(diff.fields(r.model_dump(mode="json"))) for r in (one, other))
        assert [d.field for d in found] == [key for key in a if a[key] != b[key]]
        assert all(d.meaning.endswith(".") for d in found)
        lines = diff.as_text(one, other, 80).splitlines()
        assert max(map(len, lines[2:]), default=0) <= 80


def test_differences_are_mirrored():
    one, other = (recipe.load(name) for name in ("default", "gatys2016"))
    there, back = differences(one, other), differences(other, one)
    assert [(d.field, d.a, d.b) for d in there] == [(d.field, d.b, d.a) for d in back]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"style__weight": 200}, "2 × A's. A larger weight takes on more of the style."),
        ({"content__weight": 0}, "only in A. A larger weight keeps more of the photograph."),
        ({"plan__lbfgs": {"history": 10, "curvature": 0.1}}, "0.5 × A's. "),
        ({"style__gram": "elements"}, "another divisor, whose square divides the term; "),
        ({"network__pooling": "max"}, "Average pooling spreads the gradient over the four "),
        ({"variable__box": "clamp"}, "and with clamp the steps before clamping."),
        ({"plan__seed": 3}, "a picture that differs in detail (used by neither)."),
        ({"plan__adam": {"lr": 10}}, "500 × A's. The learning rate"),
    ],
)  # fmt: skip
def test_what_a_difference_does(changes, words):
    assert words in only(**changes).meaning


def test_numbers_of_weight_zero_are_only_in_the_other():
    (found,) = differences(loaded(tv__weight=0), loaded())
    assert (found.a, found.b) == ("0", "0.5")
    assert found.meaning.startswith("only in B. ")


def test_taps_that_come_go_and_weigh_otherwise():
    taps = {"relu1_1": 0.1, "relu2_1": 0.8, "conv3_1": 0.1}
    found = only(style__taps=taps)
    assert found.b == "relu1_1 0.1, relu2_1 0.8, conv3_1 0.1"
    assert found.meaning.startswith(
        "B adds conv3_1; B leaves out relu3_1, relu4_1, relu5_1; relu2_1 2 × A's. Shallow layers"
    )


def test_taps_that_all_weigh_as_much_more():
    one = {"relu1_1": 0.5, "relu2_1": 0.25}
    two = {"relu1_1": 1.0, "relu2_1": 0.5}
    (found,) = differences(loaded(style__taps=one), loaded(style__taps=two))
    assert found.meaning.startswith("every share is 2 × A's. ")


def test_values_are_written_as_a_person_writes_them():
    found = only(network__preprocessing=OWN)
    assert found.a == "the preprocessing of the weights"
    assert found.b == "scale 255, channels BGR, mean (0, 0, 0), std (1, 1, 1)"
    assert only(plan__coarsest=None).b == "one scale"
    assert only(style__centred=True).b == "true"
    assert only(style__blend=[3, 1]).b == "(3, 1)"
    assert only(plan__lbfgs__restart=20).a == "never"


def test_it_is_said_whom_a_field_concerns():
    adam, lbfgs = loaded(plan__optimizer="adam", plan__adam={"lr": 1}), loaded()
    said = {d.field: d.meaning for d in differences(adam, lbfgs)}
    assert said["plan.adam.lr"].endswith(" (only A uses it).")
    assert said["plan.optimizer"].endswith("proportional to them.")
    noise = loaded(plan__init="noise", plan__noise={"width": 1})
    said = {d.field: d.meaning for d in differences(lbfgs, noise)}
    assert said["plan.noise.width"].endswith(" (only B uses it).")
    silent = loaded(tv={"weight": 0, "norm": "squared"})
    said = {d.field: d.meaning for d in differences(silent, loaded(tv__weight=0))}
    assert said["tv.norm"].endswith(" (used by neither).")


def test_of_a_frameworks_own_adam_only_the_rate_is_used():
    said = {
        d.field: d.meaning
        for d in differences(loaded(plan__adam=OTHER), loaded(plan__optimizer="native-adam"))
    }
    assert said["plan.adam.lr"].endswith(" (only B uses it).")
    for unused in ("beta1", "beta2", "epsilon"):
        assert said[f"plan.adam.{unused}"].endswith(" (used by neither).")
    assert "native-adam" in said["plan.optimizer"]


def test_long_values_have_lines_of_their_own():
    one, other = (recipe.load(name) for name in ("default", "gatys2016"))
    text = diff.as_text(one, other)
    assert "style.weight   100 → 1000\n    10 × A's. A larger weight" in text
    assert "\nstyle.taps\n  A  relu1_1 0.1, relu2_1 0.4" in text
