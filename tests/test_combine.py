"""Merging standardizers: fits on the parts, merged, are the fit on the whole."""

from __future__ import annotations

import warnings
from dataclasses import replace
from functools import reduce

import numpy as np
import pytest
import standardizers
from hypothesis import given, settings
from hypothesis import strategies as st

from bncli.artifact.model import from_record, to_record
from bncli.errors import BncliWarning, UsageError
from bncli.standardize.combine import merge, merge_all
from bncli.stats.profile import Channel
from bncli.stats.quantiles import Quantiles
from bncli.stats.running import Algorithm2, Cumulative, Exponential, Pooled

POLICIES = [Pooled(), Pooled(ddof=1), Exponential(0.1), Cumulative(), Algorithm2()]


def columns(rows, seed=0):
    dice = np.random.default_rng(seed)
    holes = dice.normal(1e3, 1.0, rows)
    holes[::3] = np.nan
    return {"a": dice.normal(5.0, 2.0, rows), "holes": holes, "same": np.full(rows, 3.0)}


def cut(table, *places):
    """Consecutive parts of a table of columns."""
    rows = len(next(iter(table.values())))
    ends = zip((0, *places), (*places, rows), strict=True)
    return [{name: values[start:stop] for name, values in table.items()} for start, stop in ends]


def fit(table, **options):
    return standardizers.fitted(table, **options)


def assert_same_statistics(ours, theirs):
    assert ours.profile.rows == theirs.profile.rows
    assert ours.profile.batches == theirs.profile.batches
    for name in ("count", "min", "max"):
        pair = (getattr(s.profile.moments, name).tolist() for s in (ours, theirs))
        assert next(pair) == next(pair)
    for name in ("mean", "variance"):
        np.testing.assert_allclose(getattr(ours, name), getattr(theirs, name), rtol=1e-12)
    assert to_record(ours)["categories"] == to_record(theirs)["categories"]


@pytest.mark.parametrize("policy", POLICIES, ids=repr)
@pytest.mark.parametrize("places", [(8,), (16, 24, 40), (0,), (48,), (8, 8, 8)])
def test_parts_that_end_on_boundaries_merge_to_the_fit_on_the_whole(policy, places):
    table = columns(48)
    whole = fit(table, policy=policy)
    merged = merge_all([fit(part, policy=policy) for part in cut(table, *places)])
    assert_same_statistics(merged, whole)
    for ours, theirs in zip(merged.profile.quantiles, whole.profile.quantiles, strict=True):
        assert ours.points.tolist() == theirs.points.tolist()


@settings(max_examples=30)
@given(st.lists(st.integers(0, 60), max_size=4), st.sampled_from([1, 2, 7, 8, 60]))
def test_any_cut_gives_the_pooled_statistics_of_the_whole(places, batch_size):
    table = columns(60, seed=len(places))
    parts = cut(table, *sorted(places))
    merged = merge_all([fit(part, batch_size=batch_size) for part in parts])
    whole = fit(table, batch_size=batch_size)
    np.testing.assert_allclose(merged.mean, whole.mean, rtol=1e-13)
    np.testing.assert_allclose(merged.variance, whole.variance, rtol=1e-11, atol=1e-18)


def test_merging_goes_through_artifacts_without_a_change():
    parts = [fit(part) for part in cut(columns(40), 16)]
    loaded = [from_record(to_record(part)) for part in parts]
    assert to_record(merge(*loaded)) == to_record(merge(*parts))


def test_an_empty_part_changes_no_number():
    full, empty = standardizers.rich(), standardizers.rich(rows=0, sources=())
    for merged in (merge(full, empty), merge(empty, full)):
        assert to_record(merged)["channels"] == to_record(full)["channels"]


def test_one_part_is_given_back_and_none_is_refused():
    part = fit(columns(8))
    assert to_record(merge_all([part])) == to_record(part)
    with pytest.raises(UsageError, match="nothing to merge"):
        merge_all([])


