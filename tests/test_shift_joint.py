"""All columns jointly: the Frechet distance and its parts, the linear split, which pairs moved."""

from __future__ import annotations

import math
import re

import numpy as np
import polars as pl
import pytest
import scipy.linalg
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from profiles import side_of

import bncli
from bncli.shift import gaussian
from bncli.shift.compare import ShiftOptions, compare
from bncli.shift.wholes import Joint


def table(rows: int, mixing, seed: int = 0, mean=0.0) -> np.ndarray:
    """Normal rows with covariance ``mixing @ mixing.T``, shape (columns, rows)."""
    mixing = np.asarray(mixing, dtype=float)
    draws = np.random.default_rng(seed).normal(size=(len(mixing), rows))
    return mixing @ draws + np.reshape(mean, (-1, 1))


def named(columns: np.ndarray) -> dict[str, np.ndarray]:
    return {f"x{at}": column for at, column in enumerate(columns)}


def jointly(train, test, **options) -> Joint:
    sides = (side_of(each if isinstance(each, dict) else named(each)) for each in (train, test))
    report = compare(*sides, ShiftOptions(draws=1, **options))
    assert report.joint is not None, report.joint_absent
    return report.joint


def absent(train, test, **options) -> str:
    report = compare(side_of(train), side_of(test), ShiftOptions(draws=1, **options))
    assert report.joint is None
    return report.joint_absent


def equicorrelated(columns: int, rho: float) -> np.ndarray:
    """A root of the correlation matrix that is rho everywhere off the diagonal."""
    return np.linalg.cholesky(np.full((columns, columns), rho) + (1 - rho) * np.eye(columns))


def standardized(train: np.ndarray, test: np.ndarray):
    """Means and covariances in training units, straight from the rows."""
    mean, sd = train.mean(axis=1, keepdims=True), train.std(axis=1, keepdims=True)
    ours, theirs = (train - mean) / sd, (test - mean) / sd
    gap = theirs.mean(axis=1) - ours.mean(axis=1)
    return gap, np.cov(ours, bias=True), np.cov(theirs, bias=True)


def by_scipy(gap, ours, theirs) -> float:
    """The squared Frechet distance by matrix square roots."""
    root = scipy.linalg.sqrtm(ours)
    both = scipy.linalg.sqrtm(root @ theirs @ root)
    return float(gap @ gap + np.trace(ours + theirs - 2 * both.real))


@pytest.mark.parametrize("columns", [2, 3, 10, 40])
@pytest.mark.parametrize("seed", range(3))
def test_the_distance_is_that_of_matrix_square_roots(columns, seed):
    rng = np.random.default_rng(seed)
    mixings = rng.normal(size=(2, columns, columns)) + np.eye(columns)
    train = table(500, mixings[0], seed) * rng.lognormal(0, 3, (columns, 1)) + 1e4
    test = table(400, mixings[1], seed + 9, rng.normal(size=columns)) * train.std(
        axis=1, keepdims=True
    ) + train.mean(axis=1, keepdims=True)
    found = jointly(train, test)
    truth = standardized(train, test)
    assert found.frechet**2 == pytest.approx(by_scipy(*truth), rel=1e-8)
    assert found.frechet_mean == pytest.approx(truth[0] @ truth[0], rel=1e-9)
    spreads = np.sqrt(np.diagonal(truth[2])) - 1.0
    assert found.frechet_variance == pytest.approx(spreads @ spreads, rel=1e-9)


def test_the_parts_add_up_to_the_square():
    rng = np.random.default_rng(1)
    found = jointly(table(90, rng.normal(size=(4, 4))), table(80, rng.normal(size=(4, 4)), mean=1))
    parts = found.frechet_mean + found.frechet_variance + found.frechet_correlation
    assert found.frechet**2 == pytest.approx(parts, rel=1e-12)


def test_two_columns_have_a_closed_form():
    # Eigenvectors are the same for every rho, so the roots are those of the eigenvalues.
    for before, after in [(0.0, 0.8), (0.9, -0.9), (-0.3, 0.3)]:
        ours, theirs = (np.array([[1, r], [r, 1]]) for r in (before, after))
        parts = gaussian.frechet_parts(np.zeros(2), ours, theirs)
        expected = sum(
            (math.sqrt(1 + sign * before) - math.sqrt(1 + sign * after)) ** 2 for sign in (1, -1)
        )
        assert parts.correlation == pytest.approx(expected, rel=1e-12)
        assert parts.mean == parts.variance == 0.0


