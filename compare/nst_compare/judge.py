"""Judges a measurement by the budgets of the conformance suite, and makes an entry from it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import permutations
from statistics import median

import numpy as np
from numpy.typing import NDArray

from nst_compare import explain, slips
from nst_compare.measure import Measurement
from nst_compare.models import Entry, Finding, Flips, Pair, Parting
from nst_core.backend import Array
from nst_core.conformance.check import claimed
from nst_core.conformance.jobs import Outcome
from nst_core.conformance.judge import Judge, flips
from nst_core.conformance.judge import Row as Judged
from nst_core.conformance.measures import norm_wise
from nst_core.conformance.models import Row, finite
from nst_core.conformance.truth import Truth

Mask = NDArray[np.bool_]
OF_STEPS = ("step", "total", "distance")  # the kinds of rows that depend on the optimiser
PAIRED = ("gradient", "gram", "painting")


@dataclass(frozen=True)
class Evidence:
    """An entry, and the arrays that the page and the pairs of backends need.

    `flipped` counts the flipped activations at each pixel of the image, (height, width).
    """

    entry: Entry
    painted: Array | None = None
    flipped: Array | None = None
    compared: Mapping[str, Array] = field(default_factory=dict)


def judge(truth: Truth, found: Measurement, core: float | None = None) -> Evidence:
    """The entry of a measurement, with its evidence.

    For a framework's own optimiser, `core` is the last total of the core's in the same backend.
    """
    task = found.task
    entry = Entry(
        backend=task.backend,
        precision=task.precision.name,
        optimizer=task.variant.name,
        holds=False,
        failure=found.failure,
        output=found.output,
        seconds={"total": found.seconds},
    )
    if found.outcome is None or found.about is None:
        return Evidence(entry.model_copy(update={"findings": [explain.failure(entry)]}))
    about = found.about
    entry.framework, entry.engine = f"{about.framework} {about.version}", about.engine
    with np.errstate(all="ignore"):
        return Examination(truth, found, found.outcome, entry, core).evidence()


@dataclass
class Examination:
    """Compares an outcome with the reference."""

    truth: Truth
    found: Measurement
    outcome: Outcome
    entry: Entry
    core: float | None

    @cached_property
    def judge(self) -> Judge:
        precision = claimed(self.outcome.flags, exact=self.found.task.precision.exact)
        return Judge(self.truth, self.outcome, precision)

    @cached_property
    def measured(self) -> list[Judged]:
        """Every row, in the order of levels and layers."""
        said, dtype = self.outcome.flags.get("dtype", "nothing"), self.found.task.precision.dtype
        if said != dtype:
            return [Judged(0, f"the flag 'dtype' says {said}, not {dtype}", np.inf, 0.0)]
        return list(self.judge.rows())

    @property
    def comparable(self) -> bool:
        """Whether all shapes and names are right."""
        return all(row.holds for row in self.measured if row.level == 0)

    @property
    def judged(self) -> list[Judged]:
        """The rows that have a budget: not the steps of a framework's own optimiser."""
        own = self.entry.counted
        return [row for row in self.measured if own or row.kind not in OF_STEPS]

    def evidence(self) -> Evidence:
        entry, outcome = self.entry, self.outcome
        entry.flags = {name: str(value) for name, value in outcome.flags.items()}
        entry.environment = outcome.environment
        entry.memory, entry.seconds = outcome.memory, entry.seconds | seconds(outcome)
        entry.rows = [Row.of(row) for row in sorted(self.measured, key=lambda row: -row.ratio)]
        entry.holds = all(row.holds for row in self.judged)
        entry.totals = [finite(total) for total in outcome.totals]
        if not self.comparable:
            entry.findings = list(self.findings())
            return Evidence(entry)
        entry.drift, entry.flips, entry.parting = self.drift(), self.flips(), self.parting()
        entry.findings = list(self.findings())
        return Evidence(entry, self.judge.found("paint"), self.where(), self.compared())

    def findings(self) -> Iterator[Finding]:
        """The findings, most serious first."""
        entry, broken = self.entry, [row for row in self.judged if not row.holds]
        if broken:
            first = min(broken, key=lambda row: row.level)
            yield explain.broken(entry, first, len(broken), self.cause(first))
        if not self.comparable:
            return
        if entry.optimizer:
            row = max((r for r in self.measured if r.kind == "step" and r.at), key=by_ratio)
            yield explain.native(entry, row, self.core, self.cause(row))
        for finding in (
            explain.coarse(entry),
            explain.flipped(entry, entry.flips),
            explain.parted(entry, entry.parting) if entry.parting and not broken else None,
            explain.compiled(entry),
        ):
            if finding:
                yield finding

    def cause(self, row: Judged) -> str:
        return "" if row.holds or not self.comparable else slips.cause(self.judge, row)

    def drift(self) -> list[float | None]:
        """The distance from the reference's image, before each step and after the last."""
        walk, steps = self.truth.walk, range(len(self.outcome.totals))
        points = [*(self.judge.found(f"image:{t}") for t in steps), self.judge.found("paint")]
        right = (*walk.images, walk.painted)
        return [finite(norm_wise(a, b)) for a, b in zip(points, right, strict=True)]

    @cached_property
    def masks(self) -> Mapping[str, Mask]:
        return flips(self.judge.kinks, self.truth.sides)

    def flips(self) -> list[Flips]:
        return [
            Flips(layer=layer, count=int(mask.sum()), of=mask.size)
            for layer, mask in self.masks.items()
        ]

    def where(self) -> Array:
        """The number of flipped activations at each pixel, (height, width).

        An activation of a layer with stride s is counted in a square of s × s pixels.
        """
        _, height, width = self.truth.image.shape
        count = np.zeros((height, width))
        for layer, mask in self.masks.items():
            stride = self.truth.network.layer(layer).stride
            cells = np.kron(mask.sum(0), np.ones((stride, stride)))[:height, :width]
            count[: cells.shape[0], : cells.shape[1]] += cells
        return count

    def parting(self) -> Parting | None:
        """The first step at which flips change the gradient by more than its budget."""
        asked = {name.partition(":")[0] for name in self.outcome.arrays}
        for step in range(len(self.outcome.totals)):
            if f"kinks@{step}" in asked:
                masks = flips(self.judge.kinks_before(step), self.truth.sides_before(step))
                flipped = {layer: mask for layer, mask in masks.items() if mask.any()}
                effect = self.effect(step, flipped) if flipped else 0.0
                if effect > self.judge.precision.gradient:
                    return self.parted(step, flipped, effect)
        return None

    def effect(self, step: int, flipped: Mapping[str, Mask]) -> float:
        """The relative change of the reference's gradient if these activations are flipped."""
        own, found = self.truth.sides_before(step), self.judge.kinks_before(step)
        pattern = {layer: side for layer, (side, _) in own.items()}
        for layer, mask in flipped.items():
            pattern[layer] = np.where(mask, found[layer], pattern[layer])
        walk = self.truth.walk
        changed = self.truth.gradient(walk.images[step], self.truth.targets, pattern)
        return norm_wise(changed, walk.gradients[step])

    def parted(self, step: int, flipped: Mapping[str, Mask], effect: float) -> Parting:
        """The parting before `step`, named by one activation.

        `flipped` is in the order of the network, and `effect` is the change of all its activations
        together. The activation is the first one of the first layer that alone makes more than
        half of this change; if no layer does, of the first layer.
        """
        layer = next(iter(flipped))
        if len(flipped) > 1:  # each effect costs a gradient of the reference
            alone = (n for n in flipped if self.effect(step, {n: flipped[n]}) > effect / 2)
            layer = next(alone, layer)
        channel, row, column = (int(index) for index in np.argwhere(flipped[layer])[0])
        side = self.judge.kinks_before(step)[layer][channel, row, column]
        return Parting(
            step=step,
            layer=layer,
            channel=channel,
            row=row,
            column=column,
            on=bool(side),
            units=sum(int(mask.sum()) for mask in flipped.values()),
            effect=effect,
        )

    def compared(self) -> dict[str, Array]:
        """The arrays by which pairs of backends are compared."""
        taps = self.truth.recipe.style.taps
        grams = [self.judge.found(f"itself:style:{tap}").ravel() for tap in taps]
        found = self.judge.found
        return {
            "gradient": found("gradient"),
            # normalised, or the layer with the largest activations would hide the others
            "gram": np.concatenate([G / np.linalg.norm(G) for G in grams]),
            "painting": found("paint"),
        }


def by_ratio(row: Judged) -> float:
    return row.ratio


def seconds(outcome: Outcome) -> dict[str, float]:
    """The time of import, session, targets, compilation, and of one evaluation."""
    told = {name: found[0] for name, found in outcome.seconds.items() if len(found) == 1}
    steps = outcome.seconds["steps"]
    step = median(steps[1:] or steps)  # the first step may still compile
    # both calls compile and evaluate once; noise can make the rest of a short time negative
    first = told["terms"] + told["gradient"] - 2 * step
    named = {name: told[name] for name in ("import", "session", "targets")}
    return named | {"compile": max(0.0, first), "evaluation": step}


def pairs(found: Sequence[Evidence]) -> list[Pair]:
    """The distances of every two backends of the same precision."""
    usable = [one for one in found if one.compared and one.entry.counted]
    return [
        Pair(
            precision=a.entry.precision,
            what=what,
            a=a.entry.backend,
            b=b.entry.backend,
            distance=norm_wise(a.compared[what], b.compared[what]),
        )
        for what in PAIRED
        for a, b in permutations(usable, 2)
        if a.entry.precision == b.entry.precision
    ]
