"""Glass: a leaded window, lit from behind. A sun of rings and flames over hills, river and roses.

Bold lead follows the drawing; fine lead divides each part into panes (relaxed Voronoi cells). Every
pane is its own piece of pot-metal glass: one colour, streaked, with bubbles, darker near lead.
"""

import numpy as np

from tools.paintings.canvas import Array, Rng, blank, blur, clip, grid, noise, ramp, rgb, smooth
from tools.paintings.cells import Cells, Labels, cells, settle, sow

WIDTH, HEIGHT = 832, 1024
SUN = (416.0, 402.0)
RINGS = (48.0, 92.0, 140.0, 196.0)
RAYS = 14
HORIZON = 610.0
PALETTES: dict[str, tuple[str, ...]] = {
    "core": ("fff6c0", "ffe25a", "ffd21f"),
    "gold": ("ffb400", "ff9a00", "ffd84a"),
    "flame": ("f0560a", "e02a12", "ff8a10"),
    "ruby": ("b3081c", "8a0526", "d4202a"),
    "warm": ("ff9a1a", "f6c22e", "ee6a1a", "e83a3a"),
    "cool": ("1233a8", "0b57c4", "1f86d8", "3a1f9a", "0a2a7a"),
    "sky": ("16a0c8", "35b8c4", "0f6fc0", "1746b4"),
    "far": ("5a2aa0", "3c2aa8", "8a2f96", "6a46b8"),
    "mid": ("0f7a5a", "0a9a72", "126a86", "2ba88a"),
    "near": ("2f9a1e", "6fb81c", "138a3a", "b8c81e"),
    "front": ("0a6a2a", "0b5230", "3f8a14", "146a4a"),
    "river": ("2ab8e0", "8adcf0", "1a8ad0", "f4e08a", "0f66b8"),
    "rose": ("e8143f", "ff4a68", "c00f46", "ff8a94"),
}
ROSES = ((132.0, 838.0, 80.0), (700.0, 868.0, 92.0), (254.0, 938.0, 60.0), (590.0, 946.0, 48.0))


