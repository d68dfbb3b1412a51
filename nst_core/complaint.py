"""What is said of a recipe that cannot be used: one line with its field, its value, what may stand.

It turns the first of pydantic's errors into words that need no knowledge of pydantic.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from nst_core.errors import unknown

# what pydantic's kinds of error mean to a reader; its own words for any other
MEANINGS = {
    "missing": "is needed",
    "greater_than": "must be above {gt:g}",
    "greater_than_equal": "must be at least {ge:g}",
    "less_than": "must be below {lt:g}",
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
        "must be a text": "string_type",
        "must be a list": "tuple_type",
        "must be a table": "dict_type model_type model_attributes_type",
    }.items()
    for kind in kinds.split()
}

# fields that take values of several kinds, of which pydantic complains one by one
EITHER = {"variable.scale": "must be a number above 0, or three of them for red, green and blue"}


def complaint(error: ValidationError, model: type[BaseModel]) -> str:
    """The line for the first mistake; a field that does not exist comes before those missing."""
    errors = sorted(error.errors(), key=lambda one: one["type"] != "extra_forbidden")
    first, fields = errors[0], [field(one["loc"]) for one in errors]
    others = len(set(fields)) - 1
    return sentence(fields[0], first, model) + (f" (and {others} more)" if others else "")


def field(loc: Iterable[str | int]) -> str:
    """Its dotted name, without the kind that pydantic tried in vain."""
    name = ".".join(map(str, loc))
    return next((either for either in EITHER if name.startswith(f"{either}.")), name)


def sentence(name: str, error: Mapping[str, Any], model: type[BaseModel]) -> str:
    """What is wrong with the field of that name."""
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
    """What a section's own check says, with the section before a field that it begins with."""
    begins_with_field = name and message.split(maxsplit=1)[0] in known_at(name.split("."), model)
    return f"{name}.{message}" if begins_with_field else message


def unknown_kind(error: Mapping[str, Any]) -> str:
    """Of a `[[term]]` without a kind, or of one that does not exist."""
    from nst_core.terms import KINDS

    if error["type"] == "union_tag_not_found":
        return f"each [[term]] needs a kind: {', '.join(KINDS)}"
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
    """The models that an annotation names, however deep."""
    if hasattr(annotation, "model_fields"):
        yield annotation
    for one in get_args(annotation):
        yield from models_in(one)
