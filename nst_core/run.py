"""The main job: pictures, a recipe and a backend in, a painting out.

The painting is found coarse to fine: each scale starts from the one before, enlarged.
"""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from nst_core import __version__, images, recipe, registry, weights
from nst_core.backend import Array, Dtype, Session, Snapshot, Terms
from nst_core.errors import NstError
from nst_core.images import Picture
from nst_core.network import Network, network
from nst_core.plan import Stage
from nst_core.recipe import Recipe
from nst_core.weights import Weights

# what a record says of the request, and `recorded` gives back
REPEATED = (
    "content", "styles", "backend", "weights", "preprocessing", "dtype", "exact", "style_scale",
)  # fmt: skip

Progress = Callable[[Stage, Snapshot], None]


@dataclass(frozen=True)
class Request:
    """What to paint, and where. `backend` to `exact` say how it is computed."""

    content: str
    styles: tuple[str, ...]
    recipe: Recipe
    backend: str = "torch"
    weights: str = "auto"
    preprocessing: str | None = None
    device: str = "auto"
    dtype: Dtype = "float32"
    exact: bool = False
    style_scale: float = 1.0
    max_pixels: int = images.MAX_PIXELS


@dataclass(frozen=True)
class Result:
    """The painting, every term there, and the record from which it can be repeated."""

    pixels: Array
    terms: Terms
    record: dict[str, Any]

    def save(self, path: Path, alpha: Array | None = None) -> None:
        """Writes the picture with its record inside, and the record beside it as `.json`."""
        text = json.dumps(self.record, indent=1, ensure_ascii=False)
        images.save(self.pixels, path, alpha=alpha, record=text)
        images.write_text(Path(f"{path}.json"), text + "\n")


class Interrupted(Exception):  # noqa: N818
    """Stopped by the user, which is no error; `result` is the picture so far, if there is one."""

    def __init__(self, result: Result | None) -> None:
        super().__init__("interrupted")
        self.result = result


