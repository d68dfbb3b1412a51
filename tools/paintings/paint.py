"""Make the sample paintings: `python -m tools.paintings [NAME ...] [-o DIR] [--size N]`.

Each painting has a fixed seed: the same size gives the same picture.
"""

from argparse import ArgumentParser
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from PIL import Image

from nst_core import samples
from nst_core.samples import PAINTINGS
from tools.paintings.canvas import SIDE, Array, finish

FOLDER = Path(samples.__file__).parent
QUALITY = 92
"""JPEG quality, lowered in steps of two until the file is at most `LIMIT` bytes."""
LIMIT = 400_000


def render(name: str, size: int = int(SIDE)) -> Image.Image:
    """The painting `name` with a longest side of `size` pixels."""
    brush: Callable[[int], Array] = import_module(f"tools.paintings.{name}").paint
    return finish(brush(size))


def save(image: Image.Image, file: Path) -> None:
    """Write the painting as a JPEG of at most `LIMIT` bytes."""
    for quality in range(QUALITY, 60, -2):
        image.save(file, quality=quality, optimize=True)
        if file.stat().st_size <= LIMIT:
            return


def main(arguments: list[str] | None = None) -> None:
    """The command line."""
    parser = ArgumentParser(prog="python -m tools.paintings", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(PAINTINGS))
    parser.add_argument("-o", "--out", type=Path, default=FOLDER, metavar="DIR")
    parser.add_argument("--size", type=int, default=int(SIDE), help="longest side in pixels")
    options = parser.parse_args(arguments)
    wrong = sorted(set(options.names) - set(PAINTINGS))
    if wrong:
        parser.error(f"no painting named {', '.join(wrong)}. Choose from: {', '.join(PAINTINGS)}.")
    options.out.mkdir(parents=True, exist_ok=True)
    for name in options.names or PAINTINGS:
        save(render(name, options.size), options.out / f"{name}.jpg")
