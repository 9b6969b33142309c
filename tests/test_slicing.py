"""Slices of a dataset: each has the profile of a file that holds its rows alone, bit for bit."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from bncli.artifact.model import to_record
from bncli.data.dataset import open_dataset
from bncli.engine import cutting, slicing
from bncli.engine.cutting import ByTime, Cut, by_rows, by_time
from bncli.engine.fitting import FitTask, fold_dataset
from bncli.engine.planning import Choice, plan_for
from bncli.engine.slicing import Sliced, Slicer
from bncli.errors import ColumnMissing, DataError, UsageError
from bncli.standardize.standardizer import Standardizer, unlearned
from bncli.stats.profile import Profile
from bncli.stats.running import Pooled


def task_of(frame: pl.DataFrame, batch_size: int = 8192) -> FitTask:
    dataset = open_dataset(frame)
    plan = plan_for(dataset, Choice(), batch_size, Pooled())
    return FitTask(dataset, plan, nonfinite="missing")


def sliced(task: FitTask, cut: Cut) -> tuple[Profile, dict[str, Sliced]]:
    """The whole profile, and the slices by label in the order in which they were handed on."""
    found: dict[str, Sliced] = {}
    slicer = Slicer(task, cut, lambda one: found.__setitem__(one.label, one))
    fold = FitTask(task.dataset, task.plan, nonfinite="missing", onlookers=(slicer,))
    profile = fold_dataset(fold)
    slicer.finish()
    return profile, found


def alone(frame: pl.DataFrame, batch_size: int = 8192) -> Profile:
    """Of a file with these rows, but for the covariance, which no slice keeps."""
    task = task_of(frame, batch_size)
    return fold_dataset(replace(task, plan=replace(task.plan, joint=())))


def record(profile: Profile) -> Mapping[str, object]:
    """Everything that an artifact would keep of a profile."""
    return to_record(
        Standardizer(profile, Pooled(), 1e-8, False, *unlearned(len(profile.channels)))
    )


@pytest.fixture(scope="module")
def year(sample_data) -> pl.DataFrame:
    return pl.read_parquet(sample_data / "weather_year.parquet").drop("month")


def by_month(frame: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    months = frame.with_columns(pl.col("time_hour").dt.strftime("%Y-%m").alias("month"))
    for (month,), part in months.sort("month", maintain_order=True).group_by(
        "month", maintain_order=True
    ):
        yield str(month), part.drop("month")


@pytest.mark.parametrize(("size", "batch_size"), [(100, 8192), (8192, 8192), (9000, 8192), (50, 7)])
def test_slices_of_rows_are_those_rows_alone(year, size, batch_size):
    rows = year.head(20 * size)
    profile, found = sliced(task_of(rows, batch_size), by_rows(open_dataset(rows), size))
    assert record(profile) == record(fold_dataset(task_of(rows, batch_size)))
    assert len(found) == -(-rows.height // size)
    for at, (label, one) in enumerate(found.items()):
        part = rows[at * size : (at + 1) * size]
        assert label == f"{at * size}-{at * size + part.height - 1}"
        assert (one.first, one.last) == (at * size, at * size + part.height - 1)
        assert record(one.profile) == record(alone(part, batch_size))


@pytest.mark.parametrize("order", ["sorted", "shuffled"])
def test_slices_of_time_are_those_rows_alone_in_any_order(year, order):
    rows = year if order == "sorted" else year.sample(fraction=1, shuffle=True, seed=3)
    task = task_of(rows)
    profile, found = sliced(task, by_time(task.dataset, "time_hour", "1mo"))
    assert record(profile) == record(fold_dataset(task))
    assert sorted(found) == [f"2013-{month:02}" for month in range(1, 13)]
    for month, part in by_month(rows):
        assert record(found[month].profile) == record(alone(part))
    where = rows.with_row_index().filter(pl.col("time_hour").dt.month() == 5)["index"]
    assert (found["2013-05"].first, found["2013-05"].last) == (where[0], where[-1])


def test_slices_larger_than_what_is_kept_exactly_are_sketched_as_their_rows_alone():
    rng = np.random.default_rng(0)
    rows = pl.DataFrame({"part": np.arange(300_000) % 3 // 2, "x": rng.normal(size=300_000)})
    task = task_of(rows)
    _, found = sliced(task, by_time(task.dataset, "part", "1"))
    for label in ("0", "1"):
        lone = alone(rows.filter(pl.col("part") == int(label)))
        assert lone.quantiles[-1].rank_error > 0
        assert record(found[label].profile) == record(lone)


def test_a_slice_is_handed_on_as_soon_as_it_is_complete(year):
    task = task_of(year, 1000)
    cut, done = by_time(task.dataset, "time_hour", "1mo"), []
    slicer = Slicer(task, cut, lambda one: done.append(one.label))
    for chunk in task.dataset.chunks(1000, read_rows=1000):
        slicer.see(chunk)
        assert len(slicer._open) <= 2
    assert done == [f"2013-{month:02}" for month in range(1, 13)]


def test_without_a_count_beforehand_slices_wait_for_the_end(year):
    task = task_of(year)
    counted = by_time(task.dataset, "time_hour", "1mo")
    _, known = sliced(task, counted)
    _, waited = sliced(task, ByTime(counted.grid, None))
    assert list(waited) == list(known)
    for label, one in waited.items():
        assert record(one.profile) == record(known[label].profile)


def test_many_large_open_slices_are_sealed_and_state_their_rank_error(monkeypatch):
    monkeypatch.setattr(slicing, "HELD_VALUES", 50_000)
    rng = np.random.default_rng(1)
    rows = pl.DataFrame(
        {"part": rng.integers(0, 5, 100_000), "x": rng.lognormal(size=100_000)},
    )
    task = task_of(rows, 1000)
    _, found = sliced(task, by_time(task.dataset, "part", "1"))
    assert set(found) == set("01234")
    for label, one in found.items():
        values = rows.filter(pl.col("part") == int(label))["x"].to_numpy()
        quantiles, moments = one.profile.quantiles[-1], one.profile.moments[-1]
        assert (one.profile.rows, int(moments.count)) == (values.size, values.size)
        assert float(moments.pivot + moments.mean) == pytest.approx(values.mean(), rel=1e-13)
        assert float(moments.variance()) == pytest.approx(values.var(), rel=1e-12)
        assert quantiles.points.size <= 4096
        at = np.sort(values)
        error = np.abs(quantiles.cdf(at) - np.arange(1, at.size + 1) / at.size).max()
        assert 0 < error <= quantiles.rank_error < 0.005


def test_rows_without_a_time_are_in_no_slice(year):
    rows = year.with_columns(
        pl.when(pl.int_range(pl.len()) % 10 == 0)
        .then(None)
        .otherwise("time_hour")
        .alias("time_hour")
    )
    task = task_of(rows)
    profile, found = sliced(task, by_time(task.dataset, "time_hour", "1q"))
    assert profile.rows == rows.height
    kept = rows.filter(pl.col("time_hour").is_not_null())
    assert sum(one.profile.rows for one in found.values()) == kept.height
    first = kept.filter(pl.col("time_hour").dt.quarter() == 1)
    assert record(found["2013-01"].profile) == record(alone(first))


def test_more_slices_than_can_be_compared_are_refused_before_any_reading(year, monkeypatch):
    dataset = open_dataset(year)
    with pytest.raises(UsageError, match=r"26,115 rows make 1,306 slices of 20.*\n  --by-batch 27"):
        by_rows(dataset, 20)
    with pytest.raises(UsageError, match="'time_hour' every 1h makes more than 1,000 slices"):
        by_time(dataset, "time_hour", "1h")
    monkeypatch.setattr(cutting, "MOST", 3)
    monkeypatch.setattr(slicing, "MOST", 3)
    task = task_of(year)
    endless = ByTime(by_time(dataset, "time_hour", "6mo").grid, None)
    assert len(sliced(task, endless)[1]) == 2
    monkeypatch.setattr(cutting, "MOST", 1)
    monkeypatch.setattr(slicing, "MOST", 1)
    with pytest.raises(UsageError, match="choose a longer --every"):
        sliced(task, endless)


def test_a_column_without_any_time_is_bad_data():
    rows = pl.DataFrame({"x": [1.0, 2.0], "t": pl.Series([None, None], dtype=pl.Datetime)})
    with pytest.raises(DataError, match="column 't' has no time in any row"):
        by_time(open_dataset(rows), "t", "1d")


def labels_of(cut: ByTime) -> list[str]:
    return [cut.grid.label(place) for place in sorted(cut.rows or ())]


TIMES = pl.DataFrame(
    {
        "date": [dt.date(2024, 2, 29), dt.date(2024, 12, 31)],
        "time": [dt.datetime(2024, 2, 29, 13, 59), dt.datetime(2024, 12, 31, 23, 1)],
        "year": [1999, 2004],
        "below": [-7, 12],
        "float": [1.0, 2.0],
        "text": ["EWR", "JFK"],
        "x": [1.0, 2.0],
        "clock": [dt.time(1), dt.time(2)],
    }
)


@pytest.mark.parametrize(
    ("column", "every", "labels"),
    [
        ("date", "1y", ["2024"]),
        ("date", "1q", ["2024-01", "2024-10"]),
        ("date", "1mo", ["2024-02", "2024-12"]),
        ("date", "1w", ["2024-02-26", "2024-12-30"]),
        ("time", "1d", ["2024-02-29", "2024-12-31"]),
        ("time", "6h", ["2024-02-29 12:00", "2024-12-31 18:00"]),
        ("time", "30m", ["2024-02-29 13:30", "2024-12-31 23:00"]),
        ("time", "1s", ["2024-02-29 13:59:00", "2024-12-31 23:01:00"]),
        ("year", "1", ["1999", "2004"]),
        ("year", "5", ["1995-1999", "2000-2004"]),
        ("below", "10", ["-10 to -1", "10-19"]),
    ],
)
def test_a_slice_is_called_by_its_beginning(column, every, labels):
    cut = by_time(open_dataset(TIMES), column, every)
    assert labels_of(cut) == labels


@pytest.mark.parametrize(
    ("texts", "every", "labels"),
    [
        (["2024-02-29", "2024-03-01"], "1mo", ["2024-02", "2024-03"]),
        (["2024-02-29 23:30", "2024-03-01 00:10"], "1d", ["2024-02-29", "2024-03-01"]),
        (["2024-02-29T23:30:00", "2024-03-01T00:10:00.25"], "1d", ["2024-02-29", "2024-03-01"]),
        (["2024-02-29T23:30:00Z", "2024-03-01T02:10:00+02:00"], "1d", ["2024-02-29", "2024-03-01"]),
    ],
)
def test_iso_text_is_read_as_time(texts, every, labels):
    rows = pl.DataFrame({"x": [1.0, 2.0], "t": texts})
    cut = by_time(open_dataset(rows), "t", every)
    assert labels_of(cut) == labels


def test_a_day_is_a_day_of_the_column_s_own_time_zone():
    berlin = pl.datetime_range(
        dt.datetime(2022, 10, 29, 22), dt.datetime(2022, 10, 31, 1), "1h", eager=True
    )
    rows = pl.DataFrame(
        {"x": 1.0, "t": berlin.dt.replace_time_zone("UTC").dt.convert_time_zone("Europe/Berlin")}
    )
    days = by_time(open_dataset(rows), "t", "1d")
    assert labels_of(days) == ["2022-10-30", "2022-10-31"]
    assert [days.rows[place] for place in sorted(days.rows)] == [25, 3]  # clocks went back
    hours = by_time(open_dataset(rows), "t", "1h")
    labels = labels_of(hours)
    assert labels[2:4] == ["2022-10-30 02:00+0200", "2022-10-30 02:00+0100"]


@pytest.mark.parametrize("column", ["float", "text", "clock"])
def test_what_is_no_time_is_refused_with_what_there_is(column):
    with pytest.raises(DataError, match=f"column '{column}' .*no time to cut by") as caught:
        by_time(open_dataset(TIMES), column, "1d")
    assert "it has 'date', 'time'" in str(caught.value)


def test_a_misspelt_column_is_told_with_a_guess():
    with pytest.raises(ColumnMissing, match="did you mean 'date'"):
        by_time(open_dataset(TIMES), "dat", "1d")


@pytest.mark.parametrize("every", ["", "0d", "-1d", "1", "day", "1D", "1.5h", "3d12h", "1i"])
def test_what_is_no_length_of_time_is_wrong_usage(every):
    with pytest.raises(UsageError, match=r"--every .* is no length of time\n  a number and a unit"):
        by_time(open_dataset(TIMES), "time", every)


@pytest.mark.parametrize("every", ["1d", "0", "-5", "2.5"])
def test_whole_numbers_are_cut_by_whole_numbers(every):
    with pytest.raises(UsageError, match="'year', which holds whole numbers"):
        by_time(open_dataset(TIMES), "year", every)
