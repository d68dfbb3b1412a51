"""Autumn: palette knife. A birch wood in full colour stands over its own reflection.

The knife lays short square slabs, thick at the lip: leaves at all angles, bark and water level.
"""

import numpy as np

from tools.paintings.brush import Brush
from tools.paintings.canvas import Array, Canvas, Rng, blank, clip, light, noise, ramp, rgb, smooth
from tools.paintings.impasto import Plan, cover, dabs

WIDTH, HEIGHT = 1024, 816
BANK = 560.0
LEAVES = ("3a0d2a", "931a24", "d63f16", "f08a12", "f7bf2b", "fbe48a")
GLADE = (560.0, 330.0)
# x at the foot, width, lean of each birch, far to near.
BIRCHES = (
    (398.0, 9.0, 6.0), (446.0, 11.0, -8.0), (664.0, 10.0, 9.0), (716.0, 9.0, -4.0),
    (838.0, 13.0, 8.0), (214.0, 17.0, -12.0), (892.0, 21.0, -14.0), (306.0, 22.0, 18.0),
    (106.0, 34.0, 14.0), (770.0, 27.0, 14.0), (972.0, 40.0, -20.0),
)  # fmt: skip


def paint(size: int) -> Array:
    """The painting, oversampled, for a longest side of `size` pixels."""
    rng = np.random.default_rng(1895)
    canvas = blank(WIDTH, HEIGHT, size, rgb("3a1420"))
    plan = compose(rng)
    for width, length, gap, stray in ((34, 60, 21, 0.15), (22, 36, 13, 0.2)):
        cover(canvas, plan, Brush(width, length, 0.9, 0.3, 0.07, True, stray=stray), gap, rng)
    for index, birch in enumerate(BIRCHES):
        if index in (5, 8):
            foliage(canvas, plan, 15, 0.26, rng)
        trunk(canvas, birch, rng)
    foliage(canvas, plan, 11, 0.13, rng)
    ripples(canvas, plan, rng)
    for birch in BIRCHES:
        reflection(canvas, birch, rng)
    return light(canvas, depth=1.5)


