"""A translation as text: the closed form, the options to copy, and how well the terms agree."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from nst_core.explain.sheet import broken
from nst_core.explain.translate import DIGITS, Translation
from nst_core.explain.untranslatable import KINDS
from nst_core.notation import error, fraction, number, plain
from nst_core.recipe import Recipe

HOLDS = {
    "": "It holds at every size and for all pictures.",
    "sides": "It holds for all pictures if both sides of the photograph and the style are "
    "multiples of {step}.",
    "size": "It holds at this size only, because it depends on M, H and W: use --size with the "
    "size of your painting.",
    "activations": "It holds only for these pictures, this size and these weights, because the "
    "divisor of a relative error is a sum over activations.",
}
EDGE = (
    "network.edge differs, so the pictures were resized to sides that are multiples of {step}, "
    "which every pooling halves evenly. With other sides the features differ, and no weights make "
    "the terms agree."
)


def as_text(found: Translation, width: int = 80) -> str:
    """The translation as text for a terminal of `width` columns."""
    a, b = found.a, found.b
    parts = [
        f"{a.name} → {b.name}",
        broken(f"at {found.scene.title}", "", width),
        closed_form(found, width),
        toml(found.changes),
        "or\n" + " \\\n".join(options(found.changes)),
        "\n".join(broken(line, "", width) for line in (*remarks(found), proof(found))),
    ]
    return "\n\n".join(parts)


def as_json(found: Translation) -> dict[str, Any]:
    """The same as plain values for JSON."""
    return {
        "a": found.a.name,
        "b": found.b.name,
        "scene": found.scene.title,
        "changes": dict(found.changes),
        "terms": {
            row.name: {
                "a": row.weight,
                "coefficients": row.coefficients,
                "divisors": row.divisors,
                "b": row.translated,
            }
            for row in found.rows
        },
        "ratios": list(found.ratios),
        "deviation": found.deviation,
        "remarks": list(remarks(found)),
    }


def closed_form(found: Translation, width: int) -> str:
    """The formula in words, its symbols in both recipes, and their values."""
    rows = [
        (r.name, *(f"{x:.6g}" for x in (r.weight, r.coefficients, r.divisors, r.translated)))
        for r in found.rows
    ]
    symbols = columns([("", "c of content", "c of style", "d"), used(found.a), used(found.b)])
    values = columns([("term", "w", "c / c'", "d' / d", "w'"), *rows])
    return "\n\n".join((broken(in_words(found.a, found.b), "", width), symbols, values))


def in_words(a: Recipe, b: Recipe) -> str:
    """The meaning of the symbols, and the formula for w'."""
    F, P = plain(b.style.features_latex("F")), plain(error("F - P", b.content.norm))
    double = [r.name for r in (a, b) if r.style.average == "double"]
    over = f", divided by the number of layers in {' and '.join(double)}" if double else ""
    return (
        f"A term is w · c · {P}, or w · c · Σ(G − A)² with G = {F} {F}ᵀ / d; w is the weight of "
        f"its section times the layer's share{over}. It is the same in both recipes if "
        "w' = w · (c / c') · (d' / d)², where ' marks the second recipe."
    )


def used(recipe: Recipe) -> tuple[str, ...]:
    """The symbols c and d of a recipe."""
    content, style = recipe.content, recipe.style
    return (
        recipe.name,
        plain(fraction(number(content.factor), content.divisor_latex)),
        plain(fraction(number(style.factor), style.divisor_latex)),
        plain(style.gram_divisor_latex) or "1",
    )


def columns(rows: Sequence[tuple[str, ...]]) -> str:
    """The rows as left-aligned columns, two spaces apart."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(f"{cell:<{w}}" for cell, w in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(f"  {line}".rstrip() for line in lines)


def toml(changes: Mapping[str, Any]) -> str:
    """The changed sections of a recipe in TOML."""
    sections = groupby(changes.items(), key=lambda item: item[0].partition(".")[0])
    return "\n\n".join(
        "\n".join((f"[{name}]", *(f"{key.partition('.')[2]} = {value(v)}" for key, v in items)))
        for name, items in sections
    )


def options(changes: Mapping[str, Any]) -> Iterator[str]:
    """The same changes as options of a command line."""
    return (f"--set {shlex.quote(f'{key}={value(v)}')}" for key, v in changes.items())


def value(given: Any) -> str:
    """A value in TOML."""
    if isinstance(given, dict):
        return f"{{ {', '.join(f'{key} = {value(v)}' for key, v in given.items())} }}"
    return f"{given:.{DIGITS}g}" if isinstance(given, float) else f'"{given}"'


def remarks(found: Translation) -> Iterator[str]:
    """For which pictures and sizes the translation holds, and what it leaves out."""
    a, b, step = found.a, found.b, found.scene.step
    needs = depends(a, b)
    yield HOLDS[needs or ("sides" if step > 1 else "")].format(step=step)
    if needs == "activations" and found.scene.weights.startswith("random-"):
        yield "These weights are random: use --weights with the weights that you paint with."
    if step > 1:
        yield EDGE.format(step=step)
    if found.lost:
        yield f"{b.name} has no tap for {', '.join(found.lost)}, which the translation leaves out."
    yield f"Total variation, the network and the plan of {b.name} are not changed."


def depends(a: Recipe, b: Recipe) -> str:
    """What the closed form depends on: `activations`, the `size`, or neither."""
    found = {a.formulas[kind].needs(b.formulas[kind]) for kind in KINDS if a.formulas[kind].weight}
    return next((needs for needs in ("activations", "size") if needs in found), "")


def proof(found: Translation) -> str:
    """Both recipes evaluated for the photograph with noise added."""
    one, other = found.ratios
    return (
        f"For the photograph with noise added, content / style is {one:.9g} and {other:.9g}, "
        f"and the largest relative difference of a term is {found.deviation:.2g}."
    )
