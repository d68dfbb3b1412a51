"""The measures: what cannot be compared is infinitely far apart, and units are those of u·mass."""

import math

import numpy as np
import pytest

from nst_core.conformance.measures import comparable, norm_wise, ratio, units
from nst_core.terms import Sum

ONES = np.ones((2, 3))


def holed(value):
    array = ONES.copy()
    array[1, 2] = value
    return array


INCOMPARABLE = {
    "NaN against NaN": (holed(np.nan), holed(np.nan)),
    "NaN against a number": (holed(np.nan), ONES),
    "a number against NaN": (ONES, holed(np.nan)),
    "infinity against infinity": (holed(np.inf), holed(np.inf)),
    "infinity against a number": (holed(-np.inf), ONES),
    "a number against infinity": (ONES, holed(np.inf)),
    "another shape": (ONES, np.ones((3, 2))),
    "a shape that would broadcast": (np.ones(3), ONES),
    "one number for many": (np.array(1.0), ONES),
    "nothing": (np.empty(0), np.empty(0)),
    "nothing of that shape": (np.empty((0, 3)), np.empty((0, 3))),
    "a truth in single precision": (ONES, ONES.astype(np.float32)),
    "single precision on both sides": (ONES.astype(np.float32), ONES.astype(np.float32)),
}


@pytest.mark.parametrize(("found", "truth"), INCOMPARABLE.values(), ids=INCOMPARABLE)
def test_what_cannot_be_compared_is_infinitely_far_apart(found, truth):
    assert not comparable(found, truth)
    assert norm_wise(found, truth) == math.inf
    assert units(found, Sum(truth, np.ones_like(truth), 1), 2**-53) == math.inf


def test_single_precision_is_compared_with_a_double_truth():
    assert norm_wise(ONES.astype(np.float32), ONES) == 0
    assert units(ONES.astype(np.float32), Sum(ONES, ONES, 1), 2**-24) == 0


# Norm-wise


def test_the_distance_is_in_units_of_the_truths_norm():
    assert norm_wise(np.array([3.0, 4.5]), np.array([3.0, 4.0])) == 0.1
    assert norm_wise(np.array([3.0, 4.0]), np.array([3.0, 4.0])) == 0


def test_no_error_is_none_on_any_scale_and_any_error_is_infinite_on_none():
    assert norm_wise(np.zeros(3), np.zeros(3)) == 0
    assert norm_wise(np.array([0, 0, 1e-100]), np.zeros(3)) == math.inf
    assert (ratio(0.0, 0.0), ratio(0.0, 7.0), ratio(1e-9, 0.0)) == (0, 0, math.inf)
    assert ratio(1.0, 4.0) == 0.25


def test_a_ratio_of_what_is_no_number_is_none():
    assert math.isnan(ratio(math.nan, 1.0))


# Units


def test_a_unit_is_u_times_the_mass():
    # 3 − 2 + 0.5, in which each term may be rounded by half a unit of its own
    total = Sum(np.array([1.5]), np.array([5.5]), 3)
    u = 2.0**-24
    assert units(np.array([1.5 + 11 * u]), total, u) == 2
    assert units(np.array([1.5 - 11 * u]), total, u) == 2
    assert units(np.array([1.5]), total, u) == 0


def test_the_worst_of_many_counts_each_in_its_own_unit():
    values, mass = np.array([1.0, 1.0, 1.0]), np.array([1.0, 10.0, 100.0])
    found = values + np.array([0.0, 0.5, 1.0])
    assert units(found, Sum(values, mass, 1), 0.5) == 0.1


def test_cancellation_is_forgiven_in_proportion_to_what_cancelled():
    # 1 + 1e-8 − 1 in float32 is 0: a relative error of one, and one unit
    found, u = np.array([np.float32(1) + np.float32(1e-8) - np.float32(1)]), 2.0**-24
    truth = np.array([1e-8])
    assert norm_wise(found, truth) == 1
    assert units(found, Sum(truth, np.array([2 + 1e-8]), 3), u) < 0.1


def test_a_sum_without_mass_must_be_met_exactly():
    values, mass = np.array([0.0, 2.0]), np.array([0.0, 2.0])
    assert units(np.array([0.0, 2.0]), Sum(values, mass, 1), 0.5) == 0
    assert units(np.array([5e-324, 2.0]), Sum(values, mass, 1), 0.5) == math.inf
    assert units(np.zeros(2), Sum(np.zeros(2), np.zeros(2), 1), 0.5) == 0


def test_a_mass_for_all_is_one_for_each():
    assert units(np.array([1.0, 3.0]), Sum(np.array([1.0, 2.0]), np.array(4.0), 1), 0.5) == 0.5
