"""transform and inverse by running statistics: exact, in place, streamed, whole or not at all."""

from __future__ import annotations

import warnings
from fractions import Fraction
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from applying import Statistics, exact_forward, standardizer, ulps
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from bncli.data.dataset import open_dataset
from bncli.data.formats import ReadOptions
from bncli.data.parts import Retyped
from bncli.data.retyping import with_retyping
from bncli.engine import apply
from bncli.errors import (
    BadValue,
    BncliWarning,
    ColumnMissing,
    DataError,
    NonFinite,
    OutputExists,
    UsageError,
)

ONE = standardizer({"x": Statistics(3.0, 4.0)})


def run(verb, data, fitted, target, read=None, **options) -> apply.Applied:
    dataset = open_dataset(data, read or ReadOptions())
    return with_retyping(dataset, lambda dataset: verb(dataset, fitted, target, **options))


def forward(tmp_path, data, fitted=ONE, **options) -> pl.DataFrame:
    run(apply.transform, data, fitted, tmp_path / "out.parquet", overwrite=True, **options)
    return pl.read_parquet(tmp_path / "out.parquet")


def backward(tmp_path, data, fitted=ONE, **options) -> pl.DataFrame:
    run(apply.inverse, data, fitted, tmp_path / "back.parquet", overwrite=True, **options)
    return pl.read_parquet(tmp_path / "back.parquet")


def write_csv(folder: Path, text: str, name: str = "in.csv") -> Path:
    (folder / name).write_text(text)
    return folder / name


# What comes out


def test_columns_are_standardized_in_place_and_the_rest_is_untouched(tmp_path):
    frame = pl.DataFrame(
        {
            "text": ["a", None, ""],
            "x": [1.0, 3.0, 7.0],
            "day": pl.Series(["2020-02-29", None, "2021-01-01"]).str.to_date(),
            "kind": pl.Series(["u", "v", "u"], dtype=pl.Categorical),
            "list": [[1.0], None, [2.0, 3.0]],
            "other": [1, 2**62 + 3, None],
        }
    )
    found = forward(tmp_path, frame)
    assert_frame_equal(found, frame.with_columns(x=pl.Series([-1.0, 0.0, 2.0])))


def test_null_stays_null_and_nan_stays_nan(tmp_path):
    found = forward(tmp_path, pl.DataFrame({"x": [None, float("nan"), 5.0]}))
    assert found["x"].is_null().to_list() == [True, False, False]
    assert np.isnan(found["x"][1])
    assert found["x"][2] == 1.0


def test_both_are_filled_after_step_4_when_asked_to(tmp_path):
    fitted = standardizer({"x": Statistics(3.0, 4.0, beta=10.0)})
    frame = pl.DataFrame({"x": [None, float("nan"), 5.0]})
    assert forward(tmp_path, frame, fitted, fill_missing=0.0)["x"].to_list() == [0.0, 0.0, 11.0]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_missing_cannot_be_filled_with_what_is_no_value(tmp_path, value):
    with pytest.raises(UsageError, match="--fill-missing"):
        forward(tmp_path, pl.DataFrame({"x": [1.0]}), fill_missing=value)


@pytest.mark.parametrize("dtype", [pl.Int8, pl.UInt16, pl.Int64, pl.UInt64, pl.Float32, pl.Int128])
def test_every_number_type_becomes_float64(tmp_path, dtype):
    found = forward(tmp_path, pl.DataFrame({"x": pl.Series([1, 3, 7], dtype=dtype)}))
    assert_frame_equal(found, pl.DataFrame({"x": [-1.0, 0.0, 2.0]}))


def test_float32_is_widened_first_and_narrowed_last(tmp_path):
    x = np.float32(0.1)
    fitted = standardizer({"x": Statistics(0.1, 1e-18)})
    found = forward(tmp_path, pl.DataFrame({"x": pl.Series([x])}), fitted, dtype="float32")
    exact = (float(x) - 0.1) * 1e9
    assert found.schema == {"x": pl.Float32}
    assert found["x"][0] == np.float32(exact)


