"""The sheet of a weight set: its network, preprocessing, licence, sources and hashes."""

import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from nst_core import weights
from nst_core.errors import WeightsError
from nst_core.explain.sheet import in_symbols
from nst_core.network import KERNEL, network
from nst_core.weights.sets import origin, origin_hash, preprocessing_named

Lines = tuple[str, ...]
Facts = Iterator[tuple[str, Lines]]  # a key, and what stands beside it

INDENT = 9  # what 80 columns leave beside `sha256` and its 64 digits
DIGITS = {"md5": 32, "sha256": 64}
UNSTATED = "not stated in the file"


def as_text(spec: str, width: int = 80) -> str:
    """The sheet of `spec` for a terminal of `width` columns; nothing is downloaded.

    Raises WeightsError if `spec` is unknown or the file is damaged.
    """
    if spec in weights.SETS:
        facts = of_set(weights.SETS[spec])
    elif weights.names_file(spec):
        facts = of_file(Path(spec).expanduser())
    else:
        facts = of_random(weights.load(spec))
    return "\n".join([spec, *(fact(key, lines, width) for key, lines in facts)])


def of_set(row: weights.WeightSet) -> Facts:
    """The facts of a named set, from the table and the cache."""
    yield "network", (size(row.network),)
    yield "pixels", pixels(row.preprocessing)
    yield "licence", licences(row.licence)
    yield from sources((origin(source), origin_hash(source)) for source in row.sources)
    path = weights.cached(row.name)
    yield "cached", (str(path or f"no: 'nst weights fetch {row.name}' downloads it"),)
    if path:
        yield "content", (content(row.name),)


def of_file(path: Path) -> Facts:
    """The facts of a file, from its metadata and its content."""
    name, parameters, stated = weights.read(path)
    yield "network", (size(name),)
    if "preprocessing" in stated:
        yield "pixels", pixels(preprocessing_named(stated["preprocessing"]))
    else:
        choice = "|".join(weights.PREPROCESSINGS)
        yield "pixels", (UNSTATED, f"use it with --preprocessing {choice}")
    yield "licence", licences(stated.get("licence", UNSTATED))
    yield from stated_sources(stated)
    yield "content", (f"sha256 {weights.content_hash(parameters)}",)


def of_random(drawn: weights.Weights) -> Facts:
    """The facts of a random set."""
    yield "network", (size(drawn.network),)
    yield "pixels", pixels(drawn.preprocessing)
    yield "licence", ("none is needed: the numbers are random",)
    yield "source", ("drawn from the seed in its name, the same bits on every machine",)
    yield "cached", ("never: it is drawn whenever it is used",)
    yield "content", (f"sha256 {drawn.sha256}",)


def size(name: str) -> str:
    """The number of layers and parameters of a network, without its classifier."""
    convolutions = network(name).convolutions
    numbers = sum((layer.in_channels * KERNEL**2 + 1) * layer.channels for layer in convolutions)
    return f"{name}: {len(convolutions)} convolutions, {numbers:,} parameters"


def pixels(rule: weights.Preprocessing) -> Lines:
    """The preprocessing of a picture I by name, in words and in symbols."""
    return f"preprocessing {rule.name}", rule.in_words, f"{in_symbols(rule)}, 0 ≤ I ≤ 1"


def licences(stated: str) -> Lines:
    return tuple(stated.split("; "))


def stated_sources(stated: Mapping[str, str]) -> Facts:
    """The sources in the metadata of a file."""
    places, hashes = (stated.get(key, "").split() for key in ("source", "source_hash"))
    found = list(sources(zip(places, hashes, strict=False)))
    yield from found or [("source", (UNSTATED,))]


def sources(pairs: Iterable[tuple[str, str]]) -> Facts:
    """Each source with the hash of its file, in the order in which they are tried."""
    for index, (place, stated) in enumerate(pairs):
        yield "or" if index else "source", (*where(place), digest(stated))


def where(place: str) -> Lines:
    """A URL, or a wheel and the file in it."""
    requirement, _, member = place.partition(":")
    if member.startswith("//"):
        return (place,)
    return f"the wheel {requirement} of the package index, and in it", member


def digest(stated: str) -> str:
    """`md5 6d6bbae1…`, and whether these are all of its digits."""
    algorithm, _, digits = stated.partition(":")
    whole = len(digits) == DIGITS.get(algorithm)
    return f"{algorithm} {digits}" + ("" if whole else "… (its first digits)")


def content(name: str) -> str:
    """The content hash of a cached set, or an error message if its file is damaged."""
    try:
        return f"sha256 {weights.verify(name)}"
    except WeightsError as error:
        return str(error)


def fact(key: str, lines: Lines, width: int) -> str:
    """The lines, with the key before the first."""
    broken = (piece for line in lines for piece in pieces(line, width - INDENT))
    text = textwrap.indent("\n".join(broken), " " * INDENT)
    return f"{key:<{INDENT}}{text[INDENT:]}"


def pieces(line: str, room: int) -> Iterator[str]:
    """A line wrapped at spaces; a URL is wrapped at its slashes."""
    for part in textwrap.wrap(line, room, break_long_words=False, break_on_hyphens=False):
        piece = ""
        for step in re.findall(r"[^/]*/+|[^/]+$", part):
            if piece and len(piece) + len(step) > room:
                yield piece
                piece = ""
            piece += step
        yield piece
