"""The terms of the loss for an existing picture, without optimising: used by `nst losses`."""

from collections.abc import Iterator
from typing import Any

from nst_core import images
from nst_core.backend import Terms
from nst_core.request import Request
from nst_core.run import Job


class Evaluation:
    """A picture, resized to the final size of the plan.

    Raises the errors of `Job`, and ImageError if `image` cannot be read.
    """

    def __init__(self, request: Request, image: str) -> None:
        self.job = Job(request)
        self.picture = request.read(image)
        self.size = self.job.stages[-1].size
        self.shape = self.job.shape(self.job.content, self.size)

    def notes(self) -> Iterator[str]:
        """A line for each reason why the numbers may be unexpected."""
        if self.job.note:
            yield self.job.note
        picture, (height, width) = self.picture, self.shape
        if self.shape == (picture.height, picture.width):
            return
        resized = (
            f"'{picture.source}' is {picture.width}×{picture.height} "
            f"and is resized to {width}×{height}"
        )
        if size := self.size_of_its_own():
            yield f"{resized}, the final size of the plan: use --size {size} to keep its own size"
        else:
            yield f"{resized}, the photograph's shape at the final size of the plan"

    def size_of_its_own(self) -> int | None:
        """The `plan.size` with which the picture would not be resized, if there is one."""
        height, width = self.picture.height, self.picture.width
        sides = {"longest": max(height, width), "shortest": min(height, width)}
        size = sides.get(self.job.request.recipe.plan.side, round((height * width) ** 0.5))
        return size if self.job.shape(self.job.content, size) == (height, width) else None

    def terms(self) -> Terms:
        """Every term of the loss for the picture."""
        image = self.job.colour.seen(images.resize(self.picture.pixels, *self.shape))
        return self.job.session.terms(image, self.job.targets(self.size))

    def as_json(self, terms: Terms) -> dict[str, Any]:
        """`Terms.as_json` with the name of the `weights` that were used."""
        return terms.as_json() | {"weights": self.job.weights.name}
