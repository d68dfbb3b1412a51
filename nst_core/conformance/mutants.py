"""Mutants: backends with one common mistake each, which must fail at a given level.

They are the `numpy` backend except for the mistake. The level is the lowest at which it may show.
"""

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from nst_core import optimisers, plan
from nst_core.backend import Array, Dtype, Requirement, Session, Snapshot, Targets, Terms, Watch
from nst_core.conformance import cases, worker
from nst_core.conformance.budgets import PRECISIONS
from nst_core.conformance.check import truth
from nst_core.conformance.jobs import run_job
from nst_core.conformance.judge import Judge, Row
from nst_core.conformance.truth import Truth
from nst_core.errors import WorkerError
from nst_core.network import KERNEL, Layer, Network
from nst_core.plan import Stage
from nst_core.recipe import Recipe, Variable
from nst_core.reference import NumpyBackend
from nst_core.reference.net import Choice, Pullback, Vgg, convolution, pool
from nst_core.reference.paint import NumpySession
from nst_core.terms import KINDS, Formula, Term
from nst_core.terms.gram import Gram
from nst_core.terms.total_variation import TotalVariation
from nst_core.weights import Weights

Layered = tuple[Array, Pullback]


# the network


class ReflectPadding(Vgg):
    def layer(self, layer: Layer, x: Array, kink: Choice | None = None) -> Layered:
        if layer.kind != "conv":
            return super().layer(layer, x, kink)
        padded = np.pad(x, ((0, 0), (1, 1), (1, 1)), "edge" if min(x.shape[1:]) < 2 else "reflect")
        y, pullback = convolution(padded, *self.parameters[layer.name])
        return y[:, 1:-1, 1:-1], lambda g: pullback(np.pad(g, ((0, 0), (1, 1), (1, 1))))[
            :, 1:-1, 1:-1
        ]


class ValidPadding(Vgg):
    def layer(self, layer: Layer, x: Array, kink: Choice | None = None) -> Layered:
        y, pullback = super().layer(layer, x, kink)
        if layer.kind != "conv" or min(x.shape[1:]) < KERNEL:
            return y, pullback
        return y[:, 1:-1, 1:-1], lambda g: pullback(np.pad(g, ((0, 0), (1, 1), (1, 1))))


class CeilPooling(Vgg):
    def layer(self, layer: Layer, x: Array, kink: Choice | None = None) -> Layered:
        if layer.kind != "pool":
            return super().layer(layer, x, kink)
        _, height, width = x.shape
        padded = np.pad(x, ((0, 0), (0, height % 2), (0, width % 2)), "edge")
        y, pullback = pool(padded, self.network.pooling)
        return y, lambda g: pullback(g)[:, :height, :width]


class AveragePooling(Vgg):
    def layer(self, layer: Layer, x: Array, kink: Choice | None = None) -> Layered:
        return pool(x, "average") if layer.kind == "pool" else super().layer(layer, x, kink)


class FlippedKernel(Vgg):
    """A true convolution; the layers of networks are correlations."""

    def __init__(self, network: Network, weights: Weights, dtype: np.dtype[np.floating]) -> None:
        super().__init__(network, weights, dtype)
        flipped = ((n, (k[..., ::-1, ::-1], b)) for n, (k, b) in self.parameters.items())
        self.parameters = dict(flipped)


class SwappedChannels(Vgg):
    def __init__(self, network: Network, weights: Weights, dtype: np.dtype[np.floating]) -> None:
        super().__init__(network, weights, dtype)
        self.preprocessing = replace(weights.preprocessing, channels="RGB")


class NoMean(Vgg):
    def __init__(self, network: Network, weights: Weights, dtype: np.dtype[np.floating]) -> None:
        super().__init__(network, weights, dtype)
        self.preprocessing = replace(weights.preprocessing, mean=(0.0, 0.0, 0.0))


class Rounded(Vgg):
    """Convolutions whose inputs are rounded to a few bits of the mantissa, as in TF32."""

    bits = 10

    def layer(self, layer: Layer, x: Array, kink: Choice | None = None) -> Layered:
        if layer.kind != "conv":
            return super().layer(layer, x, kink)
        kernel, bias = self.parameters[layer.name]
        return convolution(rounded(x, self.bits), rounded(kernel, self.bits), bias)


class RoundedMore(Rounded):
    bits = 7


class SinglePrecision(Vgg):
    """Single precision that is reported as double precision."""

    def layer(self, layer: Layer, x: Array, kink: Choice | None = None) -> Layered:
        y, pullback = super().layer(layer, x, kink)
        return y.astype(np.float32).astype(np.float64), pullback


def rounded(x: Array, bits: int) -> Array:
    """x rounded to `bits` bits after the leading one."""
    mantissa, exponent = np.frexp(x)
    kept: Array = np.ldexp(np.round(mantissa * 2 ** (bits + 1)), exponent - bits - 1)
    return kept.astype(x.dtype)


