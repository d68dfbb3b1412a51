"""The spike in the loss of the PyTorch tutorial and of SSUML's notebook.

Both clamp the image to [0, 1] inside the closure of L-BFGS, which then stores steps that were not
made in full. No line search checks its next step, and the loss jumps by many orders of magnitude.
With the plain recipe L-BFGS stores the clipped steps. The loss is then smooth for some hundreds of
steps, but it can still jump later, because there is no line search.
"""

from collections.abc import Sequence
from pathlib import Path

from nst_core.experiments import chart, output, sweep
from nst_core.experiments.cell import Cell, Outcome
from nst_core.experiments.curve import largest_jump
from nst_core.request import CommandOptions

AS_RUN, PLAIN = "ssuml-torch-as-run", "ssuml-torch"
OVER = f"recipe={AS_RUN},{PLAIN}"
# Settings with which the spike comes early on `vgg16-hed`. Its input pixels are from 0 to 255,
# about 58 times those of the source. Content grows with the square of this factor and style with
# its fourth power, so the source's style weight of 1e6 becomes 1e6 / 58² = 300.
DEFAULTS: CommandOptions = {
    "size": 128,
    "iterations": 400,
    "style_weight": 300.0,
}
CONTENT, STYLE = "sample:coffee", "sample:night"


def report(cells: Sequence[Cell], found: Sequence[Outcome], folder: Path) -> None:
    """Writes the files of a sweep, with the largest jumps marked in the chart."""
    sweep.report(cells, found, folder)
    jumps = [(line, largest_jump(line.curve)) for line in chart.lines(found) if line.curve]
    title = "The total before each step, and its largest jump above the minimum so far"
    output.write(folder / "curves.png", chart.curves(title, *zip(*jumps, strict=True)))


def sentence(one: Outcome) -> str:
    """The step and the size of the largest jump of a curve."""
    name = one.cell.settings["recipe"]
    if not one.curve:
        return f"{name}: {one.diverged}."
    jump = largest_jump(one.curve)
    if jump.factor <= 1:
        said = "the total never rises"
    else:
        said = (
            f"the largest jump is at step {jump.step}, where the total is {jump.after:.3g}, "
            f"{jump.times} the minimum so far"
        )
    return f"{name}: {said}{', and it ' + one.diverged if one.diverged else ''}."
