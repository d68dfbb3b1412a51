"""Sentences for a student: what a finding means, and the note that teaches it."""

from collections.abc import Sequence
from dataclasses import dataclass

from nst_compare.models import Entry, Finding, Flips, Parting, finite
from nst_core.conformance.judge import LEVELS, Row

UNITS = {
    0: "",
    1: " units of u·mass",
    2: " of the norm",
    3: " of the norm",
    4: " units of u(|x| + lr)",
    5: " of the norm",
    6: " of the truth's",
}
ORDINARY_COMPILE = 1.0  # seconds
SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


@dataclass(frozen=True)
class Note:
    """A paragraph of the page, and the page of the documentation that says more."""

    title: str
    text: str
    page: str


NOTES = {
    "unit": Note(
        "The unit u·mass",
        "Every sum has a mass, the sum of the absolute values of its terms. Rounding each term "
        "once moves it by at most u times its mass, u being 2⁻⁵³ in float64 and 2⁻²⁴ in float32. "
        "An error in that unit knows no scale: 1 is one rounding of everything. A sum of n terms "
        "stays below 8 + 2√n in any sensible order, which is the budget.",
        "docs/conformance.md#the-unit",
    ),
    "levels": Note(
        "The lowest level first",
        "Each level is fed with the backend's own numbers: an operation is judged on the input "
        "that the backend itself has before it. A slip therefore shows at one level, the lowest "
        "that fails, and there at the first layer that fails; what fails above it follows.",
        "docs/conformance.md#the-levels",
    ),
    "kinks": Note(
        "Flips",
        "max(x, 0) passes a gradient above zero and cuts it below. A unit whose input is nearly "
        "zero may fall on either side, and every framework is right to the last digit it has. "
        "One such unit changes the image's gradient in its fourth digit. So flips are counted, "
        "and the gradient is compared with a truth whose every unit is held on the backend's "
        "side.",
        "docs/conformance.md#kinks",
    ),
    "paths": Note(
        "Where paths part",
        "Two right paths agree until the first unit falls on another side. From there their "
        "gradients differ by a finite amount and the pictures drift apart, while the totals stay "
        "close. Each step is therefore judged from where the backend itself was, never the "
        "pixels after many.",
        "docs/conformance.md#steps-not-pictures",
    ),
    "adam": Note(
        "Adam is not Adam",
        "PyTorch adds ε = 1e-8 to √v̂. Keras, and TensorFlow through it, add ε = 1e-7 to √v "
        "before its correction, which in PyTorch's form is 3.2e-6 at the first step. Where the "
        "gradient of the image is near 1e-6 that is another optimiser. The learning rate of "
        "Adam() is 0.001 in all of them, 1/1000 of the range of a pixel in a step.",
        "docs/frameworks.md#adam-is-not-adam",
    ),
    "compile": Note(
        "What is compiled",
        "The first evaluation of a program that is compiled takes longer than all later ones: "
        "TensorFlow traces a graph, XLA writes machine code for every shape. PyTorch runs each "
        "operation as it comes. For ten steps that counts, for a thousand it does not.",
        "docs/frameworks.md#layer-by-layer",
    ),
    "precision": Note(
        "TF32 and bfloat16",
        "TF32 keeps 10 bits of each factor of a convolution, bfloat16 7 of everything, where "
        "float32 has 23. Features are off in their third digit, a few units in a hundred flip, "
        "and the gradient is off by some percent: good enough to paint with, not to compare.",
        "docs/frameworks.md#layer-by-layer",
    ),
    "workers": Note(
        "Workers",
        "Each backend runs in a process of its own, one for each precision, with the environment "
        "set before anything is imported. One that raises, hangs or is killed fails alone.",
        "docs/compare.md#workers",
    ),
}


def pretty(value: float | None, digits: int = 3) -> str:
    """As it is printed: 6.76·10¹⁵; ∞ for what has no finite measure."""
    if finite(value) is None:
        return "∞"
    mantissa, e, exponent = f"{value:.{digits}g}".partition("e")
    return f"{mantissa}·{power(int(exponent))}" if e else mantissa


