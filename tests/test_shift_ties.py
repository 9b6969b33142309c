"""Values that differ by rounding alone are one value to the shift report, and no others are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from profiles import side_of
from scipy import stats

from bncli.shift.compare import compare
from bncli.shift.ties import aligned
from bncli.stats.quantiles import Quantiles

GRID = np.round(np.random.default_rng(0).normal(20, 8, 4000), 1)

seeds = st.integers(0, 2**32 - 1)


def report(train, test):
    return compare(side_of({"x": train}), side_of({"x": test})).columns[0]


@pytest.mark.parametrize(("scale", "offset"), [(1.8, 32.0), (1 / 3, 0.0), (1e-3, 273.15), (7, 1e6)])
def test_another_unit_and_back_is_no_shift(scale, offset):
    back = (GRID * scale + offset - offset) / scale
    assert (back != GRID).mean() > 0.1
    column = report(GRID, back)
    assert column.severity == "none"
    assert column.measures["ks"] < 1e-3
    assert column.measures["out_of_range"] < 1e-3


def test_mostly_one_value_is_still_that_value():
    zeros = np.where(np.random.default_rng(1).random(2000) < 0.9, 0.0, GRID[:2000])
    noise = zeros + np.spacing(20.0)
    assert stats.ks_2samp(zeros, noise).statistic > 0.8
    assert report(zeros, noise).measures["ks"] < 1e-3


def test_a_constant_that_is_off_by_rounding_is_no_shift_and_by_more_it_is():
    flat = np.full(100, 5.1)
    assert report(flat, flat * (1 + 1e-15)).severity == "none"
    assert report(flat, flat * (1 + 1e-9)).severity == "major"


@given(seeds, seeds, st.sampled_from([0.0, 1.0, 1e6, 1e12]))
def test_values_that_do_not_repeat_on_both_sides_are_left_alone(seed, other, offset):
    smooth = np.unique(np.random.default_rng(seed).normal(offset, 1, 200))
    coarse = np.round(np.random.default_rng(other).normal(offset, 1, 200), 1)
    for train, test in ((smooth, smooth[::2] + 1e-9), (smooth, coarse), (coarse, smooth)):
        ours, theirs = Quantiles.of(train), Quantiles.of(test)
        assert aligned(theirs, ours) is theirs


@given(seeds, seeds, st.sampled_from([1e-3, 1.0, np.spacing(1e12), 25.0]))
def test_both_sides_on_one_grid_are_left_alone_however_fine_it_is(seed, other, step):
    offset = 1e12 if step == np.spacing(1e12) else 0.0
    train, test = (
        offset + step * np.random.default_rng(one).integers(-90, 90, 300) for one in (seed, other)
    )
    theirs = Quantiles.of(test)
    assert aligned(theirs, Quantiles.of(train)) is theirs


@given(seeds, st.floats(-1e-4, 1e-4))
def test_a_little_stretch_is_taken_away_whole(seed, stretch):
    train = np.random.default_rng(seed).integers(-4, 4, 300).astype(float)
    found = aligned(Quantiles.of(train * (1 + stretch)), Quantiles.of(train))
    assert found.points.tolist() == np.sort(train).tolist()
    assert (found.minimum, found.maximum, found.count) == (train.min(), train.max(), 300)


def test_a_small_move_of_values_that_repeat_is_still_seen():
    assert report(GRID, GRID + 0.01).measures["ks"] > 0.005