def test_channels_in_another_order_are_matched_by_name():
    table = columns(32)
    first, second = cut(table, 16)
    turned = dict(reversed(second.items()))
    merged = merge(fit(first), fit(turned, gamma=np.array([1.0, 2.0, 3.0]), beta=np.zeros(3)))
    assert_same_statistics(merged, fit(table))
    assert merged.features == ("a", "holes", "same")
    assert merged.gamma.tolist() == [3.0, 2.0, 1.0]


def test_sources_add_up_and_only_common_options_stay():
    first = standardizers.rich(fit={"tail": "keep", "columns": ["a"]})
    second = standardizers.rich(fit={"tail": "keep", "columns": ["b"]})
    merged = merge(first, second)
    assert merged.sources == first.sources + second.sources
    assert merged.fit == {"tail": "keep"}


def test_categories_add_up():
    first, second = (
        fit(columns(3), categories={"origin": values})
        for values in (["a", "b", None], ["b", "b", "c"])
    )
    merged = merge(first, second).profile.categories["origin"]
    assert (merged.count, merged.missing, dict(merged.values)) == (5, 1, {"a": 1, "b": 3, "c": 1})


def test_the_covariance_of_parts_is_that_of_the_whole_in_any_order_of_channels():
    table = columns(60)
    first, second = cut(table, 24)
    turned = {name: second[name] for name in ("same", "a", "holes")}
    whole = fit(table, joint=True).profile.covariance
    for parts in ([fit(first, joint=True), fit(second, joint=True)],
                  [fit(first, joint=True), fit(turned, joint=True)]):  # fmt: skip
        merged = merge_all(parts).profile.covariance
        assert (merged.channels, merged.rows) == ((0, 1, 2), 60)
        for chosen in [(0, 1, 2), (0, 2), (1, 0)]:
            ours, theirs = merged.complete(chosen), whole.complete(chosen)
            assert ours.count == theirs.count
            np.testing.assert_allclose(ours.m2, theirs.m2, rtol=1e-9, atol=1e-9)


def test_a_covariance_that_not_all_parts_keep_is_left_out_with_a_warning():
    first, second = cut(columns(48), 24)
    with pytest.warns(BncliWarning, match="not all parts keep a covariance"):
        merged = merge(fit(first, joint=True), fit(second))
    assert merged.profile.covariance is None
    few = fit(second, joint=True)
    profile = replace(few.profile, covariance=few.profile.covariance.select((0, 2)))
    with pytest.warns(BncliWarning, match="not all parts keep the covariance of 'holes'"):
        merged = merge(fit(first, joint=True), few.replace(profile=profile))
    assert merged.profile.covariance.channels == (0, 2)
    assert merged.profile.covariance.complete((0, 2)).count == 48


DIFFERENT = {
    "batch size": ({"batch_size": 4}, "batch size is 8 in a.json and 4 in b.json"),
    "policy": (
        {"policy": Cumulative()},
        "running policy is exponential in a.json and cumulative in b.json",
    ),
    "momentum": (
        {"policy": Exponential(0.2)},
        r"momentum of exponential is 0\.1 in a.json and 0\.2 in b.json",
    ),
    "ddof": (
        {"policy": Exponential(0.1, ddof=0)},
        "ddof of exponential is 1 in a.json and 0 in b.json",
    ),
    "eps": ({"eps": 0.0}, r"eps is 1e-08 in a.json and 0\.0 in b.json"),
    "relative eps": ({"eps_relative": True}, "eps_relative is False in a.json and True in b.json"),
}


@pytest.mark.parametrize("case", list(DIFFERENT))
def test_parts_of_different_settings_are_refused_with_both_values(case):
    options, told = DIFFERENT[case]
    first = fit(columns(16), policy=Exponential(0.1))
    second = fit(columns(16), **{"policy": Exponential(0.1), **options})
    with pytest.raises(UsageError, match=told) as caught:
        merge_all([first, second], ["a.json", "b.json"])
    assert caught.value.exit_code == 2


