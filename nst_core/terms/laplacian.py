"""The Laplacian of the image: it keeps the photograph's edges.

Li, Xu, Nie & Chua, "Laplacian-Steered Neural Style Transfer", ACM Multimedia 2017 (arXiv
1707.01253). It looks at the variable, in the unit of the variable.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from nst_core.notation import Equation, error, factor, fraction, product, term
from nst_core.section import Positive, Weight
from nst_core.terms.formula import Array, Comparison, Sum, Target, energy

FOUR = 4  # neighbours of a pixel


class Laplacian(Comparison):
    """Σ(ΔI − ΔC)² over the Laplacians Δ of the pooled painting I and of the pooled photograph C.

    The three channels are summed, and averaged over squares of `pool` by `pool` pixels. The
    Laplacian is four times the middle less its four neighbours, where there are four.
    """

    KIND = "laplacian"
    TITLE = "Laplacian"
    TARGET: ClassVar[Target] = "content"
    EXAMPLE: ClassVar[Mapping[str, Any]] = {
        "weight": 0.5,
        "pool": 3,
        "reduction": "relative",
        "factor": 2.0,
    }

    weight: Weight
    """What the term is multiplied by in the total.

    A larger weight keeps more of the photograph's edges."""
    pool: Annotated[int, Field(ge=1)] = 4
    """The side, in pixels, of the squares that are averaged before the Laplacian is taken.

    Larger squares keep only coarse edges, and leave the strokes within them free."""
    reduction: Literal["sum", "mean", "relative"] = "relative"
    """The sum is divided by 1, by the number of its summands, or by its value for a flat picture.

    Relative errors do not depend on the picture's size or contrast; a sum grows with both."""
    factor: Positive = 1.0
    """A constant of the source.

    It multiplies the term, as the weight does."""

    def statistic(self, x: Array) -> Array:
        """The Laplacian, of shape (⌊height/pool⌋ − 2, ⌊width/pool⌋ − 2)."""
        found: Array = laplacian(self.pooled(x))
        return found

    def pooled(self, x: Array) -> Array:
        """The means of squares, summed over the channels; odd pixels at the far sides are left."""
        p, (_, height, width) = self.pool, x.shape
        rows, columns = height // p, width // p
        squares = x.sum(0)[: rows * p, : columns * p].reshape(rows, p, columns, p)
        means: Array = squares.mean((1, 3))
        return means

    def pullback(self, x: Array, slope: Array) -> Array:
        """The Laplacian is its own transpose, up to the border; each pixel has 1/pool² of it."""
        p, (_, height, width) = self.pool, x.shape
        back = np.zeros((height // p, width // p), x.dtype)
        for (down, across), share in SHARES.items():
            moved(back, down, across)[...] += share * slope
        spread = np.kron(back / p**2, np.ones((p, p), x.dtype))
        g = np.zeros_like(x)
        g[:, : len(spread), : spread.shape[1]] = spread
        return g

    def statistic_mass(self, x: Array) -> Sum:
        pools = self.pooled(np.abs(x))
        mass = sum(abs(share) * moved(pools, *to) for to, share in SHARES.items())
        return Sum(self.statistic(x), np.asarray(mass), 3 * self.pool**2 + len(SHARES))

    def coefficient(self, target: Array | None, pixels: int) -> float:
        assert target is not None
        if self.reduction == "relative":
            return self.factor / energy(target)
        return self.factor / (max(1, target.size) if self.reduction == "mean" else 1)

    def equations(self, name: str) -> Iterator[Equation]:
        divisors = {"sum": "", "mean": "K", "relative": r"\sum (\Delta{C})^2"}
        body = fraction(error(r"\Delta{I} - \Delta{C}"), divisors[self.reduction])
        where = f"I and C: squares of {self.pool} by {self.pool} pixels of painting and photograph"
        if self.reduction == "mean":
            where += ", K of them inside the border"
        yield Equation(term(name), product(factor(self.factor), body), where)


SHARES: Mapping[tuple[int, int], float] = {
    (0, 0): FOUR, (-1, 0): -1.0, (1, 0): -1.0, (0, -1): -1.0, (0, 1): -1.0,
}  # fmt: skip


def laplacian(c: Any) -> Any:
    """Four times each pixel inside the border, less its neighbours; of an array of any library."""
    return sum(share * moved(c, down, across) for (down, across), share in SHARES.items())


def moved(c: Any, down: int, across: int) -> Any:
    """The neighbours, so far down and across, of the pixels inside the border."""
    height, width = c.shape
    return c[1 + down : height - 1 + down, 1 + across : width - 1 + across]


class Subsampled(Laplacian):
    def pooled(self, x: Array) -> Array:
        p, (_, height, width) = self.pool, x.shape
        kept: Array = x.sum(0)[: height // p * p : p, : width // p * p : p]
        return kept


class BeforePooling(Laplacian):
    """The Laplacian is taken first, and its squares averaged."""

    def pooled(self, x: Array) -> Array:
        edges = np.pad(laplacian(x.sum(0)), 1)
        return super().pooled(np.stack([edges]))

    def statistic(self, x: Array) -> Array:
        return self.pooled(x)[1:-1, 1:-1]


Laplacian.MISTAKES = {
    "every few pixels instead of their mean": (1, Subsampled),
    "pooled after the Laplacian": (1, BeforePooling),
}
