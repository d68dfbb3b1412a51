"""How far apart two arrays are. What cannot be compared is infinitely far apart.

NaN, infinity, another shape and an empty array are never close to anything, not even to
themselves.
"""

import math

import numpy as np

from nst_core.backend import Array
from nst_core.terms import Sum


def comparable(found: Array, truth: Array) -> bool:
    """Of one shape, not empty, finite, and the truth in double precision."""
    return (
        found.shape == truth.shape
        and found.size > 0
        and truth.dtype == np.float64
        and bool(np.isfinite(found).all() and np.isfinite(truth).all())
    )


def norm_wise(found: Array, truth: Array) -> float:
    """‖found − truth‖ / ‖truth‖."""
    if not comparable(found, truth):
        return math.inf
    return ratio(float(np.linalg.norm(found - truth)), float(np.linalg.norm(truth)))


def units(found: Array, truth: Sum, unit: float) -> float:
    """max |found − value| / (unit · mass); a sum without mass must be met exactly."""
    if not comparable(found, truth.value):
        return math.inf
    error, mass = np.abs(found - truth.value), np.broadcast_to(truth.mass, found.shape)
    if np.any(error[mass == 0]):
        return math.inf
    return float(np.max(error[mass > 0] / mass[mass > 0], initial=0.0)) / unit


def ratio(error: float, scale: float) -> float:
    """error / scale; no error is none on any scale."""
    if not error:
        return 0.0
    return error / scale if scale else math.inf
