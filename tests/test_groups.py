"""Statistics per group: what ``fit --by`` measures is what a fit on each group's rows measures."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import reduce
from itertools import pairwise

import numpy as np
import pytest
from folds import bits, fold
from hypothesis import given
from hypothesis import strategies as st
from standardizers import groups_of

from bncli.stats.batches import Column
from bncli.stats.grouping import Absent, Grouping
from bncli.stats.groups import Groups, in_order
from bncli.stats.missing import Missing
from bncli.stats.moments import Moments
from bncli.stats.portions import Portions
from bncli.stats.running import Algorithm2, Cumulative, Exponential, Pooled
from bncli.stats.segmented import merged_by

POLICIES = [Pooled(), Pooled(ddof=1), Exponential(0.1), Cumulative(), Algorithm2()]

values = st.one_of(
    st.floats(-1e6, 1e6), st.just(math.nan), st.sampled_from([0.1, 1e12, 1e12 + 1, -3.0])
)
rows = st.lists(st.tuples(st.integers(0, 3), values), max_size=60)


def grouped(pairs, size: int, policy, cuts=(), tail: str = "keep") -> Groups:
    """The rows (group, value), handed over in parts cut before the rows ``cuts``."""
    groups = np.array([group for group, _ in pairs], dtype=np.int64)
    column = np.array([value for _, value in pairs], dtype=np.float64)
    grouping = Grouping(1, size, policy)
    bounds = [0, *sorted(cuts), len(pairs)]
    for start, stop in pairwise(bounds):
        part, missing = column[start:stop].copy(), np.isnan(column[start:stop])
        absent = Absent(nans=missing.astype(np.int64))
        grouping.add(groups[start:stop], [Column(part, missing)], [absent])
    count = int(groups.max()) + 1 if groups.size else 0
    return grouping.groups("key", "Int64", [str(at) for at in range(count)], tail)


def of_one(pairs, key: str) -> np.ndarray:
    return np.array([value for group, value in pairs if str(group) == key], dtype=np.float64)


def assert_exact(moments: Moments, present: np.ndarray) -> None:
    """Mean and variance within 2 ulp of the rational numbers that these doubles have."""
    if not present.size:
        assert math.isnan(moments.value()[0])
        return
    numbers = [Fraction(value) for value in present.tolist()]
    mean = sum(numbers) / len(numbers)
    variance = sum((number - mean) ** 2 for number in numbers) / len(numbers)
    unit = np.spacing(max(abs(float(mean)), math.sqrt(variance)))
    assert abs(Fraction(float(moments.value()[0])) - mean) <= 2 * Fraction(float(unit))
    unit = np.spacing(float(variance))
    assert abs(Fraction(float(moments.variance()[0])) - variance) <= 2 * Fraction(float(unit))


# --- oracle: a fold of each group's rows alone ---------------------------------------------


@pytest.mark.parametrize("policy", POLICIES, ids=repr)
@given(pairs=rows, size=st.integers(1, 9), data=st.data())
def test_a_group_is_measured_like_a_dataset_of_its_own(policy, pairs, size, data):
    cuts = data.draw(st.lists(st.integers(0, len(pairs)), max_size=5))
    found = grouped(pairs, size, policy, cuts)
    assert list(found.keys) == sorted({str(group) for group, _ in pairs})
    for at, key in enumerate(found.keys):
        column = of_one(pairs, key)
        alone = fold(column, size, policy).profile()
        assert (found.rows[at], found.batches[at]) == (alone.rows, alone.batches)
        ours, theirs = found.moments[at], alone.moments
        assert ours.count == theirs.count
        assert ours.min == theirs.min
        assert ours.max == theirs.max
        assert found.missing.nans[at] == np.isnan(column).sum()
        assert_exact(ours, column[~np.isnan(column)])
        for mine, other in zip(
            policy.read(found.running[at], ours), policy.read(alone.running, theirs), strict=True
        ):
            assert mine == pytest.approx(other, rel=1e-12, abs=1e-9, nan_ok=True)


@pytest.mark.parametrize("tail", ["keep", "merge", "drop"])
def test_every_group_has_a_tail_of_its_own(tail):
    """Group 0 has two mini-batches of 4 and a ragged one, 1 is ragged alone, 2 is exactly one."""
    pairs = [(0, float(at)) for at in range(9)] + [(1, 5.0), (1, 6.0)]
    pairs += [(2, value) for value in (1.0, 2.0, 3.0, 5.0)]
    order = np.random.default_rng(1).permutation(len(pairs))
    pairs = [pairs[at] for at in order]
    found = grouped(pairs, 4, Cumulative(), [3, 7], tail)
    kept = {key: of_one(pairs, key) for key in "012"}
    batches = {
        "keep": [(4, 4, 1), (2,), (4,)],
        "merge": [(4, 5), (2,), (4,)],
        "drop": [(4, 4), (), (4,)],
    }[tail]
    expected = {key: sizes for key, sizes in zip("012", batches, strict=True) if sizes}
    assert found.keys == tuple(expected)
    for at, (key, sizes) in enumerate(expected.items()):
        parts = np.split(kept[key][: sum(sizes)], np.cumsum(sizes)[:-1])
        means, variances = Cumulative().read(found.running[at], found.moments[at])
        assert found.rows[at] == sum(sizes)
        assert found.batches[at] == len(sizes)
        assert means == pytest.approx(np.mean([part.mean() for part in parts]), rel=1e-15)
        spreads = [part.var(ddof=1) for part in parts if part.size > 1]
        assert variances == pytest.approx(np.mean(spreads), rel=1e-14)


def test_the_recurrence_of_torch_runs_in_every_group():
    """``r <- 0.9 r + 0.1 batch`` over mini-batches of 16 rows, counted in the group's own rows."""
    random = np.random.default_rng(7)
    keys = random.integers(0, 3, 500)
    column = random.normal(keys * 10.0, keys + 1.0)
    found = grouped(list(zip(keys.tolist(), column.tolist(), strict=True)), 16, Exponential(0.1))
    for at in range(3):
        mean, variance = 0.0, 1.0
        own = column[keys == at]
        for start in range(0, own.size, 16):
            batch = own[start : start + 16]
            mean = 0.9 * mean + 0.1 * batch.mean()
            if batch.size > 1:
                variance = 0.9 * variance + 0.1 * batch.var(ddof=1)
        means, variances = Exponential(0.1).read(found.running[at], found.moments[at])
        assert means == pytest.approx(mean, rel=1e-14)
        assert variances == pytest.approx(variance, rel=1e-14)