def test_parts_of_different_columns_are_refused_with_their_names():
    table = columns(16)
    other = {"b" if name == "a" else name: values for name, values in table.items()}
    with pytest.raises(UsageError) as caught:
        merge_all([fit(table), fit(other)], ["a.json", "b.json"])
    assert "b.json lacks 'a'" in str(caught.value)
    assert "a.json lacks 'b'" in str(caught.value)


def test_a_column_of_another_type_in_one_part_takes_the_wider_type():
    first, second = fit(columns(16)), fit(columns(16))

    def typed(part, name):
        channels = (Channel("a", type=name), *part.channels[1:])
        record = to_record(part)
        record["channels"][0]["type"] = channels[0].type
        return from_record(record)

    for ours, theirs, whole in [
        ("Int64", "Float64", "Float64"),
        ("Int8", "Int64", "Int64"),
        ("Float32", "Float32", "Float32"),
        ("UInt64", "Int64", "Float64"),
    ]:
        merged = merge(typed(first, ours), typed(second, theirs))
        assert merged.channels[0].type == whole


def test_learned_gamma_and_beta_stay_when_the_other_part_has_the_defaults():
    learned = fit(columns(8), gamma=np.array([2.0, 1.0, 1.0]), beta=np.array([0.0, 1.0, 0.0]))
    default = fit(columns(8))
    for merged in (merge(learned, default), merge(default, learned), merge(learned, learned)):
        assert merged.gamma.tolist() == [2.0, 1.0, 1.0]
        assert merged.beta.tolist() == [0.0, 1.0, 0.0]


def test_a_head_and_the_record_of_its_learning_stay_with_the_gamma_they_belong_to():
    head = standardizers.kept_head(features=("b", "a"))
    affine = {"gamma": np.full(3, 2.0), "beta": np.zeros(3)}
    learned = fit(columns(8), head=head, learned=standardizers.learning(), **affine)
    default = fit(columns(8))
    for merged in (merge(learned, default), merge(default, learned), merge(learned, learned)):
        assert merged.head is head
        assert merged.learned == learned.learned
        assert merged.gamma.tolist() == [2.0, 2.0, 2.0]


def test_different_heads_are_refused():
    first = fit(columns(8), head=standardizers.kept_head())
    second = fit(columns(8), head=standardizers.kept_head(bias=np.zeros(3)))
    with pytest.raises(UsageError, match="part 1 and part 2 have different heads"):
        merge(first, second)


def test_different_learned_gammas_are_refused():
    first, second = (fit(columns(8), gamma=np.full(3, g), beta=np.zeros(3)) for g in (2.0, 3.0))
    with pytest.raises(UsageError, match="different gamma or beta"):
        merge(first, second)


@pytest.mark.parametrize("policy", POLICIES, ids=repr)
def test_a_part_that_ends_inside_a_mini_batch_warns_where_order_matters(policy):
    parts = [fit(part, policy=policy) for part in cut(columns(40), 13)]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        merged = merge_all(parts)
    assert len(caught) == policy.order_bound
    assert merged.profile.batches == 2 + 4  # the boundaries stay as they were
    if caught:
        assert "1 of 2 parts do not end on a mini-batch boundary" in str(caught[0].message)


def test_a_part_without_a_profile_leaves_the_whole_without_one():
    parts = [standardizers.rich(), standardizers.rich(profile=False)]
    with pytest.warns(BncliWarning, match="has no profile"):
        merged = merge_all(parts)
    assert (merged.profile.quantiles, merged.profile.categories) == ((), {})
    assert to_record(merged)["profile"] is False


def test_a_categorical_column_of_one_part_only_is_left_out_with_a_warning():
    first = fit(columns(2), categories={"x": ["a", "b"], "y": ["a", "b"]})
    second = fit(columns(2), categories={"y": ["a", "b"]})
    with pytest.warns(BncliWarning, match="not all parts have 'x'"):
        assert list(merge(first, second).profile.categories) == ["y"]


# Quantiles: the stated rank error holds, whatever is merged and how.

