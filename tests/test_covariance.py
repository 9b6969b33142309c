"""The covariance state: what it says, to how many digits, and of which rows."""

from __future__ import annotations

import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from folds import joint_bits, jointly
from hypothesis import given, settings
from hypothesis import strategies as st

from bncli.stats.batches import Column
from bncli.stats.comoments import CoMoments
from bncli.stats.covariance import MOST_GROUPS, Covariance
from bncli.stats.lacking import SHARE, grouped

ROOT = Path(__file__).resolve().parent.parent


def correlated(rows: int, columns: int, seed: int = 0) -> np.ndarray:
    """Columns of different scales and places that share a factor, shape (columns, rows)."""
    rng = np.random.default_rng(seed)
    table = rng.normal(size=(columns, rows)) + rng.normal(size=rows)
    return table * rng.lognormal(0, 3, (columns, 1)) + rng.normal(0, 1e3, (columns, 1))


def with_holes(table: np.ndarray, shares, seed: int = 1) -> np.ndarray:
    """Each column with a share of its values missing at random."""
    rng = np.random.default_rng(seed)
    return np.where(rng.random(table.shape) < np.reshape(shares, (-1, 1)), np.nan, table)


def scales(covariance: np.ndarray) -> np.ndarray:
    spread = np.sqrt(np.diagonal(covariance))
    return np.multiply.outer(spread, spread)


def error(found: np.ndarray, truth: np.ndarray) -> float:
    """Largest deviation, in units of the two standard deviations."""
    return float((np.abs(found - truth) / scales(truth)).max())


@pytest.mark.parametrize("columns", [1, 2, 5, 31, 32, 33, 64, 70, 130])
@pytest.mark.parametrize("rows", [2, 127, 128, 129, 5000])
def test_the_covariance_is_that_of_numpy_whatever_the_blocks(columns, rows):
    table = correlated(rows, columns)
    found = jointly(table, 100).complete(range(columns))
    assert found.count == rows
    assert error(found.covariance(), np.cov(table, bias=True).reshape(columns, columns)) < 2e-13
    assert np.array_equal(found.m2, found.m2.T)
    np.testing.assert_allclose(found.pivot + found.mean, table.mean(axis=1), rtol=1e-13)


def test_many_grains_merge_to_the_covariance_of_all_rows():
    table = correlated(200_000, 6)
    found = jointly(table, 8192).complete(range(6))
    assert error(found.covariance(), np.cov(table, bias=True)) < 1e-13


def exact_covariance(columns) -> np.ndarray:
    """By rational numbers, without a rounding but the last."""
    exact = [[Fraction(int(v) if isinstance(v, int) else float(v)) for v in c] for c in columns]
    count = len(exact[0])
    means = [sum(column) / count for column in exact]
    off = [[value - mean for value in c] for c, mean in zip(exact, means, strict=True)]
    return np.array(
        [[float(sum(a * b for a, b in zip(x, y, strict=True)) / count) for y in off] for x in off]
    )


@pytest.mark.parametrize("offset", [0.0, 1.0, 1e6, -1e12, 2.0**70])
def test_an_offset_of_any_number_of_sigmas_costs_no_digits(offset):
    table = correlated(300, 3)
    table = table / np.std(table, axis=1, keepdims=True) + offset
    found = jointly(table, 64).complete(range(3)).covariance()
    if offset < 2.0**60:
        truth = exact_covariance(table)
        assert error(found, truth) < 1e-14
    else:  # nothing but the offset is left of the values
        assert (found == 0).all()


def test_parts_at_far_places_merge_without_losing_digits():
    near, far = correlated(3000, 3), correlated(3000, 3, seed=1)
    far = far / far.std(axis=1, keepdims=True) + 1e12
    parts = [jointly(each, 500) for each in (near, far)]
    merged = parts[0].merge(parts[1]).complete(range(3)).covariance()
    truth = exact_covariance(np.concatenate((near, far), axis=1))
    assert error(merged, truth) < 1e-14


def test_a_group_far_from_the_others_loses_no_digits_to_their_pivot():
    table = correlated(3000, 3)
    table = table / table.std(axis=1, keepdims=True)
    table[0, :600] = 1e9  # the pivot is taken from these
    table[1, 600:] = np.nan
    later = jointly(table, 5000).groups[0b010]
    assert error(later.covariance(), exact_covariance(table[[0, 2], 600:])) < 1e-14