# its features


class InPlace(NumpySession):
    """An in-place ReLU overwrites the output of the convolution before it."""

    def features(self, image: Array, taps: Sequence[str]) -> dict[str, Array]:
        found = super().features(image, taps)
        return {tap: np.maximum(F, 0) if "conv" in tap else F for tap, F in found.items()}


class NotANumber(NumpySession):
    def features(self, image: Array, taps: Sequence[str]) -> dict[str, Array]:
        return {tap: F * np.nan for tap, F in super().features(image, taps).items()}


class Nothing(NumpySession):
    def features(self, image: Array, taps: Sequence[str]) -> dict[str, Array]:
        found = super().features(image, taps)
        return {} if "conv1_1" in taps else found


class Restless(NumpySession):
    """The last bit differs in every call."""

    calls = 0

    def features(self, image: Array, taps: Sequence[str]) -> dict[str, Array]:
        self.calls += 1
        return {
            tap: F * (1 + self.calls * 2**-52) for tap, F in super().features(image, taps).items()
        }


class Careless(NumpySession):
    """Modifies the array that it was given."""

    def features(self, image: Array, taps: Sequence[str]) -> dict[str, Array]:
        found = super().features(image, taps)
        image[0, 0, 0] += 1e-9
        return found


# the terms and their gradient


class GramPerChannel(NumpySession):
    """Divides by the number of channels, whatever the recipe says."""

    def statistics(
        self, image: Array, terms: Sequence[Term], variable: Variable
    ) -> dict[str, Array]:
        found = super().statistics(image, terms, variable)
        for term in terms:
            if isinstance(term.formula, Gram):
                raw = term.formula.model_copy(update={"gram": "raw"})
                F = self.features(image, [term.tap])[term.tap]
                found[term.name] = raw.statistic(F) / len(F)
        return found


class SumOfStyles(NumpySession):
    """Adds the Gram matrices of several styles instead of averaging them."""

    def targets(self, content: Array, styles: Sequence[Array], recipe: Recipe) -> Targets:
        found = super().targets(content, styles, recipe)
        values = {n: v * len(styles) if "style" in n else v for n, v in found.values.items()}
        return replace(found, values=values)


class WeightedTwice(NumpySession):
    """Raw values of terms already include the weight."""

    def term(
        self, term: Term, image: Array, features: Mapping[str, Array], targets: Targets
    ) -> tuple[float, Array]:
        value, gradient = super().term(term, image, features, targets)
        return value * term.weight, gradient * term.weight


class MeanForRelative(NumpySession):
    def term(
        self, term: Term, image: Array, features: Mapping[str, Array], targets: Targets
    ) -> tuple[float, Array]:
        if getattr(term.formula, "reduction", "") == "relative":
            formula = term.formula.model_copy(update={"reduction": "mean"})
            term = replace(term, formula=formula)
        return super().term(term, image, features, targets)


class AbsSlopeAtZero(NumpySession):
    """The derivative of |d| is 1 at d = 0, instead of 0."""

    def term(
        self, term: Term, image: Array, features: Mapping[str, Array], targets: Targets
    ) -> tuple[float, Array]:
        value, gradient = super().term(term, image, features, targets)
        if isinstance(term.formula, TotalVariation):
            equal = np.diff(image, axis=2) == 0
            gradient = gradient.copy()
            gradient[:, :, 1:] += equal
            gradient[:, :, :-1] -= equal
        return value, gradient


class DeafTap(NumpySession):
    """The gradient leaves out the deepest style layer; the value includes it."""

    def term(
        self, term: Term, image: Array, features: Mapping[str, Array], targets: Targets
    ) -> tuple[float, Array]:
        value, gradient = super().term(term, image, features, targets)
        return value, gradient * (term.name != "style:relu5_1")


class GradientOfVariable(NumpySession):
    """The gradient with respect to the optimiser's variable instead of the image."""

    def gradient(
        self, image: Array, targets: Targets, kinks: Mapping[str, Choice] | None = None
    ) -> tuple[Terms, Array]:
        terms, g = super().gradient(image, targets, kinks)
        return terms, g / targets.variable.scale


def mistaken(kind: type[Formula], wrong: type[Formula]) -> type[NumpySession]:
    """A session that computes one kind of term by a wrong version of its formula."""

    def swapped(term: Term) -> Term:
        if term.formula.KIND != kind.KIND:
            return term
        fields = term.formula.model_dump(exclude={"kind", "name"})
        return replace(term, formula=wrong.model_validate(fields))

    class Mistaken(NumpySession):
        def statistics(
            self, image: Array, terms: Sequence[Term], variable: Variable
        ) -> dict[str, Array]:
            return super().statistics(image, [swapped(term) for term in terms], variable)

        def term(
            self, term: Term, image: Array, features: Mapping[str, Array], targets: Targets
        ) -> tuple[float, Array]:
            return super().term(swapped(term), image, features, targets)

    return Mistaken


