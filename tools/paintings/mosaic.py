"""Mosaic: gold tesserae. A tree whose boughs all end in spirals grows from a meadow of flowers.

Tiles are laid in rows along the boughs and their outlines, then relaxed over the ground between;
each tile is tilted a little in its mortar, so that the gold glitters.
"""

import numpy as np

from tools.paintings.canvas import (
    Array,
    Rng,
    blank,
    blur,
    clip,
    grid,
    light,
    noise,
    ramp,
    rgb,
    smooth,
)  # fmt: skip
from tools.paintings.cells import Cells, cells, settle, sow
from tools.paintings.woodcut import curve

WIDTH, HEIGHT = 1024, 816
TILE = 9.2
GOLD = ("6e3d08", "a8660c", "d99a1a", "f2c230", "fbe07a")
MEADOW = ("06323a", "0b5a4a", "2a8a3a", "86b02a", "0f6f86")
FLOWERS = (
    ("f7f0d8", "d8243a", "16287a"), ("f2b21a", "1a4fb0", "f7f0d8"), ("d8243a", "f7c832", "0b3d3a"),
    ("1a86c0", "f7f0d8", "e0701a"), ("7a2a90", "f4c83a", "f7f0d8"),
)  # fmt: skip
# Spiral centre and radius, turn, and the knots from the root to its rim.
BOUGHS = (
    ((262.0, 214.0, 128.0), -1, ((486, 830), (478, 640), (440, 500), (350, 404))),
    ((724.0, 190.0, 134.0), 1, ((540, 830), (548, 640), (596, 480), (690, 384))),
    ((486.0, 150.0, 96.0), -1, ((512, 830), (516, 640), (540, 460), (580, 300))),
    ((134.0, 458.0, 100.0), -1, ((470, 830), (452, 690), (370, 610), (240, 590))),
    ((890.0, 452.0, 104.0), 1, ((556, 830), (580, 690), (660, 600), (780, 586))),
    ((70.0, 96.0, 74.0), 1, ((440, 500), (330, 410), (170, 350), (70, 260))),
    ((956.0, 110.0, 66.0), -1, ((690, 384), (830, 350), (940, 290), (1000, 220))),
)


def paint(size: int) -> Array:
    """The mosaic, oversampled, for a longest side of `size` pixels."""
    rng = np.random.default_rng(1905)
    canvas = blank(WIDTH, HEIGHT, size, rgb("24160c"))
    design, dark = compose(rng)
    seeds = tesserae(dark, rng)
    x, y = grid(canvas)
    tiles = cells(seeds, x, y, np.full(len(seeds), 2.4 * TILE))
    face = faces(design, seeds, rng)
    mortar = smooth(tiles.edge, 0.35, 0.95)
    grit = noise(rng, x.shape, (260, 330), 2)
    worn = 1 + 0.07 * grit
    canvas.colour[:] += (face[tiles.label] * worn[..., None] - canvas.colour) * mortar[..., None]
    canvas.height[:] = relief(tiles, seeds, (x, y), rng) + 0.05 * grit * mortar
    return light(canvas, depth=1.1, gloss=0.9)


def bough(index: int) -> tuple[Array, Array]:
    """The path (n, 2) of a bough, root to the heart of its spiral, and its width (n,)."""
    (cx, cy, radius), turn, knots = BOUGHS[index]
    angle = np.arctan2(knots[-1][1] - cy, knots[-1][0] - cx)
    t = np.linspace(0.04, 1, 26)
    wind = angle + turn * 2 * np.pi * (2.35 + radius / 160) * t
    r = radius * (1 - 0.93 * t**0.9)
    coil = np.stack([cx + r * np.cos(wind), cy + r * np.sin(wind)], axis=1)
    path = curve((*knots, *((float(a), float(b)) for a, b in coil)), 900)
    full = 15 + radius * 0.15
    return path, full * (1.12 - np.linspace(0, 1, 900) ** 0.75) + 3.5