def paint(size: int) -> Array:
    """The window, oversampled, for a longest side of `size` pixels."""
    rng = np.random.default_rng(1220)
    canvas = blank(WIDTH, HEIGHT, size, rgb("000000"))
    x, y = grid(canvas)
    plan_y, plan_x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(float)
    part = parts(x, y)
    density = grain(parts(plan_x, plan_y))
    seeds = settle(sow(density, 620, rng), density, 6)
    panes = cells(seeds, x, y, np.full(len(seeds), 190.0), part)
    bold = np.where((part >= 3000) & (part < 4000), part // 100, part)
    major, minor = (
        came(bold, 3.2 * canvas.scale),
        came(part * 4096 + panes.label, 1.5 * canvas.scale),
    )
    glass = pot_metal(part, panes, (x, y), rng)
    glass *= lit_from_behind(x, y)[..., None]
    glass *= (1 - 0.46 * clip(major**0.35 + 0.6 * minor**0.35) ** 2)[..., None]
    picture = leaded(
        hammered(glass, rng, canvas.scale), np.maximum(major, minor), canvas.scale, rng
    )
    return halation(picture, canvas.scale)


def parts(x: Array, y: Array) -> Labels:
    """The drawing: a number for the part of the window that each point belongs to."""
    dx, dy = x - SUN[0], y - SUN[1]
    r, turn = np.hypot(dx, dy), np.arctan2(dy, dx) / (2 * np.pi) + 0.5
    spoke = RAYS * ((turn + 0.011 * np.sin(r / 40)) % 1)
    tip = np.where(np.floor(spoke) % 2 == 0, 374, 300)
    flame = np.abs(spoke % 1 - 0.5) < 0.34 * clip((tip - r) / 170) ** 0.62
    part = 1001 + 2 * np.floor(spoke + 0.5).astype(np.int64) % (2 * RAYS)
    part += 100 * (r > 452 + 30 * np.cos(4 * np.pi * 3 * turn))
    part = np.where(flame, 1000 + 2 * np.floor(spoke).astype(np.int64), part)
    for ring, (radius, sectors) in reversed(
        list(enumerate(zip(RINGS, (1, 12, 12, 24), strict=True)))
    ):
        scallop = radius + (0, 5, 9, 13)[ring] * np.abs(np.sin(np.pi * sectors * turn))
        sector = np.floor(sectors * ((turn + (0.5 / sectors) * (ring == 2)) % 1)).astype(np.int64)
        part = np.where(r < scallop, 100 * ring + sector, part)
    part = _land(x, y, part)
    for index, (rx, ry, radius) in enumerate(ROSES):
        part = _rose(x - rx, y - ry, radius, 3000 + 100 * index, part)
    return _border(x, y, part)


def _land(x: Array, y: Array, part: Labels) -> Labels:
    """Four folds of hill, and a river that winds down through them."""
    lines = (
        HORIZON - 34 * np.sin(x / 105 + 0.8) - 12 * np.sin(x / 37),
        HORIZON + 62 + 42 * np.sin(x / 150 + 2.4),
        HORIZON + 150 - 46 * np.sin(x / 135 + 0.4),
        HORIZON + 258 + 40 * np.cos(x / 128 - 0.2),
    )
    for index, line in enumerate(lines):
        part = np.where(y > line, 2000 + 100 * index, part)
    depth = clip((y - HORIZON) / (HEIGHT - HORIZON))
    middle = 430 + 120 * np.sin(7.4 * depth**0.8 + 0.3) * (0.35 + depth)
    half = 9 + 74 * depth**1.3
    flowing = (np.abs(x - middle) < half) & (y > lines[0] + 8)
    lane = np.floor(2 * (x - middle + half) / (2 * half + 1e-9) + 0.25 * np.sin(y / 26))
    return np.where(flowing, 2400 + clip(lane).astype(np.int64), part)


def _rose(dx: Array, dy: Array, radius: float, number: int, part: Labels) -> Labels:
    """Petals in four rounds, each turned by half a petal and lapped like scales."""
    r, turn = np.hypot(dx, dy) / radius, np.arctan2(dy, dx) / (2 * np.pi) + 0.5
    for ring, (reach, petals) in enumerate(((1.0, 7), (0.7, 5), (0.42, 3), (0.17, 1))):
        shifted = (turn * petals + 0.37 * ring + 0.35 * r) % petals
        lobe = reach * (1 + 0.13 * np.sin(np.pi * (shifted % 1)) - 0.06)
        part = np.where(r < lobe, number + 10 * ring + np.floor(shifted).astype(np.int64), part)
    return part


def _border(x: Array, y: Array, part: Labels) -> Labels:
    """A frame of oblong panes, and a bead at each corner."""
    inset = np.minimum(np.minimum(x, WIDTH - x), np.minimum(y, HEIGHT - y))
    upright = np.minimum(x, WIDTH - x) < np.minimum(y, HEIGHT - y)
    piece = np.where(upright, np.floor(y / 64), 20 + np.floor(x / 64)).astype(np.int64)
    far = np.where(upright, x > WIDTH / 2, y > HEIGHT / 2)
    return np.where(inset < 26, 4000 + piece + 100 * far, part)


def grain(part: Labels) -> Array:
    """How densely each part is divided into panes: many in sky and land, none in small pieces."""
    dense = np.where(part < 400, 0.02, 1.0)
    dense = np.where((part >= 2000) & (part < 2400), 1.35, dense)
    dense = np.where(part >= 2400, 1.6, dense)
    return np.where(part >= 3000, 0.0, dense)


def came(label: Labels, width: float) -> Array:
    """Lead along the borders of `label`: 1 on its spine, falling off over `width` pixels."""
    line = np.zeros(label.shape)
    line[:, 1:] += label[:, 1:] != label[:, :-1]
    line[1:] += label[1:] != label[:-1]
    return clip(blur(np.minimum(line, 1), width) * np.sqrt(2 * np.pi) * width, 0, 1.4)


def palette(number: int) -> str:
    """The palette of a part."""
    if number < 400:
        return ("core", "gold", "flame", "ruby")[number // 100]
    if number < 1200:
        return ("warm", "cool")[number % 2] if number < 1100 else ("sky", "cool")[number % 2]
    if number < 3000:
        return ("far", "mid", "near", "front", "river")[(number - 2000) // 100]
    if number < 4000:
        return "gold" if number % 100 >= 30 else "rose"
    return ("ruby", "cool", "gold")[number % 3]


def pot_metal(part: Labels, panes: Cells, place: tuple[Array, Array], rng: Rng) -> Array:
    """Each pane's colour with its own slope of tone, streaks one of four ways, and bubbles."""
    key, pane = np.unique(part * 4096 + panes.label, return_inverse=True)
    pane = pane.reshape(part.shape)
    count = len(key)
    tint = np.array([_pick(PALETTES[palette(int(k) // 4096)], rng) for k in key])
    tint *= rng.uniform(0.72, 1.16, (count, 1))
    x, y = (axis - _mean(axis, pane, count)[pane] for axis in place)
    angle = rng.uniform(0, 2 * np.pi, count)[pane]
    slope = np.tanh((x * np.cos(angle) + y * np.sin(angle)) / 34)
    ways = [
        noise(rng, part.shape, knots, 2) for knots in ((14, 150), (150, 14), (46, 46), (90, 24))
    ]
    streak = np.choose(rng.integers(0, 4, count)[pane], ways)
    bubbles = np.clip(noise(rng, part.shape, (330, 270)) - 2.3, 0, 1)
    tone = 1 + 0.24 * slope + 0.13 * streak
    other = np.roll(tint, 1, axis=1) * 0.3 + tint * 0.7
    share = (0.5 + 0.5 * np.tanh(streak))[..., None] * 0.38
    return (tint[pane] * (1 - share) + other[pane] * share) * tone[..., None] + 0.4 * bubbles[
        ..., None
    ]


def _pick(stops: tuple[str, ...], rng: Rng) -> Array:
    """A colour between two neighbours of a palette, mostly near one of them."""
    at = rng.integers(0, len(stops)) + 0.18 * rng.normal()
    return ramp(np.array(np.clip(at / max(len(stops) - 1, 1), 0, 1)), *stops)


def _mean(values: Array, label: Labels, count: int) -> Array:
    total = np.bincount(label.ravel(), values.ravel(), count)
    mean: Array = total / np.maximum(np.bincount(label.ravel(), minlength=count), 1)
    return mean


def lit_from_behind(x: Array, y: Array) -> Array:
    """Daylight: strongest behind the sun, weaker into the corners."""
    r = np.hypot(x - SUN[0], (y - SUN[1]) * 0.92)
    return 0.86 + 0.56 * np.exp(-((r / 260) ** 2)) - 0.2 * smooth(r, 380, 720)


def hammered(glass: Array, rng: Rng, scale: float) -> Array:
    """The cathedral surface: small dimples that bend the light."""
    dimples = noise(rng, glass.shape[:2], (150, 122), 2)
    dy, dx = np.gradient(blur(dimples, scale) * scale)
    return clip(glass * (1 + np.clip(0.5 * (dx + dy), -0.3, 0.4))[..., None], 0, 1.25)


def leaded(glass: Array, spine: Array, scale: float, rng: Rng) -> Array:
    """Lead over glass: dark, rounded, with a dull gleam on its upper left."""
    dome = np.sqrt(clip((spine - 0.52) / 0.48))
    dy, dx = np.gradient(blur(dome, 0.5 * scale) * 3 * scale)
    gleam = np.clip(0.5 * (dx + dy), 0, 1) * 0.42
    metal = 0.055 + gleam + 0.03 * noise(rng, dome.shape, (300, 240))
    cover = smooth(spine, 0.5, 0.62)[..., None]
    grey = clip(metal)[..., None] * np.array([0.9, 0.95, 1.0])
    joined: Array = glass * (1 - cover) + grey * cover
    return joined


def halation(picture: Array, scale: float) -> Array:
    """Bright glass spills its colour over the lead beside it."""
    glow = np.stack([blur(picture[..., c] ** 2, 5 * scale) for c in range(3)], axis=-1)
    return clip(1 - (1 - clip(picture)) * (1 - 0.16 * glow))
