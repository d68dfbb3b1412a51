"""The budgets: what a rounding may cost, and what it may not."""

import math
from dataclasses import astuple
from itertools import pairwise
from typing import get_args

import numpy as np
import pytest

from nst_core.backend import Dtype
from nst_core.conformance import budgets
from nst_core.conformance.budgets import PRECISIONS
from nst_core.conformance.measures import units
from nst_core.terms import Sum

ORDER = ("float64", "float32", "tf32", "bfloat16")


def test_an_operation_may_lose_eight_units_and_two_for_each_root_of_its_terms():
    assert budgets.operation(1) == 10
    assert budgets.operation(9 * 64) == 8 + 2 * 24
    assert budgets.operation(10000) == 208


def test_in_a_flat_picture_equal_terms_round_alike():
    assert budgets.operation(2240, flat=True) == budgets.operation(2240) + 2240
    assert budgets.operation(2240, flat=True) > 272 > budgets.operation(2240)


@pytest.mark.parametrize("terms", [1, 27, 576, 4608])
def test_a_sum_in_the_worst_order_is_within_its_budget(terms):
    random = np.random.default_rng(terms)
    x = random.standard_normal((1000, terms)).astype(np.float32)
    found = x.cumsum(1, dtype=np.float32)[:, -1]
    x = x.astype(np.float64)
    error = units(found, Sum(x.sum(1), np.abs(x).sum(1), terms), PRECISIONS["float32"].unit)
    assert error <= budgets.operation(terms)


def test_a_sum_of_inputs_that_lost_bits_is_not():
    random = np.random.default_rng(0)
    x, y = random.standard_normal((2, 1000, 576))
    exact = Sum((x * y).sum(1), np.abs(x * y).sum(1), 576)
    lost = np.round(x * 2**10) / 2**10  # TF32 keeps ten bits
    assert units((lost * y).sum(1), exact, PRECISIONS["float32"].unit) > budgets.operation(576)


def test_every_dtype_has_its_budgets_and_tf32_besides():
    assert set(PRECISIONS) == {*get_args(Dtype), "tf32"}
    assert [PRECISIONS[name].unit for name in ORDER] == [2**-53, 2**-24, 2**-11, 2**-8]
    assert all(math.isfinite(number) for one in PRECISIONS.values() for number in astuple(one))


def test_a_coarser_precision_may_lose_more_of_everything():
    for finer, coarser in pairwise(ORDER):
        pairs = zip(astuple(PRECISIONS[finer]), astuple(PRECISIONS[coarser]), strict=True)
        assert all(a <= b for a, b in pairs), (finer, coarser)


def test_images_stay_in_single_precision_below_it():
    assert {PRECISIONS[name].image_unit for name in ORDER[1:]} == {2**-24}


def test_double_precision_allows_no_flip():
    assert PRECISIONS["float64"].flips == 0