@dataclass
class Job:
    """A request with its pictures read, its weights loaded and its sizes checked."""

    request: Request
    content: Picture = field(init=False)
    styles: tuple[Picture, ...] = field(init=False)
    weights: Weights = field(init=False)
    note: str | None = field(init=False)

    def __post_init__(self) -> None:
        ask = self.request
        self.backend = registry.backend(ask.backend)
        self.content = images.read(ask.content, max_pixels=ask.max_pixels)
        self.styles = tuple(images.read(s, max_pixels=ask.max_pixels) for s in ask.styles)
        ask.recipe.shares(len(self.styles))
        self.weights, self.note = weights.resolve(
            ask.weights, ask.recipe.network.weights, preprocessing=ask.preprocessing
        )
        self.network = network(self.weights.network, ask.recipe.network.pooling)
        ask.recipe.check(self.network)
        self.stages = self.feasible(ask.recipe.plan.stages())

    @cached_property
    def session(self) -> Session:
        ask = self.request
        return self.backend.session(
            self.network,
            effective_weights(self.weights, self.network, ask.recipe),
            device=ask.device,
            dtype=ask.dtype,
            exact=ask.exact,
        )

    def feasible(self, stages: Sequence[Stage]) -> tuple[Stage, ...]:
        """The stages at which every picture is large enough; the finest must be."""
        least = self.network.smallest_size(self.request.recipe.taps())
        for picture in (self.content, *self.styles):
            height, width = self.shape(picture, stages[-1].size)
            if min(height, width) < least:
                raise NstError(
                    f"{picture.source} at this size is {width}×{height} pixels; recipe "
                    f"'{self.request.recipe.name}' on {self.network.name} needs {least} on the "
                    "shorter side: raise --size or choose another picture"
                )
        return tuple(
            stage
            for stage in stages
            if all(min(self.shape(p, stage.size)) >= least for p in (self.content, *self.styles))
        )

    def shape(self, picture: Picture, size: int) -> tuple[int, int]:
        """Height and width of a picture at a scale; styles are scaled by `style_scale`."""
        if picture is not self.content:
            size = round(size * self.request.style_scale)
        return images.fit(picture.height, picture.width, size)

    def at(self, picture: Picture, size: int) -> Array:
        return images.resize(picture.pixels, *self.shape(picture, size))

    def first_image(self, stage: Stage) -> Array:
        """The image that the first scale starts from, of the content's shape there."""
        plan = self.request.recipe.plan
        height, width = self.shape(self.content, stage.size)
        if plan.init == "noise":
            noise = np.random.default_rng(plan.seed).standard_normal((3, height, width))
            return np.asarray(0.5 + plan.noise * noise, np.float32)
        if plan.init in ("content", "style"):
            picture = self.content if plan.init == "content" else self.styles[0]
        else:
            picture = images.read(plan.init, max_pixels=self.request.max_pixels)
        return images.resize(picture.pixels, height, width)

    def paint(self, progress: Progress) -> Result:
        """Paints every scale; raises Interrupted with the picture so far on KeyboardInterrupt."""
        began = time.monotonic()
        latest: Snapshot | None = None
        image = self.first_image(self.stages[0])
        try:
            for stage in self.stages:
                image = images.resize(image, *self.shape(self.content, stage.size), clip=False)
                styles = [self.at(style, stage.size) for style in self.styles]
                content = self.at(self.content, stage.size)
                targets = self.session.targets(content, styles, self.request.recipe)

                def watch(snapshot: Snapshot, stage: Stage = stage) -> None:
                    nonlocal latest
                    latest = snapshot
                    progress(stage, snapshot)

                image = self.session.paint(image, targets, stage, watch)
            terms = self.session.terms(image, targets)
        except KeyboardInterrupt:
            raise Interrupted(self.unfinished(latest, time.monotonic() - began)) from None
        return self.result(image, terms, time.monotonic() - began)

    def unfinished(self, latest: Snapshot | None, seconds: float) -> Result | None:
        if latest is None:
            return None
        return self.result(self.finished_size(latest.image()), latest.terms, seconds)

    def finished_size(self, image: Array) -> Array:
        """A picture of any scale at the size of the last."""
        shape = self.shape(self.content, self.stages[-1].size)
        return images.resize(image, *shape, clip=False)

    def alpha(self) -> Array | None:
        """The photograph's transparency at the painting's size, if it has one."""
        if self.content.alpha is None:
            return None
        shape = self.shape(self.content, self.stages[-1].size)
        alpha: Array = images.resize(self.content.alpha[None], *shape)[0]
        return alpha

    def result(self, image: Array, terms: Terms, seconds: float) -> Result:
        pixels = np.clip(image, 0, 1)
        return Result(pixels, terms, self.record(terms, seconds))

    def record(self, terms: Terms, seconds: float) -> dict[str, Any]:
        ask, about = self.request, self.backend.about()
        pictures = (self.content, *self.styles)
        return {
            "nst": __version__,
            "made": datetime.now(UTC).isoformat(timespec="seconds"),
            "content": ask.content,
            "styles": list(ask.styles),
            "backend": ask.backend,
            "weights": self.weights.name,
            "preprocessing": ask.preprocessing,
            "dtype": ask.dtype,
            "exact": ask.exact,
            "style_scale": ask.style_scale,
            "recipe": ask.recipe.model_dump(mode="json"),
            "sha256": {p.source: p.sha256 for p in pictures}
            | {f"weights:{self.weights.name}": self.weights.sha256},
            "versions": {about.framework: about.version, "numpy": np.__version__}
            | ({"engine": about.engine} if about.engine else {}),
            "flags": dict(self.session.flags),
            "terms": terms.as_json(),
            "seconds": round(seconds, 2),
        }


def recorded(source: str) -> dict[str, Any]:
    """The request that a finished picture was made with; empty for any other recipe source."""
    path = Path(source)
    if source in recipe.names() or path.suffix == ".toml" or not path.is_file():
        return {}
    try:
        record = json.loads(images.read_record(path))
        return {key: record[key] for key in REPEATED if record[key] is not None}
    except (ValueError, KeyError, TypeError) as error:
        raise NstError(f"{source} carries no complete record of nst: {error}") from error


def losses(request: Request, image: str) -> Terms:
    """Every term at the picture `image`, brought to the size that the plan ends with."""
    job = Job(request)
    size = job.stages[-1].size
    height, width = job.shape(job.content, size)
    picture = images.read(image, max_pixels=request.max_pixels)
    styles = [job.at(style, size) for style in job.styles]
    targets = job.session.targets(job.at(job.content, size), styles, request.recipe)
    return job.session.terms(images.resize(picture.pixels, height, width), targets)


def effective_weights(loaded: Weights, net: Network, recipe: Recipe) -> Weights:
    """The weights as the recipe uses them: normalised where it says so."""
    if not recipe.network.normalised:
        return loaded
    from nst_core.normalise import normalised

    return normalised(loaded, net)
