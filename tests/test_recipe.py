"""Recipes: those that are shipped, and what is said of one that cannot be used."""

import json
import math
import subprocess
import sys

import numpy as np
import pytest

from nst_core import images, recipe
from nst_core.errors import NstError, RecipeError
from nst_core.network import network
from nst_core.plan import Plan

STYLE_TAPS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")


def complaint(source, *changes):
    """The one line that refuses the recipe."""
    with pytest.raises(RecipeError) as caught:
        recipe.load(str(source), changes)
    text = str(caught.value)
    assert "\n" not in text
    return text


@pytest.fixture
def written(tmp_path):
    """Writes a recipe file."""

    def write(text, name="mine.toml"):
        path = tmp_path / name
        path.write_text(text, "utf-8")
        return path

    return write


MINE = """
name = "mine"
title = "Mine"
source = "me"
network = { weights = "vgg16-hed" }
content = { taps = { conv4_2 = 1 } }
style = { weight = 2, taps = { relu1_1 = 0.5, relu3_1 = 0.25 } }
"""

# Shipped recipes


@pytest.mark.parametrize("name", recipe.names())
def test_every_shipped_recipe_loads_under_its_own_name_and_fits_its_network(name):
    loaded = recipe.load(name)
    assert loaded.name == name
    assert loaded.title
    assert loaded.source
    loaded.check(network(loaded.network.weights.partition("-")[0]))


def test_the_shipped_recipes_include_the_default_and_the_paper():
    assert {recipe.DEFAULT, "gatys2016"} <= set(recipe.names())


def test_the_default_recipe_has_no_unit_and_no_size():
    default = recipe.load("default")
    assert default.network.weights == "vgg16-caffe"
    assert (default.content.reduction, default.style.reduction) == ("relative", "relative")
    assert default.style.gram == "positions"
    assert default.tv.reduction == "mean"
    assert default.variable.scale == 1
    assert len(default.plan.sizes()) > 1


def test_gatys2016_is_what_the_paper_says():
    paper = recipe.load("gatys2016")
    assert paper.network == recipe.NetworkChoice(
        weights="vgg19-caffe", pooling="average", normalised=True
    )
    # eq. 1: one half of a sum
    assert paper.content == recipe.Content(weight=1, taps={"relu4_2": 1.0}, factor=0.5)
    # eqs. 4 and 5: a quarter of a mean, the five layers alike; figure 3: α/β = 1e-3
    assert paper.style == recipe.Style(
        weight=1e3,
        taps=dict.fromkeys(STYLE_TAPS, 0.2),
        gram="positions",
        reduction="mean",
        factor=0.25,
    )
    assert paper.tv.weight == 0
    assert paper.variable.box == "none"
    assert paper.variable.scale == 255
    assert (paper.plan.init, paper.plan.optimizer, paper.plan.coarsest) == ("noise", "lbfgs", None)


def test_a_plan_that_a_recipe_leaves_out_is_the_plan_of_the_defaults(written):
    assert recipe.load(str(written(MINE))).plan == Plan()


# Terms and shares


def test_every_term_has_a_name_a_tap_and_the_product_of_its_weights(written):
    loaded = recipe.load(str(written(MINE)), [("content.weight", 3), ("tv.weight", 0.5)])
    terms = {term.name: (term.tap, term.weight, term.formula) for term in loaded.terms()}
    assert terms == {
        "content:conv4_2": ("conv4_2", 3.0, loaded.content),
        "style:relu1_1": ("relu1_1", 1.0, loaded.style),
        "style:relu3_1": ("relu3_1", 0.5, loaded.style),
        "tv": ("", 0.5, loaded.tv),
    }
    assert list(terms) == ["content:conv4_2", "style:relu1_1", "style:relu3_1", "tv"]


def test_a_tap_that_two_terms_share_is_named_once(written):
    loaded = recipe.load(str(written(MINE)), [("content.taps", {"relu3_1": 1, "pool1": 0})])
    assert loaded.taps() == ("relu3_1", "pool1", "relu1_1")


def test_styles_share_alike_unless_a_blend_says_otherwise(written):
    path = str(written(MINE))
    assert recipe.load(path).shares(1) == (1.0,)
    assert recipe.load(path).shares(4) == (0.25,) * 4
    assert recipe.load(path, [("style.blend", [3, 1])]).shares(2) == (0.75, 0.25)
    assert recipe.load(path, [("style.blend", [0, 5])]).shares(2) == (0.0, 1.0)


@pytest.mark.parametrize(("blend", "styles"), [([1, 2], 1), ([1], 2), ([0, 0], 2)])
def test_a_blend_that_does_not_fit_the_styles_is_refused(written, blend, styles):
    loaded = recipe.load(str(written(MINE)), [("style.blend", blend)])
    with pytest.raises(RecipeError, match=rf"style\.blend: {len(blend)} shares for {styles} style"):
        loaded.shares(styles)


