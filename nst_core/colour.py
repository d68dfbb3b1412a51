"""Methods that keep the photograph's colours.

Gatys, Bethge, Hertzmann & Shechtman, "Preserving Color in Neural Artistic Style Transfer", 2016
(arXiv 1606.05897); the docstrings name its sections. Pictures have shape (3, height, width), RGB,
in [0, 1]; the two pictures of a pair may differ in size. Results have the dtype of the first
picture and are clipped to [0, 1], as in the authors' code, `ColourControl.ipynb` of
leongatys/NeuralImageSynthesis.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from nst_core.images import Array, Numbers

NONE = "none"
# Added to the diagonal of each covariance, as in match_color of the authors' code: without it the
# covariance of a grey or flat picture is singular.
EPSILON = 1e-5


def luminance(image: Numbers) -> Array:
    """A grey picture with the Y of YIQ in all three channels ("Luminance-only transfer")."""
    return np.repeat(_yiq(image)[:1].astype(image.dtype), 3, axis=0)


def match_luminance(style: Numbers, content: Numbers) -> Array:
    """σ_C/σ_S (L_S − µ_S) + µ_C in all three channels: the style's luminance with the content's
    mean and standard deviation ("Luminance-only transfer")."""
    matched = _affine(_yiq(style)[:1], _yiq(content)[:1], np.sqrt)
    return np.repeat(_cut(matched, style), 3, axis=0)


def match_histogram(style: Numbers, content: Numbers) -> Array:
    """The style with the content's histogram in each of red, green and blue.

    The simplest method of "Color histogram matching"; the paper prefers the linear methods.
    """
    from skimage.exposure import match_histograms

    return _cut(match_histograms(style, content, channel_axis=0), style)


def match_linear(style: Numbers, content: Numbers) -> Array:
    """The style with the mean and covariance of the content's colours, A = Σ_C^½ Σ_S^-½.

    "Color histogram matching", Image Analogies transfer; `pca` in the authors' code.
    """
    return _cut(_affine(style, content, symmetric_root), style)


def match_cholesky(style: Numbers, content: Numbers) -> Array:
    """As `match_linear`, with Cholesky factors: A = L_C L_S⁻¹. Red depends only on red."""
    return _cut(_affine(style, content, np.linalg.cholesky), style)


def with_chroma(painting: Numbers, photograph: Numbers) -> Array:
    """The luminance of one picture with the I and Q of another of the same size, clipped to [0, 1].

    "Luminance-only transfer", last step.
    """
    from skimage.color import yiq2rgb

    luma, chroma = _yiq(np.clip(painting, 0, 1))[:1], _yiq(photograph)[1:]
    return _cut(yiq2rgb(np.concatenate([luma, chroma]), channel_axis=0), painting)


def _first(one: Numbers, *_: Numbers) -> Numbers:
    return one


@dataclass(frozen=True)
class Method:
    """How the pictures are changed before painting, and the painting afterwards."""

    recoloured: Callable[[Numbers, Numbers], Numbers] = _first
    """Changes a style; the second argument is the content."""
    seen: Callable[[Numbers], Numbers] = _first
    """Changes the content, and the picture or noise that the painting starts from."""
    restored: Callable[[Numbers, Numbers], Numbers] = _first
    """Changes the painting; the second argument is the content at the painting's size."""


METHODS: Mapping[str, Method] = {
    NONE: Method(),
    "keep-luminance": Method(match_luminance, luminance, with_chroma),
    "match-histogram": Method(match_histogram),
    "match-linear": Method(match_linear),
    "match-cholesky": Method(match_cholesky),
}


def symmetric_root(covariance: Numbers) -> Numbers:
    """The symmetric matrix R with R Rᵀ = covariance."""
    values, vectors = np.linalg.eigh(covariance)
    root: Numbers = (vectors * np.sqrt(values)) @ vectors.T
    return root


def _affine(style: Numbers, content: Numbers, root: Callable[[Numbers], Numbers]) -> Numbers:
    """A(S − µ_S) + µ_C with A = R_C R_S⁻¹, where R Rᵀ = Σ, so A Σ_S Aᵀ = Σ_C."""
    # float64, because the covariances of similar colours are nearly singular
    S, C = (np.reshape(x, (len(x), -1)).astype(np.float64) for x in (style, content))
    A = root(_covariance(C)) @ np.linalg.inv(root(_covariance(S)))
    matched: Numbers = A @ (S - S.mean(1, keepdims=True)) + C.mean(1, keepdims=True)
    return matched.reshape(style.shape)


def _covariance(x: Numbers) -> Numbers:
    """The covariance (N, N) of N channels over M values; EPSILON keeps it from being singular."""
    d = x - x.mean(1, keepdims=True)
    covariance: Numbers = d @ d.T / d.shape[1] + EPSILON * np.eye(len(d))
    return covariance


def _yiq(image: Numbers) -> Numbers:
    from skimage.color import rgb2yiq

    return np.asarray(rgb2yiq(np.asarray(image, np.float64), channel_axis=0))


def _cut(image: Numbers, like: Numbers) -> Array:
    """The image clipped to [0, 1], in the dtype of `like`."""
    return np.clip(image, 0, 1).astype(like.dtype)
