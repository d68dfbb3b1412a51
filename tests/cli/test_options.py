"""The shared options: one list for the command line and for a request."""

from inspect import signature
from types import NoneType, UnionType
from typing import Literal, Union, get_args, get_origin, get_type_hints

import pytest

from nst_core import request
from nst_core.cli.options import Shared, shared
from nst_core.experiments import grid

# of `nst run` alone, of a call from Python alone, and of the user's settings
APART = {"keep_alpha", "changes", "settings"}


def kind(hint):
    """What a user types for it: a literal is text, and what is absent counts for nothing."""
    if get_origin(hint) in (Union, UnionType):
        (hint,) = set(get_args(hint)) - {NoneType}
    return {Literal: str}.get(get_origin(hint), get_args(hint) or hint)


def test_the_command_line_has_the_options_of_a_request_and_no_others():
    line, asked = get_type_hints(Shared), get_type_hints(request.CommandOptions)
    assert line.keys() == asked.keys() - APART
    assert {name: kind(hint) for name, hint in line.items()} == {
        name: kind(asked[name]) for name in line
    }


def test_every_option_goes_to_one_place():
    places = (
        request.REQUEST_OPTIONS, request.PLAN_OPTIONS, request.WEIGHT_OPTIONS,
        {"recipe", "changes", "set_"},
    )  # fmt: skip
    assert sorted(name for names in places for name in names) == sorted(request.OPTIONS)


def test_an_axis_of_a_sweep_is_an_option():
    assert grid.SHORT.keys() <= request.OPTIONS


@pytest.mark.parametrize("wrong", [{"without": "seed sise"}, {"exactly": True}])
def test_a_name_that_is_no_option_is_an_error_when_the_command_is_defined(wrong):
    with pytest.raises(TypeError, match=r"no shared option is called (sise|exactly)"):
        shared(**wrong)


def test_a_command_is_given_what_the_user_gives_and_the_defaults():
    seen = []

    @shared(without="backend", exact=True)
    def command(image: str, options: dict, quiet: bool = False):
        seen.append((image, options, quiet))

    parameters = signature(command).parameters
    assert list(parameters) == ["image", *list(get_type_hints(Shared))[1:], "quiet"]
    silent = {name: parameters[name].default for name in list(parameters)[1:-1]}
    command(image="a.png", **silent | {"size": 0})
    assert seen == [("a.png", {"exact": True, "size": 0}, False)]