SHAPES = {
    "sorted": lambda dice, rows: np.sort(dice.normal(size=rows)),
    "reversed": lambda dice, rows: np.sort(dice.normal(size=rows))[::-1],
    "constant": lambda dice, rows: np.full(rows, 7.0),
    "two values": lambda dice, rows: dice.integers(0, 2, rows).astype(float),
    "heavy tails": lambda dice, rows: dice.standard_cauchy(rows),
}


def one_after_the_other(sketches):
    return reduce(lambda whole, part: whole.merge(part).sealed(), sketches)


def as_a_tree(sketches):
    if len(sketches) == 1:
        return sketches[0]
    middle = len(sketches) // 2
    return as_a_tree(sketches[:middle]).merge(as_a_tree(sketches[middle:])).sealed()


def largest_rank_error(sketch, values):
    """Over all values, from both sides: more than is promised, which is for one value."""
    values = np.sort(values)
    at = np.unique(values[:: max(1, values.size // 2000)])
    return max(
        np.abs(sketch.cdf(at, side) - np.searchsorted(values, at, side) / values.size).max()
        for side in ("left", "right")
    )


@pytest.mark.parametrize("merging", [one_after_the_other, as_a_tree])
@pytest.mark.parametrize("shape", list(SHAPES))
def test_the_stated_rank_error_holds_in_99_percent_of_merges(shape, merging):
    trials, failures = 0, 0
    for seed in range(9):
        values = SHAPES[shape](np.random.default_rng(seed), 64 * 1100)
        for parts in (1, 2, 7, 64):
            sketches = [Quantiles.of(part).sealed() for part in np.array_split(values, parts)]
            whole = merging(sketches)
            assert whole.points.size <= 2048
            assert np.isclose(whole.weights.sum(), values.size, rtol=1e-9)
            trials += 1
            failures += largest_rank_error(whole, values) > whole.rank_error + 1e-9
    assert failures <= 0.01 * trials, f"{failures} of {trials}"


@pytest.mark.parametrize("rows", [300, 2000])
def test_a_year_of_daily_merges_states_less_than_half_a_percent_and_keeps_it(rows):
    values = np.random.default_rng(0).normal(size=365 * rows).reshape(365, rows)
    values += np.arange(365)[:, None] / 100  # it drifts through the year
    whole = one_after_the_other([Quantiles.of(day).sealed() for day in values])
    assert 0 < largest_rank_error(whole, values.ravel()) <= whole.rank_error < 0.005


@settings(max_examples=30)
@given(
    st.lists(st.integers(1, 4000), min_size=1, max_size=12),
    st.integers(0, 2**32),
    st.floats(0, 3),
)
def test_parts_of_any_sizes_stay_small_sorted_and_honest(sizes, seed, skew):
    dice = np.random.default_rng(seed)
    parts = [np.round(dice.lognormal(0, skew, size), 2) for size in sizes]
    whole = one_after_the_other([Quantiles.of(part).sealed() for part in parts])
    values = np.concatenate(parts)
    assert whole.points.size <= 2048
    assert (np.diff(whole.points) >= 0).all()
    assert (whole.minimum, whole.maximum, whole.count) == (values.min(), values.max(), values.size)
    # Twice the stated error of one value: never seen beyond, in a million trials.
    assert largest_rank_error(whole, values) <= 2 * whole.rank_error + 1e-9


def test_thinning_is_unbiased():
    dice, at = np.random.default_rng(0), np.array([-0.3, 0.8])
    errors = []
    for _ in range(400):
        parts = [Quantiles.of(dice.normal(size=200)).sealed(8) for _ in range(3)]
        whole = parts[0].merge(parts[1]).merge(parts[2])
        errors.append(whole.sealed(8).cdf(at) - whole.cdf(at))
    assert np.std(errors) > 0.01
    assert (np.abs(np.mean(errors, axis=0)) < 4 * np.std(errors, axis=0) / 20).all()


def test_sealing_the_same_content_gives_the_same_points():
    parts = [Quantiles.of(np.random.default_rng(seed).normal(size=5000)) for seed in range(9)]
    records = [one_after_the_other([p.sealed() for p in parts]).to_record() for _ in range(2)]
    assert records[0] == records[1]
