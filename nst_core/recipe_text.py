"""A recipe's formula, made from its fields: as LaTeX, and the same spelled out as plain text.

F, P and S are the features of the painting, the photograph and the style at a layer, N channels
by M positions; I is the painting, H by W pixels, and x what the optimiser moves.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from nst_core.notation import (
    columns,
    error,
    factor,
    fraction,
    number,
    plain,
    product,
    term,
    words,
)
from nst_core.recipe import Content, Recipe, Style, TotalVariation, Variable

LEGEND = (
    "F, P and S are the features of the painting, the photograph and the style at a layer, "
    "N channels by M positions; I is the painting in [0, 1], H by W pixels."
)
DOWN, RIGHT = r"\downarrow", r"\rightarrow"
DIAGONALS = (r"\searrow", r"\swarrow")


@dataclass(frozen=True)
class Equation:
    """`left = right`, both in LaTeX, and in words where that holds."""

    left: str
    right: str
    where: str = ""

    @property
    def latex(self) -> str:
        """A row of `aligned`."""
        remark = f" && {words(self.where)}" if self.where else ""
        return f"{self.left} &= {self.right}{remark}"


def equations(recipe: Recipe) -> tuple[Equation, ...]:
    """The total, then each term that has a weight, then the variable."""
    found = [*totals(recipe)]
    if recipe.content.weight:
        found += content(recipe.content)
    if recipe.style.weight:
        found += style(recipe.style)
    if recipe.tv.weight:
        found += variation(recipe.tv)
    return (*found, variable(recipe.variable))


def latex(recipe: Recipe) -> str:
    """The equations, aligned."""
    rows = " \\\\\n".join(equation.latex for equation in equations(recipe))
    return f"\\begin{{aligned}}\n{rows}\n\\end{{aligned}}"


def text(recipe: Recipe, width: int = 80) -> str:
    """The equations, a line for each; words that do not fit have a line of their own."""
    rows = [(plain(e.left), plain(e.right), e.where) for e in equations(recipe)]
    margin = max(columns(left) for left, *_ in rows)
    lines = []
    for left, right, where in rows:
        line = f"{' ' * (margin - columns(left))}{left} = {right}"
        gap = "   " if columns(line) + 3 + len(where) <= width else "\n" + " " * (margin + 3)
        lines.append(line + gap + where if where else line)
    return "\n".join(lines)


def totals(recipe: Recipe) -> Iterator[Equation]:
    """The total, and what is descended in its place if a term is not counted."""
    weights = {"content": recipe.content.weight, "style": recipe.style.weight}
    weights["tv"] = recipe.tv.weight
    parts = {name: product(number(w), term(name)) for name, w in weights.items() if w}
    uncounted = None if recipe.tv.counted else parts.pop("tv", None)
    yield Equation("L", " + ".join(parts.values()) or "0")
    if uncounted:
        yield Equation("g", rf"\nabla_x (L + {uncounted})", "is the gradient that is followed")


def content(formula: Content) -> Iterator[Equation]:
    """Eq. 1 of Gatys et al. 2016, reduced as the recipe says."""
    body = fraction(error("F - P", formula.norm), content_divisor(formula))
    yield from layered("content", "v", product(factor(formula.factor), body), formula.taps)


def style(formula: Style) -> Iterator[Equation]:
    """Eqs. 3 to 5; and the term again, as a multiple of the error of F Fᵀ itself."""
    body = fraction(error("G - A"), style_divisor(formula))
    body = product(averaged(formula), factor(formula.factor), body)
    yield from layered("style", "w", body, formula.taps)
    F, S = features("F", formula), features("S", formula)
    own = formula.gram != "raw" and formula.resize == "own"
    where = "A likewise from S" + ", with its own M" * own
    yield Equation("G", fraction(rf"{F} {F}^\top", gram_divisor(formula)), where)
    if F != "F":
        mean = rf"{F[-1]} - \bar F" if formula.centred else "F"
        shift = f" {'-' if formula.shift < 0 else '+'} {number(abs(formula.shift))}"
        where = "S likewise" + "; the bar: the mean over positions" * formula.centred
        yield Equation(F, mean + shift * bool(formula.shift), where)
    yield reduced(formula, F, S)


def reduced(formula: Style, F: str, S: str) -> Equation:
    """The style term, weighted, over Σ(FFᵀ − SSᵀ)²: what two recipes are compared by."""
    shares = list(formula.taps.values())
    parts = len(shares) if formula.average == "double" else 1
    alone = shares[0] if len(shares) == 1 else 1.0
    coefficient = number(formula.weight * formula.factor * alone / parts)
    body = fraction(error(rf"{F} {F}^\top - {S} {S}^\top"), reduced_divisor(formula, S))
    left = product(number(formula.weight), term("style"))
    where = "" if formula.gram == "raw" else "where both have the same M"
    summed = r"\sum_l w_l" if len(shares) > 1 else ""
    return Equation(left, product(summed, coefficient, body), where)


def layered(name: str, letter: str, body: str, taps: Mapping[str, float]) -> Iterator[Equation]:
    """A term: at its one tap, or summed over several, whose shares are the next equation."""
    where = f"at {', '.join(taps)}"
    if len(taps) == 1:
        yield Equation(term(name), product(*map(factor, taps.values()), body), where)
        return
    shares = [number(share) for share in taps.values()]
    yield Equation(term(name), product(rf"\sum_l {letter}_l", body))
    alike = len(set(shares)) == 1
    yield Equation(f"{letter}_l", shares[0] if alike else ", ".join(shares), where)


def variation(formula: TotalVariation) -> Iterator[Equation]:
    """Total variation of x, and what its differences are between."""
    where = "x': the neighbour in the direction of the arrow"
    if formula.norm == "power":
        where = "where x' exists both below and on the right"
        power = "" if formula.exponent == 1 else f"^{{{formula.exponent:.12g}}}"
        body = rf"\sum (d_{DOWN}^2 + d_{RIGHT}^2){power}"
        if formula.last_row:
            where += ", taken from the last row"
    elif formula.stencil == "nine":
        body = rf"\tfrac{{1}}{{3}} ({along((DOWN, RIGHT), formula)})"
        body += rf" + \tfrac{{1}}{{12}} ({along(DIAGONALS, formula)})"
    else:
        body = along((DOWN, RIGHT), formula)
    times = factor(formula.factor)
    bracketed = f"({body})" if times and formula.norm != "power" else body
    yield Equation(term("tv"), product(times, bracketed))
    yield Equation("d", "x' - x", where)


def along(directions: tuple[str, ...], formula: TotalVariation) -> str:
    """The sums or means of the differences, one for each direction."""
    sign = {"sum": r"\sum ", "mean": r"\mathrm{mean}\ "}[formula.reduction]
    form = "|d_{}|" if formula.norm == "absolute" else "d_{}^2"
    return " + ".join(sign + form.format(direction) for direction in directions)


def variable(formula: Variable) -> Equation:
    """What the optimiser moves, and its box."""
    scales = [number(scale) for scale in formula.scales]
    where = [] if formula.box == "none" else ["after each step cut to where I is in [0, 1]"]
    if isinstance(formula.scale, tuple):
        where.insert(0, "for red, green and blue")
        return Equation("x", rf"({', '.join(scales)}) \odot I", "; ".join(where))
    return Equation("x", product(factor(formula.scale), "I"), "; ".join(where))


def content_divisor(formula: Content) -> str:
    """What the content's error is divided by."""
    relative = error("P", formula.norm)
    divisors = {"sum": "", "mean": r"N \, M", "root": r"\sqrt{N \, M}", "relative": relative}
    return divisors[formula.reduction]


