"""What two recipes look at to be compared: one photograph, one style, one painting, as features."""

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

NOISE = 0.1  # the painting is the photograph with normal noise of this deviation


@dataclass(frozen=True)
class SceneRequest:
    """The pictures, at which size (of the longest side), and what computes their features.

    Without `weights` they are those that the recipes mean, if they are in the cache, and else
    random ones, for which nothing is downloaded.
    """

    content: str = "sample:coffee"
    style: str = "sample:night"
    size: int = 128
    weights: str | None = None
    backend: str = "numpy"
    preprocessing: str | None = None
    """For a weights file that does not say its own."""


@dataclass(frozen=True, eq=False)
class Scene:
    """Features (N, height, width) by tap: P of the photograph, S of the style, F of the painting.

    They are in float64, whatever they were computed in.
    """

    P: Mapping[str, Array]
    S: Mapping[str, Array]
    F: Mapping[str, Array]
    pixels: int
    """Of the painting."""
    title: str
    weights: str
    step: int = 1
    """Both sides of every picture are multiples of this; 1 where the recipes' edges are alike."""


def look(a: Recipe, b: Recipe, ask: SceneRequest) -> Scene:
    """The features at every tap of two recipes that are on one network.

    The style picture is brought to the shape that A wants. Where one pools odd last rows and the
    other does not, the pictures are brought to sides that every pooling halves: both are the
    same there.
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
    """The pictures on A's network, with the taps of both."""
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
    """A's network and pixels, for one style, with the taps of both."""
    taps = dict.fromkeys((*a.taps(), *b.taps()), 1.0)
    changes = {"plan": {"size": size}, "content.taps": taps, "style.blend": ()}
    if own := a.network.preprocessing or b.network.preprocessing:
        changes["network.preprocessing"] = own.model_dump(mode="json")
    return recipes.build(a.model_dump(mode="json"), a.name, changes.items())


def default_weights(recipe: Recipe) -> str:
    """Those that the recipe means, unless they would have to be downloaded."""
    own = recipe.network.weights
    if own not in weights.SETS or weights.cached(own):
        return own
    return f"random-{weights.SETS[own].network}:0"


def sized(job: Job, picture: Picture, size: int, step: int) -> Array:
    """The picture at its size in the job, or at the nearest whose sides are multiples of step."""
    sides = (max(step, round(side / step) * step) for side in job.shape(picture, size))
    return images.resize(picture.pixels, *sides)


def shape(image: Array) -> str:
    _, height, width = image.shape
    return f"{width}×{height}"
