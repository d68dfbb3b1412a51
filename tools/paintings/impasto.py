"""Painting from a plan: layers of strokes, broad to fine, that take colour and course from maps."""

from dataclasses import dataclass

import numpy as np

from tools.paintings.brush import Brush, lay, scatter, trace
from tools.paintings.canvas import Array, Canvas, Rng, clip, sample


@dataclass(frozen=True)
class Plan:
    """Maps at one pixel per point: colour (h, w, 3), course u and v, and weight (h, w).

    A stroke starts only where its random draw is below `weight`.
    """

    colour: Array
    u: Array
    v: Array
    weight: Array

    def flow(self, x: Array, y: Array) -> tuple[Array, Array]:
        """The course of the brush at points (x, y)."""
        return sample(self.u, x, y, 1.0), sample(self.v, x, y, 1.0)


def cover(canvas: Canvas, plan: Plan, brush: Brush, gap: float, rng: Rng) -> None:
    """One layer: a stroke every `gap` points, in the colour of the plan."""
    height, width = plan.weight.shape
    spots = scatter(rng, width, height, gap)
    spots = spots[rng.uniform(size=len(spots)) < sample(plan.weight, spots[:, 0], spots[:, 1], 1.0)]
    length = brush.length * rng.uniform(0.6, 1.35, len(spots))
    paths = trace(spots, plan.flow, length)
    colours = sample(plan.colour, spots[:, 0], spots[:, 1], 1.0)
    dabs(canvas, paths, colours, brush, rng)


def vary(colours: Array, rng: Rng, stray: float) -> Array:
    """Colours (n, 3) with a jitter that moves lightness most, then warmth, then each channel."""
    n = len(colours)
    lightness = 1 + stray * rng.normal(size=(n, 1))
    warmth = 0.45 * stray * rng.normal(size=(n, 1)) * np.array([1.0, 0.15, -1.0])
    own = 0.25 * stray * rng.normal(size=(n, 3))
    return clip(
        colours * lightness + (warmth + own) * (0.35 + colours.mean(1, keepdims=True)), 0, 1
    )


def drawn_out(field: Array, u: Array, v: Array, reach: int, step: float = 2.0) -> Array:
    """Line integral convolution: the field's mean along `reach` steps of the course, both ways."""
    y, x = np.mgrid[0 : field.shape[0], 0 : field.shape[1]].astype(float)
    norm = np.hypot(u, v) + 1e-9
    total = field.copy()
    for sign in (step, -step):
        px, py = x.copy(), y.copy()
        for _ in range(reach):
            du, dv = sample(u / norm, px, py, 1.0), sample(v / norm, px, py, 1.0)
            px, py = px + sign * du, py + sign * dv
            total += sample(field, px, py, 1.0)
    even: Array = (total - total.mean()) / (total.std() + 1e-9)
    return even


def dabs(canvas: Canvas, paths: Array, colours: Array, brush: Brush, rng: Rng) -> None:
    """Strokes placed one by one: paths (n, steps, 2) with their colours (n, 3)."""
    first, second = (vary(colours, rng, brush.stray) for _ in range(2))
    for path, pair in zip(paths, np.stack([first, second], axis=1), strict=True):
        lay(canvas, path, brush, pair, rng)


def arcs(centre: tuple[float, float], radius: float, count: int, span: float, rng: Rng) -> Array:
    """`count` arc-shaped paths (count, 12, 2) around `centre`, each spanning `span` radians."""
    start = np.linspace(0, 2 * np.pi, count, endpoint=False) + rng.uniform(0, span, count)
    angle = start[:, None] + np.linspace(0, span, 12)
    wobble = radius * (1 + 0.06 * rng.normal(size=(count, 1)))
    return np.stack(
        [centre[0] + wobble * np.cos(angle), centre[1] + wobble * np.sin(angle)], axis=-1
    )