def test_integers_beyond_float64_keep_their_differences():
    big = np.array([2**62, 2**62 + 2, 2**62 + 4] * 50)
    unsigned = (big.astype(np.uint64) + np.uint64(2**63 - 2**62)) + np.uint64(10)
    columns = [Column(big), Column(unsigned), Column(np.arange(150) % 3 * 1.0)]
    found = Covariance.of((0, 1, 2), columns).complete((0, 1, 2)).covariance()
    third = 2 / 3
    expected = [[4 * third, 4 * third, 2 * third], [4 * third] * 2 + [2 * third], [2 * third] * 2]
    np.testing.assert_allclose(found[:2], expected[:2], rtol=1e-14)
    assert found[2, 2] == pytest.approx(third, rel=1e-14)


def test_integers_that_span_all_of_int64_are_widened():
    wide = np.array([-(2**63), 2**63 - 1] * 40)
    found = Covariance.of((0, 1), [Column(wide), Column(wide.astype(np.float64))])
    np.testing.assert_allclose(found.complete((0, 1)).covariance(), 2.0**126, rtol=1e-14)


def test_a_constant_column_has_a_covariance_of_exactly_0():
    table = np.array([np.full(70_000, 0.1), np.random.default_rng(0).normal(size=70_000)])
    found = jointly(table, 8192).complete((0, 1))
    assert found.m2[0].tolist() == found.m2[:, 0].tolist() == [0.0, 0.0]
    assert found.pivot[0] + found.mean[0] == 0.1


# Rows that lack values.


def complete_rows(table: np.ndarray, places) -> np.ndarray:
    chosen = table[list(places)]
    return chosen[:, ~np.isnan(chosen).any(axis=0)]


@pytest.mark.parametrize("rows", [1, 40, 3000, 100_000])
def test_over_all_channels_every_complete_row_counts_and_no_other(rows):
    table = with_holes(correlated(rows, 5), [0, 0.01, 0.1, 0.4, 0.0])
    truth = complete_rows(table, range(5))
    found = jointly(table, 1000).complete(range(5))
    assert found.count == truth.shape[1]
    if found.count > 1:
        assert error(found.covariance(), np.cov(truth, bias=True)) < 1e-12


def test_a_column_that_is_mostly_or_wholly_missing_can_be_left_out_when_read():
    table = with_holes(correlated(100_000, 4), [0.0, 0.8, 0.03, 1.0])
    found = jointly(table, 8192)
    assert found.rows == 100_000
    assert found.complete(range(4)).count == 0
    for chosen in [(0, 2), (0, 1, 2), (2, 0)]:
        truth = complete_rows(table, chosen)
        state = found.complete(chosen)
        assert state.count == truth.shape[1]
        assert error(state.covariance(), np.cov(truth, bias=True)) < 1e-12


def test_columns_missing_together_and_apart_are_told_apart():
    rng = np.random.default_rng(3)
    table = correlated(60_000, 4)
    gust, night = rng.random(60_000) < 0.7, rng.random(60_000) < 0.3
    table[1, gust] = np.nan
    table[2, night] = table[3, night] = np.nan
    found = jointly(table, 1000)
    assert set(found.groups) == {0b0000, 0b0010, 0b1100, 0b1110}
    for chosen in [(0,), (0, 1), (0, 3), (0, 2, 3), (0, 1, 2, 3)]:
        assert found.complete(chosen).count == complete_rows(table, chosen).shape[1]


def test_infinities_count_as_missing():
    table = correlated(200, 2)
    table[0, 7], table[1, 9] = np.inf, -np.inf
    assert jointly(table, 50).complete((0, 1)).count == 198


def test_a_row_in_no_group_is_counted_among_the_rows_only():
    table = with_holes(correlated(50_000, 3), [0.02, 0.02, 0.0])
    found = jointly(table, 1000)
    assert set(found.groups) == {0}
    assert found.rows == 50_000
    assert found.groups[0].count == complete_rows(table, range(3)).shape[1]


