"""What differs between two recipes, field by field, and what each difference does.

Name, title, source, notes and departures are about a recipe, not part of it: they are left out.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from nst_core.plan import section as section_of
from nst_core.recipe import Recipe
from nst_core.recipe_sheet import broken

ABOUT = ("name", "title", "source", "notes", "departures")
WHOLE = ("content.taps", "style.taps", "network.preprocessing")
UNSET = {
    "network.preprocessing": "that of the weights",
    "style.blend": "equal shares",
    "plan.coarsest": "one scale",
    "plan.lbfgs.restart": "never",
}
NO_RATIO = (
    "style.shift", "tv.exponent", "plan.coarsest", "plan.lbfgs.restart", "plan.adam.beta1",
    "plan.adam.beta2", "plan.sgd.decay", "plan.seed",
)  # fmt: skip

# what a field does, by its dotted key; for a number, the ratio of B's to A's is printed before it
MEANINGS: Mapping[str, str] = {
    "network.weights": "another network sees other features: no number of one recipe means the "
    "same in the other",
    "network.pooling": "average pooling spreads a gradient over the four values of a window and "
    "paints more smoothly; max pooling hands it to the largest",
    "network.edge": "an odd last row or column is dropped (floor) or pooled as far as it goes "
    "(ceil): the features differ at the border of such sizes",
    "network.normalised": "filters with a mean activation of one weigh alike in every layer; the "
    "terms become a different size",
    "network.preprocessing": "the pixels reach the network on another scale, in another order or "
    "around another mean: every feature changes",
    "content.weight": "more of it keeps more of the photograph",
    "content.taps": "a deeper tap keeps the objects and lets go of their pixels; a shallow one "
    "keeps the photograph itself",
    "content.norm": "absolute errors forgive a few large departures, squared ones do not; the "
    "term has another unit",
    "content.reduction": "another divisor: between sum and mean lie N·M, half a million at relu4_2 "
    "of 256 pixels, and the weight has to make up for it",
    "content.factor": "it multiplies the term, as the weight does",
    "style.weight": "more of it paints more of the style",
    "style.taps": "shallow taps carry colour and stroke, deep ones larger shapes",
    "style.average": "one demands that the shares add up to one; double also divides them by their "
    "number, and the term is weaker by as much",
    "style.gram": "another divisor of F Fᵀ, squared in the term: M is for pictures of unequal "
    "size, N·M weighs wide layers less by N², raw needs pictures of one size",
    "style.centred": "a covariance leaves out mean activations, which carry much of the colour",
    "style.shift": "a constant added to the features mixes their means into the Gram matrix",
    "style.reduction": "another divisor of the error: a mean over N² entries, the style's own "
    "energy, or the picture's pixels, which are the same for every layer",
    "style.factor": "it multiplies the term, as the weight does",
    "style.combine": "several styles are one average target, or a term each; unless errors are "
    "relative, the gradient is the same and the value differs by a constant",
    "style.blend": "the shares of several styles; one style is not affected",
    "style.resize": "brought to the photograph's shape, the style picture is distorted and its "
    "strokes take another size",
    "tv.weight": "more of it smooths more",
    "tv.norm": "absolute differences keep edges and flatten what lies between them; squares blur "
    "edges; a power above 1 blurs them more",
    "tv.exponent": "1 is a sum of squares; the larger, the more an edge costs",
    "tv.stencil": "nine adds the diagonals, with shares of 1/3 and 1/12: weaker altogether, less "
    "partial to upright and level edges",
    "tv.reduction": "a sum grows with the picture's pixels, a mean does not",
    "tv.factor": "it multiplies the term, as the weight does",
    "tv.last_row": "each pixel is compared with the last row in place of its right neighbour: "
    "stripes rather than smoothness",
    "tv.counted": "the picture is the same; the total that is reported is not",
    "variable.scale": "steps and total variation are in this unit: the optimiser sees another "
    "curvature, and one learning rate moves the picture by another amount",
    "variable.box": "without a box, colours beyond those that exist are cut when it is saved; clip "
    "tells L-BFGS of the cut, clamp does not",
    "plan.size": "strokes keep their size in pixels: a larger painting has finer ones",
    "plan.side": "which side has that size: a picture that is not square has other pixels",
    "plan.iterations": "more evaluations, closer to the minimum",
    "plan.coarsest": "coarse scales come first and find the large strokes",
    "plan.coarser": "the share of the coarse scales in the work",
    "plan.optimizer": "L-BFGS goes further in one evaluation; Adam's step does not depend on "
    "the size of the weights, though that of a framework's own (native-adam) may, whose ε is "
    "another; plain descent depends on it entirely",
    "plan.lbfgs.lr": "the length of every step",
    "plan.lbfgs.history": "more memory of the curvature, more of the machine's",
    "plan.lbfgs.curvature": "a higher threshold drops more pairs",
    "plan.lbfgs.absolute": "an absolute threshold depends on the size of the weights; a relative "
    "one does not",
    "plan.lbfgs.restart": "what is known of the curvature is forgotten that often: slower",
    "plan.adam.lr": "the length of a step, in units of the variable",
    "plan.adam.beta1": "more of it averages over more gradients: smoother, slower to turn",
    "plan.adam.beta2": "more of it remembers large gradients for longer",
    "plan.adam.epsilon": "a large one makes the step depend on the size of the weights",
    "plan.sgd.lr": "the length of a step is this times the gradient",
    "plan.sgd.decay": "the rate falls faster the smaller this is",
    "plan.sgd.every": "how many evaluations the decay is for",
    "plan.init": "from the photograph its outlines stay; from noise the style decides more, and "
    "it takes longer",
    "plan.noise.distribution": "the noise of the first image: bell or box",
    "plan.noise.width": "more of it begins further from a flat colour",
    "plan.noise.centre": "the colour around which the first image lies",
    "plan.seed": "another first image: a picture that differs in detail",
}


@dataclass(frozen=True)
class Difference:
    """A field, its two values, and what that does."""

    field: str
    a: str
    b: str
    meaning: str


def differences(a: Recipe, b: Recipe) -> list[Difference]:
    """In the order of the fields."""
    one, other = (dict(fields(recipe.model_dump(mode="json"))) for recipe in (a, b))
    keys = dict.fromkeys([*one, *other])
    return [
        Difference(
            key,
            shown(key, one[key]),
            shown(key, other[key]),
            meaning(key, one[key], other[key], a, b),
        )
        for key in keys
        if one[key] != other[key]
    ]


def as_text(a: Recipe, b: Recipe, width: int = 80) -> str:
    """A line with both values for each field, and a sentence below it."""
    lines = [f"A  {a.name}: {a.title}", f"B  {b.name}: {b.title}"]
    found = differences(a, b)
    for difference in found:
        lines += ["", *values(difference, width), broken(difference.meaning, "    ", width)]
    return "\n".join(lines if found else [*lines, "", "no field differs"])


def values(found: Difference, width: int) -> Iterator[str]:
    """Both values on one line, or on lines of their own where they are long."""
    line = f"{found.field}   {found.a} → {found.b}"
    if len(line) <= width:
        yield line
        return
    yield found.field
    yield broken(found.a, "  A  ", width)
    yield broken(found.b, "  B  ", width)


def fields(section: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """(dotted key, value) of everything that is not about the recipe."""
    for name, value in section.items():
        key = f"{path}{name}"
        if isinstance(value, dict) and key not in WHOLE:
            yield from fields(value, f"{key}.")
        elif key not in ABOUT:
            yield key, value


def shown(key: str, value: Any) -> str:
    """As a person writes it."""
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
    """What the difference does, how large it is, and whom it concerns."""
    if key in ("content.taps", "style.taps"):
        change = "; ".join(taps(one, other))
    else:
        change = "" if key in NO_RATIO else ratio(one, other)
    sentence = MEANINGS[key]
    sentence = f"{change}: {sentence}" if change else sentence[0].upper() + sentence[1:]
    return f"{sentence}{concern(used(key, a), used(key, b))}."


def ratio(one: Any, other: Any) -> str:
    """How many times A's B's is, of two numbers."""
    if any(isinstance(value, bool) or not isinstance(value, int | float) for value in (one, other)):
        return ""
    if not one or not other:
        return "only in B" if other else "only in A"
    return f"{other / one:.4g} × A's"


def taps(one: Mapping[str, float], other: Mapping[str, float]) -> Iterator[str]:
    """What B adds, leaves out, and weighs otherwise."""
    if added := [tap for tap in other if tap not in one]:
        yield f"B adds {', '.join(added)}"
    if removed := [tap for tap in one if tap not in other]:
        yield f"B leaves out {', '.join(removed)}"
    kept = {tap: (one[tap], other[tap]) for tap in one if tap in other}
    changed = {tap: ratio(*pair) for tap, pair in kept.items() if pair[0] != pair[1]}
    if len(changed) > 1 and len(set(changed.values())) == 1 and len(changed) == len(kept):
        yield f"all weigh {next(iter(changed.values()))}"
    elif changed:
        yield ", ".join(f"{tap} {change}" for tap, change in changed.items())


def used(key: str, recipe: Recipe) -> bool:
    """Whether a field has any effect in a recipe."""
    section, _, rest = key.partition(".")
    if (
        section in ("content", "style", "tv")
        and rest != "weight"
        and not getattr(recipe, section).weight
    ):
        return False
    if key in ("tv.exponent", "tv.last_row"):
        return recipe.tv.norm == "power"
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
    """Who is concerned, if not both."""
    return {(True, True): "", (False, False): " (used by neither)"}.get(
        (a, b), f" (only {'A' if a else 'B'} uses it)"
    )