@given(st.integers(1, 12), st.integers(0, 2**32), st.booleans())
def test_no_part_is_negative_and_equal_sides_are_at_no_distance(columns, seed, singular):
    rng = np.random.default_rng(seed)
    ours, theirs = rng.normal(size=(2, columns, columns))
    if singular:
        ours[:, : columns // 2] = 0.0
    first, second = ours @ ours.T, theirs @ theirs.T
    sd = np.sqrt(np.maximum(np.diagonal(first), 1e-9))
    first, second = (each / np.outer(sd, sd) for each in (first, second))
    parts = gaussian.frechet_parts(rng.normal(size=columns), first, second)
    assert min(parts.mean, parts.variance, parts.correlation) >= 0.0
    same = gaussian.frechet_parts(np.zeros(columns), first, first)
    assert gaussian.frechet(same) < 1e-6


def test_a_singular_covariance_costs_no_digits():
    ours = np.ones((3, 3))  # three times one column
    theirs = np.diag([1.0, 1.0, 1.0])
    parts = gaussian.frechet_parts(np.zeros(3), ours, theirs)
    # tr (J^1/2 I J^1/2)^1/2 is the root of J's one eigenvalue.
    assert parts.correlation == pytest.approx(2 * (3 - math.sqrt(3)), rel=1e-14)


# Every column alone looks the same.


def test_correlations_break_while_every_column_alone_looks_the_same():
    rows = 4000
    rng = np.random.default_rng(4)
    train = table(rows, equicorrelated(4, 0.8), seed=4)
    test = np.array([rng.permutation(column) for column in train])
    report = compare(side_of(named(train)), side_of(named(test)))
    assert report.verdict == "none"
    joint = report.joint
    assert joint.frechet_mean == pytest.approx(0.0, abs=1e-20)
    assert joint.frechet_variance == pytest.approx(0.0, abs=1e-20)
    assert joint.frechet_correlation > 0.9
    assert joint.frechet > 10 * joint.frechet_expected
    assert joint.auc_linear == pytest.approx(0.5, abs=1e-9)
    assert len(joint.pairs) == 6
    for pair in joint.pairs:
        assert pair.noticeable
        assert pair.train == pytest.approx(0.8, abs=0.02)
        assert pair.test == pytest.approx(0.0, abs=0.05)
    # Standardizing again, column by column, takes none of it away.
    assert joint.frechet_restandardized == pytest.approx(joint.frechet, rel=1e-9)


def test_standardizing_again_takes_away_means_and_spreads_and_no_correlation():
    train = table(3000, equicorrelated(3, 0.5), seed=5)
    test = table(3000, equicorrelated(3, -0.2), seed=6) * [[2.0], [0.5], [3.0]] + [[1], [-4], [0]]
    joint = jointly(train, test)
    sides = [(each - each.mean(axis=1, keepdims=True)) / each.std(axis=1, keepdims=True)
             for each in (train, test)]  # fmt: skip
    again = jointly(*sides)
    assert joint.frechet_restandardized == pytest.approx(again.frechet, rel=1e-9)
    assert again.frechet_mean + again.frechet_variance < 1e-20
    assert joint.auc_linear > 0.9
    assert joint.auc_restandardized == pytest.approx(0.5, abs=1e-9)


def test_the_pairs_that_moved_are_the_largest_changes_with_what_chance_says_of_them():
    train = table(2000, np.eye(8), seed=7)
    test = table(1500, np.eye(8), seed=8)
    test[3] = 0.6 * test[1] + 0.8 * test[3]
    joint = jointly(train, test)
    changes = np.corrcoef(test) - np.corrcoef(train)
    ranked = sorted(abs(changes[np.tril_indices(8, -1)]), reverse=True)
    assert [abs(p.test - p.train) for p in joint.pairs] == pytest.approx(ranked[:10], abs=1e-12)
    first, *others = joint.pairs
    assert (first.first, first.second) == ("x1", "x3")
    assert (first.train, first.test) == pytest.approx(
        (np.corrcoef(train)[1, 3], np.corrcoef(test)[1, 3]), abs=1e-12
    )
    assert first.noticeable
    assert not any(pair.noticeable for pair in others)
    z = (np.arctanh(others[0].test) - np.arctanh(others[0].train)) / math.sqrt(1 / 1997 + 1 / 1497)
    expected = min(1.0, 28 * 2 * scipy.stats.norm.sf(abs(z)))
    assert others[0].p_adjusted == pytest.approx(expected, rel=1e-9)


def test_no_pair_moves_noticeably_by_chance_in_few_rows():
    moved = [
        pair
        for seed in range(60)
        for pair in jointly(table(25, np.eye(4), seed), table(25, np.eye(4), seed + 999)).pairs
    ]
    assert max(abs(pair.test - pair.train) for pair in moved) > 0.5
    assert sum(pair.noticeable for pair in moved) <= 8  # 5 % of the reports, twice as many at most


# The linear split.


def test_the_linear_auc_is_that_of_fishers_direction_on_fresh_rows():
    mixing = np.array([[1.0, 0, 0], [0.7, 0.7, 0], [-0.2, 0.5, 1.5]])
    mean = np.array([0.8, -0.3, 0.5])
    joint = jointly(table(200_000, mixing, 1), table(200_000, mixing, 2, mean))
    direction = np.linalg.solve(mixing @ mixing.T, mean)
    ours, theirs = (direction @ table(20_000, mixing, seed, m) for seed, m in ((3, 0), (4, mean)))
    u = scipy.stats.mannwhitneyu(theirs, ours).statistic / 20_000**2
    distance = math.sqrt(mean @ direction)
    closed_form = scipy.stats.norm.cdf(distance / math.sqrt(2))
    assert joint.auc_linear == pytest.approx(closed_form, abs=2e-3)
    assert joint.auc_linear == pytest.approx(u, abs=8e-3)


def test_no_linear_score_does_better_also_where_the_covariances_differ():
    rng = np.random.default_rng(3)
    ours, theirs = (mixing @ mixing.T for mixing in rng.normal(size=(2, 3, 3)))
    gap = rng.normal(size=3)
    best = gaussian.auc_linear(gaussian.mahalanobis(gap, ours, theirs))
    directions = rng.normal(size=(20_000, 3))
    spread = np.sqrt(np.einsum("ni,ij,nj->n", directions, ours + theirs, directions))
    scores = scipy.stats.norm.cdf(directions @ gap / spread)
    assert scores.max() <= best + 1e-12
    assert scores.max() > best - 1e-3


def test_the_linear_auc_does_not_depend_on_units_or_on_mixing_the_columns():
    train, test = table(500, np.eye(3), 1), table(400, np.eye(3), 2, [0.5, 0, 0])
    turned = np.array([[1e6, 2e5, 0], [0, 1e-3, 1e-3], [1.0, 0, 5.0]])
    for shift in (0.0, 1e5):
        other = jointly(turned @ train + shift, turned @ test + shift)
        assert other.auc_linear == pytest.approx(jointly(train, test).auc_linear, rel=1e-6)


def test_a_sum_that_no_longer_adds_up_parts_the_sides_without_an_error():
    train, test = table(300, np.eye(3), 1), table(300, np.eye(3), 2)
    train[2], test[2] = train[0] + train[1], test[0] + test[1]
    assert jointly(train, test).auc_linear < 0.6
    test[2] += 1e-3
    joint = jointly(train, test)
    assert joint.auc_linear > 0.999
    assert max(joint.pairs, key=lambda p: abs(p.test - p.train)).noticeable is False


# What chance brings.


@pytest.mark.parametrize(("columns", "n", "k"), [(5, 200, 300), (8, 300, 90), (3, 40, 40)])
def test_the_guides_are_what_two_samples_of_one_gaussian_bring(columns, n, k):
    mixing = np.random.default_rng(columns).normal(size=(columns, columns))
    found = [jointly(table(n, mixing, at), table(k, mixing, at + 10_000)) for at in range(60)]
    frechet = math.sqrt(np.mean([one.frechet**2 for one in found]))
    assert np.median([one.frechet_expected for one in found]) == pytest.approx(frechet, rel=0.1)
    auc = np.mean([one.auc_linear for one in found])
    assert np.median([one.auc_expected for one in found]) == pytest.approx(auc, abs=0.015)


# Which columns, and which rows.


def test_a_column_mostly_missing_on_either_side_is_left_out_with_its_shares():
    train, test = table(1000, equicorrelated(4, 0.4), 1), table(1000, equicorrelated(4, 0.4), 2)
    test[2, :700] = np.nan
    train[1, ::10] = np.nan
    joint = jointly(train, test)
    assert joint.columns == ("x0", "x1", "x3")
    assert joint.left_out == (("x2", "missing in 0.0% and 70.0% of the rows"),)
    assert joint.rows == (900, 1000)
    complete = ~np.isnan(train[1])
    truth = standardized(train[[0, 1, 3]][:, complete], test[[0, 1, 3]])
    assert joint.frechet**2 == pytest.approx(by_scipy(*truth), rel=1e-6)


def test_an_empty_a_constant_and_an_unkept_column_are_left_out_by_name():
    train = named(table(300, np.eye(3), 1)) | {
        "gone": np.full(300, np.nan),
        "flat": np.full(300, 7.0),
        "beyond": np.arange(300.0),
    }
    joint = jointly(train, {**train, "flat": np.arange(300.0)}, joint=3)
    assert joint.columns == ("x0", "x1", "x2")
    assert dict(joint.left_out) == {
        "gone": "missing in 100.0% and 100.0% of the rows",
        "flat": "constant in training",
        "beyond": "not among the first 3 columns (--joint)",
    }
    assert joint.frechet == pytest.approx(0.0, abs=1e-7)


def test_a_column_constant_on_the_test_side_is_compared_and_in_no_pair():
    train, test = table(300, equicorrelated(3, 0.5), 1), table(300, np.eye(3), 2)
    test[1] = 0.25
    joint = jointly(train, test)
    assert joint.frechet_variance == pytest.approx(
        1 + sum((test[[0, 2]].std(axis=1) / train[[0, 2]].std(axis=1) - 1) ** 2), rel=1e-9
    )
    assert {(pair.first, pair.second) for pair in joint.pairs} == {("x0", "x2")}
    assert math.isfinite(joint.frechet_restandardized)


def test_a_column_constant_where_others_are_there_is_left_out():
    train, test = table(400, np.eye(3), 1), table(400, np.eye(3), 2)
    train[0, 300:] = np.nan
    train[1, :300] = 5.0
    joint = jointly(train, test)
    assert joint.left_out == (("x1", "constant in the complete training rows"),)
    assert joint.columns == ("x0", "x2")


def test_columns_that_are_never_there_together_give_way_until_rows_are_enough():
    train, test = table(600, np.eye(4), 1), table(600, np.eye(4), 2)
    train[1, :301] = np.nan
    train[1, 300] = 0.0
    train[2, 300:] = np.nan
    joint = jointly(train, test)
    assert joint.columns in {("x0", "x1", "x3"), ("x0", "x2", "x3")}
    [(_, reason)] = joint.left_out
    assert reason == "missing in 50.0% and 0.0% of the rows, which left too few complete ones"
    assert joint.rows == (300, 600)


def test_few_complete_rows_are_said():
    train, test = table(2000, np.eye(8), 1), table(2000, np.eye(8), 2)
    train[np.random.default_rng(0).random(train.shape) < 0.3] = np.nan
    joint = jointly(train, test)
    complete = int((~np.isnan(train)).all(axis=0).sum())
    assert joint.rows == (complete, 2000)
    assert joint.notes == (
        f"only {complete / 2000:.1%} of the training rows are complete in these columns",
    )


def test_why_there_is_no_joint_part_is_said():
    some = named(table(300, np.eye(3), 1))
    few = {name: column[:9] for name, column in some.items()}
    assert absent({"x": some["x0"]}, some) == "fewer than two numeric columns can be compared"
    assert absent({"x": ["a"]}, {"x": ["b"]}) == "fewer than two numeric columns can be compared"
    assert absent(some, few) == "too few complete rows for 3 columns: 300 and 9"
    assert absent(some, some, joint=0) == ""
    bare = compare(side_of(some, profile=False), side_of(some))
    assert (bare.joint, bare.joint_absent) == (None, "no covariance is kept on the training side")


def test_figures_beyond_a_float64_are_told_and_the_report_stands():
    train = named(table(300, np.eye(2), 1) * 1e-160)
    test = {"x0": train["x0"] + 1e150, "x1": train["x1"]}
    report = compare(side_of(train), side_of(test))
    assert report.joint is None
    assert report.joint_absent
    assert report.compared == 2


def test_an_offset_of_1e12_sigmas_changes_nothing():
    train, test = table(2000, equicorrelated(3, 0.6), 1), table(1500, np.eye(3), 2, 0.3)
    near = jointly(train, test)
    offset = 2.0**40
    train, test = (np.round(each * 2**12) / 2**12 for each in (train, test))  # exact at 2**40
    near, far = jointly(train, test), jointly(train + offset, test + offset)
    for name in ("frechet", "frechet_mean", "frechet_correlation", "auc_linear"):
        assert getattr(far, name) == pytest.approx(getattr(near, name), rel=1e-9)
    assert far.auc_restandardized == pytest.approx(0.5, abs=1e-9)


@settings(max_examples=25)
@given(st.integers(0, 2**32), st.integers(0, 60), st.integers(0, 60), st.floats(0, 1))
def test_any_two_sides_give_finite_figures_or_a_reason(seed, n, k, share):
    rng = np.random.default_rng(seed)

    def side(rows):
        columns = rng.normal(size=(4, rows)) * rng.choice([0.0, 1e-12, 1.0, 1e12], (4, 1))
        columns[rng.random(columns.shape) < share * rng.random((4, 1))] = np.nan
        return named(columns)

    report = compare(side_of(side(n)), side_of(side(k)), ShiftOptions(draws=1))
    assert (report.joint is None) == bool(report.joint_absent)
    if report.joint is not None:
        joint = report.joint
        names = (name for name in Joint.__slots__ if name.startswith(("frechet", "auc")))
        assert all(math.isfinite(getattr(joint, name)) for name in names)
        assert 0.5 <= joint.auc_linear <= 1.0
        assert min(joint.rows) >= 10


# Real data.


def test_winter_and_summer_weather(sample_data):
    paths = [sample_data / f"weather_{season}.parquet" for season in ("winter", "summer")]
    joint = bncli.shift(*paths, columns="temp,dewp,humid,wind_gust").joint
    assert joint.columns == ("temp", "dewp", "humid")
    assert joint.left_out == (("wind_gust", "missing in 70.0% and 88.8% of the rows"),)
    frames = [pl.read_parquet(path).select(joint.columns).drop_nulls() for path in paths]
    truth = standardized(*(frame.to_numpy().T for frame in frames))
    assert joint.rows == tuple(frame.height for frame in frames)
    assert joint.frechet**2 == pytest.approx(by_scipy(*truth), rel=1e-7)
    assert joint.frechet_mean / joint.frechet**2 > 0.9
    assert joint.auc_linear > 0.999
    before, after = (np.corrcoef(frame["temp"], frame["dewp"])[0, 1] for frame in frames)
    pair = next(p for p in joint.pairs if {p.first, p.second} == {"temp", "dewp"})
    assert (pair.train, pair.test) == pytest.approx((before, after), rel=1e-9)


def test_odd_and_even_rows_are_no_further_apart_than_chance_brings(sample_data):
    winter = pl.read_parquet(sample_data / "weather_winter.parquet").with_row_index()
    sides = [winter.filter(pl.col("index") % 2 == odd).drop("index") for odd in (0, 1)]
    joint = bncli.shift(*sides, exclude="wind_speed").joint
    assert joint.frechet < 2 * joint.frechet_expected
    assert not any(pair.noticeable for pair in joint.pairs)
    assert joint.auc_linear == pytest.approx(joint.auc_expected, abs=0.02)
    assert joint.notes == ()
    # One gross error, 1048 mph, is on one side.
    [note] = bncli.shift(*sides).joint.notes
    assert re.fullmatch("wind_speed alone brings 9[0-9]% of the distance squared", note)


def test_an_artifact_is_compared_like_the_data_that_it_was_fitted_on(sample_data, tmp_path):
    paths = [sample_data / f"weather_{season}.parquet" for season in ("winter", "summer")]
    bncli.fit(paths[0]).save(tmp_path / "winter.json")
    assert bncli.shift(tmp_path / "winter.json", paths[1]).joint == bncli.shift(*paths).joint


def test_the_test_side_measures_the_columns_of_the_training_side_in_any_order():
    train, test = (pl.DataFrame(named(table(400, np.eye(9), seed))) for seed in (1, 2))
    turned = test.select(reversed(test.columns))
    kept = bncli.fit(train, joint=4)
    for side in (test, turned):
        assert bncli.shift(kept, side).joint.columns == ("x0", "x1", "x2", "x3")
        assert bncli.shift(train, side, joint=2).joint.columns == ("x0", "x1")
    left_out = dict(bncli.shift(kept, test).joint.left_out)
    assert left_out["x8"] == (
        "the training side keeps the covariance of 4 columns, not of this one (--joint)"
    )


def test_more_columns_than_rows_allow_are_refused_by_the_option():
    with pytest.raises(bncli.errors.UsageError, match="--joint 513"):
        ShiftOptions(joint=513)
