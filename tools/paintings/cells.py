"""Cells around seeds: who is nearest, how far, and how far from the border (Voronoi, Lloyd)."""

from dataclasses import dataclass

import numpy as np

from tools.paintings.canvas import Array, Rng

Labels = np.ndarray[tuple[int, ...], np.dtype[np.int64]]


@dataclass(frozen=True)
class Cells:
    """Per pixel: the nearest seed's index (h, w), its distance, and the next one's, in points."""

    label: Labels
    near: Array
    far: Array

    @property
    def edge(self) -> Array:
        """Roughly the distance to the cell's border, in points."""
        gap: Array = (self.far - self.near) / 2
        return gap


def cells(seeds: Array, x: Array, y: Array, reach: Array, group: Labels | None = None) -> Cells:
    """Cells of `seeds` (n, 2) over the pixels at points x, y; each felt within its `reach` (n,).

    With `group`, per pixel, a seed claims only pixels of the group that it lies in.
    """
    scale = 1 / float(x[0, 1] - x[0, 0])
    label = np.zeros(x.shape, dtype=np.int64)
    near, far = np.full(x.shape, 1e9), np.full(x.shape, 1e9)
    for index, (sx, sy) in enumerate(seeds):
        window = _window(sx * scale, sy * scale, float(reach[index]) * scale, x.shape)
        if window is None:
            continue
        d = np.hypot(x[window] - sx, y[window] - sy)
        if group is not None:
            d = np.where(group[window] == _at(group, sx * scale, sy * scale), d, 1e9)
        closer = d < near[window]
        far[window] = np.where(closer, near[window], np.minimum(far[window], d))
        near[window] = np.where(closer, d, near[window])
        label[window] = np.where(closer, index, label[window])
    return Cells(label, near, np.minimum(far, near + 60))


def settle(seeds: Array, density: Array, rounds: int = 8) -> Array:
    """Lloyd's relaxation: seeds move to their cells' centres of mass under `density`."""
    height, width = density.shape
    y, x = np.mgrid[0:height:3, 0:width:3].astype(float)
    mass = density[::3, ::3].ravel()
    for _ in range(rounds):
        reach = np.full(len(seeds), 4.5 * np.sqrt(height * width / len(seeds)))
        owner = cells(seeds, x, y, reach).label.ravel()
        total = np.bincount(owner, mass, len(seeds)) + 1e-9
        cx = np.bincount(owner, mass * x.ravel(), len(seeds)) / total
        cy = np.bincount(owner, mass * y.ravel(), len(seeds)) / total
        seeds = np.where(total[:, None] > 1e-6, np.stack([cx, cy], axis=1), seeds)
    return seeds


def sow(density: Array, count: int, rng: Rng) -> Array:
    """`count` random seeds (n, 2) drawn from a density map at one pixel per point."""
    share = np.cumsum(density.ravel() / density.sum())
    spot = np.searchsorted(share, rng.uniform(size=count))
    spot = np.clip(spot, 0, density.size - 1)
    seeds = np.stack([spot % density.shape[1], spot // density.shape[1]], axis=1)
    return seeds + rng.uniform(size=(count, 2))


def _at(group: Labels, column: float, row: float) -> int:
    height, width = group.shape
    return int(group[min(max(int(row), 0), height - 1), min(max(int(column), 0), width - 1)])


def _window(
    column: float, row: float, reach: float, shape: tuple[int, ...]
) -> tuple[slice, slice] | None:
    top, bottom = max(0, int(row - reach)), min(shape[0], int(row + reach) + 1)
    left, right = max(0, int(column - reach)), min(shape[1], int(column + reach) + 1)
    return (slice(top, bottom), slice(left, right)) if top < bottom and left < right else None
