"""What is said of a recipe that cannot be used: one line with its field, its value, what may stand.

It turns the first of pydantic's errors into words that need no knowledge of pydantic.
"""

from collections.abc import Iterable, Mapping
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
        return str(error["ctx"]["error"])
    given = "" if isinstance(error["input"], dict) else f", not {error['input']!r}"
    meaning = EITHER.get(name) or MEANINGS.get(error["type"])
    if meaning is None:
        return f"{name}: {error['msg']}{given}"
    return f"{name} {meaning.format(**error.get('ctx', {}))}{given}"


def known_at(path: Iterable[str], model: type[BaseModel]) -> Iterable[str]:
    """The fields of the section at `path`."""
    section: Any = model
    for name in path:
        kind = section.model_fields[name].annotation
        section = next((one for one in get_args(kind) if hasattr(one, "model_fields")), kind)
    return tuple(section.model_fields)
