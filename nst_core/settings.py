"""The user's settings: options that count where the command line does not give them.

They are the keys of `config.toml` and environment variables such as `NST_SIZE`; a variable wins
over the file. Only the command line reads them. A call from Python depends on its arguments alone.
"""

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_type_hints

from platformdirs import user_config_dir
from pydantic import ValidationError, create_model

from nst_core.complaint import complaint
from nst_core.errors import NstError, unknown
from nst_core.request import Options, Settings, field_of
from nst_core.section import Section

PREFIX, CONFIG, SET = "NST_", "NST_CONFIG", "set"
OTHERS = {CONFIG, "NST_CACHE", "NST_PART", "NST_REQUIRE_CHROMIUM"}  # variables that are no options
HINTS = {name: hint for name, hint in get_type_hints(Options).items() if name != "changes"}
IN_FILE = HINTS | {SET: dict[str, Any]}
IN_ENVIRONMENT = {PREFIX + name.upper(): hint for name, hint in HINTS.items()}

Entry = tuple[str, Any, str]
"""A name, its value, and where it is from: `config.toml`, or the name of a variable."""


def config_path() -> Path | None:
    """The settings file: that of `NST_CONFIG`, or `config.toml` in the user's configuration folder.

    None if `NST_CONFIG` is empty.
    """
    folder = user_config_dir("nst-suite", appauthor=False)
    stated = os.environ.get(CONFIG, str(Path(folder, "config.toml")))
    return Path(stated).expanduser() if stated else None


def read() -> Settings:
    """Every setting, by the name of its option or by the dotted field of the recipe.

    Raises NstError, naming the file or the variable, for an unknown name or a value of the wrong
    type.
    """
    by_field = {field_of(entry[0]): entry for entry in (*from_file(), *from_environment())}
    return {name: (value, origin) for name, value, origin in by_field.values()}


def from_file() -> Iterator[Entry]:
    """The entries of the settings file; those of its table `[set]` come first."""
    path = config_path()
    if path is None:
        return
    fields = parsed(path)
    check(fields, IN_FILE, f"{path}: ", strict=True)
    for key, value in flat(fields.pop(SET, {})):
        if "." not in key:
            raise NstError(
                f"{path}: {SET}.{key} is not a field: use one such as plan.lbfgs.history"
            )
        yield key, value, path.name
    for name, value in fields.items():
        yield name, value, path.name


def parsed(path: Path) -> dict[str, Any]:
    """The content of the file; empty if the user has none."""
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except ValueError as error:  # of TOML, or of UTF-8
        raise NstError(f"{path} cannot be read: {error}") from error
    except OSError as error:
        if isinstance(error, FileNotFoundError) and CONFIG not in os.environ:
            return {}
        cure = f"check the path in {CONFIG}" if CONFIG in os.environ else "check its permissions"
        raise NstError(f"{path} cannot be read ({error.strerror}): {cure}") from error


def from_environment() -> Iterator[Entry]:
    """The entries of the variables; an empty variable counts as absent."""
    stated = {
        name: text
        for name, text in os.environ.items()
        if name.startswith(PREFIX) and name not in OTHERS and text
    }
    for name, value in check(stated, IN_ENVIRONMENT, "", strict=False).items():
        yield name.removeprefix(PREFIX).lower(), value, name


def check(
    fields: Mapping[str, Any], hints: Mapping[str, Any], before: str, *, strict: bool
) -> dict[str, Any]:
    """The values, of the right types; a text may stand for a number only if not `strict`."""
    if strange := next((name for name in fields if name not in hints), None):
        raise NstError(f"{before}{unknown('setting', strange, hints)}")
    if not fields:  # as for most users; making the model would take a while
        return {}
    typed: dict[str, Any] = {name: (hint, None) for name, hint in hints.items()}
    model = create_model("Settings", __base__=Section, **typed)
    try:
        if strict:
            found = model.model_validate(fields, strict=True)
        else:
            found = model.model_validate_strings(fields)
    except ValidationError as error:
        raise NstError(f"{before}{complaint(error, model)}") from error
    return found.model_dump(exclude_unset=True)


def flat(table: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """(dotted key, value) for each value of nested tables."""
    for key, value in table.items():
        if isinstance(value, dict):
            yield from flat(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", value


def involved(settings: Settings, line: str) -> str:
    """The settings whose name or value is in an error's line; empty if there are none."""
    found = [
        f"{origin}={value}" if origin.startswith(PREFIX) else f"{name} = {value} in {origin}"
        for name, (value, origin) in settings.items()
        if str(value) in line or any(part in line for part in re.split(r"[._]", name))
    ]
    return f"({', '.join(found)})" if found else ""
