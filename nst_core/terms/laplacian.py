"""A term that compares the Laplacians of painting and photograph, which keeps edges.

Li, Xu, Nie & Chua, "Laplacian-Steered Neural Style Transfer", ACM Multimedia 2017 (arXiv
1707.01253). It uses the variable of the optimiser, in its unit.
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

    The three channels are added and averaged over squares of `pool` by `pool` pixels. The Laplacian
    is four times a value minus its four neighbours; values without four neighbours have none.
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
    """The weight of the term in the total.

    A larger weight keeps more of the photograph's edges."""
    pool: Annotated[int, Field(ge=1)] = 4
    """The side, in pixels, of the squares that are averaged before the Laplacian is computed.

    Larger squares keep only coarse edges and do not affect the strokes within them."""
    reduction: Literal["sum", "mean", "relative"] = "relative"
    """The sum is divided by 1, by its number of terms, or by its value for a flat picture.

    Relative errors do not depend on the picture's size or contrast; a sum grows with both."""
    factor: Positive = 1.0
    """A constant factor.

    The factor multiplies the term, as the weight does."""

    def statistic(self, x: Array) -> Array:
        """The Laplacian, of shape (⌊height/pool⌋ − 2, ⌊width/pool⌋ − 2)."""
        edges: Array = laplacian(self.pooled(x))
        return edges

    def pooled(self, x: Array) -> Array:
        """The means over squares of the sum of the channels; incomplete squares are left out."""
        p, (_, height, width) = self.pool, x.shape
        rows, columns = height // p, width // p
        squares = x.sum(0)[: rows * p, : columns * p].reshape(rows, p, columns, p)
        means: Array = squares.mean((1, 3))
        return means

    def pullback(self, x: Array, gradient: Array) -> Array:
        """The transpose of the Laplacian, spread over the pool² pixels of each square."""
        p, (_, height, width) = self.pool, x.shape
        back = np.zeros((height // p, width // p), x.dtype)
        for (down, across), share in SHARES.items():
            moved(back, down, across)[...] += share * gradient
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
    """Four times each value inside the border minus its neighbours; for arrays of any library."""
    return sum(share * moved(c, down, across) for (down, across), share in SHARES.items())


def moved(c: Any, down: int, across: int) -> Any:
    """The neighbours, at this offset, of the values inside the border."""
    height, width = c.shape
    return c[1 + down : height - 1 + down, 1 + across : width - 1 + across]


class Subsampled(Laplacian):
    def pooled(self, x: Array) -> Array:
        p, (_, height, width) = self.pool, x.shape
        kept: Array = x.sum(0)[: height // p * p : p, : width // p * p : p]
        return kept


class BeforePooling(Laplacian):
    """The Laplacian is computed before the average over squares."""

    def pooled(self, x: Array) -> Array:
        edges = np.pad(laplacian(x.sum(0)), 1)
        return super().pooled(np.stack([edges]))

    def statistic(self, x: Array) -> Array:
        return self.pooled(x)[1:-1, 1:-1]


Laplacian.MISTAKES = {
    "every few pixels instead of their mean": (1, Subsampled),
    "pooled after the Laplacian": (1, BeforePooling),
}
