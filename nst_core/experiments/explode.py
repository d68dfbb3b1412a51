"""The spike in the loss of the PyTorch tutorial and of SSUML's notebook.

Both cut the image to the colours that exist inside the closure of L-BFGS, behind its back: it
remembers steps that were never made. No line search checks its next step, and the loss jumps by
many orders of magnitude. The plain recipe tells it of each cut. That keeps the first hundreds of
steps smooth; without a line search nothing does so for ever.
"""

from collections.abc import Sequence
from pathlib import Path

from nst_core.experiments import chart, output, sweep
from nst_core.experiments.cell import Cell, Outcome
from nst_core.experiments.curve import largest_jump
from nst_core.request import CommandOptions

AS_RUN, PLAIN = "ssuml-torch-as-run", "ssuml-torch"
OVER = f"recipe={AS_RUN},{PLAIN}"
# where the spike comes early on the weights that every machine can have. These see pixels of
# 0 to 255, some 58 times those of the source; with activations, content grows by the square of
# that and style by its fourth power, so that the source's 1e6 is 1e6 / 58² = 300 here.
DEFAULTS: CommandOptions = {
    "size": 128,
    "iterations": 400,
    "style_weight": 300.0,
}
CONTENT, STYLE = "sample:coffee", "sample:night"


def report(cells: Sequence[Cell], found: Sequence[Outcome], folder: Path) -> None:
    """What a sweep leaves, its chart with the largest jumps marked."""
    sweep.report(cells, found, folder)
    jumps = [(line, largest_jump(line.curve)) for line in chart.lines(found) if line.curve]
    title = "The total before each step, and where it stands highest above its lowest so far"
    output.write(folder / "curves.png", chart.curves(title, *zip(*jumps, strict=True)))


def sentence(one: Outcome) -> str:
    """Where the largest jump of a curve is, and how large."""
    name = one.cell.settings["recipe"]
    if not one.curve:
        return f"{name}: {one.diverged}."
    jump = largest_jump(one.curve)
    if jump.factor <= 1:
        said = "the total never rises above its lowest so far"
    else:
        said = (
            f"the largest jump is at step {jump.step}, where the total is {jump.after:.3g}, "
            f"{jump.times} its lowest so far"
        )
    return f"{name}: {said}{', and it ' + one.diverged if one.diverged else ''}."
