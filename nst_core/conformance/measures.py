"""Distances between a computed array and its reference.

Arrays that cannot be compared have an infinite distance: arrays of different shapes, empty arrays,
and arrays that contain NaN or infinity, even if both are equal.
"""

import math

import numpy as np

from nst_core.backend import Array
from nst_core.terms import Sum


def comparable(found: Array, truth: Array) -> bool:
    """Whether both have the same shape, are finite and not empty, and the reference is float64."""
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
    """max |found − value| / (unit · mass); a sum with mass 0 must be exact."""
    if not comparable(found, truth.value):
        return math.inf
    # a mass of 0 means that every term is 0, so no order of summation has a rounding error
    error, mass = np.abs(found - truth.value), np.broadcast_to(truth.mass, found.shape)
    if np.any(error[mass == 0]):
        return math.inf
    return float(np.max(error[mass > 0] / mass[mass > 0], initial=0.0)) / unit


def ratio(error: float, scale: float) -> float:
    """error / scale, where 0 / 0 is 0."""
    if not error:
        return 0.0
    return error / scale if scale else math.inf