@given(st.integers(0, 9), st.integers(1, 300), st.integers(0, 2**32))
def test_groups_are_complete_rows_and_the_frequent_sets_of_lacking_columns(width, rows, seed):
    rng = np.random.default_rng(seed)
    masks = [rng.random(rows) < rng.choice([0, 0.02, 0.3, 0.9, 1]) for _ in range(width)]
    lacking, labels = grouped([None if not m.any() else m for m in masks], rows)
    keys = sum(np.int64(mask) << at for at, mask in enumerate(masks)) + np.zeros(rows, np.int64)
    values, counts = np.unique(keys, return_counts=True)
    least = -(-rows // SHARE)
    expected = {k for k, n in zip(values.tolist(), counts.tolist(), strict=True) if n >= least}
    expected |= {0} & set(values.tolist())
    assert set(lacking) | {0} == expected | {0}
    told = keys * 0 if labels is None else labels
    for group, key in enumerate(lacking):
        assert np.array_equal(told == group, keys == key)


def test_of_many_sets_of_lacking_columns_the_largest_are_kept_and_the_complete_rows():
    groups = {key: CoMoments(key + 1, *([np.zeros(5)] * 2), np.zeros((5, 5))) for key in range(40)}
    wide = Covariance(tuple(range(6)), 1000, groups).merge(Covariance(tuple(range(6))))
    assert len(wide.groups) == MOST_GROUPS
    assert set(wide.groups) == {0, *range(40 - MOST_GROUPS + 1, 40)}
    assert wide.rows == 1000


def test_a_channel_that_overflows_is_left_out_and_the_others_stay():
    table = correlated(500, 3)
    with_overflow = table.copy()
    with_overflow[1] = np.where(np.arange(500) % 2, 1e200, -1e200)
    found = jointly(with_overflow, 100)
    assert found.channels == (0, 2)
    assert joint_bits(found) == joint_bits(jointly(table, 100).select((0, 2)))


def test_values_whose_squares_underflow_stay_finite():
    table = correlated(100, 2) * [[1e-170], [1.0]]
    state = jointly(table, 100).complete((0, 1))
    assert np.isfinite(state.m2).all()


@settings(max_examples=20)
@given(st.permutations(range(4)), st.integers(1, 4))
def test_choosing_channels_first_or_last_gives_the_same(order, many):
    table = with_holes(correlated(600, 4), [0, 0.4, 0.2, 0.7])
    found, chosen = jointly(table, 50), order[:many]
    first, last = found.select(chosen).complete(chosen), found.complete(chosen)
    assert first.count == last.count
    np.testing.assert_allclose(first.m2, last.m2, rtol=1e-10, atol=1e-9)


# The same bits whatever runs beside.

DIGEST = """
import hashlib
import numpy as np
from folds import joint_bits, jointly
for columns, rows in ((3, 9000), (20, 70000), (40, 9000), (70, 4000), (130, 3000)):
    rng = np.random.default_rng(columns)
    table = rng.normal(size=(columns, rows)) * rng.lognormal(0, 3, (columns, 1))
    table[1, rng.random(rows) < 0.3] = np.nan
    print(hashlib.sha256(repr(joint_bits(jointly(table, 1000))).encode()).hexdigest())
"""


def test_the_number_of_blas_threads_changes_no_bit():
    digests = {
        subprocess.run(
            [sys.executable, "-c", DIGEST],
            env={
                **os.environ,
                "OPENBLAS_NUM_THREADS": threads,
                "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "tests"))),
            },
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for threads in ("1", "2", "4")
    }
    assert len(digests) == 1
    assert len(digests.pop().split()) == 5


@pytest.mark.parametrize("name", ["weather_winter", "weather_summer", "visits_train"])
def test_real_covariances_are_those_of_numpy(sample_data, name):
    frame = pl.read_parquet(sample_data / f"{name}.parquet").select(pl.selectors.numeric())
    table = frame.cast(pl.Float64).fill_null(np.nan).to_numpy().T
    found = jointly(table, 500)
    often_there = np.flatnonzero(np.isnan(table).mean(axis=1) < 0.5).tolist()
    for chosen in (range(len(table)), often_there, often_there[::-1]):
        truth = complete_rows(table, chosen)
        state = found.complete(list(chosen))
        assert state.count == truth.shape[1]
        expected = np.cov(truth, bias=True)
        spread = np.maximum(scales(expected), 1e-300)
        assert (np.abs(state.covariance() - expected) <= 1e-12 * spread).all()