def style_divisor(formula: Style) -> str:
    """What the error of G is divided by."""
    divisors = {"sum": "", "mean": "N^2", "relative": error("A"), "image": r"(3 \, H \, W)^2"}
    return divisors[formula.reduction]


def gram_divisor(formula: Style) -> str:
    """What F Fᵀ is divided by."""
    return {"raw": "", "positions": "M", "elements": r"N \, M"}[formula.gram]


def reduced_divisor(formula: Style, S: str) -> str:
    """Both divisors in one: that of G cancels in a relative error."""
    if formula.reduction == "relative":
        return error(rf"{S} {S}^\top")
    channels = 2 * (formula.reduction == "mean") + 2 * (formula.gram == "elements")
    parts = [style_divisor(formula)] if formula.reduction == "image" else []
    parts += [f"N^{channels}"] if channels else []
    parts += ["M^2"] if formula.gram != "raw" else []
    return r" \, ".join(parts)


def averaged(formula: Style) -> str:
    """The second average, over the number of taps."""
    double = formula.average == "double" and len(formula.taps) > 1
    return rf"\tfrac{{1}}{{{len(formula.taps)}}}" if double else ""


def features(letter: str, formula: Style) -> str:
    """The letter, with a hat if the Gram matrix is not that of the features themselves."""
    return rf"\hat {letter}" if formula.centred or formula.shift else letter
