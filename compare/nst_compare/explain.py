"""The sentences of the report, and the notes that explain their terms to a student."""

from collections.abc import Sequence
from dataclasses import dataclass

from nst_compare.models import Entry, Finding, Flips, Parting
from nst_core.conformance.judge import LEVELS, Row
from nst_core.conformance.models import finite

UNITS = {
    0: "",
    1: " units of u·mass",
    2: " of the norm",
    3: " of the norm",
    4: " units of u(|x| + lr)",
    5: " of the norm",
    6: " of the reference's",
}
ORDINARY_COMPILE = 1.0  # seconds; a shorter delay is not worth a sentence
SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


@dataclass(frozen=True)
class Note:
    """A paragraph of the page, and the section of the documentation with the details."""

    title: str
    text: str
    page: str


NOTES = {
    "unit": Note(
        "The unit u·mass",
        "The mass of a sum is the sum of the absolute values of its terms. If each term is "
        "rounded once, the sum changes by at most u times its mass, where u is 2⁻⁵³ in float64 "
        "and 2⁻²⁴ in float32. Errors of sums are measured in this unit. An error of 1 is as large "
        "as if every term had been rounded once. In any usual order of summation, the error of a "
        "sum of n terms stays below 8 + 2√n, and this is its budget.",
        "docs/conformance.md#the-unit",
    ),
    "levels": Note(
        "The lowest level first",
        "Each level starts from the backend's own numbers. An operation, for example, is compared "
        "with what the reference computes from the backend's own input to it. The mistake is "
        "therefore at the lowest level that fails, and there at the first layer that fails. "
        "Failures at higher levels are usually its consequences.",
        "docs/conformance.md#the-levels",
    ),
    "kinks": Note(
        "Flips",
        "A ReLU max(x, 0) has a kink at zero: it passes the gradient above zero and blocks it "
        "below. If x is nearly zero, rounding decides on which side it is, and two correct "
        "frameworks may differ. This is called a flip. A single flip can change the fourth digit "
        "of the image's gradient. Flips are therefore counted separately, and the gradient is "
        "compared with a reference in which every activation is on the same side as in the "
        "backend.",
        "docs/conformance.md#kinks",
    ),
    "paths": Note(
        "Where paths part",
        "The path of a backend is the sequence of its images. Two correct paths agree until the "
        "first flip. From then on their gradients differ by a finite amount and the pictures "
        "drift apart, while the totals stay close. Each step is therefore checked on its own, "
        "starting from the backend's own image. The pixels after many steps have no fixed "
        "budget.",
        "docs/conformance.md#steps-not-pictures",
    ),
    "adam": Note(
        "Adam is not Adam",
        "PyTorch adds ε = 1e-8 to √v̂, after the bias correction. Keras and TensorFlow add "
        "ε = 1e-7 to √v, before it. Written in PyTorch's form, their ε is 3.2e-6 at the first "
        "step. This makes a difference if the gradient of the image is near 1e-6. The default "
        "learning rate of Adam() is 0.001 in all of them: a step changes a pixel by at most about "
        "1/1000 of its range.",
        "docs/frameworks.md#adam-is-not-adam",
    ),
    "compile": Note(
        "What is compiled",
        "If a framework compiles, the first evaluation takes longer than later ones: TensorFlow "
        "traces a graph, and XLA generates machine code for every shape. PyTorch runs each "
        "operation directly. Compilation matters for ten steps, but not for a thousand.",
        "docs/frameworks.md#layer-by-layer",
    ),
    "precision": Note(
        "TF32 and bfloat16",
        "float32 has a mantissa of 23 bits. TF32 keeps 10 of them in the factors of a "
        "convolution, and bfloat16 keeps 7 in every number. Features then have errors in their "
        "third digit, a few activations in a hundred flip, and the gradient has an error of some "
        "per cent. This is accurate enough for painting, but not for comparing backends.",
        "docs/frameworks.md#layer-by-layer",
    ),
    "workers": Note(
        "Workers",
        "A worker is a separate process. There is one for each backend and precision, and its "
        "environment variables are set before anything is imported. If a worker raises an "
        "exception, hangs or is killed, the others continue.",
        "docs/compare.md#workers",
    ),
}