def test_a_tap_that_the_network_lacks_is_answered_with_the_nearest(written):
    loaded = recipe.load(str(written(MINE)), [("content.taps", {"relu3_4": 1})])
    loaded.check(network("vgg19"))
    with pytest.raises(RecipeError) as caught:
        loaded.check(network("vgg16"))
    line = "recipe 'mine': content.taps: no layer in vgg16 named 'relu3_4'. Did you mean 'relu3_"
    assert str(caught.value).startswith(line)


# What is refused


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("style.wieght", 1, ["style.wieght", "style.weight"]),
        ("stile", 1, ["'stile'"]),
        ("plan.lbfgs.histroy", 5, ["plan.lbfgs.histroy", "plan.lbfgs.history"]),
        ("", 1, ["''"]),
        ("style..weight", 1, ["'style.'"]),
        ("name.x", 1, ["'name.x'", "'name'"]),
        ("style.weight", "many", ["style.weight", "'many'"]),
        ("style.weight", -1, ["style.weight", "-1"]),
        ("style.weight", math.nan, ["style.weight", "nan"]),
        ("tv.weight", math.inf, ["tv.weight", "inf"]),
        ("style.taps.relu1_1", -0.5, ["style.taps.relu1_1", "-0.5"]),
        ("style.taps", {}, ["style.taps"]),
        ("style.blend", [1, -1], ["style.blend.1", "-1"]),
        ("style", 3, ["style", "3"]),
        ("content.factor", 0, ["content.factor", "0"]),
        ("network.pooling", "median", ["network.pooling", "'median'"]),
        ("variable.scale", 0, ["variable.scale", "0"]),
        ("plan.size", 0.5, ["plan.size", "0.5"]),
        ("plan.iterations", 0, ["plan.iterations", "0"]),
        ("plan.optimizer", "newton", ["'lbfgs', 'adam', 'native-adam' or 'sgd'", "'newton'"]),
        ("plan.lbfgs.restart", 0, ["plan.lbfgs.restart must be at least 1, not 0"]),
        ("plan.sgd.decay", 2, ["plan.sgd.decay must be at most 1, not 2"]),
        ("network.preprocessing", 3, ["network.preprocessing must be a table, not 3"]),
        ("notes", "one", ["notes must be a list, not 'one'"]),
        ("tv.norm", "power", ["tv.norm 'power'", "reduction 'sum'", "not 'mean'"]),
        ("variable.scale", [1, 2, "a"], ["variable.scale must be", "[1, 2, 'a']"]),
        ("variable.scale", [1, 2, 3, 4], ["variable.scale must be", "three of them"]),
        ("name", 7, ["name", "7"]),
    ],
)
def test_a_wrong_field_is_one_line_with_source_field_and_value(key, value, words):
    text = complaint("default", (key, value))
    for word in words:
        assert word in text
    if key != "name.x":
        assert text.startswith("recipe 'default': ")


def test_a_value_of_several_kinds_is_one_mistake():
    assert "more)" not in complaint("default", ("variable.scale", "large"))


def test_a_list_that_is_too_long_is_refused():
    own = {"scale": 255, "channels": "BGR", "mean": [1, 2, 3, 4]}
    text = complaint("default", ("network.preprocessing", own))
    assert text.endswith("network.preprocessing.mean must have 3 entries, not [1, 2, 3, 4]")


def test_a_misspelt_field_comes_before_those_that_are_missing():
    text = complaint("default", ("network.preprocessing.scal", 255))
    assert "'network.preprocessing.scal'. Did you mean 'network.preprocessing.scale'?" in text
    assert text.endswith("(and 2 more)")


def test_a_recipe_that_asks_for_nothing_is_refused():
    text = complaint("default", ("content.weight", 0), ("style.weight", 0), ("tv.weight", 0))
    assert text == "recipe 'default': every weight is 0: give at least one term a weight above 0"


def test_weights_of_zero_at_every_tap_ask_for_nothing_too():
    taps = {"relu1_1": 0}
    changes = ("content.taps", taps), ("style.taps", taps), ("tv.weight", 0)
    assert "every weight is 0" in complaint("default", *changes)


def test_total_variation_alone_is_something():
    recipe.load("default", [("content.weight", 0), ("style.weight", 0), ("tv.weight", 1)])


def test_more_than_one_mistake_is_counted():
    assert "(and 1 more)" in complaint("default", ("style.weight", -1), ("tv.weight", -1))


def test_an_unknown_recipe_is_answered_with_the_nearest():
    text = complaint("gatis2016")
    assert text.startswith("no recipe named 'gatis2016'. Did you mean 'gatys2016'?")


# Changes laid over


def test_changes_are_laid_over_the_recipe_and_the_last_one_counts():
    changed = recipe.load(
        "default",
        [
            ("style.weight", 7),
            ("plan.lbfgs.history", 3),
            ("style.weight", 8),
            ("content.taps", {"conv1_1": 2}),
            ("style.taps.relu1_1", 0.9),
        ],
    )
    assert changed.style.weight == 8
    assert changed.plan.lbfgs.history == 3
    assert changed.content.taps == {"conv1_1": 2}
    assert changed.style.taps["relu1_1"] == 0.9
    assert changed.style.taps.keys() == recipe.load("default").style.taps.keys()


