"""The curves that reports draw are those of the data: quantiles as numpy's, the gap as KS."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from profiles import side_of

from bncli.shift.compare import compare
from bncli.shift.model import Curves, Measured
from bncli.shift.picture import SHARES

NUMBERS = st.lists(st.integers(-9, 9).map(float) | st.floats(-1e3, 1e3), min_size=1, max_size=60)


def measured(train, test, **options) -> Measured:
    sides = (side_of({"x": np.array(values)}, **options) for values in (train, test))
    (column,) = compare(*sides).columns
    return column.measured


def curves(train, test, **options) -> Curves:
    found = measured(train, test, **options).curves
    assert found is not None
    return found


@given(NUMBERS, NUMBERS)
def test_quantiles_are_numpy_s_from_minimum_to_maximum(train, test):
    assume({*train} != {*test} or len({*train}) > 1)  # equal constants are not compared
    found = curves(train, test)
    shares = np.arange(SHARES + 1) / SHARES
    assert found.shares == tuple(shares)
    assert found.train == pytest.approx(np.quantile(train, shares), rel=1e-12, abs=1e-12)
    assert found.test == pytest.approx(np.quantile(test, shares), rel=1e-12, abs=1e-12)
    assert (found.train[0], found.test[-1]) == (min(train), max(test))


@given(NUMBERS, NUMBERS)
def test_the_gap_is_the_ks_distance_and_stands_on_both_functions(train, test):
    assume({*train} != {*test} or len({*train}) > 1)
    found = measured(train, test)
    gap = found.curves.gap
    assert abs(gap.train - gap.test) == pytest.approx(found.measures["ks"], abs=1e-12)
    assert gap.train == pytest.approx(np.mean(np.array(train) <= gap.at), abs=1e-12)
    assert gap.test == pytest.approx(np.mean(np.array(test) <= gap.at), abs=1e-12)


def test_means_and_standard_deviations_are_numpy_s():
    rng = np.random.default_rng(0)
    train, test = rng.normal(3, 2, 500), rng.normal(-1, 5, 300)
    found = measured(train, test)
    assert found.means == pytest.approx((train.mean(), test.mean()), rel=1e-12)
    assert found.sds == pytest.approx((train.std(), test.std()), rel=1e-12)


def test_a_sketch_has_curves_too_with_its_exact_ends():
    x = np.random.default_rng(0).normal(size=5000)
    found = curves(x, x + 1, sketch=500)
    assert (found.train[0], found.test[-1]) == (x.min(), x.max() + 1)


def test_moments_only_leaves_means_and_no_curves():
    found = measured([1.0, 2.0], [3.0, 4.0], profile=False)
    assert found.curves is None
    assert found.means == (1.5, 3.5)


def test_what_overflows_is_left_out():
    with np.errstate(over="ignore"):  # the profile's own
        found = measured([-1e308, 1e308], [-1e308, 1e308, 0.0])
    assert found.curves is None
    assert found.sds is None


def test_a_side_without_values_has_neither():
    found = measured([1.0, 2.0], [np.nan])
    assert found.curves is found.means is found.sds is None
