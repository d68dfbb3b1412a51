"""Night: thick impasto. A gale of starlight turns over a lake, its hills and a lit village.

Strokes follow a flow of eddies, in four sizes from the broad to the fine. Their colours come from
noise that the flow itself has drawn out into streaks.
"""

import numpy as np

from tools.paintings.brush import Brush
from tools.paintings.canvas import (
    Array,
    Canvas,
    Rng,
    blank,
    clip,
    light,
    noise,
    ramp,
    rgb,
    smooth,
)
from tools.paintings.impasto import Plan, arcs, cover, dabs, drawn_out

WIDTH, HEIGHT = 1024, 816
SHORE = 664.0
MOON = (836.0, 148.0, 54.0)
SKY = ("060b2c", "0c1a55", "16368c", "2a62b4", "5a9fcb", "b4d3d2", "f3ecc6")
GOLD = ("a8570f", "e09a1c", "f6c83a", "fdeaa0")
# x, y, radius, spin: the eddies of the wind.
EDDIES = (
    (384.0, 250.0, 132.0, 1.0),
    (606.0, 372.0, 96.0, -1.0),
    (128.0, 440.0, 76.0, -0.8),
    (872.0, 420.0, 84.0, 0.8),
)
# x, y, radius of the glow.
STARS = (
    (96.0, 96.0, 46.0), (214.0, 226.0, 28.0), (246.0, 62.0, 26.0), (536.0, 82.0, 42.0),
    (652.0, 214.0, 32.0), (690.0, 62.0, 24.0), (962.0, 310.0, 34.0), (52.0, 300.0, 27.0),
    (258.0, 432.0, 32.0), (752.0, 330.0, 24.0), (452.0, 446.0, 24.0), (976.0, 60.0, 22.0),
)  # fmt: skip


def paint(size: int) -> Array:
    """The painting, oversampled, for a longest side of `size` pixels."""
    rng = np.random.default_rng(1889)
    canvas = blank(WIDTH, HEIGHT, size, rgb("0a1236"))
    plan = compose(rng)
    for width, length, gap, stray, body in (
        (30, 110, 17, 0.16, 0.9), (17, 74, 10.5, 0.20, 1.0), (10, 52, 8.5, 0.24, 1.1),
    ):  # fmt: skip
        cover(canvas, plan, Brush(width, length, body, stray=stray), gap, rng)
    lights(canvas, plan, rng)
    for star in STARS:
        shine(canvas, star, rng)
    crescent(canvas, rng)
    village(canvas, rng)
    return light(canvas, depth=1.4)


def compose(rng: Rng) -> Plan:
    """Colour and course of sky, hills and lake."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(float)
    u, v = wind(x, y)
    streaks = drawn_out(noise(rng, x.shape, (44, 56), 2), u, v, 45)
    colour = sky(x, y, streaks)
    for index in range(3):
        colour, u, v = hill(index, x, y, streaks, (colour, u, v))
    water = y > SHORE
    ripple = 0.10 * np.sin(x / 37 + y / 9) + 0.05 * np.sin(y / 5)
    u, v = np.where(water, 1, u), np.where(water, ripple, v)
    colour = np.where(water[..., None], lake(x, y, rng), colour)
    return Plan(colour, u, v, np.ones_like(x))


def wind(x: Array, y: Array) -> tuple[Array, Array]:
    """The course of the sky: a wave from left to right, wound up around eddies and stars."""
    u, v = np.full_like(x, 0.8), 0.5 * np.cos(x / 120 + 0.5) - 0.08
    halos = [(sx, sy, 1.15 * glow, 1.0) for sx, sy, glow in (*STARS, MOON)]
    for ex, ey, radius, spin in (*EDDIES, *halos):
        dx, dy = x - ex, y - ey
        r = np.hypot(dx, dy) + 1e-6
        pull = 3.2 * np.exp(-((r / radius) ** 2)) * spin
        u = u + pull * (-dy - 0.16 * spin * dx) / r
        v = v + pull * (dx - 0.16 * spin * dy) / r
    return u, v


def sky(x: Array, y: Array, streaks: Array) -> Array:
    """Blues by height and streak, spiral arms of light in the eddies, warm halos."""
    tone = 0.26 + 0.20 * smooth(y, 120, 560) + 0.115 * streaks
    for ex, ey, radius, spin in EDDIES:
        dx, dy = x - ex, y - ey
        r = np.hypot(dx, dy)
        arms = np.cos(2 * np.arctan2(dy, dx) - spin * 5.2 * np.log(r / radius + 0.12))
        tone += 0.25 * np.exp(-((r / (1.05 * radius)) ** 4)) * (arms + 0.12)
    colour = ramp(clip(tone), *SKY)
    for sx, sy, glow in (*STARS, (MOON[0], MOON[1], 1.85 * MOON[2])):
        r = np.hypot(x - sx, y - sy) / glow
        ring = 0.72 * np.exp(-((r / 1.25) ** 2)) * (0.75 + 0.25 * np.cos(r * 9))
        share = clip(ring)[..., None]
        colour = colour * (1 - share) + ramp(clip(1.25 - r), "7fb6b4", *GOLD[2:]) * share
    face = 0.9 * smooth(-np.hypot(x - MOON[0], y - MOON[1]), -0.98 * MOON[2], -0.8 * MOON[2])
    return colour * (1 - face[..., None]) + np.array(rgb("123a80")) * face[..., None]


def ridge(x: Array, index: int) -> Array:
    """The skyline of hill `index`, far to near, in points from the top."""
    base, swell = (562.0, 604.0, 640.0)[index], (44.0, 30.0, 15.0)[index]
    phase = 1.9 * index + 0.4
    bumps = np.sin(x / (140 - 24 * index) + phase) + 0.4 * np.sin(x / 51 + 2.3 * phase)
    line: Array = base - swell * bumps + (-0.04, 0.05, -0.02)[index] * (x - WIDTH / 2)
    return line


def hill(
    index: int, x: Array, y: Array, streaks: Array, under: tuple[Array, Array, Array]
) -> tuple[Array, Array, Array]:
    """A hill over what is `under` it: strokes roll down its back, lit along the skyline."""
    top = ridge(x, index)
    below = y > top
    depth = clip((y - top) / 70)
    stops = (("2f6d9c", "1b4480", "10285a"), ("2b7a78", "17506a", "0c2648"),
             ("1f4f3c", "10303a", "070f26"))[index]  # fmt: skip
    tint = ramp(clip(depth + 0.16 * streaks), *stops)
    slope = np.gradient(top, axis=1) + (0.55, -0.6, 0.25)[index] * depth
    colour, u, v = under
    mask = below[..., None]
    return np.where(mask, tint, colour), np.where(below, 1, u), np.where(below, slope, v)


def lake(x: Array, y: Array, rng: Rng) -> Array:
    """Water: the sky upside down in level bars, and the moon's road."""
    bars = noise(rng, x.shape, (60, 9), 2)
    tone = clip(0.17 + 0.22 * smooth(y, SHORE, HEIGHT) + 0.11 * bars)
    colour = ramp(tone, *SKY)
    spread = 20 + 0.42 * (y - SHORE)
    road = np.exp(-(((x - MOON[0] - 6 * np.sin(y / 7)) / spread) ** 2)) * (bars > -0.35)
    share = 0.85 * road[..., None]
    lit: Array = colour * (1 - share) + ramp(clip(0.6 + 0.2 * bars), *GOLD) * share
    return lit