def test_changes_do_not_reach_the_fields_that_were_given():
    fields = recipe.read("default")
    kept = json.dumps(fields)
    recipe.build(fields, "here", [("style.weight", 7), ("style.taps.relu1_1", 9)])
    assert json.dumps(fields) == kept


def test_a_recipe_cannot_be_changed_once_it_is_made():
    with pytest.raises(ValueError, match="frozen"):
        recipe.load("default").style.weight = 3


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e4", 1e4),
        ("7", 7),
        ("-0.5", -0.5),
        ("true", True),
        ("[1, 2]", [1, 2]),
        ('"7"', "7"),
        ("{ relu1_1 = 1 }", {"relu1_1": 1}),
        ("lbfgs", "lbfgs"),
        ("my picture.png", "my picture.png"),
        ("", ""),
    ],
)
def test_a_value_is_read_as_toml_or_else_as_text(text, value):
    found = recipe.parse_value(text)
    assert found == value
    assert type(found) is type(value)


# Its JSON Schema


def test_the_schema_has_every_field_its_kinds_and_its_limits():
    found = recipe.schema()
    assert set(found["properties"]) == set(recipe.Recipe.model_fields)
    assert set(found["required"]) == {"name", "title", "source", "network", "content", "style"}
    sections = found["$defs"]
    assert sections["Style"]["properties"]["weight"]["minimum"] == 0
    assert sections["Style"]["properties"]["gram"]["enum"] == ["raw", "positions", "elements"]
    assert sections["Plan"]["properties"]["iterations"]["default"] == 100
    assert not any(section["additionalProperties"] for section in sections.values())
    assert json.loads(json.dumps(found)) == found


# Files


def test_a_file_is_a_recipe(written):
    loaded = recipe.load(str(written(MINE)), [("tv.weight", 1)])
    assert (loaded.name, loaded.network.weights, loaded.tv.weight) == ("mine", "vgg16-hed", 1)
    assert loaded.network.pooling == "max"


def test_a_file_with_a_wrong_field_is_named_in_the_complaint(written):
    path = written(MINE.replace("weight = 2", "weight = -2"))
    assert complaint(path) == f"recipe '{path}': style.weight must be at least 0, not -2"


def test_a_field_that_is_missing_is_named(written):
    path = written(MINE.replace("weight = 2, ", ""))
    assert complaint(path).startswith(f"recipe '{path}': style.weight is required")


@pytest.mark.parametrize("text", ["name = ", "a = 1\na = 2", "\x00"])
def test_a_file_that_is_no_toml_is_one_line(written, text):
    path = written(text)
    assert complaint(path).startswith(f"recipe '{path}' cannot be read")


def test_a_file_that_is_no_text_is_one_line(tmp_path):
    (tmp_path / "mine.toml").write_bytes(b"\xff\xfe\x00")
    assert "mine.toml' cannot be read" in complaint(tmp_path / "mine.toml")


def test_a_date_in_a_file_is_refused_like_any_other_value(written):
    path = written(MINE.replace('title = "Mine"', "title = 1979-05-27"))
    assert complaint(path).startswith(f"recipe '{path}': title must be a string")


def test_a_file_that_is_absent_is_one_line(tmp_path):
    text = complaint(tmp_path / "mine.toml")
    assert text.startswith(f"recipe '{tmp_path}/mine.toml' cannot be read (No such file")


def test_a_finished_picture_is_a_recipe(tmp_path, every_term):
    record = json.dumps({"recipe": every_term.model_dump(mode="json"), "nst": "0.1"})
    images.save(np.full((3, 4, 5), 0.5), tmp_path / "done.png", record=record)
    assert recipe.load(str(tmp_path / "done.png")) == every_term
    changed = recipe.load(str(tmp_path / "done.png"), [("style.weight", 3)])
    assert changed.style == every_term.style.model_copy(update={"weight": 3.0})


@pytest.mark.parametrize("record", ['{"nst": "0.1"}', "[1]", '{"recipe": 3}', "{"])
def test_a_picture_whose_record_holds_no_recipe_is_one_line(tmp_path, record):
    images.save(np.full((3, 4, 5), 0.5), tmp_path / "done.png", record=record)
    assert complaint(tmp_path / "done.png").startswith(f"recipe '{tmp_path}/done.png'")


def test_a_picture_without_a_record_is_no_recipe(tmp_path):
    images.save(np.full((3, 4, 5), 0.5), tmp_path / "done.png")
    with pytest.raises(NstError, match="contains no record"):
        recipe.load(str(tmp_path / "done.png"))


def test_a_recipe_survives_its_own_json(every_term):
    text = every_term.model_dump_json()
    assert recipe.build(json.loads(text), "the record") == every_term


def test_recipes_are_read_without_a_framework():
    code = (
        "import sys; from nst_core import recipe; recipe.load('default')\n"
        "print({'torch', 'tensorflow', 'keras', 'jax'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
