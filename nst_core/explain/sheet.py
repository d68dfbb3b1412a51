"""The sheet of a recipe: its title and source, its equations, and how the picture is optimised."""

import textwrap
from collections.abc import Iterable, Iterator
from typing import Any

from nst_core import weights
from nst_core.explain import equations
from nst_core.plan import Adam, Lbfgs, Noise, Plan, Sgd
from nst_core.recipe import NetworkChoice, Preprocessing, Recipe, Style, Triple

INDENT = 12


def as_text(recipe: Recipe, width: int = 80) -> str:
    """The sheet as text for a terminal of `width` columns."""
    head = f"{recipe.name}: {recipe.title}"
    facts = (fact(key, value, width) for key, value in facts_of(recipe).items())
    parts = (
        broken(head, "", width) + "\n" + fact("from", recipe.source, width),
        equations.text(recipe, width),
        broken(equations.LEGEND, "", width),
        "\n".join(facts),
        "\n".join(fact("note", note, width) for note in recipe.notes),
        "\n".join(fact("departs", departure, width) for departure in recipe.departures),
    )
    return "\n\n".join(part for part in parts if part)


def as_latex(recipe: Recipe) -> str:
    """The sheet as Markdown, with equations in LaTeX."""
    rows = [("Source", recipe.source)]
    rows += [(key.capitalize(), value) for key, value in facts_of(recipe).items()]
    rows += [("Note", note) for note in recipe.notes]
    rows += [("Departs", departure) for departure in recipe.departures]
    facts = "\n".join(f"- {key}: {value}" for key, value in rows)
    formula = f"$$\n{equations.latex(recipe)}\n$$"
    return f"# {recipe.name}: {recipe.title}\n\n{formula}\n\n{equations.LEGEND}\n\n{facts}"


def as_json(recipe: Recipe) -> dict[str, Any]:
    """The fields of the recipe, its equations and the facts of the sheet."""
    formula = {"text": equations.text(recipe), "latex": equations.latex(recipe)}
    return {"recipe": recipe.model_dump(mode="json"), "formula": formula, "facts": facts_of(recipe)}


def index(recipes: Iterable[Recipe], width: int = 80) -> str:
    """Name, weights and optimiser of each recipe on one line; its title and source below."""
    rows = [("recipe", "weights", "optimiser", "title", "source")]
    rows += [(r.name, r.network.weights, r.plan.optimizer, r.title, r.source) for r in recipes]
    long, wide = (max(len(row[column]) + 2 for row in rows) for column in (0, 1))
    return "\n".join(
        f"{name:<{long}}{weights:<{wide}}{optimiser}\n{lines(width, title, source)}"
        for name, weights, optimiser, title, source in rows
    )


def lines(width: int, *texts: str) -> str:
    """Each text on separate, indented lines."""
    return "\n".join(broken(text, "    ", width) for text in texts)


def fact(key: str, value: str, width: int) -> str:
    """One or more lines that begin with the key."""
    return broken(value, f"{key:<{INDENT}}", width)


def broken(text: str, mark: str, width: int) -> str:
    """The text wrapped into lines; the first begins with the mark, the others are indented."""
    return textwrap.fill(
        text,
        width,
        initial_indent=mark,
        subsequent_indent=" " * len(mark),
        break_on_hyphens=False,
    )


def facts_of(recipe: Recipe) -> dict[str, str]:
    """Everything except the equations, in words."""
    plan = recipe.plan
    return {
        "network": features(recipe.network),
        "pixels": pixels(recipe.network),
        "style": styles(recipe.style),
        "without": ", ".join(absent(recipe)) or "no term: every term has a weight",
        "box": box(recipe),
        "size": size(plan),
        "evaluations": evaluations(plan),
        "start": start(plan),
        "optimiser": optimiser(plan, recipe.variable.scales),
    }


def features(choice: NetworkChoice) -> str:
    """The weights, the pooling, its edge, and the normalisation."""
    edge = {"floor": "dropped", "ceil": "kept"}[choice.edge]
    scaled = "rescaled to a mean activation of one" if choice.normalised else "as they were trained"
    return (
        f"{choice.weights}, {choice.pooling} pooling, odd last rows and columns {edge} "
        f"({choice.edge}), filters {scaled}"
    )


def pixels(choice: NetworkChoice) -> str:
    """The preprocessing of the pixels."""
    rule: Preprocessing | weights.Preprocessing
    if choice.preprocessing:
        rule, origin = choice.preprocessing, "from the recipe"
    elif choice.weights in weights.SETS:
        rule, origin = weights.SETS[choice.weights].preprocessing, "from the weights"
    else:
        return "the preprocessing of the weights"
    return f"{in_symbols(rule)}, {origin}"


