"""The laws every state obeys: identity, associativity, homomorphism, round trip."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from folds import bits, fold, joint_bits, jointly
from hypothesis import given
from hypothesis import strategies as st

from bncli.stats.adapted import Adapted
from bncli.stats.batches import Column, measure_batches
from bncli.stats.categories import Categories
from bncli.stats.covariance import Covariance
from bncli.stats.missing import Missing
from bncli.stats.moments import Moments
from bncli.stats.quantiles import Quantiles
from bncli.stats.running import Algorithm2, Cumulative, Exponential, Pooled
from bncli.stats.scan import scan

POLICIES = [
    Pooled(),
    Exponential(0.1),
    Exponential(0.5, ddof=0),
    Cumulative(),
    Algorithm2(),
    Adapted(),
]

values = st.one_of(
    st.floats(-1e6, 1e6),
    st.just(math.nan),
    st.sampled_from([0.1, 1e12, 1e12 + 1, -3.0]),
)
columns = st.lists(values, max_size=40).map(lambda cells: np.array(cells, dtype=np.float64))


def moments_of(column: np.ndarray) -> Moments:
    return fold(column, max(1, column.size)).profile().moments


def running_of(policy, column: np.ndarray):
    return fold(column, 3, policy).profile().running


@given(columns)
def test_merging_with_an_empty_state_changes_no_bit_of_the_moments(column):
    state, empty = moments_of(column), Moments.empty(1)
    assert bits(state.merge(empty)) == bits(empty.merge(state)) == bits(state)


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.name)
@given(column=columns)
def test_merging_with_an_empty_state_changes_no_bit_of_running_statistics(policy, column):
    state, empty = running_of(policy, column), policy.empty(1)
    assert bits(state.merge(empty)) == bits(empty.merge(state)) == bits(state)


@given(columns, columns, columns)
def test_moments_merge_associatively(a, b, c):
    x, y, z = map(moments_of, (a, b, c))
    left, right = x.merge(y).merge(z), x.merge(y.merge(z))
    assert left.count == right.count
    assert left.min == right.min
    assert left.max == right.max
    assert left.value() == pytest.approx(right.value(), rel=1e-15, abs=1e-300, nan_ok=True)
    assert left.variance() == pytest.approx(right.variance(), rel=1e-14, abs=1e-300, nan_ok=True)


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.name)
@given(a=columns, b=columns, c=columns)
def test_running_statistics_merge_associatively(policy, a, b, c):
    x, y, z = (running_of(policy, part) for part in (a, b, c))
    left, right = x.merge(y).merge(z), x.merge(y.merge(z))
    for mine, theirs in zip(left.arrays(), right.arrays(), strict=True):
        assert mine == pytest.approx(theirs, rel=1e-12, abs=1e-6)


@given(columns, st.data())
def test_moments_of_the_whole_are_the_moments_of_its_parts_merged(column, data):
    cut = data.draw(st.integers(0, column.size))
    merged = moments_of(column[:cut]).merge(moments_of(column[cut:]))
    whole = moments_of(column)
    assert merged.count == whole.count
    assert merged.value() == pytest.approx(whole.value(), rel=1e-15, abs=1e-9, nan_ok=True)
    assert merged.variance() == pytest.approx(whole.variance(), rel=1e-14, abs=1e-12, nan_ok=True)


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.name)
@given(column=columns, size=st.integers(1, 9), data=st.data())
def test_any_cut_at_mini_batches_gives_the_same_bits(policy, column, size, data):
    batches = -(-column.size // size)
    cuts = data.draw(st.lists(st.integers(0, batches), max_size=6))
    whole, parts = (fold(column, size, policy, c, sketches=True).profile() for c in ((), cuts))
    assert bits(parts.moments) == bits(whole.moments)
    assert bits(parts.running) == bits(whole.running)
    assert bits(parts.missing) == bits(whole.missing)
    assert [q.to_record() for q in parts.quantiles] == [q.to_record() for q in whole.quantiles]


@pytest.mark.parametrize("segments", [1, 2, 7, 64])
@pytest.mark.parametrize("policy", [Pooled(), Exponential(0.01)], ids=lambda policy: policy.name)
def test_many_segments_over_many_grains_give_the_same_bits(policy, segments):
    rng = np.random.default_rng(segments)
    column = rng.standard_t(3, 150_000)
    column[rng.random(column.size) < 0.02] = np.nan
    batches = -(-column.size // 100)
    cuts = rng.choice(np.arange(1, batches), segments - 1, replace=False).tolist()
    whole, parts = (fold(column, 100, policy, c, sketches=True).profile() for c in ((), cuts))
    assert not whole.quantiles[0].exact
    assert bits(parts.moments) == bits(whole.moments)
    assert bits(parts.running) == bits(whole.running)
    assert [q.to_record() for q in parts.quantiles] == [q.to_record() for q in whole.quantiles]


@given(columns)
def test_moments_survive_json_bit_for_bit(column):
    state = moments_of(column)
    ends = {"count": state.count, "min": state.min, "max": state.max}
    record = json.loads(json.dumps(state.to_records()[0]))
    empty = not state.count[0]
    record |= {name: None if empty and name != "count" else end[0] for name, end in ends.items()}
    assert bits(Moments.from_records([record])) == bits(state)


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.name)
@given(column=columns)
def test_running_statistics_survive_json_bit_for_bit(policy, column):
    state = running_of(policy, column)
    assert bits(policy.restore(json.loads(json.dumps(state.to_records())))) == bits(state)


@given(columns)
def test_missing_counts_survive_json(column):
    state = fold(column, 4).profile().missing
    assert bits(Missing.from_records(json.loads(json.dumps(state.to_records())))) == bits(state)
    assert state.nans[0] == np.isnan(column).sum()


@given(columns)
def test_quantiles_survive_json_bit_for_bit(column):
    state = Quantiles.of(column[~np.isnan(column)])
    again = Quantiles.from_record(json.loads(json.dumps(state.to_record())))
    assert again.points.tobytes() == state.points.tobytes()
    assert again.to_record() == state.to_record()


@given(columns, st.integers(1, 5))
def test_a_scan_is_the_merge_of_every_prefix(column, size):
    sizes = [size] * (column.size // size)
    if not sizes:
        return
    moments = measure_batches([Column(column[: sum(sizes)])], sizes).moments
    running = scan(moments)
    total = Moments.empty(1)
    for at in range(len(sizes)):
        total = total.merge(moments[at])
        assert running[at].count == total.count
        assert running[at].value() == pytest.approx(total.value(), rel=1e-14, nan_ok=True)


# Three columns of one length, some of whose rows lack some of them.
tables = st.lists(st.tuples(values, values, values), min_size=1, max_size=40).map(
    lambda rows: np.array(rows, dtype=np.float64).T
)


def assert_same_covariance(left: Covariance, right: Covariance, table: np.ndarray) -> None:
    """Counts are equal, and every sum is to a few units in the last place of what it adds up."""
    assert (left.channels, left.rows) == (right.channels, right.rows)
    for places in [(0,), (1, 2), (0, 1, 2)]:
        ours, theirs = left.complete(places), right.complete(places)
        assert ours.count == theirs.count
        size = np.nan_to_num(table[list(places)])
        spread = np.abs(size - size[:, :1]).max(axis=1)
        slack = 1e-14 * len(size[0]) * np.multiply.outer(spread, spread)
        assert (np.abs(ours.m2 - theirs.m2) <= slack).all()
        ends = [state.pivot + state.mean for state in (ours, theirs)]
        assert ends[0] == pytest.approx(ends[1], rel=1e-14, abs=1e-300)


@given(tables)
def test_merging_with_an_empty_state_changes_no_bit_of_a_covariance(table):
    state, empty = jointly(table, 7), Covariance((0, 1, 2))
    assert joint_bits(state.merge(empty)) == joint_bits(empty.merge(state)) == joint_bits(state)


@given(tables, st.data())
def test_covariances_merge_associatively(table, data):
    cuts = sorted(data.draw(st.lists(st.integers(0, table.shape[1]), min_size=2, max_size=2)))
    x, y, z = (
        jointly(part, 5) if part.shape[1] else Covariance((0, 1, 2))
        for part in np.split(table, cuts, axis=1)
    )
    assert_same_covariance(x.merge(y).merge(z), x.merge(y.merge(z)), table)


@given(tables, st.data())
def test_the_covariance_of_complete_rows_is_that_of_their_parts_merged(table, data):
    cut = data.draw(st.integers(1, table.shape[1]))
    parts = [part for part in np.split(table, [cut], axis=1) if part.shape[1]]
    merged, whole = Covariance((0, 1, 2)), jointly(table, 100)
    for part in parts:
        merged = merged.merge(jointly(part, 4))
    ours, theirs = merged.complete((0, 1, 2)), whole.complete((0, 1, 2))
    assert (ours.count, merged.rows) == (theirs.count, whole.rows)
    spread = np.ptp(np.nan_to_num(table), axis=1)
    slack = 1e-13 * table.shape[1] * np.multiply.outer(spread, spread)
    assert (np.abs(ours.m2 - theirs.m2) <= slack).all()


@given(table=tables, size=st.integers(1, 9), data=st.data())
def test_any_cut_at_mini_batches_gives_the_same_bits_of_a_covariance(table, size, data):
    batches = -(-table.shape[1] // size)
    cuts = data.draw(st.lists(st.integers(0, batches), max_size=6))
    assert joint_bits(jointly(table, size, cuts)) == joint_bits(jointly(table, size))


@pytest.mark.parametrize("segments", [1, 2, 7, 64])
def test_many_segments_over_many_grains_give_the_same_bits_of_a_covariance(segments):
    rng = np.random.default_rng(segments)
    table = rng.standard_t(3, (4, 150_000)) + rng.standard_t(3, 150_000)
    table[1, rng.random(150_000) < 0.4] = np.nan
    table[2, rng.random(150_000) < 0.01] = np.nan
    cuts = rng.choice(np.arange(1, 1500), segments - 1, replace=False).tolist()
    assert joint_bits(jointly(table, 100, cuts)) == joint_bits(jointly(table, 100))


@given(tables)
def test_a_covariance_survives_json_bit_for_bit(table):
    state = jointly(table, 6)
    assert joint_bits(Covariance.from_record(json.loads(json.dumps(state.to_record())))) == (
        joint_bits(state)
    )


texts = st.lists(st.sampled_from("abcdefg"), max_size=30)


def counted(letters: list[str], capacity: int = 100) -> Categories:
    counts: dict[str, int] = {}
    for letter in letters:
        counts[letter] = counts.get(letter, 0) + 1
    return Categories(len(letters), 0, counts, capacity=capacity).limited(capacity)


@given(texts, texts, texts)
def test_category_counts_are_a_monoid(a, b, c):
    x, y, z = map(counted, (a, b, c))
    assert x.merge(y).merge(z) == x.merge(y.merge(z)) == counted(a + b + c)
    assert x.merge(counted([])) == counted([]).merge(x) == x
    assert Categories.from_record(json.loads(json.dumps(x.to_record()))) == x


@given(texts, texts, st.integers(1, 4))
def test_category_counts_beyond_the_capacity_are_low_by_at_most_the_bound(a, b, capacity):
    state = counted(a, capacity).merge(counted(b, capacity))
    truth = counted(a + b).values
    assert len(state.values) <= capacity
    assert state.count == len(a + b)
    for value, count in truth.items():
        assert count - state.bound <= state.values.get(value, 0) <= count
