"""Wave: a woodcut in five inks. A breaker rears over a small boat against a vermilion sun.

The sky is cut in rings around the sun, the water along its own form, the foam into claws.
"""

import numpy as np
from PIL import Image

from tools.paintings.canvas import Array, Canvas, Rng, blank, clip, grid, noise, ramp, rgb
from tools.paintings.woodcut import (
    BLUE,
    CREAM,
    INDIGO,
    VERMILION,
    Foam,
    carve,
    curve,
    printed,
    shape,
    spray,
)  # fmt: skip

WIDTH, HEIGHT = 1024, 736
SUN = (770.0, 236.0, 98.0)
CREST = (
    (-60.0, 600.0), (40.0, 440.0), (130.0, 300.0), (235.0, 186.0), (360.0, 116.0), (485.0, 104.0),
    (590.0, 146.0), (652.0, 226.0), (664.0, 312.0),
)  # fmt: skip
HOLLOW = (
    (120.0, 800.0), (250.0, 720.0), (330.0, 610.0), (366.0, 500.0), (398.0, 400.0), (450.0, 316.0),
    (525.0, 268.0), (605.0, 270.0), (656.0, 316.0),
)  # fmt: skip
# level, height, length, phase, lean of each swell, far to near.
SWELLS = (
    (520.0, 34.0, 205.0, 0.2, 5.0),
    (578.0, 52.0, 290.0, 2.4, -7.0),
    (650.0, 74.0, 430.0, 4.0, 9.0),
)


def paint(size: int) -> Array:
    """The print, oversampled, for a longest side of `size` pixels."""
    rng = np.random.default_rng(1831)
    canvas = blank(WIDTH, HEIGHT, size, rgb("f3e7cb"))
    x, y = grid(canvas)
    press, vein = noise(rng, x.shape, (14, 11), 2), noise(rng, x.shape, (46, 30), 2)
    picture = sky(x, y, noise(rng, x.shape, (6, 8), 2), press)
    picture = swell(picture, 0, (x, y), (press, vein))
    picture = breaker(picture, canvas, press, vein)
    image = _image(picture)
    claws(image, canvas.scale, rng)
    boat(image, canvas.scale)
    for index in (1, 2):
        image = _image(swell(_array(image), index, (x, y), (press, vein)))
        caps(image, index, canvas.scale, rng)
    return printed(_array(image), rng)


def sky(x: Array, y: Array, drift: Array, press: Array) -> Array:
    """Rings around the sun, wider apart and bluer away from it; the disc cut by lines of cloud."""
    sx, sy, radius = SUN
    r = np.hypot(x - sx, y - sy)
    away = clip((r - radius) / 620)
    phase = (np.abs(r - radius) / 11.5) ** 0.97 + 1.5 * drift * clip(away * 3)
    width = np.clip(0.40 - 0.20 * away + 0.09 * press, 0.1, 0.6)
    line = (phase % 1) < width
    ground = ramp(away, "fbe3b4", "f5ddb0", "e9dcc0", "c9d2c6", "9fb9c0")
    ink = ramp(clip(away * 1.15), "d8452a", "e2855a", "8fa6a8", "4d7aa0", "2b4f84")
    picture = np.where(line[..., None], ink, ground)
    cloud = ((y - sy) / 15 + 0.9 * drift + 0.1) % 1 < np.clip((y - sy + 20) / 190, 0, 0.62)
    disc = np.where(cloud[..., None], np.array(rgb("f2b36a")), VERMILION)
    picture = np.where((r < radius)[..., None], disc, picture)
    return np.where((np.abs(r - radius) < 1.6)[..., None], INDIGO, picture)


def line(x: Array, index: int) -> Array:
    """The crest line of a swell: rounded troughs, pointed peaks."""
    level, height, length, phase, lean = SWELLS[index]
    a = x / length * np.pi + phase
    peaks = 1 - np.abs(np.sin(a + 0.16 * np.sin(2 * a))) ** 0.8
    ripple = 0.16 * (1 - np.abs(np.sin(3.3 * a + 1)))
    crest: Array = level - height * (peaks + ripple) + lean * (x - WIDTH / 2) / WIDTH * 4
    return crest


def swell(
    picture: Array, index: int, place: tuple[Array, Array], cut: tuple[Array, Array]
) -> Array:
    """A swell over the picture, cut along its crest; the cut levels out with depth."""
    x, y = place
    top = line(x, index)
    below = y - top
    level = np.mean(top)
    ease = np.exp(-np.clip(below, 0, None) / 130)
    depth = below * ease + (y - level + 18) * (1 - ease)
    u = np.clip(depth, 0, None) / (13.0, 17.0, 22.0)[index] + 0.16 * cut[0]
    water = carve(u + (1, 3, 0)[index], *cut)
    water = np.where((below < (7, 10, 13)[index] * (1 + 0.3 * cut[0]))[..., None], CREAM, water)
    picture = np.where((below > 0)[..., None], water, picture)
    return np.where((np.abs(below) < 1.7)[..., None], INDIGO, picture)


