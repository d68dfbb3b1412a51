"""The reasons why one recipe cannot be translated into another."""

from collections.abc import Mapping
from math import isclose

from nst_core import weights
from nst_core.errors import NstError
from nst_core.explain.scene import Scene
from nst_core.explain.sheet import pixels
from nst_core.recipe import Preprocessing, Recipe

KINDS = ("content", "style")  # the sections that are translated

# the placeholders are filled with the values of A and B
REASONS: Mapping[str, str] = {
    "weights": "network.weights is {} and {}, so their features differ",
    "pooling": "network.pooling is {} and {}, so their features differ",
    "normalised": "network.normalised is {} and {}, so their features differ",
    "preprocessing": "their preprocessing differs, {} and {}",
    **{
        field: f"{name}.{field} is {{}} and {{}}{why}"
        for name in KINDS
        for field, why in Recipe.kind(name).MUST_AGREE.items()
    },
    "content": "their content terms share no tap: {} and {}",
    "style": "their style terms share no tap: {} and {}",
    "positions": "style.gram is {} and {}, only one of which divides by M, and M is not the same "
    "for the style and the painting",
}
CURE = "change one of the recipes in a .toml file of your own"
CURES = {
    "positions": "use pictures of the same shape, or set style.resize to content in the first "
    "recipe"
}

Rule = Preprocessing | weights.Preprocessing


class Untranslatable(NstError):  # noqa: N818
    """A recipe cannot be translated into another; `reason` is a key of REASONS."""

    def __init__(self, a: Recipe, b: Recipe, reason: str, said: tuple[object, object]) -> None:
        self.reason = reason
        why = REASONS[reason].format(*map(written, said))
        cure = CURES.get(reason, CURE)
        super().__init__(f"{a.name} cannot be translated into {b.name}: {why}. Try: {cure}")


def written(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def check_fields(a: Recipe, b: Recipe) -> None:
    """Raises Untranslatable if the fields of the recipes rule out a translation."""
    for reason in ("weights", "pooling", "normalised"):
        alike(a, b, reason, getattr(a.network, reason), getattr(b.network, reason))
    if not same_pixels(rule(a), rule(b)):
        said = pixels(a.network), pixels(b.network)
        raise Untranslatable(a, b, "preprocessing", said)
    for kind in KINDS:
        one, other = a.formulas[kind], b.formulas[kind]
        if one.weight:
            for field in one.MUST_AGREE:
                alike(a, b, field, getattr(one, field), getattr(other, field))
            share(a, b, kind, one.weights(), other.weights())


def check_pictures(a: Recipe, b: Recipe, scene: Scene) -> None:
    """Raises Untranslatable if one recipe divides by M, and M differs for style and painting."""
    grams = a.style.gram, b.style.gram
    if not a.style.weight or (grams[0] == "raw") == (grams[1] == "raw"):
        return
    for tap in a.style.taps:
        if tap in b.style.taps and scene.S[tap][0].size != scene.F[tap][0].size:
            raise Untranslatable(a, b, "positions", grams)


def alike(a: Recipe, b: Recipe, reason: str, one: object, other: object) -> None:
    if one != other:
        raise Untranslatable(a, b, reason, (one, other))


def share(
    a: Recipe, b: Recipe, reason: str, one: Mapping[str, float], other: Mapping[str, float]
) -> None:
    """Raises Untranslatable if B has none of the layers that have a weight in A."""
    weighty = [tap for tap, weight in one.items() if weight]
    if weighty and not any(tap in other for tap in weighty):
        raise Untranslatable(a, b, reason, (", ".join(weighty), ", ".join(other)))


def rule(recipe: Recipe) -> Rule | None:
    """The preprocessing of the recipe; None if only the weights' file has it."""
    choice = recipe.network
    if choice.preprocessing or choice.weights not in weights.SETS:
        return choice.preprocessing
    return weights.SETS[choice.weights].preprocessing


def same_pixels(one: Rule | None, other: Rule | None) -> bool:
    """Whether two rules are the same affine map, (scale·I − mean) / std."""
    if one is None or other is None:
        return one is other
    pairs = zip(affine(one), affine(other), strict=True)
    return one.channels == other.channels and all(isclose(*pair) for pair in pairs)


def affine(found: Rule) -> list[float]:
    """The three factors and three offsets of the affine map."""
    slopes = [found.scale / std for std in found.std]
    return slopes + [mean / std for mean, std in zip(found.mean, found.std, strict=True)]
