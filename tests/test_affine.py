"""Normalize, scale and shift, held against exact rationals and PyTorch's formula."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from applying import Statistics, exact_forward, exact_root, standardizer, ulps
from hypothesis import assume, given
from hypothesis import strategies as st

from bncli.errors import DataError, UsageError
from bncli.standardize.affine import BatchAffine, coefficients
from bncli.stats.batches import Column, measure_batches

SIGMAS = st.floats(1e-3, 1e3)
OFFSETS = st.floats(-1e12, 1e12)
UNITS = st.floats(-6, 6)


def one(statistics: Statistics, eps: float = 0.0, **options):
    return coefficients(standardizer({"x": statistics}, eps, **options))


@given(SIGMAS, OFFSETS, UNITS, st.sampled_from([0.0, 1e-8, 1.0]), st.floats(0.1, 10), UNITS)
def test_forward_is_within_4_ulp_of_the_exact_value(sigma, offset, unit, eps, gamma, beta):
    statistics = Statistics(offset * sigma, sigma * sigma, gamma, beta)
    x = statistics.mean + unit * sigma
    (y,) = one(statistics, eps).forward(np.array([x]))
    exact = exact_forward(x, statistics, eps)
    assert ulps(y, exact, float(exact), beta) <= 4


@given(SIGMAS, OFFSETS, UNITS, st.sampled_from([0.0, 1e-8, 1.0]))
def test_the_way_back_is_within_4_ulp_of_where_it_came_from(sigma, offset, unit, eps):
    statistics = Statistics(offset * sigma, sigma * sigma)
    found = one(statistics, eps)
    x = statistics.mean + unit * sigma
    (back,) = found.backward(found.forward(np.array([x])))
    assert ulps(back, Fraction(x), x, statistics.mean, sigma) <= 4


@given(st.floats(1e-12, 1e12), st.floats(0, 1))
def test_scale_is_the_float64_nearest_to_its_exact_value(variance, eps):
    found = one(Statistics(0.0, variance), eps)
    exact = exact_forward(1, Statistics(0.0, variance), eps)
    assert ulps(found.scale[0], exact, found.scale[0]) <= 0.5


def test_relative_eps_scales_with_the_variance():
    tiny, large = (one(Statistics(0.0, v), 0.01, eps_relative=True) for v in (1e-12, 1e12))
    for variance, found in ((1e-12, tiny), (1e12, large)):
        assert found.scale[0] == pytest.approx(1 / np.sqrt(variance * 1.01), rel=1e-15)


def test_a_constant_channel_becomes_beta_and_comes_back_as_its_mean():
    found = one(Statistics(5.0, beta=0.25, constant=True))
    values = np.array([[5.0], [7.0], [np.nan]])
    np.testing.assert_array_equal(found.forward(values)[:, 0], [0.25, 0.25, np.nan])
    np.testing.assert_array_equal(found.backward(values)[:, 0], [5.0, 5.0, np.nan])


def test_a_channel_without_statistics_becomes_missing():
    found = one(Statistics(seen=False))
    assert found.unknown.all()
    assert np.isnan(found.forward(np.array([1.0]))).all()


def test_no_spread_and_no_eps_is_beta_never_infinite():
    found = one(Statistics(5.0, 0.0, beta=1.5))
    assert found.level.all()
    np.testing.assert_array_equal(found.forward(np.array([9.0])), [1.5])


def test_gamma_0_cannot_be_brought_back_and_is_named():
    with pytest.raises(UsageError, match=r"gamma is 0.*'x'"):
        one(Statistics(gamma=0.0)).check_invertible()


def test_a_constant_channel_can_be_brought_back_whatever_gamma_is():
    one(Statistics(gamma=0.0, constant=True)).check_invertible()


@pytest.mark.parametrize("gamma", [1e300, 1e-300])
def test_a_scale_that_no_float64_holds_is_refused_by_name(gamma):
    variance = 1e-300 if gamma > 1 else 1e300
    with pytest.raises(DataError, match="'x'"):
        one(Statistics(variance=variance, gamma=gamma))


def batchwise(values: np.ndarray, sizes: list[int], affine: BatchAffine) -> np.ndarray:
    measured = measure_batches([Column(values)], sizes)
    return affine(values, measured.columns[0].missing, measured.moments[:, 0], sizes)


PLAIN = BatchAffine(1.0, 0.0, 0.0)


@given(st.lists(st.integers(-50, 50), min_size=2, max_size=40), st.integers(0, 12), st.data())
def test_each_mini_batch_is_standardized_by_its_own_exact_statistics(units, digits, data):
    size = data.draw(st.integers(1, len(units)))
    values = np.array(units, dtype=np.float64) + 10.0**digits
    sizes = [size] * (len(units) // size) + [len(units) % size] * (len(units) % size > 0)
    found = batchwise(values, sizes, BatchAffine(2.0, 0.5, 1e-8))
    start = 0
    for rows in sizes:
        part = [Fraction(x) for x in values[start : start + rows].tolist()]
        mean = sum(part) / rows
        variance = sum((x - mean) ** 2 for x in part) / rows
        for x, y in zip(part, found[start : start + rows].tolist(), strict=True):
            exact = exact_by_parts(x - mean, variance, 2.0, 0.5, 1e-8)
            assert ulps(y, exact, float(exact), 0.5) <= 4
        start += rows


def exact_by_parts(centred: Fraction, variance: Fraction, gamma, beta, eps) -> Fraction:
    if not variance:
        return Fraction(beta)
    root = exact_root(variance + Fraction(eps))
    return centred * Fraction(gamma) / root + Fraction(beta)


@pytest.mark.parametrize("dtype", [np.int64, np.uint64])
def test_integers_that_no_float64_holds_are_told_apart(dtype):
    values = np.array([2**62, 2**62 + 2, 2**62 + 4], dtype=dtype)
    root = np.sqrt(1.5)
    np.testing.assert_allclose(batchwise(values, [3], PLAIN), [-root, 0, root], rtol=1e-15)


def test_large_unsigned_integers_are_told_apart():
    values = np.array([2**64 - 5, 2**64 - 3, 2**64 - 1], dtype=np.uint64)
    root = np.sqrt(1.5)
    np.testing.assert_allclose(batchwise(values, [3], PLAIN), [-root, 0, root], rtol=1e-15)


def test_integers_spanning_all_of_int64_do_not_wrap_around():
    values = np.array([-(2**63), 2**63 - 1], dtype=np.int64)
    np.testing.assert_allclose(batchwise(values, [2], PLAIN), [-1, 1], rtol=1e-15)


def test_missing_values_stay_missing_and_count_for_nothing():
    values = np.array([1.0, np.nan, 3.0, np.nan, np.nan, np.nan])
    found = batchwise(values, [3, 3], PLAIN)
    np.testing.assert_array_equal(found, [-1, np.nan, 1, np.nan, np.nan, np.nan])


@given(st.floats(-1e300, 1e300))
def test_a_constant_mini_batch_becomes_beta(value):
    assume(value * value < 1e300)
    found = batchwise(np.full(4, value), [2, 1, 1], BatchAffine(3.0, 0.75, 0.0))
    np.testing.assert_array_equal(found, np.full(4, 0.75))