def power(exponent: int) -> str:
    return "10" + str(exponent).translate(SUPERSCRIPTS)


def failure(entry: Entry) -> Finding:
    said = f"{entry.name} could not be compared: {entry.failure}."
    return Finding(sentence=said, note="workers", broken=True)


def broken(entry: Entry, row: Row, count: int, cause: str) -> Finding:
    """Of the first row that fails at the lowest level that fails."""
    step = row.kind in ("step", "path", "total")
    where = row.what if not row.at else f"step {row.at}" if step else row.at
    what = "" if where in row.what and row.kind != "gram" else f" ({row.what})"
    said = (
        f"{entry.name} differs from the truth at level {row.level} ({LEVELS[row.level]}), "
        f"first at {where}{what}: {pretty(row.measured)}{UNITS[row.level]}, of "
        f"{pretty(row.budget)} that are allowed; {count} of its budgets break."
        if row.level
        else f"{entry.name} breaks a promise at level 0 (exact): {row.what}."
    )
    if cause:
        said += f" Its numbers are those of a backend with {cause}."
    return Finding(sentence=said, note="levels", broken=True)


def flipped(entry: Entry, flips: Sequence[Flips]) -> Finding | None:
    """Where units are on another side of their kink."""
    count, of = sum(one.count for one in flips), sum(one.of for one in flips)
    if not count:
        return None
    most = max(flips, key=lambda one: one.count)
    be = "is" if count == 1 else "are"
    said = (
        f"{entry.name}: {count:,} of {of:,} units {be} on another side of the kink than in the "
        f"truth{', most of them' if count > 1 else ''} in {most.layer}."
    )
    return Finding(sentence=said, note="kinks")


def parted(entry: Entry, parting: Parting) -> Finding:
    """The step and the unit at which a path leaves the truth's."""
    place = f"channel {parting.channel}, row {parting.row}, column {parting.column}"
    if parting.layer.startswith("relu"):
        here, there = ("on", "off") if parting.on else ("off", "on")
        how = f"is {here} here and {there} in the truth"
    else:
        how = "takes another of its four inputs as the maximum"
    others = f" With the others, {parting.units:,} in all, it" if parting.units > 1 else " It"
    said = (
        f"{entry.name}: its path parts from the truth's before step {parting.step}, where the "
        f"unit of {parting.layer} at {place} {how}.{others} changes the gradient by "
        f"{pretty(parting.effect)} of its norm."
    )
    return Finding(sentence=said, note="paths")


def compiled(entry: Entry) -> Finding | None:
    """What the first evaluation costs beyond a later one."""
    seconds = entry.seconds["compile"]
    if seconds < ORDINARY_COMPILE:
        return None
    worth = seconds / max(entry.seconds["evaluation"], 1e-9)
    said = (
        f"{entry.name}: the first evaluations take {seconds:.1f} s more than later ones, as much "
        f"as {worth:.0f} of these."
    )
    return Finding(sentence=said, note="compile")


def coarse(entry: Entry) -> Finding | None:
    if entry.precision not in ("tf32", "bfloat16"):
        return None
    said = f"{entry.name} is held to the budgets of its precision, which are wide."
    return Finding(sentence=said, note="precision")


def native(entry: Entry, row: Row, core: float | None, cause: str) -> Finding:
    """What a framework's own optimiser does; `core` is the total that the core's reaches."""
    own = entry.totals[-1] if entry.totals else None
    if row.holds:
        said = f"{entry.name}: the framework's own Adam makes the same steps as the core's."
    else:
        said = (
            f"{entry.name}: the framework's own Adam is another one: step {row.at} is off by "
            f"{pretty(row.measured)}{UNITS[4]}."
        )
        if cause:
            said += f" Its numbers are those of a backend with {cause}."
    if own is not None and core:
        said += f" Before its last step the total is {own:.4g}, {own / core - 1:+.2%} of the core's"
        said += " Adam."
    return Finding(sentence=said, note="adam")