def test_integers_that_no_float64_holds_are_told_apart(tmp_path):
    fitted = standardizer({"x": Statistics(2.0**62, 4.0), "u": Statistics(2.0**63, 1.0)})
    frame = pl.DataFrame(
        {
            "x": [2**62, 2**62 + 2, None, -(2**63)],
            "u": pl.Series([2**63 + 1, 2**64 - 1, 0, None], dtype=pl.UInt64),
        }
    )
    found = forward(tmp_path, frame, fitted)
    assert found["x"].to_list() == [0.0, 1.0, None, -(2.0**62 + 2.0**63) / 2]
    assert found["u"].to_list() == [1.0, 2.0**63, -(2.0**63), None]


def test_with_a_suffix_the_originals_stay_and_the_results_stand_beside_them(tmp_path):
    frame = pl.DataFrame({"x": [1, 3], "y": ["a", "b"]})
    found = forward(tmp_path, frame, suffix="_z", embed={"bncli": "{}"})
    expected = pl.DataFrame({"x": [1, 3], "x_z": [-1.0, 0.0], "y": ["a", "b"]})
    assert_frame_equal(found, expected)
    assert "bncli" not in pl.read_parquet_metadata(tmp_path / "out.parquet")


def test_a_suffix_that_makes_a_name_twice_is_refused(tmp_path):
    with pytest.raises(UsageError, match="'x_z'"):
        forward(tmp_path, pl.DataFrame({"x": [1.0], "x_z": [1.0]}), suffix="_z")


def test_zero_rows_give_zero_rows(tmp_path):
    frame = pl.DataFrame({"x": [1], "y": ["a"]}).head(0)
    found = forward(tmp_path, frame)
    assert (found.height, dict(found.schema)) == (0, {"x": pl.Float64, "y": pl.String})


def test_a_column_without_statistics_becomes_missing_with_a_warning(tmp_path):
    fitted = standardizer({"x": Statistics(seen=False)})
    with pytest.warns(BncliWarning, match="'x' has no statistics"):
        found = forward(tmp_path, pl.DataFrame({"x": [1.0, 2.0]}), fitted)
    assert_frame_equal(found, pl.DataFrame({"x": pl.Series([None, None], dtype=pl.Float64)}))


def test_a_constant_column_becomes_beta_whatever_it_holds_now(tmp_path):
    fitted = standardizer({"x": Statistics(3.0, constant=True, beta=0.5)})
    found = forward(tmp_path, pl.DataFrame({"x": [3.0, -9.0, None]}), fitted)
    assert found["x"].to_list() == [0.5, 0.5, None]


def test_no_spread_without_eps_becomes_beta_with_a_warning(tmp_path):
    fitted = standardizer({"x": Statistics(3.0, 0.0)})
    with pytest.warns(BncliWarning, match="'x' has a running variance of 0"):
        found = forward(tmp_path, pl.DataFrame({"x": [3.0, 4.0]}), fitted)
    assert found["x"].to_list() == [0.0, 0.0]


LOOSE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15)
UNITS = st.lists(st.floats(-6, 6), min_size=1, max_size=50)


@LOOSE
@given(UNITS, st.floats(1e-3, 1e3), st.floats(-1e12, 1e12), st.floats(0.1, 10), st.floats(-5, 5))
def test_transform_is_within_4_ulp_of_the_exact_value(tmp_path, units, sd, offset, gamma, beta):
    s = Statistics(offset * sd, sd * sd, gamma, beta)
    values = [s.mean + unit * sd for unit in units]
    fitted = standardizer({"x": s}, eps=1e-8)
    found = forward(tmp_path, pl.DataFrame({"x": values}), fitted)["x"].to_list()
    for x, y in zip(values, found, strict=True):
        exact = exact_forward(x, s, 1e-8)
        assert ulps(y, exact, float(exact), beta) <= 4