# the optimiser and the path


class EpsilonHat(optimisers.Adam):
    """The form of Kingma & Ba's section 2 as in Keras: ε is added before the bias correction."""

    def step(self, x: Array, g: Array) -> Array:
        s = self.settings
        self.t += 1
        self.m = s.beta1 * self.m + (1 - s.beta1) * g
        self.v = s.beta2 * self.v + (1 - s.beta2) * g * g
        rate = s.lr * np.sqrt(1 - s.beta2**self.t) / (1 - s.beta1**self.t)
        moved: Array = x - rate * self.m / (np.sqrt(self.v) + 1e-7)
        return moved


class KerasAdam(NumpySession):
    def optimiser(self, stage: Stage) -> optimisers.Optimiser:
        return EpsilonHat(stage.adam)


class NoHistory(NumpySession):
    def optimiser(self, stage: Stage) -> optimisers.Optimiser:
        return optimisers.Lbfgs(plan.Lbfgs(lr=stage.lbfgs.lr, history=1))


class Once(optimisers.Adam):
    """Adam without bias correction in its fifth step only."""

    def step(self, x: Array, g: Array) -> Array:
        moved: Array = super().step(x, g)
        return x - self.settings.lr * self.m if self.t == 5 else moved


class OneWrongStep(NumpySession):
    def optimiser(self, stage: Stage) -> optimisers.Optimiser:
        return Once(stage.adam)


class Boxless(NumpySession):
    def paint(self, image: Array, targets: Targets, stage: Stage, watch: Watch) -> Array:
        free = replace(targets, variable=targets.variable.model_copy(update={"box": "none"}))
        return super().paint(image, free, stage, watch)


class OldGradient(NumpySession):
    """Each step uses the gradient of the previous image."""

    previous: Array | None = None

    def paint(self, image: Array, targets: Targets, stage: Stage, watch: Watch) -> Array:
        self.late, self.previous = True, None
        try:
            return super().paint(image, targets, stage, watch)
        finally:
            self.late = False

    late = False

    def gradient(
        self, image: Array, targets: Targets, kinks: Mapping[str, Choice] | None = None
    ) -> tuple[Terms, Array]:
        terms, g = super().gradient(image, targets, kinks)
        used = self.previous if self.late and self.previous is not None else g
        self.previous = g
        return terms, used


class OtherStart(NumpySession):
    """Starts from mid-grey instead of the given image."""

    def paint(self, image: Array, targets: Targets, stage: Stage, watch: Watch) -> Array:
        return super().paint(np.full_like(image, 0.5), targets, stage, watch)


class LateTotals(NumpySession):
    """Reports the terms of the previous step."""

    def paint(self, image: Array, targets: Targets, stage: Stage, watch: Watch) -> Array:
        last: list[Terms] = []

        def reported(s: Snapshot) -> None:
            last.append(s.terms)
            watch(replace(s, terms=last[max(0, len(last) - 2)]))

        return super().paint(image, targets, stage, reported)


class Counting(NumpySession):
    """Counts iterations from one instead of zero."""

    def paint(self, image: Array, targets: Targets, stage: Stage, watch: Watch) -> Array:
        def reported(s: Snapshot) -> None:
            watch(replace(s, iteration=s.iteration + 1))

        return super().paint(image, targets, stage, reported)


# the comparison itself


@dataclass(frozen=True)
class WrongBackend:
    """Opens the sessions of one mutant."""

    vgg: type[Vgg]
    sessions: type[NumpySession]
    requires: tuple[Requirement, ...] = ()
    engines: tuple[str, ...] = ()
    about = NumpyBackend().about

    def session(
        self,
        network: Network,
        weights: Weights,
        *,
        device: str = "auto",
        dtype: Dtype = "float64",
        exact: bool = True,
    ) -> Session:
        NumpyBackend().session(network, weights, device=device, dtype=dtype)  # may refuse
        session = self.sessions(network, weights, dtype, exact)
        session.vgg = self.vgg(network, weights, session.dtype)
        return session


