"""Paints a picture from a request: the pictures, a recipe and a backend.

The picture is painted from coarse to fine: each scale starts from the enlarged result of the last.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property, partial
from typing import Any

import numpy as np

from nst_core import __version__, images, registry, weights
from nst_core.backend import About, Array, Session, Snapshot, Targets, Terms
from nst_core.colour import METHODS
from nst_core.effective import effective_weights
from nst_core.errors import BackendError, DivergedError, ImageError, NstError
from nst_core.images import Picture
from nst_core.plan import INITS, Stage, section
from nst_core.recipe import Recipe
from nst_core.request import Request, recorded
from nst_core.result import Interrupted, Result
from nst_core.weights import Weights

__all__ = ["Interrupted", "Job", "Progress", "Request", "Result", "recorded"]

Progress = Callable[[Stage, Snapshot], None]


@dataclass
class Job:
    """A request with its pictures read, its weights loaded and its sizes checked."""

    request: Request
    content: Picture = field(init=False)
    styles: tuple[Picture, ...] = field(init=False)
    init: Picture | None = field(init=False)
    weights: Weights = field(init=False)
    note: str | None = field(init=False)

    def __post_init__(self) -> None:
        ask = self.request
        self.backend = registry.backend(ask.backend)
        self.colour = METHODS[ask.colour]
        ask.recipe.shares(len(ask.styles))
        self.content = ask.read(ask.content)
        self.styles = tuple(ask.read(style) for style in ask.styles)
        self.init = read_init(ask)
        self.weights, self.note = weights.resolve(
            ask.weights, ask.recipe.network.weights, preprocessing=ask.preprocessing
        )
        self.network = ask.recipe.network.of(self.weights.network)
        ask.recipe.check(self.network, self.note)
        self.stages = self.feasible(ask.recipe.plan.stages())

    @cached_property
    def session(self) -> Session:
        ask = self.request
        check_terms(ask.backend, self.backend.about(), ask.recipe)
        return self.backend.session(
            self.network,
            self.effective,
            device=ask.device,
            dtype=ask.dtype,
            exact=ask.exact,
        )

    def feasible(self, stages: Sequence[Stage]) -> tuple[Stage, ...]:
        """The stages at which every picture is large enough; raises NstError if the last is not."""
        least = self.network.smallest_size(self.request.recipe.taps())
        pictures = (self.content, *self.styles)
        for picture in pictures:
            self.check_size(picture, stages[-1].size, least)
        return tuple(
            stage
            for stage in stages
            if all(min(self.shape(picture, stage.size)) >= least for picture in pictures)
        )

    def check_size(self, picture: Picture, size: int, least: int) -> None:
        """Raises NstError if a picture is too small, itself or at `size`, or would be too large."""
        height, width = self.shape(picture, size)
        name = self.request.recipe.name
        given = f"'{picture.source}' is {picture.width}×{picture.height} pixels"
        needs = f"recipe '{name}' on {self.network.name} needs {least} on the shorter side"
        if min(picture.height, picture.width) < least:
            raise NstError(f"{given}, but {needs}: choose a larger picture")
        if min(height, width) < least:
            cure = "increase --size"
            cure += " or --style-scale" if picture is not self.content else ""
            raise NstError(f"{given}, {width}×{height} at this size, but {needs}: {cure}")
        if height * width > self.request.max_pixels:
            raise NstError(
                f"{given} and would be resized to {width}×{height}, more than the limit of "
                f"{self.request.max_pixels:,} pixels: decrease --size or increase --max-pixels"
            )

    def shape(self, picture: Picture, size: int) -> tuple[int, int]:
        """Height and width of a picture at a scale; styles are scaled by `style_scale`."""
        recipe = self.request.recipe
        if picture is not self.content:
            if recipe.style.resize == "content":
                return self.shape(self.content, size)
            size = round(size * self.request.style_scale)
        return images.fit(picture.height, picture.width, size, recipe.plan.side)

    def at(self, picture: Picture, size: int) -> Array:
        return images.resize(picture.pixels, *self.shape(picture, size))

    def first_image(self, stage: Stage) -> Array:
        """The image that the first scale starts from; it has the content's shape there."""
        plan = self.request.recipe.plan
        height, width = self.shape(self.content, stage.size)
        if plan.init == "noise":
            random, shape = np.random.default_rng(plan.seed), (3, height, width)
            normal = plan.noise.distribution == "normal"
            noise = random.standard_normal(shape) if normal else random.uniform(-1, 1, shape)
            image = self.centre() + plan.noise.width * noise
            return self.colour.seen(image.astype(self.request.precision))
        if plan.init == "style":
            style = images.resize(self.styles[0].pixels, height, width)
            return self.colour.recoloured(style, self.at(self.content, stage.size))
        picture = self.init or self.content
        return self.colour.seen(images.resize(picture.pixels, height, width))

    def centre(self) -> Array:
        """The mean colour of the white noise, (3, 1, 1)."""
        rule, kind = self.effective.preprocessing, self.request.recipe.plan.noise.centre
        if kind == "mean":
            order = ["RGB".index(channel) for channel in rule.channels]
            mean = np.zeros(3)
            mean[order] = np.array(rule.mean) / rule.scale
            return mean[:, None, None]
        return np.full((3, 1, 1), 0.5 if kind == "grey" else 0.0)

    @cached_property
    def effective(self) -> Weights:
        """The weights as the recipe uses them."""
        return effective_weights(self.weights, self.network, self.request.recipe)

    def paint(self, progress: Progress) -> Result:
        """Paints every scale; raises Interrupted with the current picture on KeyboardInterrupt."""
        began = time.monotonic()
        latest: Snapshot | None = None

        def watch(stage: Stage, snapshot: Snapshot) -> None:
            nonlocal latest
            check_finite(snapshot.terms, stage)
            latest = snapshot
            progress(stage, snapshot)

        try:
            # check_finite reports an overflow; NumPy's warnings would only repeat it
            with np.errstate(over="ignore", invalid="ignore"):
                image, terms = self.paint_stages(watch)
        except KeyboardInterrupt:
            raise Interrupted(self.unfinished(latest, time.monotonic() - began)) from None
        return self.result(image, terms, time.monotonic() - began)

    def paint_stages(self, watch: Progress) -> tuple[Array, Terms]:
        """The image after the last stage, and its terms."""
        image = self.first_image(self.stages[0])
        for stage in self.stages:
            image = images.resize(image, *self.shape(self.content, stage.size), clip=False)
            targets = self.targets(stage.size)
            image = self.session.paint(image, targets, stage, partial(watch, stage))
        terms = self.session.terms(image, targets)
        check_finite(terms, self.stages[-1])
        return image, terms

    def targets(self, size: int) -> Targets:
        """The targets at a scale."""
        content = self.at(self.content, size)
        styles = [self.colour.recoloured(self.at(style, size), content) for style in self.styles]
        return self.session.targets(self.colour.seen(content), styles, self.request.recipe)

    def unfinished(self, latest: Snapshot | None, seconds: float) -> Result | None:
        if latest is None:
            return None
        return self.result(latest.image(), latest.terms, seconds, finished=False)

    def shown(self, image: Array) -> Array:
        """A painting of any scale as it is saved: in the final size and colours."""
        size = self.stages[-1].size
        image = images.resize(image, *self.shape(self.content, size), clip=False)
        return self.colour.restored(image, self.at(self.content, size))

    def alpha(self) -> Array | None:
        """The photograph's transparency at the painting's size; None if it is not kept."""
        if self.content.alpha is None or not self.request.keep_alpha:
            return None
        shape = self.shape(self.content, self.stages[-1].size)
        alpha: Array = images.resize(self.content.alpha[None], *shape)[0]
        return alpha

    def result(
        self, image: Array, terms: Terms, seconds: float, *, finished: bool = True
    ) -> Result:
        record = self.record(terms, seconds) | {"finished": finished}
        return Result(np.clip(self.shown(image), 0, 1), terms, record, self.alpha())

    def record(self, terms: Terms, seconds: float) -> dict[str, Any]:
        about = self.backend.about()
        used = {name: list(setting) for name, setting in self.request.settings.items()}
        return {
            **self.identity(),
            **({"settings": used} if used else {}),
            "made": datetime.now(UTC).isoformat(timespec="seconds"),
            "versions": {about.framework: about.version, "numpy": np.__version__}
            | ({"engine": about.engine} if about.engine else {}),
            "flags": dict(self.session.flags),
            "terms": terms.as_json(),
            "seconds": round(seconds, 2),
        }

    def identity(self) -> dict[str, Any]:
        """The request, and the hashes of its pictures and weights; known before painting."""
        ask = self.request
        pictures = (self.content, *self.styles, *([self.init] if self.init else ()))
        return {
            "nst": __version__,
            "content": ask.content,
            "styles": list(ask.styles),
            "backend": ask.backend,
            "weights": self.weights.name,
            "preprocessing": ask.preprocessing,
            "dtype": ask.dtype,
            "exact": ask.exact,
            "style_scale": ask.style_scale,
            "keep_alpha": ask.keep_alpha,
            "colour": ask.colour,
            "recipe": ask.recipe.model_dump(mode="json"),
            "sha256": {p.source: p.sha256 for p in pictures}
            | {f"weights:{self.weights.name}": self.weights.sha256},
        }


def read_init(ask: Request) -> Picture | None:
    """The picture that the painting starts from, if `plan.init` is a path."""
    init = ask.recipe.plan.init
    if init in INITS:
        return None
    try:
        return ask.read(init)
    except ImageError as error:
        names = ", ".join(INITS)
        raise ImageError(f"--init must be one of {names}, or a picture: {error}") from error


def check_terms(name: str, about: About, recipe: Recipe) -> None:
    """Raises BackendError if the backend lacks a kind of term that the recipe uses."""
    for formula in recipe.formulas.values():
        if formula.KIND not in about.terms:
            raise BackendError(
                f"backend '{name}' has no term of the kind '{formula.KIND}', which recipe "
                f"'{recipe.name}' uses. It has: {', '.join(about.terms)}"
            )


def check_finite(terms: Terms, stage: Stage) -> None:
    """Raises DivergedError if the painting has diverged."""
    if not math.isfinite(terms.total):
        rate = f"plan.{section(stage.optimizer)}.lr"
        raise DivergedError(
            f"the painting diverged at {stage.size} pixels (the total is {terms.total}): "
            f"use smaller weights, or a smaller learning rate with --set {rate}=…"
        )
