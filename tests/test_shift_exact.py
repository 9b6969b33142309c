"""p-values of few rows: exact where closed forms would call a rare value a shift."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bncli.shift import exact
from bncli.shift.distances import Binned, ks
from bncli.shift.options import ShiftOptions
from bncli.shift.significance import ks_p, two_proportion_p
from bncli.stats.quantiles import Quantiles


@given(st.data(), st.integers(1, 400), st.integers(1, 400))
def test_fisher_agrees_with_scipy(data, n, k):
    hits, other = data.draw(st.integers(0, n)), data.draw(st.integers(0, k))
    expected = stats.fisher_exact([[hits, n - hits], [other, k - other]]).pvalue
    assert exact.fisher_p(hits, n, other, k) == pytest.approx(expected, rel=1e-9)


def test_one_missing_row_in_a_slice_is_no_wonder_where_one_in_a_hundred_is_missing():
    z = two_proportion_p(100, 10_000, 1, 1)
    assert z < 1e-20
    assert exact.shares_p(100, 10_000, 1, 1) == pytest.approx(101 / 10_001)


def test_closed_forms_are_kept_where_enough_rows_are_expected():
    assert exact.shares_p(300, 1000, 80, 200) == two_proportion_p(300, 1000, 80, 200)
    rows = Binned(np.array([400.0, 300.0, 300.0]), np.array([40.0, 70.0, 50.0]))
    expected = stats.chi2_contingency(np.stack((rows.train, rows.test))).pvalue
    assert exact.table_p(rows) == pytest.approx(expected, rel=1e-12)


@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), min_size=2, max_size=30).filter(
        lambda cells: all(sum(side) for side in zip(*cells, strict=True))
    )
)
def test_lumping_keeps_every_row_and_expects_five_in_every_cell(cells):
    train, test = (np.array(side, dtype=np.float64) for side in zip(*cells, strict=True))
    found = exact.lumped(Binned(train, test))
    assert (found.train.sum(), found.test.sum()) == (train.sum(), test.sum())
    together = found.train + found.test
    share = min(train.sum(), test.sum()) / together.sum()
    assert (together * share >= 5 - 1e-9).all() or found.train.size == 1
    assert 0.0 <= exact.table_p(Binned(train, test)) <= 1.0


@pytest.mark.parametrize(("n", "k"), [(1, 1), (5, 3), (24, 3), (90, 4), (6000, 1)])
def test_the_smallest_p_is_that_of_two_sides_without_a_value_in_common(n, k):
    apart = stats.ks_2samp(np.arange(n), np.arange(n, n + k), method="exact").pvalue
    assert exact.smallest_p(n, k) == pytest.approx(apart, rel=1e-9)


def false_alarms(p_of, seed: int, tables: int = 2000) -> float:
    """How often p <= 0.01 where 20 rows are drawn from the shares of 5,000 training rows."""
    rng = np.random.default_rng(seed)
    shares = np.array([0.5, 0.3, 0.1, 0.05, *np.full(50, 0.001)])
    train = rng.multinomial(5000, shares, size=tables)
    test = rng.multinomial(20, shares, size=tables)
    pairs = zip(train, test, strict=True)
    return float(np.mean([p_of(ours, theirs) <= 0.01 for ours, theirs in pairs]))


def test_rare_values_in_small_slices_raise_no_more_alarms_than_chance_allows():
    def pearson(ours, theirs):
        both = ours + theirs > 0
        return stats.chi2_contingency([ours[both], theirs[both]], correction=False).pvalue

    def lumped(ours, theirs):
        return exact.table_p(Binned(ours.astype(np.float64), theirs.astype(np.float64)))

    assert false_alarms(pearson, 0, 500) > 0.05  # why it is not asked
    assert false_alarms(lumped, 0) <= 0.015


def test_rare_missing_values_in_small_slices_raise_no_more_alarms_than_chance_allows():
    def z(ours, theirs):
        return two_proportion_p(int(ours[3]), 5000, int(theirs[3]), 20)

    def fisher(ours, theirs):
        return exact.shares_p(int(ours[3]), 5000, int(theirs[3]), 20)

    assert false_alarms(z, 1) > 0.01
    assert false_alarms(fisher, 1) <= 0.01


@pytest.mark.parametrize(
    ("n", "k", "move"), [(900, 700, 1.0), (6000, 2000, 0.4), (9000, 9000, 2.0)]
)
def test_where_speed_matters_a_negligible_p_is_rough_and_any_other_exact(n, k, move):
    rng = np.random.default_rng(n)
    train = Quantiles.of(rng.normal(size=n))
    for shift in (0.0, move / 20, move):
        test = Quantiles.of(rng.normal(shift, size=k))
        distance = ks(train, test)
        exactly = ks_p(train, test, distance)
        quickly = ks_p(train, test, distance, negligible=1e-15)
        assert quickly == exactly if exactly > 1e-15 else max(quickly, exactly) < 1e-15


def test_draws_are_saved_only_where_they_could_decide_nothing():
    calm, moved = {"psi": 0.05, "js": 0.01}, {"psi": 0.05, "js": 0.3}
    plain, sparing = ShiftOptions(), ShiftOptions(sparing=True)
    assert {plain.draws_for(values, calm) for values in (2, 5000)} == {2000}
    assert sparing.draws_for(10, calm) == sparing.draws_for(10, moved) == 2000
    assert sparing.draws_for(100, calm) == 0
    assert (sparing.draws_for(100, moved), sparing.draws_for(10_000, moved)) == (2000, 200)