@dataclass(frozen=True)
class Mutant:
    """A mistake, the lowest level at which it shows, and the pictures on which it does."""

    name: str
    level: int
    wrong: type[Vgg] | type[NumpySession] | Callable[[], list[Row]]
    pictures: str = "photograph"
    dtype: Dtype = "float64"
    kind: str = ""
    """The kind of term that is wrong, if the mistake is in a term with its own case."""

    @property
    def case(self) -> cases.Case:
        if self.kind:
            return next(case for case in cases.FURTHER if case.formula == self.kind)
        return next(case for case in cases.RANDOM if case.pictures == self.pictures)

    def rows(self) -> list[Row]:
        """The rows of the suite for the mutant."""
        if not isinstance(self.wrong, type):
            return self.wrong()
        vgg = self.wrong if issubclass(self.wrong, Vgg) else Vgg
        sessions = self.wrong if issubclass(self.wrong, NumpySession) else NumpySession
        with np.errstate(all="ignore"):
            return self.judged(WrongBackend(vgg, sessions))

    def judged(self, backend: "WrongBackend") -> list[Row]:
        outcome = run_job(backend, self.case.job("cpu", self.dtype), pictures())
        return list(Judge(truth(self.case), outcome, PRECISIONS[self.dtype]).rows())


def pictures() -> dict[str, Array]:
    """Copies of the pictures, because some mutants write into them."""
    return {name: array.copy() for name, array in cases.pictures().items()}


def single_truth() -> list[Row]:
    """Correct results, compared with a reference in single precision."""
    case = cases.RANDOM[0]
    outcome = run_job(NumpyBackend(), case.job("cpu", "float64"), pictures())
    wrong = Truth(case)
    wrong.session = NumpySession(wrong.network, wrong.weights, "float32", exact=True)
    wrong.vgg = wrong.session.vgg
    return list(Judge(wrong, outcome, PRECISIONS["float64"]).rows())


def stale_result() -> list[Row]:
    """Complete results that belong to another run."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        worker.leave(folder, "another run's", NumpyBackend().about(), [])
        try:
            worker.collect("numpy", folder, "this run's", 0)
        except WorkerError as error:
            return [Row(0, str(error), np.inf, 0.0)]
    return []


MUTANTS = (
    Mutant("padding: valid", 0, ValidPadding),
    Mutant("pooling: ceil for floor", 0, CeilPooling),
    Mutant("features of no tap", 0, Nothing),
    Mutant("another last bit every time", 0, Restless),
    Mutant("writes into its input", 0, Careless),
    Mutant("iterations counted from one", 0, Counting),
    Mutant("a stale result file", 0, stale_result),
    Mutant("padding: reflect", 1, ReflectPadding),
    Mutant("pooling: average for max", 1, AveragePooling, "flat"),
    Mutant("kernels flipped", 1, FlippedKernel),
    Mutant("BGR for RGB", 1, SwappedChannels),
    Mutant("no mean subtracted", 1, NoMean),
    Mutant("convolution tap read after an in-place ReLU", 1, InPlace),
    Mutant("NaN features", 1, NotANumber),
    Mutant("TF32 for float32", 1, Rounded, dtype="float32"),
    Mutant("bfloat16 for float32", 1, RoundedMore, dtype="float32"),
    Mutant("float32 for float64", 1, SinglePrecision),
    Mutant("a truth in float32", 1, single_truth),
    Mutant("Gram divided by C for C·H·W", 1, GramPerChannel),
    Mutant("mean for relative error", 1, MeanForRelative),
    Mutant("raw terms that have their weight", 1, WeightedTwice),
    Mutant("several styles added, not averaged", 2, SumOfStyles),
    Mutant("abs′(0) = 1", 3, AbsSlopeAtZero, "flat"),
    Mutant("gradient without its deepest style tap", 3, DeafTap),
    Mutant("gradient of the variable, not of the image", 3, GradientOfVariable, "flat"),
    Mutant("Adam with Keras' epsilon hat", 4, KerasAdam, "flat"),
    Mutant("L-BFGS with one pair", 4, NoHistory),
    Mutant("one wrong step, the last one right", 4, OneWrongStep, "flat"),
    Mutant("no box", 4, Boxless, "flat"),
    Mutant("another first image", 4, OtherStart),
    Mutant("gradient of the image before", 5, OldGradient),
    Mutant("totals of the step before", 6, LateTotals),
    *(
        Mutant(f"{kind.KIND}: {name}", level, mistaken(kind, wrong), kind=kind.KIND)
        for kind in KINDS.values()
        for name, (level, wrong) in kind.MISTAKES.items()
    ),
)


@dataclass(frozen=True)
class MutantResult:
    """The lowest level at which a mutant failed, and the worst row there; None if it passed."""

    mutant: Mutant
    level: int | None
    worst: Row | None

    @property
    def killed(self) -> bool:
        return self.level == self.mutant.level


def try_mutants() -> Iterator[MutantResult]:
    """Runs the suite on every mutant."""
    return map(try_mutant, MUTANTS)


def try_mutant(mutant: Mutant) -> MutantResult:
    broken = [row for row in mutant.rows() if not row.holds]
    level = min((row.level for row in broken), default=None)
    there = [row for row in broken if row.level == level]
    return MutantResult(mutant, level, max(there, key=lambda row: row.ratio, default=None))