def compose(rng: Rng) -> Plan:
    """Colour and course: foliage over the bank, the same foliage upside down in the water."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(float)
    shore = BANK + 10 * np.sin(x / 90) + 5 * np.sin(x / 31)
    mirror = np.where(y > shore, shore - 1.9 * (y - shore), y)
    mass = noise(rng, (HEIGHT, WIDTH), (9, 11), 3)
    rows = np.clip(mirror, 0, HEIGHT - 1).astype(int)
    mass = mass[rows, x.astype(int)]
    colour = wood(x, mirror, mass)
    water = y > shore
    dim = clip(colour * np.array([0.70, 0.74, 0.9]) + np.array([0.0, 0.03, 0.10]))
    bars = noise(rng, (HEIGHT, WIDTH), (70, 10), 2)
    gleam = ((bars > 0.9) & water)[..., None]
    colour = np.where(water[..., None], np.where(gleam, np.array(rgb("8fc3d8")), dim), colour)
    angle = 0.9 + 1.3 * noise(rng, (HEIGHT, WIDTH), (11, 14))
    angle = np.where(water, 0.05 * np.sin(x / 40), angle)
    return Plan(colour, np.cos(angle), np.sin(angle), np.ones_like(x))


def wood(x: Array, y: Array, mass: Array) -> Array:
    """Masses of leaves from shadow to gold, a glade of pale sky, blue distance, a leafy floor."""
    open_ = np.exp(-(((x - GLADE[0]) / 250) ** 2) - ((y - GLADE[1]) / 230) ** 2)
    tone = clip(0.36 + 0.24 * mass + 0.30 * open_ - 0.12 * smooth(y, 380, 560))
    colour = ramp(tone, *LEAVES)
    sky = smooth(open_ + 0.16 * mass, 0.62, 0.82)[..., None]
    blue = ramp(clip((y - 60) / 420), "5aa6cf", "b9dde0", "fdf0c4", "f6c98e")
    colour = colour * (1 - sky) + blue * sky
    far = (smooth(y, 395, 450) * smooth(-y, -520, -480) * smooth(-mass, -0.5, 0.6))[..., None]
    colour = colour * (1 - 0.8 * far) + ramp(clip(0.5 + 0.4 * mass), "27306b", "6c5aa0") * far
    floor = smooth(y, 492, 530)[..., None]
    return colour * (1 - floor) + ramp(tone, "2d1030", "7c1f1f", "c9541a", "f0a428") * floor


def foliage(canvas: Canvas, plan: Plan, width: float, share: float, rng: Rng) -> None:
    """Leaves before the trunks: small bright slabs in clusters."""
    height, breadth = plan.weight.shape
    y, x = np.mgrid[0:height, 0:breadth].astype(float)
    clusters = smooth(noise(rng, (height, breadth), (10, 12), 2), -0.1, 1.2)
    edge = smooth(np.hypot((x - GLADE[0]) / 330, (y - GLADE[1]) / 270), 0.7, 1.3)
    weight = share * (0.06 + 1.6 * clusters * edge) * (y < BANK - 24 + 30 * clusters)
    tone = np.clip(0.62 + 0.22 * noise(rng, (height, breadth), (14, 18), 2), 0.1, 1)
    leaves = Plan(ramp(tone, *LEAVES), plan.u, plan.v, weight)
    broad = Brush(width, 1.5 * width, 1.5, 0.3, 0.06, True, stray=0.16)
    fine = Brush(0.6 * width, width, 1.5, 0.3, 0.06, True, stray=0.2)
    cover(canvas, leaves, broad, 0.62 * width, rng)
    cover(canvas, leaves, fine, 0.5 * width, rng)


def trunk(canvas: Canvas, birch: tuple[float, float, float], rng: Rng) -> None:
    """A birch from the foot up in overlapping slabs, lit on one side, with dark scars."""
    x, width, lean = birch
    foot = BANK - 6 + 0.9 * width
    for y in np.arange(foot, -20, -0.75 * width - 6):
        up = (foot - y) / foot
        here = x + lean * 3.2 * up + 0.2 * width * np.sin(5 * up + x)
        girth = width * (1.05 - 0.5 * up)
        _slab(canvas, (here + 0.2 * girth, y), (1.2 * girth, 0.5 * girth), "6d6a8e", rng)
        _slab(canvas, (here - 0.14 * girth, y), (1.1 * girth, 0.45 * girth), "f4eddc", rng)
        if rng.uniform() < 0.55:
            _slab(canvas, (here, y + 3), (0.16 * girth + 2, 0.34 * girth), "2a1a2c", rng)
        if y < BANK - 40 and rng.uniform() < 0.16:
            _branch(canvas, (here, y), girth, rng)


def reflection(canvas: Canvas, birch: tuple[float, float, float], rng: Rng) -> None:
    """The birch in the water: broken level slabs, cooler and wider as they come near."""
    x, width, lean = birch
    foot = BANK - 6 + 0.9 * width
    for drop in np.arange(8, (HEIGHT - foot) * 1.02, 8.0 + 0.2 * width):
        wave = x - lean * 1.4 * drop / 250 + 3.5 * np.sin(drop / 9) + rng.normal() * 2
        tint = "c9cbd8" if rng.uniform() < 0.7 else "7a7fa8"
        _slab(
            canvas, (wave, foot + drop), (6, (0.55 * width + 3) * rng.uniform(0.5, 1.2)), tint, rng
        )


def _slab(
    canvas: Canvas, spot: tuple[float, float], size: tuple[float, float], code: str, rng: Rng
) -> None:
    """A level slab of paint: `size` is its height and half its length."""
    x, y = spot
    path = np.array([[(x - size[1], y + 0.6), (x, y), (x + size[1], y - 0.8)]])
    tint = np.array([rgb(code)])
    dabs(canvas, path, tint, Brush(size[0], 9, 1.2, 0.3, 0.06, True, stray=0.09), rng)


def _branch(canvas: Canvas, spot: tuple[float, float], girth: float, rng: Rng) -> None:
    """A thin bough that leaves the trunk upward."""
    side, reach = rng.choice([-1.0, 1.0]), girth * rng.uniform(2.5, 5.5)
    t = np.linspace(0, 1, 8)
    path = np.stack([spot[0] + side * reach * t, spot[1] - 0.9 * reach * t**1.4], axis=1)[None]
    dabs(
        canvas,
        path,
        np.array([rgb("3b2433")]),
        Brush(0.16 * girth + 2, 9, 1.2, 0.4, stray=0.12),
        rng,
    )


def ripples(canvas: Canvas, plan: Plan, rng: Rng) -> None:
    """Level strokes that break the reflection, and a few leaves that float."""
    height, breadth = plan.weight.shape
    y = np.mgrid[0:height, 0:breadth][0].astype(float)
    low = 0.42 * smooth(y, BANK + 14, BANK + 60)
    water = Plan(clip(plan.colour * 1.08), plan.u, plan.v, low)
    cover(canvas, water, Brush(7, 46, 1.0, 0.4, stray=0.2), 11, rng)
    afloat = Plan(ramp(np.full(y.shape, 0.7), *LEAVES), plan.u, plan.v, 0.16 * low)
    cover(canvas, afloat, Brush(6, 11, 1.6, 0.2, stray=0.25), 11, rng)
