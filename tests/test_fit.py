"""Fitting real and awkward data through the verbs."""

from __future__ import annotations

import warnings

import numpy as np
import polars as pl
import pytest

import bncli
from bncli.artifact import dumps
from bncli.data.dataset import open_dataset
from bncli.engine.fitting import FitTask, fold_dataset
from bncli.engine.planning import Choice, plan_for
from bncli.errors import BncliWarning, DataError, NonFinite, UsageError
from bncli.stats.running import Cumulative, Exponential


def frame(**columns) -> pl.DataFrame:
    return pl.DataFrame(columns)


@pytest.mark.parametrize("rows_per_segment", [1 << 22, 4096, 992, 96])
def test_the_cut_into_segments_changes_no_bit(sample_data, rows_per_segment):
    dataset = open_dataset(sample_data / "weather_winter.parquet")
    plan = plan_for(dataset, Choice(), 32, Exponential(0.1))
    whole, parts = (
        fold_dataset(FitTask(dataset, plan), rows) for rows in (1 << 22, rows_per_segment)
    )
    records = [
        (
            profile.moments.to_records(),
            profile.running.to_records(),
            profile.missing.to_records(),
            [q.to_record() for q in profile.quantiles],
            {name: each.to_record() for name, each in profile.categories.items()},
            profile.covariance.to_record(),
        )
        for profile in (whole, parts)
    ]
    assert records[0] == records[1]


def test_the_covariance_is_of_the_first_numeric_columns_in_file_order(sample_data):
    path = sample_data / "weather_winter.parquet"
    kept = {n: bncli.fit(path, joint=n).profile.covariance for n in (1, 4, 64)}
    assert {n: each.channels for n, each in kept.items()} == {
        1: (0,),
        4: (0, 1, 2, 3),
        64: tuple(range(11)),
    }
    assert bncli.fit(path, joint=0).profile.covariance is None
    assert bncli.fit(path, profile=False).profile.covariance is None
    for wrong in (-1, 513):
        with pytest.raises(UsageError, match="--joint takes up to 512"):
            bncli.fit(path, joint=wrong)


def test_a_covariance_is_kept_of_every_way_of_reading(sample_data):
    parquet, csv = (bncli.fit(sample_data / f"penguins.{kind}") for kind in ("parquet", "csv"))
    assert parquet.profile.covariance.to_record() == csv.profile.covariance.to_record()


def test_update_goes_on_with_the_covariance(sample_data):
    data = pl.read_parquet(sample_data / "weather_year.parquet")
    first = bncli.fit(data.head(9000))
    updated = bncli.fit(data.slice(9000), update=first).profile.covariance
    whole = bncli.fit(data).profile.covariance
    ours, theirs = (each.complete(each.channels) for each in (updated, whole))
    assert (updated.rows, ours.count) == (26115, theirs.count)
    spread = np.sqrt(np.diagonal(theirs.m2))
    np.testing.assert_allclose(
        ours.m2 / np.outer(spread, spread), theirs.m2 / np.outer(spread, spread), atol=1e-12
    )


def test_the_same_data_in_another_format_gives_the_same_statistics(sample_data):
    parquet, csv = (bncli.fit(sample_data / f"penguins.{kind}") for kind in ("parquet", "csv"))
    assert parquet.mean.tobytes() == csv.mean.tobytes()
    assert parquet.variance.tobytes() == csv.variance.tobytes()
    assert parquet.profile.categories == csv.profile.categories


def test_real_means_and_variances_are_those_of_numpy(sample_data):
    path = sample_data / "flights_january.parquet"
    fitted = bncli.fit(path, batch_size=1000)
    data = pl.read_parquet(path)
    for channel, mean, variance in zip(fitted.channels, fitted.mean, fitted.variance, strict=True):
        values = data[channel.feature].cast(pl.Float64).drop_nulls().to_numpy()
        assert mean == pytest.approx(values.mean(), rel=1e-13)
        assert variance == pytest.approx(values.var(), rel=1e-12)