def test_a_shifted_group_keeps_its_digits_beside_one_near_zero():
    """1e12 +- 1 and 0 +- 1 row by row: a pivot for all groups together would lose the first."""
    pairs = [(at % 2, (1e12 if at % 2 else 0.0) + at // 2 % 3 - 1.0) for at in range(600)]
    found = grouped(pairs, 50, Pooled(), [100, 300])
    assert found.moments.variance().ravel().tolist() == pytest.approx([2 / 3] * 2, rel=4e-16)


# --- laws of merging ------------------------------------------------------------------------


def parts_of(pairs, policy=POLICIES[2]):
    keys = [f"k{group}" for group, _ in pairs]
    return groups_of(np.array([[value] for _, value in pairs]).reshape(-1, 1), keys, 4, policy)


def all_bits(groups: Groups) -> tuple:
    states = (groups.moments, groups.missing, groups.running)
    counts = (groups.rows.tolist(), groups.batches.tolist())
    return (groups.keys, *counts, *(bits(state) for state in states))


@pytest.mark.parametrize("policy", POLICIES, ids=repr)
@given(pairs=rows)
def test_merging_with_no_groups_changes_no_bit(policy, pairs):
    state, none = parts_of(pairs, policy), parts_of([], policy)
    assert all_bits(state.merge(none)) == all_bits(none.merge(state)) == all_bits(state)


@pytest.mark.parametrize("policy", POLICIES, ids=repr)
@given(a=rows, b=rows, c=rows)
def test_groups_merge_associatively(policy, a, b, c):
    x, y, z = (parts_of(part, policy) for part in (a, b, c))
    left, right = x.merge(y).merge(z), x.merge(y.merge(z))
    assert left.keys == right.keys
    assert left.rows.tolist() == right.rows.tolist()
    assert left.batches.tolist() == right.batches.tolist()
    assert left.missing.nans.tolist() == right.missing.nans.tolist()
    assert left.moments.min.tolist() == right.moments.min.tolist()
    near = {"rel": 1e-14, "abs": 1e-12, "nan_ok": True}
    assert left.moments.value() == pytest.approx(right.moments.value(), **near)
    assert left.moments.variance() == pytest.approx(right.moments.variance(), **near)
    for mine, theirs in zip(left.running.arrays(), right.running.arrays(), strict=True):
        assert mine == pytest.approx(theirs, rel=1e-12, abs=1e-6)


@given(rows, rows)
def test_the_groups_of_two_parts_are_those_of_both_one_after_the_other(a, b):
    merged, whole = parts_of(a).merge(parts_of(b)), parts_of(a + b)
    assert merged.keys == whole.keys
    assert merged.rows.tolist() == whole.rows.tolist()
    assert merged.moments.count.tolist() == whole.moments.count.tolist()
    near = {"rel": 1e-14, "abs": 1e-9, "nan_ok": True}
    assert merged.moments.value() == pytest.approx(whole.moments.value(), **near)
    assert merged.moments.variance() == pytest.approx(whole.moments.variance(), **near)


def test_parts_that_end_on_mini_batch_boundaries_merge_to_the_running_statistics_of_the_whole():
    random = np.random.default_rng(3)
    pairs = [(at % 2, value) for at, value in enumerate(random.normal(size=64).tolist())]
    merged = parts_of(pairs[:24]).merge(parts_of(pairs[24:]))
    whole = parts_of(pairs)
    for mine, theirs in zip(merged.running.arrays(), whole.running.arrays(), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-14)


def test_keys_are_ordered_as_numbers_where_they_are_numbers_and_as_text_elsewhere():
    keys = ["10", "9", "-3", "b", "a", "007", "", "1.5", "0", "9" * 30]
    assert in_order(keys) == ("-3", "0", "9", "10", "", "007", "1.5", "9" * 30, "a", "b")


# --- the parts it is made of ----------------------------------------------------------------


@given(st.lists(st.tuples(st.integers(0, 4), st.floats(-9, 9)), max_size=40))
def test_merging_neighbours_of_one_owner_is_merging_them_one_after_the_other(pairs):
    pairs = sorted(pairs, key=lambda pair: pair[0])
    owners = np.array([owner for owner, _ in pairs], dtype=np.int64)
    batches = [fold(np.array([value]), 1).profile().moments for _, value in pairs]
    if not batches:
        return
    found, whose = merged_by(
        Moments(*map(np.stack, zip(*(b.arrays() for b in batches), strict=True))), owners
    )
    assert whose.tolist() == sorted(set(owners.tolist()))
    for at, owner in enumerate(whose.tolist()):
        own = [batch for batch, (other, _) in zip(batches, pairs, strict=True) if other == owner]
        alone = reduce(Moments.merge, own)
        assert found[at].count == alone.count
        assert found[at].value() == pytest.approx(alone.value(), rel=1e-15, abs=1e-15)


@given(
    st.lists(st.integers(0, 5), min_size=1, max_size=60),
    st.lists(st.integers(0, 100), min_size=6, max_size=6),
    st.integers(1, 20),
)
def test_portions_hold_every_row_once_in_order_and_end_with_their_mini_batch(groups, seen, size):
    numbers, before = np.array(groups), np.array(seen)
    found = Portions.of(numbers, before % size, size)
    taken = []
    for at, group in enumerate(found.group.tolist()):
        own = found.order[found.start[at] : found.start[at] + found.length[at]].tolist()
        places = [seen[group] + groups[:row].count(group) for row in own]
        assert {numbers[row] for row in own} == {group}
        assert len({place // size for place in places}) == 1
        assert found.continues[at] == (places[0] % size > 0)
        assert found.whole[at] == (places[-1] % size == size - 1)
        taken += own
    assert sorted(taken) == list(range(len(groups)))
    assert found.group.tolist() == sorted(found.group.tolist())
    counts = found.sums(np.arange(len(groups)))
    assert counts.sum() == sum(range(len(groups)))


@pytest.mark.parametrize("kind", [np.int64, np.uint64])
def test_integers_beyond_float64_are_exact_in_portions_that_are_filled_up(kind):
    """Seventeen rows lie in a width of twenty-four; what fills it up must count as missing."""
    column = np.array([2**62 + 2 * (at % 3) for at in range(34)], dtype=kind)
    grouping = Grouping(1, 100)
    grouping.add(np.arange(34) % 2, [Column(column)], [Absent()])
    found = grouping.groups("key", "Int64", ["a", "b"])
    for at in range(2):
        exact = [2 * (row % 3) for row in range(at, 34, 2)]
        assert found.moments.variance()[at, 0] == pytest.approx(np.var(exact), rel=4e-16)
        assert found.moments.count[at, 0] == 17


def test_missing_values_are_counted_by_kind_and_group():
    column = np.array([1.0, np.nan, np.nan, 4.0, np.nan, 6.0])
    nulls = np.array([0, 1, 0, 0, 0, 0])
    infinite = np.array([0, 0, 0, 0, 1, 0])
    nans = np.isnan(column) - nulls - infinite
    grouping = Grouping(1, 2)
    missing = [Absent(nulls, nans, infinite)]
    grouping.add(np.array([0, 0, 1, 1, 1, 0]), [Column(column, np.isnan(column))], missing)
    found = grouping.groups("key", "String", ["a", "b"])
    assert bits(found.missing) == bits(
        Missing(np.array([[1], [0]]), np.array([[0], [1]]), np.array([[0], [1]]))
    )
    assert found.moments.count.tolist() == [[2], [1]]
