"""``transform`` and ``inverse`` with statistics per group: each row by those of its own group."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import bncli
from bncli.artifact import store
from bncli.errors import BncliWarning, ColumnMissing, DataError, UsageError
from bncli.standardize.affine import _scale
from bncli.standardize.grouped import scales
from bncli.standardize.standardizer import Standardizer

FRAME = pl.DataFrame(
    {
        "k": ["a", "b", "a", "b", "a", "b"],
        "x": [1.0, 10.0, 2.0, 20.0, 3.0, 60.0],
        "text": list("uvwxyz"),
        "flat": [5.0, 1.0, 5.0, 2.0, 5.0, 3.0],
    }
)


@pytest.fixture
def fitted():
    return bncli.fit(FRAME, by="k", eps=0.0)


def applied(standardizer, frame, tmp_path, verb="transform", **options) -> pl.DataFrame:
    path = tmp_path / f"{verb}.parquet"
    getattr(bncli, verb)(frame, standardizer, path, overwrite=True, **options)
    return pl.read_parquet(path)


# --- real data: a group as a file of its own --------------------------------------------------


@pytest.mark.parametrize("running", ["pooled", "exponential", "algorithm2"])
@pytest.mark.parametrize(("name", "key"), [("weather_winter", "origin"), ("penguins", "species")])
@pytest.mark.filterwarnings("ignore::bncli.errors.BncliWarning")
def test_rows_come_out_as_by_the_artifact_of_their_group(sample_data, tmp_path, name, key, running):
    frame = pl.read_parquet(sample_data / f"{name}.parquet")
    options = {"running": running, "batch_size": 100}
    standardizer = bncli.fit(frame, by=key, **options)
    done = applied(standardizer, frame, tmp_path)
    for group in standardizer.profile.groups.keys:
        part = frame.filter(pl.col(key) == group)
        alone = applied(bncli.fit(part, **options), part, tmp_path)
        ours = done.filter(pl.col(key) == group)
        assert ours.schema == alone.schema
        for column in standardizer.features:
            assert ours[column].is_null().to_list() == alone[column].is_null().to_list()
            np.testing.assert_allclose(ours[column], alone[column], rtol=1e-10, atol=1e-11)


def test_what_was_standardized_by_group_comes_back_from_the_file_alone(sample_data, tmp_path):
    """The Parquet output carries the groups; whole rows, within 4 ulp of max(|x|, |mean|, sd)."""
    frame = pl.read_parquet(sample_data / "weather_winter.parquet")
    standardizer = bncli.fit(frame, by="origin")
    path, back = tmp_path / "z.parquet", tmp_path / "x.parquet"
    standardizer.transform(frame, path)
    bncli.inverse(path, output=back)
    found, groups = pl.read_parquet(back), standardizer.profile.groups
    rows = [groups.keys.index(key) for key in frame["origin"]]
    means, sds = groups.moments.value()[rows], np.sqrt(groups.moments.variance())[rows]
    for at, column in enumerate(standardizer.features):
        x, again = (f[column].cast(pl.Float64).to_numpy() for f in (frame, found))
        unit = np.spacing(np.maximum(np.maximum(np.abs(x), np.abs(means[:, at])), sds[:, at]))
        assert np.nanmax(np.abs(again - x) / unit) <= 4
    others = [name for name in frame.columns if name not in standardizer.features]
    assert found.select(others).equals(frame.select(others))


@pytest.mark.parametrize("suffix", ["csv", "ndjson", "arrow"])
def test_every_format_of_input_and_output_gives_the_same_numbers(suffix, tmp_path):
    """Numbers as keys, copied to CSV as they stand."""
    frame = FRAME.with_columns(k=pl.Series([7, 12, 7, 12, 7, 12]))
    standardizer = bncli.fit(frame, by="k", eps=0.0)
    source, out = tmp_path / f"in.{suffix}", tmp_path / f"out.{suffix}"
    write, read = {
        "csv": ("write_csv", pl.read_csv),
        "ndjson": ("write_ndjson", pl.read_ndjson),
        "arrow": ("write_ipc", pl.read_ipc),
    }[suffix]
    getattr(frame, write)(source)
    standardizer.transform(source, out)
    found = read(out)
    assert found["k"].to_list() == frame["k"].to_list()
    np.testing.assert_allclose(found["x"], applied(standardizer, frame, tmp_path)["x"], rtol=1e-15)


def test_images_are_standardized_by_the_statistics_of_their_label(sample_data, tmp_path):
    frame = pl.read_parquet(sample_data / "digits_train.parquet").head(300)
    standardizer = bncli.fit(frame, by="label", eps=0.0)
    done = applied(standardizer, frame, tmp_path)
    pixels, found = (
        f["image"].ext.storage().explode().to_numpy().reshape(-1, 64).astype(float)
        for f in (frame, done)
    )
    for label in range(10):
        own = (frame["label"] == label).to_numpy()
        expected = (pixels[own] - pixels[own].mean()) / pixels[own].std()
        np.testing.assert_allclose(found[own], expected, rtol=1e-12, atol=1e-13)
    back = applied(standardizer, done, tmp_path, "inverse")
    again = back["image"].ext.storage().explode().to_numpy().reshape(-1, 64)
    np.testing.assert_allclose(again, pixels, atol=1e-12)


# --- rows of no group that was fitted ---------------------------------------------------------


def test_rows_of_other_groups_take_the_statistics_of_all_rows_with_one_warning(fitted, tmp_path):
    strange = FRAME.with_columns(k=pl.Series(["a", "c", "d", None, "c", "b"]))
    with pytest.warns(BncliWarning) as caught:
        done = applied(fitted, strange, tmp_path)
    assert [str(one.message) for one in caught] == [
        "3 rows of 2 groups that fit did not see ('c', 'd') and 1 row without a value of 'k' took "
        "the statistics of all rows"
    ]
    whole, own = FRAME["x"], [FRAME["x"].gather_every(2), FRAME["x"].gather_every(2, 1)]
    expected = [
        (value - of.mean()) / of.std(ddof=0)
        for value, of in zip(FRAME["x"], [own[0], whole, whole, whole, whole, own[1]], strict=True)
    ]
    assert done["x"].to_list() == pytest.approx(expected, rel=1e-14)
    with pytest.warns(BncliWarning, match="took the statistics of all rows"):
        back = applied(fitted, done, tmp_path, "inverse")
    assert back["x"].to_list() == pytest.approx(FRAME["x"].to_list(), rel=1e-14)


@pytest.mark.parametrize(
    ("key", "told"),
    [("c", "row 3: fit did not see the group 'c'"), (None, "row 3: no value of 'k'")],
)
def test_rows_of_other_groups_stop_by_choice_and_nothing_is_written(fitted, tmp_path, key, told):
    strange = FRAME.with_columns(k=pl.Series(["a", "b", key, "a", "a", "b"]))
    with pytest.raises(DataError, match=told):
        applied(fitted, strange, tmp_path, unseen="fail")
    assert not (tmp_path / "transform.parquet").exists()


def test_a_column_of_which_a_group_had_no_value_takes_the_statistics_of_all_rows(tmp_path):
    frame = FRAME.with_columns(x=pl.when(pl.col("k") == "b").then(pl.col("x")))
    with pytest.warns(BncliWarning, match="1 of 2 groups has no present value in 'x'"):
        standardizer = bncli.fit(frame, by="k", eps=0.0)
    done = applied(standardizer, FRAME, tmp_path)
    known = frame["x"].drop_nulls()
    expected = [(value - known.mean()) / known.std(ddof=0) for value in FRAME["x"]]
    assert done["x"].to_list() == pytest.approx(expected, rel=1e-14)
    assert applied(standardizer, frame, tmp_path, unseen="fail")["x"].null_count() == 3
    with pytest.raises(DataError, match="row 1: fit saw no value of 'x' in group 'a'"):
        applied(standardizer, FRAME, tmp_path, unseen="fail")


# --- one value at a time ----------------------------------------------------------------------


def test_a_column_that_is_constant_in_a_group_comes_out_as_beta_there_alone(fitted, tmp_path):
    shifted = fitted.with_affine(beta={"flat": 0.25})
    done = applied(shifted, FRAME, tmp_path)
    assert done["flat"].gather_every(2).to_list() == [0.25] * 3
    spread = np.array([1.0, 2.0, 3.0])
    expected = (spread - 2) / spread.std() + 0.25
    assert done["flat"].gather_every(2, 1).to_list() == pytest.approx(expected, rel=1e-14)
    assert applied(shifted, done, tmp_path, "inverse")["flat"].to_list() == pytest.approx(
        FRAME["flat"].to_list(), rel=1e-14
    )


def test_missing_values_stay_what_they_are_and_can_be_filled(fitted, tmp_path):
    holes = FRAME.with_columns(x=pl.Series([None, float("nan"), 2.0, 20.0, None, 60.0]))
    done = applied(fitted, holes, tmp_path)
    assert done["x"].is_null().to_list() == [True, False, False, False, True, False]
    assert done["x"].is_nan().to_list() == [None, True, False, False, None, False]
    filled = applied(fitted, holes, tmp_path, fill_missing=0.5)
    assert filled["x"].to_list()[:2] == [0.5, 0.5]


def test_gamma_and_beta_are_of_the_channel_whatever_the_group(fitted, tmp_path):
    plain, scaled = fitted, fitted.with_affine(gamma={"x": 3.0}, beta={"x": -1.0})
    one, other = (applied(each, FRAME, tmp_path)["x"].to_numpy() for each in (plain, scaled))
    np.testing.assert_allclose(other, one * 3 - 1, rtol=1e-14)
    with pytest.raises(UsageError, match="gamma is 0, so nothing is left to bring back, in 'x'"):
        applied(fitted.with_affine(gamma={"x": 0.0}), FRAME, tmp_path, "inverse")


@pytest.mark.filterwarnings("ignore:.*rounding rules")
@pytest.mark.parametrize("kind", [pl.Int64, pl.UInt64])
def test_integers_beyond_float64_lose_no_more_than_without_groups(kind, tmp_path):
    values = [2**62 + at for at in (0, 1000, 2, 3000, 4, 5000)]
    frame = FRAME.select("k").with_columns(n=pl.Series(values, dtype=kind))
    done = applied(bncli.fit(frame, by="k", eps=0.0), frame, tmp_path)["n"]
    for group, own in (("a", done.gather_every(2)), ("b", done.gather_every(2, 1))):
        part = frame.filter(pl.col("k") == group)
        alone = applied(bncli.fit(part, eps=0.0), part, tmp_path)["n"]
        assert own.to_list() == alone.to_list()
        assert own.n_unique() == 3


@given(
    st.floats(1e-300, 1e300),
    st.floats(-1e6, 1e6).filter(lambda gamma: gamma == 0 or abs(gamma) > 1e-6),
    st.sampled_from([0.0, 1e-8, 1e-5, 1.0]),
    st.booleans(),
)
def test_scales_are_the_float64_nearest_to_the_exact_ones(variance, gamma, eps, relative):
    exact = _scale(Standardizer(None, eps=eps, eps_relative=relative), variance, gamma)
    found = scales(np.array([[variance]]), np.array([gamma]), eps, relative)[0, 0]
    assert abs(found - exact) <= np.spacing(abs(exact))


# --- what cannot be meant ---------------------------------------------------------------------


def test_data_without_the_key_is_refused(fitted, tmp_path):
    with pytest.raises(ColumnMissing, match="no column is named 'k'"):
        applied(fitted, FRAME.drop("k"), tmp_path)
    with pytest.raises(DataError, match="column 'k' is List"):
        applied(fitted, FRAME.with_columns(k=pl.Series([[1]] * 6)), tmp_path)


def test_mini_batch_statistics_are_refused_by_name(fitted, tmp_path):
    with pytest.raises(UsageError, match=r"--statistics batch has no meaning .* by 'k'"):
        applied(fitted, FRAME, tmp_path, statistics="batch")


def test_verbs_that_know_no_groups_refuse_them_by_name(fitted, tmp_path):
    with pytest.raises(UsageError, match="statistics per group of 'k' are not adapted"):
        bncli.adapt(FRAME, fitted)
    with pytest.raises(UsageError, match="by 'k', and learn takes those of all rows only"):
        bncli.learn(FRAME, fitted, target="flat")
    with pytest.raises(UsageError, match="by 'k', and predict takes those of all rows only"):
        bncli.predict(FRAME, fitted, tmp_path / "p.parquet")


def test_infinities_and_overflow_are_told_with_their_row(fitted, tmp_path):
    frame = FRAME.with_columns(x=pl.Series([1.0, 2.0, float("inf"), 4.0, 5.0, 6.0]))
    with pytest.raises(DataError, match="row 3: column 'x' holds inf"):
        applied(fitted, frame, tmp_path)
    assert applied(fitted, frame, tmp_path, nonfinite="missing")["x"].null_count() == 1
    frame = FRAME.with_columns(x=pl.Series([1e308, 2.0, 3.0, 4.0, 5.0, 6.0]))
    with pytest.raises(DataError, match="too large for float32 in column 'x'"):
        applied(fitted, frame, tmp_path, dtype="float32")


def test_more_groups_than_a_footer_takes_do_not_travel_with_the_data(fitted, tmp_path, monkeypatch):
    """Without them the file could not be brought back: so it carries no standardizer at all."""
    monkeypatch.setattr(store, "_MAX_EMBEDDED", 300)
    path = tmp_path / "z.parquet"
    fitted.transform(FRAME, path)
    with pytest.raises(UsageError, match="carries no standardizer"):
        bncli.inverse(path, output=tmp_path / "x.parquet")
    fitted.inverse(path, tmp_path / "x.parquet")


def test_from_the_shell_the_warning_is_one_and_the_failure_is_three(tmp_path):
    FRAME.write_parquet(tmp_path / "train.parquet")
    FRAME.with_columns(k=pl.lit("new")).write_parquet(tmp_path / "new.parquet")

    def cli(*arguments) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "bncli", *arguments]
        environment = {**os.environ, "NO_COLOR": "1"}
        return subprocess.run(
            command, capture_output=True, text=True, check=False, cwd=tmp_path, env=environment
        )

    assert cli("fit", "train.parquet", "--by", "k", "-o", "s.json").returncode == 0
    done = cli("transform", "new.parquet", "-s", "s.json", "-o", "out.csv")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("6 rows of 1 group that fit did not see ('new')") == 1
    failed = cli("transform", "new.parquet", "-s", "s.json", "-o", "no.csv", "--unseen", "fail")
    assert failed.returncode == 3
    assert "new.parquet: row 1: fit did not see the group 'new'" in failed.stderr
    assert not (tmp_path / "no.csv").exists()