def lights(canvas: Canvas, plan: Plan, rng: Rng) -> None:
    """Fine strokes over the rest: pale crests on the wind, deep blue in its troughs."""
    luma = plan.colour.mean(axis=-1)
    crest = Plan(clip(plan.colour * 1.22 + 0.05), plan.u, plan.v, smooth(luma, 0.3, 0.7))
    deep = Plan(plan.colour * 0.62, plan.u, plan.v, 0.6 * smooth(-luma, -0.42, -0.12))
    cover(canvas, deep, Brush(5, 38, 0.8, stray=0.25), 10, rng)
    cover(canvas, crest, Brush(6, 40, 1.3, stray=0.2), 8, rng)


def shine(canvas: Canvas, star: tuple[float, float, float], rng: Rng) -> None:
    """A star: broken rings of thick paint, cool outside and gold within, and a knob of white."""
    x, y, glow = star
    for part in np.arange(1.25, 0.2, -0.2):
        paths = arcs((x, y), part * glow, max(5, int(11 * part)), 0.55, rng)
        tint = ramp(np.full(len(paths), 1.3 - part), "4f97b8", "c9d9a0", *GOLD[1:])
        dabs(canvas, paths, tint, Brush(0.17 * glow + 1, 9, 1.5, 0.3, stray=0.14), rng)
    core = arcs((x, y), 0.09 * glow, 3, 2.4, rng)
    dabs(
        canvas,
        core,
        np.tile(rgb("fffbe4"), (3, 1)),
        Brush(0.30 * glow, 9, 2.2, 0.1, stray=0.02),
        rng,
    )


def crescent(canvas: Canvas, rng: Rng) -> None:
    """The moon: wide halo rings, then a sickle of heavy gold."""
    x, y, radius = MOON
    for part in np.arange(2.3, 1.2, -0.16):
        paths = arcs((x, y), part * radius, int(9 * part), 0.42, rng)
        tone = (2.35 - part) / 1.4 + 0.16 * rng.normal(size=len(paths))
        tint = ramp(clip(tone), "2f78b0", "8fbdb6", "e3d79a", "f7d560", "fff3c0")
        dabs(canvas, paths, tint, Brush(8, 9, 1.3, 0.4, stray=0.14), rng)
    for part in np.linspace(0, 1, 9):
        bend = np.linspace(-1.75 + 0.1 * part, 1.75 - 0.1 * part, 16) + 0.5
        inner = radius * (1.0 - 0.62 * part * np.cos((bend - 0.5) * 0.88))
        path = np.stack([x + inner * np.cos(bend), y + inner * np.sin(bend)], axis=-1)[None]
        tint = ramp(np.array([1 - 0.8 * part]), "d98a12", GOLD[2], "ffe98a", "fffdec")
        dabs(canvas, path, tint, Brush(8.5, 9, 1.7, 0.15, stray=0.08), rng)


def village(canvas: Canvas, rng: Rng) -> None:
    """Windows along the shore, each with its trembling column of light in the water."""
    for x in (118, 166, 190, 236, 300, 332, 418, 470, 560, 604, 668, 930):
        y = SHORE - rng.uniform(8, 24)
        warm = np.array([ramp(np.array(rng.uniform(0.2, 0.9)), *GOLD)])
        dabs(canvas, _bar(x, y, 8), warm, Brush(9, 9, 2.0, 0.1, stray=0.05), rng)
        drop, reach = 10.0, rng.uniform(60, 140)
        while drop < reach:
            here = x + rng.normal() * (1.5 + drop / 22)
            half = rng.uniform(3, 11) * (1.15 - 0.6 * drop / reach) + drop / 20
            width = rng.uniform(3.5, 7)
            dabs(canvas, _bar(here, SHORE + drop, half), warm, Brush(width, 9, 1.3, stray=0.2), rng)
            drop += rng.uniform(4, 9) * (1 + drop / 90)


def _bar(x: float, y: float, half: float) -> Array:
    return np.array([[(x - half, y), (x, y - 0.8), (x + half, y + 0.5)]])