def compose(rng: Rng) -> tuple[Array, Array]:
    """The cartoon at one pixel per point: colours (h, w, 3), and where the tree is (h, w)."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(float)
    colour = ground(x, y, noise(rng, x.shape, (6, 8), 2))
    colour = meadow(colour, x, y, noise(rng, x.shape, (16, 24), 2), rng)
    dark = np.zeros(x.shape)
    tree = colour.copy()
    for index in range(len(BOUGHS)):
        path, width = bough(index)
        for (px, py), w in zip(path[::2], width[::2], strict=True):
            top, left = max(0, int(py - w)), max(0, int(px - w))
            here = (slice(top, max(0, int(py + w) + 2)), slice(left, max(0, int(px + w) + 2)))
            d = np.hypot(x[here] - px, y[here] - py) / (w / 2)
            dark[here] = np.maximum(dark[here], d < 1)
            bark = ramp(clip(d), "c06a2c", "7a2f20", "2c1220")
            tree[here] = np.where((d < 1)[..., None], bark, tree[here])
    colour = np.where(dark[..., None] > 0, tree, colour)
    return blossoms(colour, x, y), dark


def ground(x: Array, y: Array, drift: Array) -> Array:
    """Gold in rings around each spiral, with threads of turquoise and ivory."""
    phase = np.full(x.shape, 1e9)
    for (cx, cy, radius), _, _ in BOUGHS:
        phase = np.minimum(phase, np.hypot(x - cx, y - cy) - radius)
    ring = np.sin(phase / 8.5 + 0.5 * drift)
    colour = ramp(clip(0.56 + 0.31 * ring + 0.14 * drift), *GOLD)
    inside = smooth(-phase, -6, 6)[..., None]
    colour = colour * (1 - inside) + ramp(0.5 + 0.5 * np.sin(phase / 7), *GOLD[2:]) * inside
    thread = (np.abs(phase - 24) < 5)[..., None]
    return np.where(thread, ramp(0.5 + 0.4 * drift.clip(-1, 1), "0e5f78", "2aa6a0"), colour)


def meadow(colour: Array, x: Array, y: Array, mass: Array, rng: Rng) -> Array:
    """A green slope, full of round flowers of three colours."""
    edge = 664 + 44 * np.cos((x - 512) / 190) + 12 * np.sin(x / 47)
    green = ramp(clip(0.46 + 0.24 * mass), *MEADOW)
    colour = np.where((y > edge)[..., None], green, colour)
    colour = np.where((np.abs(y - edge) < 6)[..., None], np.array(rgb("f7f0d8")), colour)
    for _ in range(46):
        fx, fy = rng.uniform(0, WIDTH), rng.uniform(690, HEIGHT)
        colour = _disc(colour, (x, y), (fx, fy + 20, rng.uniform(14, 34)), rng.choice(FLOWERS))
    return colour


def blossoms(colour: Array, x: Array, y: Array) -> Array:
    """An eye in the heart of each spiral, and eyes that hang between the boughs."""
    for index, ((cx, cy, radius), _, _) in enumerate(BOUGHS):
        colour = _disc(colour, (x, y), (cx, cy, 0.21 * radius + 6), FLOWERS[index % 5])
    hung = ((372, 66), (604, 48), (470, 318), (640, 330), (60, 606), (968, 606), (372, 540),
            (652, 548), (24, 330), (1004, 320))  # fmt: skip
    for index, (cx, cy) in enumerate(hung):
        colour = _disc(colour, (x, y), (cx, cy, 20 + 5 * (index % 3)), FLOWERS[(index + 2) % 5])
    return colour


def _disc(
    colour: Array,
    place: tuple[Array, Array],
    disc: tuple[float, float, float],
    inks: tuple[str, ...],
) -> Array:
    """Three rings of colour, `inks` from the rim to the heart."""
    d = np.hypot(place[0] - disc[0], place[1] - disc[1]) / disc[2]
    for reach, ink in zip((1.0, 0.68, 0.34), inks, strict=True):
        colour = np.where((d < reach)[..., None], np.array(rgb(str(ink))), colour)
    return colour


def tesserae(dark: Array, rng: Rng) -> Array:
    """Seeds of the tiles (n, 2): rows along every bough and beside it, then the ground between."""
    rows = _thin(np.concatenate([_rows(*bough(k), rng) for k in range(len(BOUGHS))]))
    taken = np.zeros(dark.shape)
    column = np.clip(rows[:, 0].astype(int), 0, WIDTH - 1)
    taken[np.clip(rows[:, 1].astype(int), 0, HEIGHT - 1), column] = 1
    free = smooth(-blur(taken, 0.45 * TILE), -0.0045, -0.0015)
    loose = settle(sow(free + 1e-6, int(free.sum() / TILE**2), rng), free, 7)
    return np.concatenate([rows, loose])


def _rows(path: Array, width: Array, rng: Rng) -> Array:
    """Rows of tiles along a bough: across its width, and one on either side."""
    leg = np.hypot(*np.diff(path, axis=0).T)
    place = np.concatenate([[0], np.cumsum(leg)])
    tangent = np.gradient(path, axis=0)
    normal = np.stack([-tangent[:, 1], tangent[:, 0]], axis=1)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True) + 1e-9
    seeds = []
    for start in np.arange(0, place[-1], TILE):
        k = int(np.searchsorted(place, start))
        count = max(1, round(width[k] / TILE))
        for offset in (np.arange(count + 2) - (count + 1) / 2) * (width[k] / count):
            seeds.append(path[k] + normal[k] * offset + 0.5 * rng.normal(size=2))
    return np.array(seeds)


def _thin(seeds: Array) -> Array:
    """The seeds without those that lie closer than two thirds of a tile to an earlier one."""
    kept: dict[tuple[int, int], list[Array]] = {}
    for seed in seeds:
        column, row = (int(axis // TILE) for axis in seed)
        near = [kept.get((column + i, row + j), []) for i in (-1, 0, 1) for j in (-1, 0, 1)]
        if all(np.hypot(*(seed - other)) > 0.66 * TILE for cell in near for other in cell):
            kept.setdefault((column, row), []).append(seed)
    return np.array([seed for cell in kept.values() for seed in cell])


def faces(design: Array, seeds: Array, rng: Rng) -> Array:
    """Each tile's colour (n, 3): the cartoon's, varied in tone; a few catch the light."""
    column = np.clip(seeds[:, 0].astype(int), 0, WIDTH - 1)
    face = design[np.clip(seeds[:, 1].astype(int), 0, HEIGHT - 1), column]
    tone = 1 + 0.17 * rng.normal(size=(len(seeds), 1))
    hue = 0.035 * rng.normal(size=(len(seeds), 3))
    bright = (rng.uniform(size=(len(seeds), 1)) < 0.07) * 0.22
    return clip(face * tone + hue + bright * face)


def relief(tiles: Cells, seeds: Array, place: tuple[Array, Array], rng: Rng) -> Array:
    """Height of the tiles above their mortar: rounded rims, each face on its own slant."""
    slant = 0.11 * rng.normal(size=(len(seeds), 2))
    own = slant[tiles.label]
    dx, dy = (axis - seeds[tiles.label, i] for i, axis in enumerate(place))
    height: Array = 1.3 * smooth(tiles.edge, 0.2, 1.5) + own[..., 0] * dx + own[..., 1] * dy
    return height
