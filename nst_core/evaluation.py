"""The terms of the total at a picture that exists, without optimising: what `nst losses` shows."""

from collections.abc import Iterator
from typing import Any

from nst_core import images
from nst_core.backend import Terms
from nst_core.request import Request
from nst_core.run import Job


class Evaluation:
    """A picture as a request sees it: brought to the size that the plan ends with.

    Raises what `Job` raises, and ImageError if `image` cannot be read.
    """

    def __init__(self, request: Request, image: str) -> None:
        self.job = Job(request)
        self.picture = request.read(image)
        self.size = self.job.stages[-1].size
        self.shape = self.job.shape(self.job.content, self.size)

    def notes(self) -> Iterator[str]:
        """Where the numbers are not those that one may expect: a line for each reason."""
        if self.job.note:
            yield self.job.note
        picture, (height, width) = self.picture, self.shape
        if self.shape == (picture.height, picture.width):
            return
        resized = (
            f"'{picture.source}' is {picture.width}×{picture.height} "
            f"and is judged at {width}×{height}"
        )
        if size := self.size_of_its_own():
            yield f"{resized}, the size that the plan ends with: --size {size} judges it as it is"
        else:
            yield f"{resized}, the photograph's shape at the size that the plan ends with"

    def size_of_its_own(self) -> int | None:
        """The size of the plan at which the picture would not be resized, if there is one."""
        height, width = self.picture.height, self.picture.width
        sides = {"longest": max(height, width), "shortest": min(height, width)}
        size = sides.get(self.job.request.recipe.plan.side, round((height * width) ** 0.5))
        return size if self.job.shape(self.job.content, size) == (height, width) else None

    def terms(self) -> Terms:
        """Every term at the picture."""
        image = self.job.colour.seen(images.resize(self.picture.pixels, *self.shape))
        return self.job.session.terms(image, self.job.targets(self.size))

    def as_json(self, terms: Terms) -> dict[str, Any]:
        """`Terms.as_json`, and the `weights` that were used."""
        return terms.as_json() | {"weights": self.job.weights.name}