def test_the_batch_size_changes_no_pooled_number_beyond_2_ulp(sample_data):
    fits = [bncli.fit(sample_data / "visits_train.parquet", batch_size=m) for m in (1, 37, 8192)]
    for other in fits[1:]:
        size = np.maximum(np.abs(other.mean), np.sqrt(other.variance))
        assert np.all(np.abs(other.mean - fits[0].mean) <= 2 * np.spacing(size))
        gap = np.abs(other.variance - fits[0].variance)
        assert np.all(gap <= 2 * np.spacing(other.variance))


def test_tail_drop_leaves_the_ragged_batch_out():
    data = frame(x=[1.0, 2.0, 3.0, 100.0])
    assert bncli.fit(data, batch_size=3, tail="drop").profile.rows == 3
    assert bncli.fit(data, batch_size=3, tail="keep").profile.batches == 2
    merged = bncli.fit(data, batch_size=3, tail="merge", running="cumulative")
    assert merged.profile.batches == 1
    assert merged.mean[0] == 26.5


def test_infinities_are_named_with_column_and_row():
    data = frame(a=[1.0, 2.0, float("inf")], b=[1.0, float("-inf"), 2.0], c=[1.0, 2.0, 4.0])
    with pytest.raises(NonFinite, match=r"(?s)row 3: column 'a' holds inf.*row 2: column 'b'"):
        bncli.fit(data)
    fitted = bncli.fit(data, nonfinite="missing")
    assert fitted.profile.missing.infinite.tolist() == [1, 1, 0]
    assert fitted.mean.tolist() == [1.5, 1.5, 7 / 3]


def test_an_overflowing_spread_is_refused_by_name():
    with pytest.raises(DataError, match="'wide' spreads so far"):
        bncli.fit(frame(wide=[1e200, 2e200], fine=[1.0, 2.0]))


def test_awkward_columns_are_warned_about_by_name():
    data = frame(
        level=[3.0] * 6,
        gone=pl.Series([None] * 6, dtype=pl.Float64),
        micro=[1e-6, 2e-6, 3e-6, 5e-6, 4e-6, 9e-6],
        rough=[1e12, 1e12, 1e12 + 2**-13, 1e12, 1e12, 1e12],
        plain=[1.0, 2.0, 4.0, 3.0, 9.0, 8.0],
    )
    with pytest.warns(BncliWarning) as caught:
        fitted = bncli.fit(data)
    told = [str(each.message) for each in caught]
    assert any("'gone' has no present value" in text for text in told)
    assert any("'level' is constant" in text for text in told)
    assert any("'micro'" in text and "--eps 0" in text for text in told)
    assert any("'rough'" in text and "rounding" in text for text in told)
    assert not any("plain" in text for text in told)
    assert fitted.profile.moments.constant.tolist() == [True, False, False, False, False]


def test_sorted_data_is_warned_about_under_algorithm2(sample_data):
    data = pl.read_parquet(sample_data / "weather_winter.parquet").select("temp").drop_nulls()
    with pytest.warns(BncliWarning, match="algorithm2"):
        bncli.fit(data.sort("temp"), batch_size=64, running="algorithm2")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        bncli.fit(data.sample(fraction=1, shuffle=True, seed=1), batch_size=512)


def test_a_row_number_is_left_out_and_said():
    data = frame(row=range(100), x=[float(i * i % 17) for i in range(100)])
    with pytest.warns(BncliWarning, match="left out 'row'"):
        assert bncli.fit(data).features == ("x",)
    assert bncli.fit(data, columns="row,x").features == ("row", "x")


def test_batch_stats_hold_every_mini_batch(tmp_path):
    values = [1.0, 2.0, None, 4.0, 8.0, 16.0, 32.0]
    bncli.fit(
        frame(x=values, y=[float(i) ** 2 for i in range(7)]),
        batch_size=3,
        running="exponential",
        momentum=0.5,
        batch_stats=tmp_path / "batches.parquet",
    )
    table = pl.read_parquet(tmp_path / "batches.parquet")
    assert table.columns == [
        *("batch", "first_row", "feature", "channel", "count", "missing", "mean", "variance"),
        *("running_mean", "running_variance"),
    ]
    x = table.filter(pl.col("feature") == "x")
    assert x["batch"].to_list() == [0, 1, 2]
    assert x["first_row"].to_list() == [0, 3, 6]
    assert x["count"].to_list() == [2, 3, 1]
    assert x["missing"].to_list() == [1, 0, 0]
    assert x["mean"].to_list() == pytest.approx([1.5, 28 / 3, 32.0])
    assert x["running_mean"].to_list() == pytest.approx([0.75, 0.375 + 14 / 3, 0.1875 + 7 / 3 + 16])
    assert x["running_variance"][2] == x["running_variance"][1]


