"""The differences between two recipes, field by field, and the effect of each.

Name, title, source, notes and departures only describe a recipe, so they are not compared.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from nst_core.explain.sheet import broken
from nst_core.plan import section as section_of
from nst_core.recipe import Recipe
from nst_core.section import Section

ABOUT = ("name", "title", "source", "notes", "departures")
WHOLE = ("content.taps", "style.taps", "network.preprocessing")
UNSET = {
    "network.preprocessing": "the preprocessing of the weights",
    "style.blend": "equal shares",
    "plan.coarsest": "one scale",
    "plan.lbfgs.restart": "never",
}
# numbers whose ratio would be meaningless; each kind of term has its own list
NO_RATIO = (
    "plan.coarsest", "plan.lbfgs.restart", "plan.adam.beta1", "plan.adam.beta2",
    "plan.sgd.decay", "plan.seed",
)  # fmt: skip
ABSENT = "absent"


@dataclass(frozen=True)
class Difference:
    """A field, its two values, and the effect of the difference."""

    field: str
    a: str
    b: str
    meaning: str


def differences(a: Recipe, b: Recipe) -> list[Difference]:
    """The differences in the order of the fields."""
    one, other = (dict(fields(recipe.model_dump(mode="json"))) for recipe in (a, b))
    keys = dict.fromkeys([*one, *other])
    pairs = ((key, one.get(key, ABSENT), other.get(key, ABSENT)) for key in keys)
    return [
        Difference(key, shown(key, x), shown(key, y), meaning(key, x, y, a, b))
        for key, x, y in pairs
        if x != y
    ]


def as_text(a: Recipe, b: Recipe, width: int = 80) -> str:
    """A line with both values for each field, and a sentence below it."""
    lines = [f"A  {a.name}: {a.title}", f"B  {b.name}: {b.title}"]
    every = differences(a, b)
    for difference in every:
        lines += ["", *values(difference, width), broken(difference.meaning, "    ", width)]
    return "\n".join(lines if every else [*lines, "", "no field differs"])


def values(difference: Difference, width: int) -> Iterator[str]:
    """Both values on one line, or on separate lines if they are long."""
    line = f"{difference.field}   {difference.a} → {difference.b}"
    if len(line) <= width:
        yield line
        return
    yield difference.field
    yield broken(difference.a, "  A  ", width)
    yield broken(difference.b, "  B  ", width)


def fields(section: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """(dotted key, value) of every field that is compared."""
    for name, value in section.items():
        key = f"{path}{name}"
        if key == "term":
            yield from ((f"term.{one['name']}", one) for one in value)
            continue
        if isinstance(value, dict) and key not in WHOLE:
            yield from fields(value, f"{key}.")
        elif key not in ABOUT:
            yield key, value


def shown(key: str, value: Any) -> str:
    """The value in readable form."""
    match value:
        case None | [] | ():
            return UNSET[key]
        case bool():
            return str(value).lower()
        case int() | float():
            return f"{value:.6g}"
        case dict():
            return ", ".join(f"{name} {shown(key, item)}" for name, item in value.items())
        case list() | tuple():
            return f"({', '.join(shown(key, item) for item in value)})"
        case _:
            return str(value)


def meaning(key: str, one: Any, other: Any, a: Recipe, b: Recipe) -> str:
    """The size of the difference, its effect, and which recipes use the field."""
    if key in ("content.taps", "style.taps"):
        change = "; ".join(taps(one, other))
    else:
        change = ratio(one, other) if has_ratio(key, a) else ""
    sentence = effect(key, a).removesuffix(".")
    sentence = f"{change}. {sentence}" if change else sentence
    return f"{sentence}{concern(used(key, a), used(key, b))}."


def effect(key: str, recipe: Recipe) -> str:
    """The effect of the field, from its docstring."""
    section: type[Section] | Section = recipe
    *path, field = key.split(".")
    if path == ["term"]:
        return Recipe.effect("term")
    for name in path:
        section = getattr(section, name)
    return section.effect(field)


def has_ratio(key: str, recipe: Recipe) -> bool:
    """Whether the ratio of two values of a field is meaningful."""
    section, _, field = key.partition(".")
    formula = recipe.formulas.get(section)
    return key not in NO_RATIO and not (formula and field in formula.NO_RATIO)


def ratio(one: Any, other: Any) -> str:
    """B's number as a multiple of A's; empty if they are not numbers."""
    if any(isinstance(value, bool) or not isinstance(value, int | float) for value in (one, other)):
        return ""
    if not one or not other:
        return "only in B" if other else "only in A"
    return f"{other / one:.4g} × A's"


def taps(one: Mapping[str, float], other: Mapping[str, float]) -> Iterator[str]:
    """The layers that B adds or leaves out, and those with another weight."""
    if added := [tap for tap in other if tap not in one]:
        yield f"B adds {', '.join(added)}"
    if removed := [tap for tap in one if tap not in other]:
        yield f"B leaves out {', '.join(removed)}"
    kept = {tap: (one[tap], other[tap]) for tap in one if tap in other}
    changed = {tap: ratio(*pair) for tap, pair in kept.items() if pair[0] != pair[1]}
    if len(changed) > 1 and len(set(changed.values())) == 1 and len(changed) == len(kept):
        yield f"every share is {next(iter(changed.values()))}"
    elif changed:
        yield ", ".join(f"{tap} {change}" for tap, change in changed.items())


def used(key: str, recipe: Recipe) -> bool:
    """Whether a field has any effect in a recipe."""
    section, _, rest = key.partition(".")
    if section == "term":
        return True
    if section in recipe.formulas:
        return recipe.formulas[section].uses(rest)
    if section == "plan":
        return part_of_plan(rest, recipe)
    return True


def part_of_plan(key: str, recipe: Recipe) -> bool:
    plan = recipe.plan
    name, _, field = key.partition(".")
    if name in ("lbfgs", "adam", "sgd"):
        own = section_of(plan.optimizer) == name
        return own and (field == "lr" or plan.optimizer != "native-adam")
    if name in ("noise", "seed"):
        return plan.init == "noise"
    return name != "coarser" or len(plan.sizes()) > 1


def concern(a: bool, b: bool) -> str:
    """Which recipes use the field, if not both do."""
    return {(True, True): "", (False, False): " (used by neither)"}.get(
        (a, b), f" (only {'A' if a else 'B'} uses it)"
    )