@LOOSE
@given(st.lists(st.integers(-(2**40), 2**40), min_size=1), st.integers(-(2**61), 2**61))
def test_integers_of_any_size_are_within_4_ulp_of_the_exact_value(tmp_path, steps, offset):
    s = Statistics(float(offset), 1e6, 1.0, 0.0)
    values = [offset + step for step in steps]
    found = forward(tmp_path, pl.DataFrame({"x": values}), standardizer({"x": s}))["x"].to_list()
    for x, y in zip(values, found, strict=True):
        exact = exact_forward(x, s, 0.0)
        assert ulps(y, exact, float(exact)) <= 4


@LOOSE
@given(UNITS, st.floats(1e-3, 1e3), st.floats(-1e12, 1e12))
def test_inverse_gives_the_input_back_to_within_4_ulp(tmp_path, units, sd, offset):
    s = Statistics(offset * sd, sd * sd)
    fitted = standardizer({"x": s}, eps=1e-8)
    values = [s.mean + unit * sd for unit in units]
    there = forward(tmp_path, pl.DataFrame({"x": values}), fitted)
    for x, back in zip(values, backward(tmp_path, there, fitted)["x"].to_list(), strict=True):
        assert ulps(back, Fraction(x), x, s.mean, sd) <= 4


def test_inverse_of_a_constant_column_is_its_mean_with_a_warning(tmp_path):
    fitted = standardizer({"x": Statistics(3.0, constant=True, gamma=0.0)})
    with pytest.warns(BncliWarning, match="'x' had no spread"):
        found = backward(tmp_path, pl.DataFrame({"x": [0.0, None]}), fitted)
    assert found["x"].to_list() == [3.0, None]


def test_inverse_is_refused_by_name_where_gamma_is_0(tmp_path):
    fitted = standardizer({"x": Statistics(gamma=0.0), "y": Statistics()})
    with pytest.raises(UsageError, match=r"gamma is 0.*'x'\n"):
        backward(tmp_path, pl.DataFrame({"x": [0.0], "y": [0.0]}), fitted)
    assert list(tmp_path.iterdir()) == []


# Bad input


def test_infinities_are_told_by_file_row_and_column_and_nothing_is_written(tmp_path):
    fitted = standardizer({"x": Statistics(), "y": Statistics()})
    pl.DataFrame({"x": [1.0], "y": [1.0]}).write_parquet(tmp_path / "a.parquet")
    frame = pl.DataFrame({"x": [1.0, float("inf"), None], "y": [None, 2.0, -float("inf")]})
    frame.write_parquet(tmp_path / "b.parquet")
    with pytest.raises(NonFinite) as caught:
        run(apply.transform, f"{tmp_path}/*.parquet", fitted, tmp_path / "out.csv")
    message = str(caught.value)
    assert "b.parquet, row 2: column 'x' holds inf" in message
    assert "b.parquet, row 3: column 'y' holds -inf" in message
    assert "--nonfinite missing" in message
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.parquet", "b.parquet"]


@pytest.mark.parametrize("s", [Statistics(constant=True), Statistics(gamma=0.0)])
def test_infinities_are_told_also_where_the_result_would_not_show_them(tmp_path, s):
    with pytest.raises(NonFinite, match="row 2: column 'x' holds -inf"):
        forward(tmp_path, pl.DataFrame({"x": [1.0, -float("inf")]}), standardizer({"x": s}))


def test_infinities_in_other_columns_pass_through(tmp_path):
    frame = pl.DataFrame({"x": [3.0], "other": [float("inf")]})
    assert_frame_equal(forward(tmp_path, frame), frame.with_columns(x=pl.lit(0.0)))


def test_infinities_are_missing_when_asked_to(tmp_path):
    frame = pl.DataFrame({"x": [float("inf"), 5.0, None, float("nan"), -float("inf")]})
    found = forward(tmp_path, frame, nonfinite="missing")["x"]
    assert found.is_null().to_list() == [True, False, True, False, True]
    assert found[1] == 1.0


