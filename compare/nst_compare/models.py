"""The models of `report.json`.

`nst compare --schema` prints their JSON schema. Infinity and NaN are stored as null.
"""

from typing import Any

from pydantic import BaseModel, ConfigDict

from nst_core.conformance.models import Number, Row

VERSION = "nst-compare-1"


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Flips(Model):
    """The activations of a layer that are on another side of their kink than in the reference."""

    layer: str
    count: int
    of: int


class Parting(Model):
    """Where a path parts from the reference's.

    `step` is the first step at which flipped activations change the gradient by more than the
    budget for rounding errors. The activation named here is the first one of the first layer that
    alone makes more than half of this change.
    """

    step: int
    layer: str
    channel: int
    row: int
    column: int
    on: bool
    """For a ReLU, whether it is on in the backend; in the reference it is the other way round.
    For a max pooling, which takes another of its four inputs, it has no meaning."""
    units: int
    """The number of flipped activations before that step."""
    effect: Number
    """‖change of the gradient‖ / ‖gradient‖ that they cause."""


class Finding(Model):
    """A sentence about an entry, and the key of the note that explains it."""

    sentence: str
    note: str
    broken: bool = False


class Entry(Model):
    """The results of a backend at one precision, with one optimiser."""

    backend: str
    precision: str
    """float64, float32, tf32 or bfloat16."""
    optimizer: str = ""
    """Empty for the optimiser of the recipe; otherwise the framework's own, whose steps have no
    budget."""
    holds: bool
    failure: str = ""
    """Why the worker did not finish; `output` holds the last lines that it printed."""
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
    """‖image − reference‖ / ‖reference‖ before each step, and after the last."""
    seconds: dict[str, float] = {}
    """import, session, targets, compile, evaluation (the median step), and total."""
    memory: dict[str, int] = {}
    """Peak memory in bytes: host, device."""

    @property
    def name(self) -> str:
        return " ".join(filter(None, (self.backend, self.precision, self.optimizer)))

    @property
    def counted(self) -> bool:
        """Whether the steps have budgets: not those of a framework's own optimiser."""
        return not self.optimizer

    def worst(self, *kinds: str) -> Row | None:
        """The row of these kinds with the largest error relative to its budget."""
        return next((row for row in self.rows if row.kind in kinds), None)


class Pair(Model):
    """The distance of two backends from each other. It has no budget."""

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
        """What two reports must have in common to be compared. File names may differ."""
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
    """The totals of the reference before each step."""
    grown: list[str] = []
    """Rows that are worse than in the baseline."""
    baseline: str = ""
