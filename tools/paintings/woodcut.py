"""Woodcut: carved lines that swell and break off, foam cut as hooked fingers, ink with grain."""

from dataclasses import dataclass, field

import numpy as np
from PIL import Image, ImageDraw

from tools.paintings.canvas import Array, Rng, clip, noise, rgb

INDIGO, BLUE, PALE, CREAM, VERMILION = (
    np.array(rgb(code)) for code in ("14224e", "2f5d92", "9dbfc4", "f3e7cb", "d23c22")
)
BANDS = np.array([INDIGO, BLUE, PALE, BLUE, INDIGO, BLUE])


def curve(knots: tuple[tuple[float, float], ...], count: int) -> Array:
    """A Catmull-Rom spline (count, 2) through the knots."""
    p = np.array((knots[0], *knots, knots[-1]))
    at = np.linspace(0, len(knots) - 1 - 1e-9, count)
    k, t = at.astype(int), (at % 1)[:, None]
    a, b, c, d = (p[k + i] for i in range(4))
    bend = (2 * a - 5 * b + 4 * c - d) * t + (3 * b - a - 3 * c + d) * t * t
    path: Array = b + 0.5 * t * (c - a + bend)
    return path


def carve(u: Array, press: Array, vein: Array) -> Array:
    """Water cut in bands of ink, one per unit of `u`: a bright line opens each, fine lines fill it.

    `press` swells the bright lines, `vein` starts and stops the fine ones; both about -1 to 1.
    """
    band, f = np.floor(u).astype(int), u % 1
    colour = BANDS[band % len(BANDS)]
    fine = (4 * u) % 1 < np.clip(0.30 + 0.34 * vein, 0, 0.62)
    dark = (band % len(BANDS)) % 4 == 0
    ink = np.where(dark[..., None], BLUE, np.where((band % 6 == 2)[..., None], BLUE, INDIGO))
    colour = np.where(fine[..., None], ink, colour)
    bright = f < np.clip(0.17 + 0.11 * press, 0.03, 0.34)
    colour = np.where(bright[..., None], CREAM, colour)
    edge = (f > 0.93) & (press > -1.2)
    return np.where(edge[..., None], INDIGO, colour)


@dataclass
class Foam:
    """Discs (x, y, radius) that merge into one white shape outlined in indigo, and its creases."""

    discs: list[tuple[float, float, float]] = field(default_factory=list)
    creases: list[Array] = field(default_factory=list)

    def finger(self, spot: Array, heading: float, length: float, rng: Rng) -> None:
        """A hooked finger from `spot` that curls ever tighter, two smaller ones on its back."""
        radius, curl = 0.17 * length, rng.uniform(0.9, 1.5)
        path = []
        x, y = float(spot[0]), float(spot[1])
        for step in range(22):
            t = step / 21
            heading += curl * (0.035 + 0.22 * t**2)
            x, y = x + length / 22 * np.cos(heading), y + length / 22 * np.sin(heading)
            path.append((x, y))
            self.discs.append((x, y, radius * (1 - t) ** 0.8 + 0.8))
            if length > 20 and step in (7, 13):
                self.finger(
                    np.array([x, y]), heading - 0.9 + 0.25 * rng.normal(), 0.52 * length, rng
                )
        self.creases.append(np.array(path[:17]))

    def print(self, image: Image.Image, scale: float) -> None:
        """Print the outline, the white, then the creases."""
        draw = ImageDraw.Draw(image)
        for extra, ink in ((2.0, INDIGO), (0.0, CREAM)):
            for x, y, r in self.discs:
                draw.ellipse(_box(x, y, r + extra, scale), fill=eight(ink))
        for path in self.creases:
            offset = path + np.array([0.0, 1.5])
            draw.line(
                [tuple(p) for p in offset * scale], fill=eight(BLUE), width=round(1.3 * scale)
            )


def spray(image: Image.Image, spots: Array, radii: Array, scale: float) -> None:
    """Drops of foam: white dots, each with a thin outline."""
    draw = ImageDraw.Draw(image)
    for (x, y), r in zip(spots, radii, strict=True):
        draw.ellipse(_box(x, y, r + 1.1, scale), fill=eight(INDIGO))
        draw.ellipse(_box(x, y, r, scale), fill=eight(CREAM))


def shape(
    image: Image.Image, points: Array, ink: Array, scale: float, outline: float = 1.6
) -> None:
    """A filled polygon (n, 2) with an indigo outline."""
    draw = ImageDraw.Draw(image)
    corners = [tuple(p) for p in points * scale]
    draw.polygon(corners, fill=eight(ink))
    draw.line([*corners, corners[0]], fill=eight(INDIGO), width=max(1, round(outline * scale)))


def printed(picture: Array, rng: Rng) -> Array:
    """Ink on paper: the plank's grain in long wavering lines, mottled ink, paper fibres."""
    shape_ = picture.shape[:2]
    y = np.linspace(0, 60, shape_[0])[:, None]
    rings = np.sin(2.4 * (y + 1.1 * noise(rng, shape_, (7, 3), 2)))
    mottle = noise(rng, shape_, (190, 270), 2)
    fibre = noise(rng, shape_, (420, 90))
    ink = 1 - picture.mean(axis=-1, keepdims=True)
    shade = 0.045 * rings + 0.04 * mottle + 0.022 * fibre
    return clip(picture + shade[..., None] * (0.5 + ink))


def eight(ink: Array) -> tuple[int, int, int]:
    """An ink as 8-bit numbers."""
    red, green, blue = (round(255 * float(c)) for c in ink)
    return red, green, blue


def _box(x: float, y: float, r: float, scale: float) -> tuple[float, float, float, float]:
    return ((x - r) * scale, (y - r) * scale, (x + r) * scale, (y + r) * scale)