def test_results_that_overflow_are_refused_by_name(tmp_path):
    fitted = standardizer({"x": Statistics(0.0, 1e-20), "y": Statistics()})
    frame = pl.DataFrame({"x": [1e300], "y": [1e39]})
    with pytest.raises(DataError, match="too large for float64 in column 'x'"):
        forward(tmp_path, frame, fitted)
    with pytest.raises(DataError, match="too large for float32 in column 'x', 'y'"):
        forward(tmp_path, frame, fitted, dtype="float32")


def test_columns_that_are_not_there_are_told_together(tmp_path):
    fitted = standardizer({"x": Statistics(), "y": Statistics(), "z": Statistics()})
    data = write_csv(tmp_path, "x\n1\n", "july.csv")
    with pytest.raises(ColumnMissing) as caught:
        run(apply.transform, data, fitted, tmp_path / "o.csv", artifact="stats.json")
    assert str(caught.value).startswith(
        "'july.csv' lacks 2 columns that stats.json was fitted on: 'y', 'z'\n"
    )


def test_columns_that_are_not_there_are_null_when_asked_to(tmp_path):
    fitted = standardizer({"y": Statistics(), "x": Statistics(3.0, 4.0)})
    found = forward(
        tmp_path, pl.DataFrame({"x": [5.0]}), fitted, read=ReadOptions(missing_columns="null")
    )
    expected = pl.DataFrame({"x": [1.0], "y": pl.Series([None], dtype=pl.Float64)})
    assert_frame_equal(found, expected)


def test_columns_of_another_type_are_told_together_by_type(tmp_path):
    fitted = standardizer({"x": Statistics(), "y": Statistics()})
    frame = pl.DataFrame({"x": ["a"], "y": [True]})
    with pytest.raises(DataError) as caught:
        forward(tmp_path, frame, fitted, artifact="stats.json")
    assert "column 'x' is String, and stats.json was fitted on numbers" in str(caught.value)
    assert "column 'y' is Boolean" in str(caught.value)


def test_an_all_null_column_is_a_number_column_too(tmp_path):
    found = forward(tmp_path, pl.DataFrame({"x": [None, None]}))
    assert_frame_equal(found, pl.DataFrame({"x": pl.Series([None, None], dtype=pl.Float64)}))


# Files


def test_input_and_output_may_not_be_the_same(tmp_path):
    data = write_csv(tmp_path, "x\n1\n")
    for overwrite in (False, True):
        with pytest.raises(UsageError, match="both input and output"):
            run(apply.transform, data, ONE, data, overwrite=overwrite)
    assert data.read_text() == "x\n1\n"


def test_a_file_that_is_there_is_replaced_only_with_overwrite(tmp_path):
    data, out = write_csv(tmp_path, "x\n1\n"), write_csv(tmp_path, "old", "out.csv")
    with pytest.raises(OutputExists):
        run(apply.transform, data, ONE, out)
    assert out.read_text() == "old"
    run(apply.transform, data, ONE, out, overwrite=True)
    assert out.read_text() == "x\n-1.0\n"