def breaker(picture: Array, canvas: Canvas, press: Array, vein: Array) -> Array:
    """The great wave: bands sweep up from its foot between back and hollow and meet in the tip."""
    count = int(1500 * canvas.scale)
    back, front = curve(CREST, count), curve(HOLLOW, count)
    t = np.linspace(0, 1, int(560 * canvas.scale))[None, :, None]
    spots = (back[:, None] * (1 - t) + front[:, None] * t) * canvas.scale
    column, row = np.floor(spots[..., 0]).astype(int), np.floor(spots[..., 1]).astype(int)
    keep = (row >= 0) & (row < press.shape[0]) & (column >= 0) & (column < press.shape[1])
    s = np.broadcast_to(np.linspace(0, 1, count)[:, None], keep.shape)[keep]
    across = np.broadcast_to(t[..., 0], keep.shape)[keep]
    row, column = row[keep], column[keep]
    u = 11 * across**0.9 + 0.5 * np.sin(5 * s + 1) + 0.14 * press[row, column]
    colour = carve(u + 1, press[row, column], vein[row, column])
    rim = (across < 0.006) | (across > 0.990)
    picture[row, column] = np.where(rim[:, None], INDIGO, colour)
    return picture


def claws(image: Image.Image, scale: float, rng: Rng) -> None:
    """Foam along the crest and under the tip, and the spray that it throws."""
    back, front, foam = curve(CREST, 400), curve(HOLLOW, 400), Foam()
    for k in (*range(150, 396, 6), *range(396, 400)):
        share = (k - 130) / 270
        here = back[k] + 0.06 * (front[k] - back[k]) + rng.normal(size=2) * 2
        foam.discs.append((here[0], here[1], rng.uniform(9, 18) * (0.6 + 0.7 * share)))
        forward = np.arctan2(*(back[min(k + 4, 399)] - back[k - 4])[::-1])
        if k % 12 == 6:
            foam.finger(here, forward - rng.uniform(0.0, 0.9), 34 + 44 * share, rng)
    for k in range(300, 400, 9):
        here = 0.25 * back[k] + 0.75 * front[k]
        foam.discs.append((here[0], here[1], rng.uniform(7, 12)))
        foam.finger(here, rng.uniform(0.7, 1.5), rng.uniform(38, 74), rng)
    foam.print(image, scale)
    spots = back[rng.integers(190, 400, 170)] + rng.normal(size=(170, 2)) * (52, 40) + (34, 8)
    spray(image, spots, rng.uniform(0.8, 3.6, 170), scale)


def caps(image: Image.Image, index: int, scale: float, rng: Rng) -> None:
    """Small claws on the peaks of a swell."""
    x = np.arange(-10.0, WIDTH + 10, 5)
    top, foam = line(x, index), Foam()
    level, height = SWELLS[index][:2]
    for px, py in zip(x, top, strict=True):
        rise = (level - py) / height
        if rise < 0.42 or rng.uniform() < 0.3:
            continue
        foam.discs.append((px, py + 3, rng.uniform(3, 7) * (0.5 + rise)))
        if rng.uniform() < 0.5:
            foam.finger(
                np.array([px, py + 2]), rng.uniform(-1.1, 0.1), (20 + 12 * index) * rise + 8, rng
            )
    foam.print(image, scale)


def boat(image: Image.Image, scale: float) -> None:
    """A skiff with a red sail, bow to the breaker."""
    hull = curve(((700, 486), (726, 508), (780, 517), (836, 506), (868, 480)), 40)
    deck = curve(((868, 480), (832, 494), (780, 501), (730, 496), (700, 486)), 40)
    shape(image, np.concatenate([hull, deck]), BLUE * 0.7, scale, 2)
    shape(
        image, curve(((704, 489), (730, 500), (780, 507), (834, 498), (864, 484)), 40), CREAM, scale
    )
    sail = curve(((788, 398), (832, 424), (846, 484)), 30)
    shape(image, np.concatenate([sail, [[790, 488]]]), VERMILION, scale, 2)
    shape(image, np.array([[782, 386], [787, 386], [789, 500], [784, 500]]), INDIGO, scale)
    jib = curve(((780, 404), (756, 446), (722, 482)), 30)
    shape(image, np.concatenate([jib, [[779, 484]]]), CREAM, scale, 2)
    for rib in np.linspace(412, 474, 5):
        shape(
            image, np.array([[790, rib], [790 + (rib - 398) * 0.62, rib + 6]]), INDIGO, scale, 1.2
        )


def _image(picture: Array) -> Image.Image:
    return Image.fromarray(np.round(clip(picture) * 255).astype(np.uint8))


def _array(image: Image.Image) -> Array:
    return np.asarray(image, dtype=np.float64) / 255
