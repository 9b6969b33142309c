"""Distances: what must hold for any two columns, and figures worked out by hand."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from bncli.shift import distances
from bncli.shift.binning import ByQuantile
from bncli.shift.distances import POINT_DISTANCES, SHARE_DISTANCES, Binned
from bncli.stats.quantiles import Quantiles

VALUES = st.floats(-1e6, 1e6, allow_subnormal=False) | st.integers(-3, 3).map(float)
COLUMNS = arrays(np.float64, st.integers(1, 60), elements=VALUES)
COUNTS = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=12)


def shares(counts: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    both = np.array([*counts, (1, 1)], dtype=np.float64).T
    return Binned(*both).shares


def weighted(values: np.ndarray, weights: np.ndarray) -> Quantiles:
    """A sketch in which each value stands for some rows."""
    order = np.argsort(values)
    ends = float(values.min()), float(values.max())
    return Quantiles(values[order], weights[order], int(weights.sum()), *ends)


@pytest.mark.parametrize("name", list(SHARE_DISTANCES))
@given(COUNTS)
def test_a_share_distance_is_symmetric_and_within_0_and_1(name, counts):
    p, q = shares(counts)
    found = SHARE_DISTANCES[name](p, q)
    assert 0.0 <= found <= 1.0
    assert SHARE_DISTANCES[name](q, p) == pytest.approx(found, rel=1e-12, abs=1e-15)
    assert SHARE_DISTANCES[name](p, p) == 0.0


@pytest.mark.parametrize("name", list(SHARE_DISTANCES))
def test_shares_in_different_bins_are_at_distance_1(name):
    assert SHARE_DISTANCES[name](np.array([1.0, 0.0]), np.array([0.0, 1.0])) == pytest.approx(1.0)


@pytest.mark.parametrize("name", list(POINT_DISTANCES))
@given(COLUMNS, COLUMNS)
def test_a_point_distance_is_symmetric_and_0_only_for_equal_columns(name, x, y):
    f, g = Quantiles.of(x), Quantiles.of(y)
    found = POINT_DISTANCES[name](f, g)
    assert POINT_DISTANCES[name](g, f) == pytest.approx(found, rel=1e-12)
    assert POINT_DISTANCES[name](f, f) == 0.0
    assert (found == 0.0) == bool(np.array_equal(_steps(x), _steps(y)))


def _steps(x: np.ndarray) -> np.ndarray:
    """The distribution function of a column, whatever its length."""
    values, counts = np.unique(x, return_counts=True)
    return np.stack((values, np.cumsum(counts) / x.size))


@given(COLUMNS, COLUMNS)
def test_ks_and_w1_equal_scipy(x, y):
    f, g = Quantiles.of(x), Quantiles.of(y)
    # Only its statistic is wanted: SciPy warns of p-values that it cannot compute exactly.
    with warnings.catch_warnings(action="ignore"):
        statistic = stats.ks_2samp(x, y).statistic
    assert distances.ks(f, g) == pytest.approx(statistic, rel=1e-12)
    expected = stats.wasserstein_distance(x, y)
    assert distances.w1(f, g) == pytest.approx(expected, rel=1e-12, abs=1e-12)


@given(COLUMNS, COLUMNS)
def test_a_monotone_transformation_leaves_ks_unchanged(x, y):
    def bent(values: np.ndarray) -> Quantiles:
        ranks = np.searchsorted(np.unique(np.concatenate((x, y))), values)
        return Quantiles.of(np.exp(ranks / 50.0))

    assert distances.ks(bent(x), bent(y)) == distances.ks(Quantiles.of(x), Quantiles.of(y))


@given(arrays(np.float64, 8, elements=VALUES), arrays(np.int64, 8, elements=st.integers(1, 9)))
def test_weighted_points_count_as_so_many_rows(values, weights):
    sketch = weighted(values, weights.astype(np.float64))
    whole = Quantiles.of(np.repeat(values, weights))
    other = Quantiles.of(np.linspace(-2.0, 2.0, 17))
    for name in POINT_DISTANCES:
        expected = POINT_DISTANCES[name](whole, other)
        assert POINT_DISTANCES[name](sketch, other) == pytest.approx(expected, rel=1e-12)
    edges = ByQuantile(10).edges(other)
    ours, theirs = (distances.binned(side, other, edges).shares for side in (sketch, whole))
    assert ours[0] == pytest.approx(theirs[0], abs=1e-15)


def test_psi_by_hand():
    p, q = np.array([0.5, 0.5]), np.array([0.25, 0.75])
    expected = 0.25 * math.log(2) + 0.25 * math.log(1.5)
    assert distances.psi(p, q) == pytest.approx(expected, rel=1e-15)


def test_an_empty_share_is_floored_and_nothing_renormalised():
    p, q = np.array([1.0, 0.0]), np.array([0.9, 0.1])
    expected = -0.1 * math.log(0.9) + (0.1 - 1e-4) * math.log(0.1 / 1e-4)
    assert distances.psi(p, q) == pytest.approx(expected, rel=1e-14)
    assert distances.psi(p, q, floor=0.01) < distances.psi(p, q)


def test_bins_are_open_left_and_closed_right():
    train = Quantiles.of(np.arange(1.0, 12.0))
    edges = ByQuantile(10).edges(train)
    assert edges == pytest.approx(np.arange(2.0, 11.0))
    rows = distances.binned(train, Quantiles.of(np.array([2.0, 2.5, -100.0, 100.0])), edges)
    assert rows.train.tolist() == [2.0, *[1.0] * 9]
    assert rows.test.tolist() == [2.0, 1.0, *[0.0] * 7, 1.0]


def test_equal_quantiles_make_one_edge():
    train = Quantiles.of(np.array([0.0] * 95 + [1.0] * 5))
    assert ByQuantile(10).edges(train).tolist() == [0.0]
    assert distances.binned(train, train, np.array([0.0])).train.tolist() == [95.0, 5.0]


def test_one_gross_error_does_not_hide_a_shift():
    rng = np.random.default_rng(1)
    train = Quantiles.of(np.append(rng.normal(size=999), 1e6))
    test = Quantiles.of(rng.normal(1.0, size=1000))
    rows = distances.binned(train, test, ByQuantile(10).edges(train))
    assert distances.psi(*rows.shares) > 0.5


def test_out_of_range_counts_values_beyond_the_training_ends():
    test = Quantiles.of(np.array([-1.0, 0.0, 1.0, 2.0, 3.0]))
    assert distances.out_of_range(test, 0.0, 1.0) == pytest.approx(0.6)
    assert distances.out_of_range(test, -1.0, 3.0) == 0.0


def test_a_sketch_that_lost_the_one_value_out_of_range_still_tells_of_it():
    sketch = Quantiles(np.array([0.25, 0.75]), np.array([50.0, 50.0]), 100, 0.0, 9.0, 1.0)
    assert distances.out_of_range(sketch, 0.0, 1.0) == pytest.approx(0.01)
