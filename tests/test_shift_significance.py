"""Chance: against SciPy, by hand, and by simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from bncli.shift import power, resampling, significance
from bncli.shift.distances import Binned, ks
from bncli.stats.quantiles import Quantiles


def quantiles(n: int, location: float = 0.0, seed: int = 0) -> Quantiles:
    return Quantiles.of(np.random.default_rng(seed).normal(location, size=n))


@pytest.mark.parametrize(("n", "k", "by"), [(40, 50, 0.5), (300, 300, 0.2), (1000, 10_000, 0.05)])
def test_ks_p_is_exact_up_to_ten_thousand_values(n, k, by):
    f, g = quantiles(n), quantiles(k, by, seed=1)
    expected = stats.ks_2samp(f.points, g.points, method="exact").pvalue
    assert significance.ks_p(f, g, ks(f, g)) == pytest.approx(expected, rel=1e-12)


def test_ks_p_is_scipys_asymptotic_one_beyond():
    f, g = quantiles(10_001), quantiles(5_000, 0.03, seed=1)
    expected = stats.ks_2samp(f.points, g.points, method="asymp").pvalue
    assert significance.ks_p(f, g, ks(f, g)) == pytest.approx(expected, rel=1e-12)


def test_ks_p_that_underflows_is_0_as_scipys():
    f, g = quantiles(6000), quantiles(6001, 1.0, seed=1)
    assert significance.ks_p(f, g, ks(f, g)) == stats.ks_2samp(f.points, g.points).pvalue == 0.0


def test_the_sketch_itself_never_looks_like_a_shift():
    rng = np.random.default_rng(5)
    x = rng.normal(size=1_000_000)
    whole, sketch = Quantiles.of(x), Quantiles.of(x).sealed(128)
    distance = ks(whole, sketch)
    assert stats.kstwo.sf(distance, 500_000) < 1e-3  # as if it were a sample
    assert significance.ks_p(whole, sketch, distance) == 1.0


def test_rank_error_counts_as_further_sampling_noise():
    assert significance.worth_rows(1000, 0.0) == pytest.approx(1000)
    assert significance.worth_rows(10**9, 0.002) == pytest.approx(414_700, rel=1e-3)


def test_two_proportions_by_hand():
    z = (0.3 - 0.2) / math.sqrt(0.25 * 0.75 * (1 / 100 + 1 / 100))
    expected = 2 * stats.norm.sf(z)
    assert significance.two_proportion_p(30, 100, 20, 100) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("hits", [(0, 0), (10, 20)])
def test_equal_shares_of_0_or_1_are_no_evidence(hits):
    assert significance.two_proportion_p(hits[0], 10, hits[1], 20) == 1.0


def test_pearson_equals_scipy_and_leaves_out_empty_bins():
    rows = Binned(np.array([10.0, 0.0, 20.0, 7.0]), np.array([5.0, 0.0, 30.0, 9.0]))
    expected = stats.chi2_contingency([[10, 20, 7], [5, 30, 9]], correction=False)
    chi2, degrees, smallest = significance.pearson(rows)
    assert chi2 == pytest.approx(expected.statistic, rel=1e-12)
    assert degrees == expected.dof
    assert smallest == pytest.approx(expected.expected_freq.min())
    assert significance.chi2_p(chi2, degrees) == pytest.approx(expected.pvalue, rel=1e-12)


def test_benjamini_hochberg_by_hand():
    # Sorted .005 .01 .03 .04, times 4/rank: .02 .02 .04 .04, minima from the right.
    adjusted = significance.benjamini_hochberg([0.01, 0.04, 0.03, 0.005])
    assert adjusted == pytest.approx([0.02, 0.04, 0.04, 0.02])
    # The largest p-value pulls the smaller ones down with it.
    assert significance.benjamini_hochberg([0.04, 0.045, 0.05]) == pytest.approx([0.05] * 3)
    assert significance.benjamini_hochberg([1.0]) == pytest.approx([1.0])


def test_bonferroni_takes_the_smallest_times_the_families():
    assert significance.bonferroni([0.2, 0.01, 1.0], 3) == pytest.approx(0.03)
    assert significance.bonferroni([0.9, 0.8], 2) == 1.0


def test_the_smallest_ks_to_be_told_from_chance_is_where_p_reaches_alpha():
    for n, k in ((200, 300), (9000, 20_000)):
        found = power.smallest_ks(n, k, 0.05)
        p = stats.kstwo.sf(found, round(n * k / (n + k)))
        assert p == pytest.approx(0.05, rel=0.1)
    assert power.smallest_ks(2, 2, 0.05) == 1.0
    assert power.smallest_ks(200, 300, 0.05, rank_error=0.01) == pytest.approx(
        power.smallest_ks(200, 300, 0.05) + 0.01
    )


def test_means_alone_are_tested_as_welch_does():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=4000), rng.normal(0.05, 2.0, size=5000)
    expected = stats.ttest_ind(x, y, equal_var=False).pvalue
    found = significance.means_p(y.mean() - x.mean(), x.var(), x.size, y.var(), y.size)
    assert found == pytest.approx(expected, rel=1e-2)
    assert significance.means_p(0.0, 0.0, 5, 0.0, 5) == 1.0
    assert significance.means_p(1.0, 0.0, 5, 0.0, 5) == 0.0


def draw(rng: np.random.Generator, size: int, p: np.ndarray) -> np.ndarray:
    return rng.multinomial(size, p).astype(np.float64)


def test_enough_rows_in_every_bin_make_it_pearsons():
    rows = Binned(np.array([50.0, 60.0]), np.array([40.0, 90.0]))
    expected = stats.chi2_contingency([[50, 60], [40, 90]], correction=False).pvalue
    found = resampling.binned_p(rows, 1e-4, np.random.default_rng(0), 2000)
    assert found == pytest.approx(expected, rel=1e-12)


def test_draws_of_psi_are_uniform_where_nothing_moved():
    rng = np.random.default_rng(0)
    shares = np.full(12, 1 / 12)
    found = [
        resampling.psi_p(Binned(draw(rng, 25, shares), draw(rng, 25, shares)), 1e-4, rng, 200)
        for _ in range(150)
    ]
    assert np.mean(np.array(found) <= 0.05) < 0.11
    assert 0.4 < np.mean(found) < 0.65


def test_rare_values_are_no_shift_by_psi_either():
    """Draws from the pooled shares would call a value that is seen once a shift too often."""
    rng = np.random.default_rng(1)
    found = []
    for _ in range(150):
        sides = (np.bincount(np.minimum(rng.zipf(2.2, 300), 400), minlength=401) for _ in "ab")
        rows = Binned(*(side.astype(np.float64) for side in sides))
        found.append(resampling.binned_p(rows, 1e-4, rng, 300))
    assert np.mean(np.array(found) <= 0.05) < 0.11
    assert np.mean(found) > 0.4


def test_more_rows_than_numpy_deals_are_dealt_one_by_one():
    together = np.array([1_500_000_000, 3, 500_000_000])
    dealt = resampling.dealt_anew(together, 10**9, np.random.default_rng(0), 50)
    assert dealt.shape == (50, 3)
    assert np.mean(dealt[:, 0]) == pytest.approx(750_000_000, rel=1e-4)
    assert (dealt <= together).all()


def test_draws_of_psi_find_what_moved():
    rows = Binned(np.array([4.0, 30.0, 1.0]), np.array([30.0, 4.0, 1.0]))
    found = resampling.binned_p(rows, 1e-4, np.random.default_rng(0), 2000)
    assert found == pytest.approx(1 / 2001)


def test_the_same_seed_gives_the_same_p():
    rows = Binned(np.array([4.0, 3.0, 1.0]), np.array([9.0, 4.0, 1.0]))
    first, again = (
        resampling.binned_p(rows, 1e-4, np.random.default_rng(3), 500) for _ in range(2)
    )
    assert first == again


def test_unseen_excess_is_what_good_turing_does_not_expect():
    train, test = np.array([5, 1, 1, 0, 0]), np.array([4, 0, 0, 3, 1])
    assert resampling.unseen_excess(train, test) == pytest.approx(4 / 8 - 2 / 7)


def test_rare_values_that_come_and_go_are_chance():
    rng = np.random.default_rng(2)
    values = np.concatenate((rng.zipf(1.6, 600) % 10_000, np.zeros(400, dtype=np.int64)))
    rng.shuffle(values)
    train, test = (np.bincount(half, minlength=10_000) for half in (values[:500], values[500:]))
    seen = train + test > 0
    train, test = train[seen], test[seen]
    assert test[train == 0].sum() > 20
    assert resampling.unseen_p(train, test, rng, 500) > 0.05


def test_new_values_beyond_chance_are_found():
    train, test = np.array([500, 500, 0]), np.array([450, 450, 100])
    rng = np.random.default_rng(0)
    assert resampling.unseen_p(train, test, rng, 2000) == pytest.approx(1 / 2001)
    assert resampling.unseen_p(train, np.array([1, 1, 0]), rng, 2000) == 1.0
