"""The smallest effect that so many rows can tell: where the test's own p reaches alpha."""

from __future__ import annotations

import numpy as np
import pytest
from profiles import side_of
from scipy import stats

from bncli.shift import power, significance
from bncli.shift.compare import ShiftOptions, compare

ALPHA = 0.05 / 3


@pytest.mark.parametrize(("n", "k"), [(30, 30), (200, 50), (5000, 800)])
@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.9])
def test_the_smallest_missing_difference_is_where_the_z_test_reaches_alpha(n, k, share):
    found = power.smallest_missing(share, n, k, ALPHA)
    if found == 1.0 or share + found > 1.0:
        return  # not even all of them
    p = significance.two_proportion_p(share * n, n, (share + found) * k, k)
    assert p == pytest.approx(ALPHA, rel=1e-9)


def test_the_smallest_psi_is_where_pearson_reaches_alpha():
    n, k, bins = 4000, 3000, 10
    found = power.smallest_psi(n, k, bins, ALPHA)
    p = np.full(bins, 0.1)
    tilt = np.linspace(-1, 1, bins)
    q = p * (1 + tilt * np.sqrt(found / np.mean(tilt**2)))
    rows = significance.Binned(p * n, q / q.sum() * k)
    assert significance.chi2_p(*significance.pearson(rows)[:2]) == pytest.approx(ALPHA, rel=0.15)


def test_the_smallest_cramers_v_is_that_of_the_critical_chi_squared():
    critical = stats.chi2.isf(ALPHA, 4)
    found = power.smallest_cramers_v(120, 80, 5, ALPHA)
    assert significance.cramers_v(critical, 120, 80) == pytest.approx(found, rel=1e-12)
    assert power.smallest_cramers_v(120, 80, 1, ALPHA) == 1.0


def test_the_smallest_distance_of_means_is_where_welch_reaches_alpha():
    found = power.smallest_location(90, 70, (2.0, 3.0), ALPHA)
    p = significance.means_p(found * 2.0, 4.0, 90, 9.0, 70)
    assert p == pytest.approx(ALPHA, rel=1e-9)


@pytest.mark.parametrize(("rows", "blind"), [(30, True), (90, True), (130, False), (1000, False)])
def test_equal_sides_of_few_rows_are_too_few_and_not_none(rows, blind):
    rng = np.random.default_rng(0)
    x = rng.normal(size=rows)
    (column,) = compare(side_of({"x": x}), side_of({"x": x[::-1].copy()})).columns
    assert column.severity == "none"
    assert column.too_few_rows is blind


def test_a_stricter_alpha_takes_more_rows():
    x = np.random.default_rng(0).normal(size=150)
    sides = side_of({"x": x}), side_of({"x": x})
    found = [compare(*sides, ShiftOptions(alpha=alpha)).columns[0] for alpha in (0.05, 0.001)]
    assert [column.too_few_rows for column in found] == [False, True]
    smaller, larger = (column.measured.min_detectable["ks"] for column in found)
    assert smaller < larger


def test_every_kind_of_column_says_what_it_could_have_told():
    train = {"x": np.arange(50.0), "c": ["a", "b"] * 25, "gone": np.arange(50.0)}
    test = {"x": np.arange(40.0), "c": ["a", "b"] * 20, "gone": np.full(40, np.nan)}
    columns = {one.name: one for one in compare(side_of(train), side_of(test)).columns}
    smallest = {name: set(one.measured.min_detectable) for name, one in columns.items()}
    assert smallest == {
        "x": {"ks", "psi", "missing"},
        "c": {"psi", "cramers_v", "missing"},
        "gone": {"missing"},
    }
