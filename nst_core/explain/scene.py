"""The features of a photograph, a style and a painting, with which two recipes are compared."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from nst_core import images, weights
from nst_core import recipe as recipes
from nst_core.backend import Array
from nst_core.images import Picture
from nst_core.recipe import Recipe
from nst_core.request import Request
from nst_core.run import Job

# The painting is the photograph with normal noise of this standard deviation: without noise the
# content term would be zero, and no ratio with it could be checked.
NOISE = 0.1


@dataclass(frozen=True)
class SceneRequest:
    """The pictures, their longest side in pixels, and the weights and backend for their features.

    If `weights` is None, the recipes' weights are used if they are in the cache, and random
    weights otherwise. Nothing is downloaded.
    """

    content: str = "sample:coffee"
    style: str = "sample:night"
    size: int = 128
    weights: str | None = None
    backend: str = "numpy"
    preprocessing: str | None = None
    """For a weights file that does not name its preprocessing."""


@dataclass(frozen=True, eq=False)
class Scene:
    """Features (N, height, width) by layer: P of the photograph, S of the style, F of the painting.

    They are in float64, even if they were computed in float32.
    """

    P: Mapping[str, Array]
    S: Mapping[str, Array]
    F: Mapping[str, Array]
    pixels: int
    """The number of pixels of the painting."""
    title: str
    weights: str
    step: int = 1
    """Both sides of every picture are multiples of this; 1 if the recipes have the same edge."""


def look(a: Recipe, b: Recipe, ask: SceneRequest) -> Scene:
    """The features at every layer that two recipes use; both must use the same network.

    The style picture is resized as A asks. If only one of the recipes pools odd last rows, the
    pictures are resized to sides that every pooling halves evenly, where both recipes agree.
    """
    job = Job(request(a, b, ask))
    taps = job.request.recipe.taps()
    step = 1 if a.network.edge == b.network.edge else job.network.until(taps)[-1].stride
    content, style = (sized(job, p, ask.size, step) for p in (job.content, job.styles[0]))
    noise = np.random.default_rng(0).standard_normal(content.shape)
    painting = (content + NOISE * noise).astype(np.float32)
    P, S, F = (
        {tap: f.astype(np.float64) for tap, f in job.session.features(image, taps).items()}
        for image in (content, style, painting)
    )
    title = f"{ask.content} {shape(content)}, {ask.style} {shape(style)}, {job.weights.name}"
    return Scene(P, S, F, content[0].size, title, job.weights.name, step)


def request(a: Recipe, b: Recipe, ask: SceneRequest) -> Request:
    """A request for the pictures on A's network, with the layers of both recipes."""
    return Request(
        ask.content,
        (ask.style,),
        on_every_tap(a, b, ask.size),
        backend=ask.backend,
        weights=ask.weights or default_weights(a),
        preprocessing=ask.preprocessing,
        exact=True,
    )


def on_every_tap(a: Recipe, b: Recipe, size: int) -> Recipe:
    """A recipe with A's network and preprocessing, one style, and the layers of both recipes."""
    taps = dict.fromkeys((*a.taps(), *b.taps()), 1.0)
    changes = {"plan": {"size": size}, "content.taps": taps, "style.blend": ()}
    if own := a.network.preprocessing or b.network.preprocessing:
        changes["network.preprocessing"] = own.model_dump(mode="json")
    return recipes.build(a.model_dump(mode="json"), a.name, changes.items())


def default_weights(recipe: Recipe) -> str:
    """The recipe's weights, or random ones if they would have to be downloaded."""
    own = recipe.network.weights
    if own not in weights.SETS or weights.cached(own):
        return own
    return f"random-{weights.SETS[own].network}:0"


def sized(job: Job, picture: Picture, size: int, step: int) -> Array:
    """The picture at its size in the job, with both sides rounded to multiples of `step`."""
    sides = (max(step, round(side / step) * step) for side in job.shape(picture, size))
    return images.resize(picture.pixels, *sides)


def shape(image: Array) -> str:
    _, height, width = image.shape
    return f"{width}×{height}"
