"""Strokes of a loaded bristle brush: streaks of two colours, ridges at the edges, ragged tails.

A stroke is a ribbon around a path. It is sampled densely in (along, across) coordinates, so each
bristle is one row of the ribbon and keeps its own colour, thickness and length.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tools.paintings.canvas import Array, Canvas, Rng, clip

BRISTLES = 14
Flow = Callable[[Array, Array], tuple[Array, Array]]


@dataclass(frozen=True)
class Brush:
    """Width and length of a stroke in points, and how it looks.

    `body` is the thickness of the paint, `dry` how ragged the stroke ends, `streak` how much its
    bristles differ in tone, `stray` how far its colour strays from the one asked for; a `square`
    brush is a knife, which does not taper.
    """

    width: float
    length: float
    body: float = 1.0
    dry: float = 0.35
    streak: float = 0.09
    square: bool = False
    stray: float = 0.2


def scatter(rng: Rng, width: float, height: float, gap: float) -> Array:
    """Points on a jittered grid with spacing `gap` over the whole canvas (n, 2), shuffled."""
    y, x = np.mgrid[-gap / 2 : height + gap : gap, -gap / 2 : width + gap : gap]
    spots = np.stack([x.ravel(), y.ravel()], axis=1)
    spots += rng.uniform(-0.5, 0.5, spots.shape) * gap
    return spots[rng.permutation(len(spots))]


def trace(spots: Array, flow: Flow, length: Array, steps: int = 14) -> Array:
    """Paths (n, steps, 2) of the given lengths along the flow, centred on the spots."""
    ahead = _walk(spots, flow, length / (steps - 1), steps // 2 + 1)
    behind = _walk(spots, flow, -length / (steps - 1), steps - steps // 2)
    return np.concatenate([behind[:, :0:-1], ahead], axis=1)


def _walk(spots: Array, flow: Flow, step: Array, count: int) -> Array:
    path = [spots]
    for _ in range(count - 1):
        here = path[-1]
        u, v = flow(here[:, 0], here[:, 1])
        norm = np.hypot(u, v) + 1e-9
        path.append(here + np.stack([u / norm, v / norm], axis=1) * step[:, None])
    return np.stack(path, axis=1)


def lay(canvas: Canvas, path: Array, brush: Brush, pair: Array, rng: Rng) -> None:
    """Lay one stroke along `path` (n, 2); the bristles share a pair of colours (2, 3)."""
    hairs = rng.normal(size=(3, BRISTLES))
    tails = rng.uniform(size=(2, BRISTLES))
    lean = rng.uniform(-0.8, 0.8)
    row, column, along, across = _ribbon(canvas, path, brush)
    inside = (row >= 0) & (row < canvas.height.shape[0])
    inside &= (column >= 0) & (column < canvas.height.shape[1])
    start, end = (_comb(tail, across) * brush.dry for tail in tails)
    keep = inside & (along >= 0.35 * start) & (along <= 1 - end)
    tone, mix, ridge = (_comb(hair, across) for hair in hairs)
    share = 1 / (1 + np.exp(-(2.2 * mix + 3 * lean + 1.5 * across)))[..., None]
    colour = pair[0] * (1 - share) + pair[1] * share + brush.streak * tone[..., None]
    rim = 0.55 * np.abs(across) ** 4 + 0.5 * along**6
    body = brush.body * (0.75 + 0.32 * ridge + rim)
    _spread(canvas, row[keep], column[keep], colour[keep], body[keep])


def _spread(canvas: Canvas, row: Array, column: Array, colour: Array, body: Array) -> None:
    row, column = row.astype(int), column.astype(int)
    under = canvas.colour[row, column]
    canvas.colour[row, column] = 0.93 * clip(colour) + 0.07 * under
    canvas.height[row, column] = 0.45 * canvas.height[row, column] + body


def _comb(values: Array, across: Array) -> Array:
    """Per-bristle values spread over the ribbon (n, m); across runs from -1 to 1."""
    line = np.interp(across[0], np.linspace(-1, 1, len(values)), values)
    return np.broadcast_to(line, across.shape)


def _ribbon(canvas: Canvas, path: Array, brush: Brush) -> tuple[Array, Array, Array, Array]:
    """Pixel rows and columns of the ribbon's samples, and their places along and across it."""
    leg = np.hypot(*np.diff(path, axis=0).T)
    place = np.concatenate([[0], np.cumsum(leg)]) / max(float(leg.sum()), 1e-6)
    count = max(4, int(leg.sum() * canvas.scale * 1.5))
    s = np.linspace(0, 1, count)
    x, y = np.interp(s, place, path[:, 0]), np.interp(s, place, path[:, 1])
    dx, dy = np.gradient(x), np.gradient(y)
    norm = np.hypot(dx, dy) + 1e-9
    t = np.linspace(-1, 1, max(3, int(brush.width * canvas.scale * 1.5)))
    half = _taper(s, brush) * brush.width / 2
    column = (x[:, None] - (half * dy / norm)[:, None] * t) * canvas.scale
    row = (y[:, None] + (half * dx / norm)[:, None] * t) * canvas.scale
    along, across = np.broadcast_arrays(s[:, None], t[None, :])
    return np.floor(row), np.floor(column), along, across


def _taper(s: Array, brush: Brush) -> Array:
    """The stroke's relative width: round brushes land and lift, square knives do not."""
    if brush.square:
        return np.ones_like(s)
    return np.sqrt(np.clip(s / 0.12, 0.15, 1)) * np.sqrt(np.clip((1 - s) / 0.3, 0.12, 1))
