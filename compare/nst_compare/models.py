"""What a comparison found, as plain values: `report.json`, and all that the page shows.

`nst compare --schema` prints the JSON schema. A number that is infinite or NaN is null.
"""

import math
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict

VERSION = "nst-compare-1"


def finite(number: Any) -> Any:
    return number if number is None or math.isfinite(number) else None


Number = Annotated[float | None, BeforeValidator(finite)]


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Row(Model):
    """One thing that was measured, as in `nst check`."""

    level: int
    """0 exact, 1 operation, 2 features, 3 gradient, 4 step, 5 path, 6 result."""
    what: str
    kind: str
    """conv, relu, pool, gram, content, style, tv, features, kinks, gradient, step, path, total
    or distance."""
    at: str
    """The layer, tap or step."""
    measured: Number
    budget: Number
    ratio: Number
    """measured / budget; null if it is infinite."""
    holds: bool


class Flips(Model):
    """Units of a layer that are on another side of their kink than in the truth."""

    layer: str
    count: int
    of: int


class Parting(Model):
    """Where a path leaves the truth's: the first step at which units that are on another side
    change the gradient by more than rounding may, and the first unit of the first layer that
    alone makes half of that change."""

    step: int
    layer: str
    channel: int
    row: int
    column: int
    on: bool
    """Whether the unit is on here, or another of the four is the maximum; it is not in the
    truth."""
    units: int
    """How many units are on another side before that step."""
    effect: Number
    """What they change of the gradient, of its norm."""


class Finding(Model):
    """A sentence that explains something of an entry, and the note that says more."""

    sentence: str
    note: str
    broken: bool = False


class Entry(Model):
    """A backend at one precision."""

    backend: str
    precision: str
    """float64, float32, tf32 or bfloat16."""
    optimizer: str = ""
    """Empty for the plan's own; else the framework's, which is shown and not judged."""
    holds: bool
    failure: str = ""
    """What kept the worker from finishing; `output` is its last lines."""
    output: str = ""
    framework: str = ""
    engine: str = ""
    flags: dict[str, str] = {}
    environment: dict[str, str] = {}
    rows: list[Row] = []
    """Worst first."""
    findings: list[Finding] = []
    flips: list[Flips] = []
    parting: Parting | None = None
    totals: list[Number] = []
    """Before each step."""
    drift: list[Number] = []
    """‖image − the truth's‖ / ‖the truth's‖ before each step, and after the last."""
    seconds: dict[str, float] = {}
    """import, session, targets, compile, evaluation (the median step), and total."""
    memory: dict[str, int] = {}
    """The most bytes that were held: host, device."""

    @property
    def name(self) -> str:
        return " ".join(filter(None, (self.backend, self.precision, self.optimizer)))

    @property
    def counted(self) -> bool:
        """Whether its rows are judged."""
        return not self.optimizer

    def worst(self, *kinds: str) -> Row | None:
        """The row of these kinds that is worst for its budget."""
        return next((row for row in self.rows if row.kind in kinds), None)


class Pair(Model):
    """How far two backends are from each other: shown, never judged."""

    precision: str
    what: str
    """gradient, gram or painting."""
    a: str
    b: str
    distance: Number
    """‖a − b‖ / ‖b‖."""


class Subject(Model):
    """What was compared: the pictures, the weights, the recipe."""

    content: str
    styles: list[str]
    weights: str
    sha256: dict[str, str]
    """Of every picture and of the weights."""
    width: int
    height: int
    iterations: int
    recipe: dict[str, Any]

    @property
    def same(self) -> dict[str, Any]:
        """What two reports must have in common to be held against each other: all but names."""
        return {
            "set of pictures and weights": sorted(self.sha256.values()),
            "size": (self.width, self.height),
            "recipe": self.recipe,
        }


class Report(Model):
    """A comparison."""

    version: str = VERSION
    nst: str
    made: str
    machine: dict[str, str]
    device: str
    subject: Subject
    sentence: str
    holds: bool
    entries: list[Entry]
    pairs: list[Pair]
    truth: list[float]
    """The truth's totals before each step."""
    grown: list[str] = []
    """Rows that are worse than in the baseline."""
    baseline: str = ""
