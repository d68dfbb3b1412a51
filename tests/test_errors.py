"""Errors: all are one kind, and a wrong name is answered with the right ones."""

import pytest

from nst_core import errors
from nst_core.errors import unknown


@pytest.mark.parametrize("kind", ["Image", "Weights", "Recipe", "Backend", "Worker"])
def test_every_error_is_caught_as_one_kind(kind):
    assert issubclass(getattr(errors, f"{kind}Error"), errors.NstError)


def test_a_misspelt_name_is_answered_with_the_nearest_and_all():
    assert unknown("fruit", "aple", ["pear", "apple"]) == (
        "no fruit named 'aple'. Did you mean 'apple'? Choose from: apple, pear."
    )


def test_a_name_like_no_other_is_answered_without_a_guess():
    assert unknown("fruit", "xyz", iter(["pear", "apple"])) == (
        "no fruit named 'xyz'. Choose from: apple, pear."
    )


def test_the_list_can_be_introduced_in_other_words():
    assert unknown("fruit", "xyz", ["fig"], there="Sold here") == (
        "no fruit named 'xyz'. Sold here: fig."
    )