def test_text_that_is_not_standardized_is_copied_as_it_stands(tmp_path):
    data = write_csv(tmp_path, "zip,x,n\n00501,5,1.50\nNA,3,007\n")
    run(apply.transform, data, ONE, tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text() == "zip,x,n\n00501,1.0,1.50\nNA,0.0,007\n"


def test_a_type_that_changes_late_in_the_file_is_no_matter(tmp_path):
    data = write_csv(tmp_path, "x,y\n" + "7,7\n" * 30_000 + "3.5,6.998\n")
    run(apply.transform, data, ONE, tmp_path / "out.parquet")
    found = pl.read_parquet(tmp_path / "out.parquet")
    assert found.height == 30_001
    assert found.row(30_000) == (0.25, 6.998)


def test_standard_output_gets_every_row_once_though_a_type_changes_late(tmp_path, capfdbinary):
    data = write_csv(tmp_path, "x,y\n" + "7,7\n" * 30_000 + "3.5,6.998\n")
    run(apply.transform, data, ONE, "/dev/stdout", to="ndjson")
    lines = capfdbinary.readouterr().out.splitlines()
    assert len(lines) == 30_001
    assert lines[-1] == b'{"x":0.25,"y":6.998}'


def test_text_in_a_number_column_is_told_by_row_and_nothing_is_written(tmp_path):
    data = write_csv(tmp_path, "x\n" + "1\n" * 20_000 + "oops\n" + "2\n" * 20_000)
    with pytest.raises(BadValue, match=r"20001.*'x'.*'oops'"):
        run(apply.transform, data, ONE, tmp_path / "out.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]


def test_an_input_that_changes_while_it_is_read_is_refused(tmp_path):
    data = write_csv(tmp_path, "x\n1\n")
    dataset = open_dataset(data, ReadOptions())
    data.write_text("x\n1\n2\n")
    with pytest.raises(DataError, match="changed while"):
        apply.transform(dataset, ONE, tmp_path / "out.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]


def test_parquet_carries_what_brings_it_back_and_the_inverse_does_not(tmp_path):
    found = forward(tmp_path, pl.DataFrame({"x": [1.0]}), embed={"bncli": "{}"})
    assert pl.read_parquet_metadata(tmp_path / "out.parquet")["bncli"] == "{}"
    backward(tmp_path, found, embed={"bncli": "{}"})
    assert "bncli" not in pl.read_parquet_metadata(tmp_path / "back.parquet")


def test_what_a_failing_reader_raises_is_raised(tmp_path, monkeypatch):
    def fail(*_args, **_kwargs):
        raise Retyped({})
        yield

    dataset = open_dataset(write_csv(tmp_path, "x\n1\n"), ReadOptions())
    monkeypatch.setattr(type(dataset), "chunks", fail)
    with pytest.raises(Retyped):
        apply.transform(dataset, ONE, tmp_path / "out.csv", statistics="batch")


@pytest.mark.parametrize("statistics", ["running", "batch"])
def test_progress_is_told_in_rows(tmp_path, statistics):
    seen = []
    frame = pl.DataFrame({"x": np.arange(200_000.0)})
    progress = lambda done, total: seen.append((done, total))  # noqa: E731
    forward(tmp_path, frame, progress=progress, statistics=statistics)
    assert len(seen) > 1
    assert seen == sorted(seen)
    assert seen[-1] == (200_000, 200_000)


@pytest.mark.parametrize("suffix", ["parquet", "csv", "ndjson", "arrow", "csv.gz", "ndjson.zst"])
def test_winter_comes_back_through_every_format(tmp_path, sample_data, suffix):
    winter = pl.read_parquet(sample_data / "weather_winter.parquet")
    names = ("temp", "humid", "pressure")
    fitted = standardizer(
        {
            name: Statistics(winter[name].mean(), winter[name].var(ddof=0))  # type: ignore[arg-type]
            for name in names
        }
    )
    there = tmp_path / f"there.{suffix}"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run(apply.transform, sample_data / "weather_winter.parquet", fitted, there)
        run(apply.inverse, there, fitted, tmp_path / "back.parquet")
    back = pl.read_parquet(tmp_path / "back.parquet")
    assert back.columns == winter.columns
    for name in names:
        x, size = winter[name], max(abs(winter[name].mean()), winter[name].std())  # type: ignore
        bar = 4 * np.spacing(np.fmax(x.abs().to_numpy(), size))
        assert ((back[name] - x).abs().to_numpy() <= bar)[x.is_not_null().to_numpy()].all()
        assert back[name].is_null().to_list() == x.is_null().to_list()