def test_the_last_row_of_batch_stats_is_what_the_artifact_holds(sample_data, tmp_path):
    fitted = bncli.fit(
        sample_data / "visits_train.parquet",
        batch_size=100,
        running="exponential",
        batch_stats=tmp_path / "b.csv",
    )
    last = pl.read_csv(tmp_path / "b.csv").tail(len(fitted.channels))
    assert last["running_mean"].to_numpy() == pytest.approx(fitted.mean, rel=1e-12)
    assert last["running_variance"].to_numpy() == pytest.approx(fitted.variance, rel=1e-12)


def test_update_goes_on_as_if_the_rows_followed(sample_data):
    data = pl.read_parquet(sample_data / "visits_train.parquet")
    options = {"batch_size": 100, "running": "exponential", "momentum": 0.1}
    first = bncli.fit(data.head(5000), **options)
    updated = bncli.fit(data.slice(5000), update=first, **options)
    whole = bncli.fit(data, **options)
    assert updated.mean == pytest.approx(whole.mean, rel=1e-12)
    assert updated.variance == pytest.approx(whole.variance, rel=1e-12)
    assert updated.profile.rows == whole.profile.rows
    with pytest.raises(UsageError, match="batch size"):
        bncli.fit(data.slice(5000), update=first, running="exponential", batch_size=50)


def test_the_identity_affine_brings_the_input_back(sample_data, tmp_path):
    path = sample_data / "visits_train.parquet"
    fitted = bncli.fit(path, affine="identity")
    fitted.transform(path, tmp_path / "same.parquet")
    before, after = pl.read_parquet(path), pl.read_parquet(tmp_path / "same.parquet")
    for name in fitted.features:
        assert after[name].to_numpy() == pytest.approx(before[name].to_numpy(), rel=1e-9, abs=1e-9)


def test_the_same_fit_gives_the_same_bytes(sample_data):
    path = sample_data / "weather_winter.parquet"
    assert dumps(bncli.fit(path)) == dumps(bncli.fit(path))


def test_zero_rows_are_valid_and_said():
    empty = pl.DataFrame(schema={"x": pl.Float64, "y": pl.String})
    with pytest.warns(BncliWarning, match="no rows"):
        fitted = bncli.fit(empty)
    assert np.isnan(fitted.mean).all()


@pytest.mark.parametrize(
    ("preset", "eps", "policy", "ddof"),
    [
        ("paper", 1e-8, "algorithm2", 1),
        ("torch", 1e-5, "exponential", 1),
        ("keras", 1e-3, "exponential", 0),
        ("sklearn", 0.0, "pooled", 0),
        ("onnx", 1e-5, "exponential", 0),
    ],
)
def test_presets_set_what_the_system_has(preset, eps, policy, ddof):
    data = frame(x=np.random.default_rng(0).standard_normal(50) * 9)
    fitted = bncli.fit(data, preset=preset)
    assert (fitted.eps, fitted.policy.name, fitted.policy.ddof) == (eps, policy, ddof)
    assert bncli.fit(data, preset=preset, eps=0.5).eps == 0.5


def test_the_momentum_of_a_preset_goes_with_its_policy():
    data = frame(x=np.random.default_rng(0).standard_normal(50))
    fitted = bncli.fit(data, preset="keras", running="cumulative")
    assert (fitted.eps, fitted.policy) == (1e-3, Cumulative(ddof=0))


@pytest.mark.parametrize("wrong", [{"ddof": 2}, {"ddof": -1}, {"eps": -1e-9}, {"eps": np.nan}])
def test_numbers_that_no_artifact_holds_are_refused_before_any_reading(wrong):
    with pytest.raises(UsageError, match=next(iter(wrong))):
        bncli.fit("there is no such file.csv", **wrong)


def test_momentum_without_an_exponential_policy_is_refused():
    with pytest.raises(UsageError, match="momentum has no meaning"):
        bncli.fit(frame(x=[1.0, 2.0]), momentum=0.1)