def pretty(value: float | None, digits: int = 3) -> str:
    """The number as it is printed: `6.76·10¹⁵`, or `∞` for None, infinity and NaN."""
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
    """The sentence about `row`, the first that fails at the lowest level; `count` fail in all."""
    step = row.kind in ("step", "path", "total")
    where = row.what if not row.at else f"step {row.at}" if step else row.at
    what = "" if where in row.what and row.kind != "gram" else f" ({row.what})"
    unit = "" if row.kind == "kinks" else UNITS[row.level]  # flips are counted
    exceeded = "1 budget is exceeded" if count == 1 else f"{count} budgets are exceeded"
    said = (
        f"{entry.name} differs from the reference at level {row.level} ({LEVELS[row.level]}), "
        f"first at {where}{what}: the error is {pretty(row.measured)}{unit}, and its budget is "
        f"{pretty(row.budget)}. In all, {exceeded}."
        if row.level
        else f"{entry.name} violates the backend interface at level 0 (exact): {row.what}."
    )
    if cause:
        said += f" Its numbers are those of a backend with {cause}."
    return Finding(sentence=said, note="levels", broken=True)


def flipped(entry: Entry, flips: Sequence[Flips]) -> Finding | None:
    """How many activations are flipped, and in which layer; None if there are none."""
    count, of = sum(one.count for one in flips), sum(one.of for one in flips)
    if not count:
        return None
    most = max(flips, key=lambda one: one.count)
    be = "is" if count == 1 else "are"
    said = (
        f"{entry.name}: {count:,} of {of:,} activations {be} on another side of the kink than in "
        f"the reference,{' most of them' if count > 1 else ''} in {most.layer}."
    )
    return Finding(sentence=said, note="kinks")


def parted(entry: Entry, parting: Parting) -> Finding:
    """The step and the activation at which a path parts from the reference's."""
    place = f"channel {parting.channel}, row {parting.row}, column {parting.column}"
    if parting.layer.startswith("relu"):
        here, there = ("positive", "zero") if parting.on else ("zero", "positive")
        how = f"is {here}, and in the reference it is {there}"
    else:
        how = "is another of its four inputs than in the reference"
    flips = f"All {parting.units:,} flips together change" if parting.units > 1 else "This changes"
    said = (
        f"{entry.name}: the path parts from the reference's before step {parting.step}. There the "
        f"activation of {parting.layer} at {place} {how}. {flips} the gradient by "
        f"{pretty(parting.effect)} of its norm."
    )
    return Finding(sentence=said, note="paths")


def compiled(entry: Entry) -> Finding | None:
    """How much longer the first evaluations take; None if it is hardly longer."""
    seconds = entry.seconds["compile"]
    if seconds < ORDINARY_COMPILE:
        return None
    worth = seconds / max(entry.seconds["evaluation"], 1e-9)
    said = (
        f"{entry.name}: the first evaluations take {seconds:.1f} s longer than later ones. This "
        f"is the time of {worth:.0f} later evaluations."
    )
    return Finding(sentence=said, note="compile")


def coarse(entry: Entry) -> Finding | None:
    if entry.precision not in ("tf32", "bfloat16"):
        return None
    said = f"{entry.name} has the budgets of its precision, which are larger than float32's."
    return Finding(sentence=said, note="precision")


def native(entry: Entry, row: Row, core: float | None, cause: str) -> Finding:
    """How a framework's own Adam differs; `core` is the last total of the core's Adam."""
    own = entry.totals[-1] if entry.totals else None
    if row.holds:
        said = f"{entry.name}: the framework's own Adam makes the same steps as the core's."
    else:
        said = (
            f"{entry.name}: the framework's own Adam differs from the core's: step {row.at} has an "
            f"error of {pretty(row.measured)}{UNITS[4]}."
        )
        if cause:
            said += f" Its numbers are those of a backend with {cause}."
    if own is not None and core:
        away = own / core - 1
        than = f"{abs(away):.2%} {'lower' if away < 0 else 'higher'} than with the core's Adam"
        said += f" Before its last step the total is {own:.4g}, {than}."
    return Finding(sentence=said, note="adam")