def in_symbols(rule: Preprocessing | weights.Preprocessing) -> str:
    """The network's input for the picture I, such as `255 · I − (104, 117, 123) in BGR`."""
    mean = "" if not any(rule.mean) else f" − {triple(rule.mean)}"
    scaled = f"{rule.scale:g} · I{mean}" if rule.scale != 1 else f"I{mean}"
    divided = scaled if set(rule.std) == {1.0} else f"({scaled}) / {triple(rule.std)}"
    return f"{divided} in {rule.channels}"


def triple(values: Triple) -> str:
    return f"({', '.join(f'{value:.8g}' for value in values)})"


def styles(style: Style) -> str:
    """The style picture's shape, and how several styles are combined."""
    shape = "its own shape" if style.resize == "own" else "the photograph's height and width"
    shares = ":".join(f"{share:g}" for share in style.blend)
    several = {"targets": "the target is their average Gram matrix", "losses": "each has a term"}
    split = f"shares {shares}" if shares else "equal shares"
    return f"in {shape}; with several styles, {several[style.combine]}, {split}"


def absent(recipe: Recipe) -> Iterator[str]:
    """The terms that have no weight."""
    return (formula.TITLE for formula in recipe.formulas.values() if not formula.weight)


def box(recipe: Recipe) -> str:
    """Whether the image is limited to [0, 1]."""
    kind = recipe.variable.box
    if kind == "none":
        return "none: the picture is clipped to [0, 1] only when it is saved"
    step = {"clip": "after clipping", "clamp": "before clipping"}[kind]
    stored = f"; L-BFGS stores the step {step}"
    clipped = f"{kind}: the picture is clipped to [0, 1] after each step"
    return clipped + stored * (recipe.plan.optimizer == "lbfgs")


def size(plan: Plan) -> str:
    """The painting's size."""
    if plan.side == "area":
        return f"as many pixels as a square of {plan.size}"
    return f"{plan.size} pixels on the {plan.side} side"


def evaluations(plan: Plan) -> str:
    """The number of evaluations of the total and its gradient at each scale."""
    stages = plan.stages()
    if len(stages) == 1:
        return f"{stages[0].iterations}, at one scale"
    counts = ", ".join(f"{stage.iterations} at {stage.size}" for stage in stages)
    return f"{counts} pixels; each scale starts from the result of the last with a new optimiser"


def start(plan: Plan) -> str:
    """The first image."""
    if plan.init == "noise":
        return noise(plan.noise, plan.seed)
    names = {"content": "the photograph", "style": "the style picture"}
    return names.get(plan.init, f"the picture {plan.init}")


def noise(rule: Noise, seed: int) -> str:
    kinds = {"normal": "normal, σ =", "uniform": "uniform, ±"}
    centre = {
        "mean": "the mean colour of the preprocessing",
        "grey": "mid-grey",
        "black": "black",
    }
    width = f"{kinds[rule.distribution]} {rule.width:.4g}".replace("± ", "±")
    return f"white noise around {centre[rule.centre]}, {width} for pixels in [0, 1], seed {seed}"


def optimiser(plan: Plan, scales: Triple) -> str:
    """The optimiser and all its constants."""
    match plan.optimizer:
        case "lbfgs":
            return lbfgs(plan.lbfgs)
        case "adam":
            return adam(plan.adam, scales)
        case "native-adam":
            return native_adam(plan.adam, scales)
        case "sgd":
            return sgd(plan.sgd)


def lbfgs(s: Lbfgs) -> str:
    floor = f"{s.curvature:g}" + (" · ‖y‖ ‖s‖" if not s.absolute else "")
    restart = f", restarts after every {s.restart} evaluations" if s.restart else ""
    return (
        f"L-BFGS without line search: lr {s.lr:g}, history {s.history}, "
        f"a pair is stored if y·s > {floor}{restart}"
    )


def adam(s: Adam, scales: Triple) -> str:
    return f"Adam: {rate(s, scales)}, β₁ {s.beta1:g}, β₂ {s.beta2:g}, ε {s.epsilon:g}"


def native_adam(s: Adam, scales: Triple) -> str:
    return f"the framework's own Adam: {rate(s, scales)}, default β₁, β₂ and ε"


def rate(s: Adam, scales: Triple) -> str:
    """The learning rate, also in units of the image if x is scaled."""
    share = ", ".join(dict.fromkeys(f"{s.lr / scale:.3g}" for scale in scales))
    own = "" if set(scales) == {1.0} else f" ({share} for pixels in [0, 1])"
    return f"lr {s.lr:g}{own}"


def sgd(s: Sgd) -> str:
    return f"gradient descent: lr {s.lr:g} · {s.decay:g}^(t / {s.every:g}) at evaluation t from 0"
