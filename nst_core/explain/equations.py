"""The equations of a recipe, made from its fields, as LaTeX and as plain text.

F, P and S are the features of the painting, the photograph and the style at a layer, N channels
by M positions; I is the painting, H by W pixels, and x is the variable of the optimiser.
"""

from collections.abc import Iterator

from nst_core.notation import Equation, columns, factor, number, plain, product, term
from nst_core.recipe import Recipe, Variable

LEGEND = (
    "F, P and S are the features of the painting, the photograph and the style at a layer, "
    "N channels by M positions; I is the painting in [0, 1], H by W pixels."
)


def equations(recipe: Recipe) -> tuple[Equation, ...]:
    """The total, then each term that has a weight, then the variable."""
    rows = [*totals(recipe)]
    for name, formula in recipe.formulas.items():
        if formula.weight:
            rows += formula.equations(name)
    return (*rows, variable(recipe.variable))


def latex(recipe: Recipe) -> str:
    """The equations in an `aligned` environment."""
    rows = " \\\\\n".join(equation.latex for equation in equations(recipe))
    return f"\\begin{{aligned}}\n{rows}\n\\end{{aligned}}"


def text(recipe: Recipe, width: int = 80) -> str:
    """One line for each equation; remarks that do not fit are put on a separate line."""
    rows = [(plain(e.left), plain(e.right), e.where) for e in equations(recipe)]
    margin = max(columns(left) for left, *_ in rows)
    lines = []
    for left, right, where in rows:
        line = f"{' ' * (margin - columns(left))}{left} = {right}"
        gap = "   " if columns(line) + 3 + len(where) <= width else "\n" + " " * (margin + 3)
        lines.append(line + gap + where if where else line)
    return "\n".join(lines)


def totals(recipe: Recipe) -> Iterator[Equation]:
    """The total, and the gradient that is used if a term is not part of the total."""
    weighed = {name: f for name, f in recipe.formulas.items() if f.weight}
    parts = {name: product(number(f.weight), term(name)) for name, f in weighed.items()}
    uncounted = [parts.pop(name) for name, f in weighed.items() if not f.is_counted]
    yield Equation("L", " + ".join(parts.values()) or "0")
    if uncounted:
        followed = " + ".join(uncounted)
        yield Equation("g", rf"\nabla_x (L + {followed})", "is the gradient that is used")


def variable(formula: Variable) -> Equation:
    """The variable of the optimiser, and its box."""
    scales = [number(scale) for scale in formula.scales]
    where = [] if formula.box == "none" else ["after each step, I is clipped to [0, 1]"]
    if isinstance(formula.scale, tuple):
        where.insert(0, "for red, green and blue")
        return Equation("x", rf"({', '.join(scales)}) \odot I", "; ".join(where))
    return Equation("x", product(factor(formula.scale), "I"), "; ".join(where))
