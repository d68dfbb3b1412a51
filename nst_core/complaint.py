"""Error messages for invalid recipes: one line with the field, its value and what is allowed.

The first error of pydantic is put into words that do not require knowledge of pydantic.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from nst_core.errors import unknown

# messages for pydantic's kinds of errors; any other kind keeps pydantic's own message
MEANINGS = {
    "missing": "is required",
    "greater_than": "must be greater than {gt:g}",
    "greater_than_equal": "must be at least {ge:g}",
    "less_than": "must be less than {lt:g}",
    "less_than_equal": "must be at most {le:g}",
    "finite_number": "must be a finite number",
    "literal_error": "must be {expected}",
    "too_short": "must not be empty",
    "too_long": "must have {max_length} entries",
} | {
    kind: meaning
    for meaning, kinds in {
        "must be a whole number": "int_type int_parsing int_from_float",
        "must be a number": "float_type float_parsing",
        "must be true or false": "bool_type bool_parsing",
        "must be a string": "string_type",
        "must be a list": "tuple_type",
        "must be a table": "dict_type model_type model_attributes_type",
    }.items()
    for kind in kinds.split()
}

# fields that accept values of several types: pydantic reports an error for each type
EITHER = {"variable.scale": "must be a positive number, or three of them for red, green and blue"}


def complaint(error: ValidationError, model: type[BaseModel]) -> str:
    """The message for the first error; unknown fields are reported before missing ones."""
    errors = sorted(error.errors(), key=lambda one: one["type"] != "extra_forbidden")
    first, fields = errors[0], [field(one["loc"]) for one in errors]
    others = len(set(fields)) - 1
    return sentence(fields[0], first, model) + (f" (and {others} more)" if others else "")


def field(loc: Iterable[str | int]) -> str:
    """The dotted name of the field, without the type that pydantic tried."""
    name = ".".join(map(str, loc))
    return next((either for either in EITHER if name.startswith(f"{either}.")), name)


def sentence(name: str, error: Mapping[str, Any], model: type[BaseModel]) -> str:
    """The message for one error of the field `name`."""
    if error["type"] == "extra_forbidden":
        *path, _ = (str(part) for part in error["loc"])
        return unknown("field", name, [".".join((*path, known)) for known in known_at(path, model)])
    if error["type"] == "value_error":
        return own_words(name, str(error["ctx"]["error"]), model)
    if error["type"].startswith("union_tag"):
        return unknown_kind(error)
    given = "" if isinstance(error["input"], dict) else f", not {error['input']!r}"
    meaning = EITHER.get(name) or MEANINGS.get(error["type"])
    if meaning is None:
        return f"{name}: {error['msg']}{given}"
    return f"{name} {meaning.format(**error.get('ctx', {}))}{given}"


def own_words(name: str, message: str, model: type[BaseModel]) -> str:
    """The message of a section's own validator; the section is put before a leading field name."""
    begins_with_field = name and message.split(maxsplit=1)[0] in known_at(name.split("."), model)
    return f"{name}.{message}" if begins_with_field else message


def unknown_kind(error: Mapping[str, Any]) -> str:
    """The message for a `[[term]]` without a kind, or with an unknown one."""
    from nst_core.terms import KINDS

    if error["type"] == "union_tag_not_found":
        return f"a [[term]] has no kind: choose from {', '.join(KINDS)}"
    return unknown("kind of term", error["ctx"]["tag"], KINDS)


def known_at(path: Iterable[str], model: type[BaseModel]) -> Iterable[str]:
    """The fields of the section at `path`."""
    section, choices = model, [model]
    for name in path:
        if name in section.model_fields:
            choices = list(models_in(section.model_fields[name].annotation))
            section = choices[0]
        elif not name.isdigit():  # after `term` come its place in the list and its kind
            section = next(one for one in choices if getattr(one, "KIND", "") == name)
    return tuple(section.model_fields)


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models in an annotation, at any depth."""
    if hasattr(annotation, "model_fields"):
        yield annotation
    for one in get_args(annotation):
        yield from models_in(one)
