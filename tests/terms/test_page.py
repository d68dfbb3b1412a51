"""The page docs/terms.md: every kind is on it, and every field of those that have no section."""

import re
from pathlib import Path

import pytest

from nst_core import recipe
from nst_core.terms import KINDS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "terms.md").read_text("utf-8")
SECTIONS = {recipe.Recipe.kind(name).KIND for name in recipe.Recipe.SECTIONS}
FURTHER = sorted(KINDS.keys() - SECTIONS)


@pytest.mark.parametrize("kind", sorted(SECTIONS))
def test_a_kind_with_a_section_has_its_module_on_the_page(kind):
    (row,) = re.findall(rf"^\| `{kind}` \| .*$", PAGE, flags=re.MULTILINE)
    module = KINDS[kind].__module__.replace(".", "/") + ".py"
    assert f"](../{module})" in row
    assert (ROOT / module).is_file()


@pytest.mark.parametrize("kind", FURTHER)
def test_a_further_kind_has_every_field_on_the_page(kind):
    (text,) = re.findall(rf"^### {kind}\n(.*?)(?=^### |\Z)", PAGE, flags=re.MULTILINE | re.DOTALL)
    listed = re.findall(r"^\| `(\w+)` \|", text, flags=re.MULTILINE)
    assert sorted(listed) == sorted(KINDS[kind].model_fields)


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_says_what_it_is_and_what_it_does(kind):
    for name, field in KINDS[kind].model_fields.items():
        assert field.description, name
        assert KINDS[kind].effect(name).endswith("."), name


@pytest.mark.parametrize("kind", FURTHER)
def test_its_example_is_a_recipe_and_names_every_field(kind):
    example = {"kind": kind, **KINDS[kind].EXAMPLE}
    (found,) = recipe.load("default", [("term", [example])]).term
    assert kind == found.KIND
    assert KINDS[kind].EXAMPLE.keys() == KINDS[kind].model_fields.keys()
