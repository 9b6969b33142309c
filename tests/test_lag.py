"""Lag-1 autocorrelation: laws, an oracle in exact rationals, and the textbook's estimator."""

from __future__ import annotations

import json
import math
from fractions import Fraction

import numpy as np
import pytest
from folds import bits, fold
from hypothesis import given
from hypothesis import strategies as st

from bncli.stats.lag import Lag

values = st.floats(-1e6, 1e6) | st.just(math.nan) | st.sampled_from([0.1, 1e12, 1e12 + 1])
columns = st.lists(values, max_size=40).map(lambda cells: np.array(cells, dtype=np.float64))


def lag_of(column: np.ndarray) -> Lag:
    return Lag.of([column])


def read(column: np.ndarray) -> float:
    profile = fold(column, 64, sketches=True).profile()
    return float(profile.lag.autocorrelation(profile.moments)[0])


def series(r: float, rows: int, seed: int = 0) -> np.ndarray:
    """x[i] = r x[i-1] + noise, of variance 1."""
    noise = np.random.default_rng(seed).normal(size=rows) * math.sqrt(1 - r * r)
    column = np.empty(rows)
    column[0] = noise[0]
    for at in range(1, rows):
        column[at] = r * column[at - 1] + noise[at]
    return column


@given(columns)
def test_merging_with_an_empty_state_changes_no_bit(column):
    state, empty = lag_of(column), Lag.empty(1)
    assert bits(state.merge(empty)) == bits(empty.merge(state)) == bits(state)


@given(columns, columns, columns)
def test_states_merge_associatively(a, b, c):
    x, y, z = map(lag_of, (a, b, c))
    left, right = x.merge(y).merge(z), x.merge(y.merge(z))
    assert left.pairs == right.pairs
    assert left.squares == pytest.approx(right.squares, rel=1e-15)


@given(columns)
def test_pairs_and_squares_are_those_of_exact_arithmetic(column):
    state = lag_of(column)
    pairs = [
        (Fraction(first), Fraction(second))
        for first, second in zip(column.tolist(), column.tolist()[1:], strict=False)
        if not math.isnan(first) and not math.isnan(second)
    ]
    assert state.pairs[0] == len(pairs)
    exact = sum(((second - first) ** 2 for first, second in pairs), Fraction(0))
    assert state.squares[0] == pytest.approx(float(exact), rel=1e-12)


@given(columns, st.integers(1, 9), st.data())
def test_any_cut_at_mini_batches_gives_the_same_bits(column, size, data):
    batches = -(-column.size // size)
    cuts = data.draw(st.lists(st.integers(0, batches), max_size=6))
    whole, parts = (fold(column, size, cuts=c, sketches=True).profile().lag for c in ((), cuts))
    assert bits(parts) == bits(whole)


@pytest.mark.parametrize("segments", [2, 7, 64])
def test_many_segments_over_many_grains_give_the_same_bits(segments):
    rng = np.random.default_rng(segments)
    column = np.cumsum(rng.normal(size=300_000))
    column[rng.random(column.size) < 0.02] = np.nan
    cuts = rng.choice(np.arange(1, 3000), segments - 1, replace=False).tolist()
    whole, parts = (fold(column, 100, cuts=c, sketches=True).profile().lag for c in ((), cuts))
    assert bits(parts) == bits(whole)


@given(columns)
def test_a_state_survives_json_bit_for_bit(column):
    state = lag_of(column)
    again = Lag.from_records(json.loads(json.dumps(state.to_records())))
    assert bits(again) == bits(state)


@pytest.mark.parametrize("r", [-0.7, 0.0, 0.3, 0.9, 0.99])
@pytest.mark.parametrize("offset", [0.0, 1e9])
def test_it_is_the_textbook_s_autocorrelation_but_for_the_ends(r, offset):
    column = series(r, 4000) + offset
    centred = column - column.mean()
    textbook = (centred[1:] * centred[:-1]).sum() / np.square(centred).sum()
    assert read(column) == pytest.approx(textbook, abs=30 / column.size)


def test_a_look_at_an_eighth_of_later_grains_tells_the_same():
    column = series(0.6, 400_000)
    found = fold(column, 8192, sketches=True).profile()
    assert found.lag.pairs[0] < column.size / 2
    assert found.lag.autocorrelation(found.moments)[0] == pytest.approx(0.6, abs=0.02)


def test_missing_values_break_pairs_and_nothing_else():
    column = series(0.8, 20_000)
    column[::10] = np.nan
    assert read(column) == pytest.approx(0.8, abs=0.03)


@pytest.mark.parametrize(
    "column", [[], [1.0], [2.0, 2.0, 2.0], [math.nan, 1.0, math.nan], [1e200, -1e200, 1e200]]
)
def test_where_nothing_can_be_told_it_is_nan(column):
    with np.errstate(all="ignore"):
        assert math.isnan(read(np.array(column)))


def test_an_overflow_is_no_number_in_a_record():
    assert lag_of(np.array([1e200, -1e200])).to_records() == [None]
