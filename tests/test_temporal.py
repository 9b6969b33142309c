"""Dates and times as a state: exact laws, an oracle by counting, and what a report reads of it."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import bncli
from bncli.shift.compare import compare
from bncli.shift.model import Span
from bncli.stats import temporal
from bncli.stats.temporal import CAPACITY, DAY, SECOND, WIDTHS, Temporal, repeated

HOUR = 3600 * SECOND
times = st.lists(st.integers(-(10**17), 10**17) | st.integers(-50, 50), max_size=60)


def state(values, missing: int = 0) -> Temporal:
    return Temporal.of(np.array(values, dtype=np.int64), missing)


def record(one: Temporal) -> dict:
    return one.to_record()


@pytest.fixture
def small(monkeypatch):
    """With room for 8 cells only, so that short lists make them wider."""
    monkeypatch.setattr(temporal, "CAPACITY", 8)


def test_each_width_divides_the_next_and_the_widest_holds_all_times():
    for narrow, wide in pairwise(WIDTHS):
        assert wide % narrow == 0
    assert 2**64 // WIDTHS[-1] < CAPACITY


@given(times)
def test_an_empty_state_changes_nothing(values):
    one, empty = state(values, 3), Temporal.empty()
    assert record(one.merge(empty)) == record(empty.merge(one)) == record(one)


@given(times, times, times)
def test_merging_is_exact_in_any_order(a, b, c):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(temporal, "CAPACITY", 8)
        x, y, z = state(a, 1), state(b), state(c, 2)
        whole = record(state(a + b + c, 3))
        assert record(x.merge(y).merge(z)) == record(x.merge(y.merge(z))) == whole
        assert record(z.merge(x).merge(y)) == whole


@given(times)
def test_cells_are_those_of_plain_counting(values):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(temporal, "CAPACITY", 8)
        one = state(values)
        counted = Counter(value // one.width for value in values)
        assert dict(zip(one.cells.tolist(), one.rows.tolist(), strict=True)) == counted
        assert len(counted) <= 8
        narrower = WIDTHS[max(0, WIDTHS.index(one.width) - 1)]
        if narrower != one.width:  # as narrow as the capacity allows
            assert len({value // narrower for value in values}) > 8


@given(times)
def test_a_record_reads_back_the_same(values):
    one = state(values, 4)
    again = Temporal.from_record(json.loads(json.dumps(one.to_record())))
    assert record(again) == record(one)
    assert again.cells.tolist() == one.cells.tolist()


def test_alike_neighbours_are_written_once():
    one = state([at * HOUR for at in range(1000)])
    assert one.to_record()["steps"] == f"0 {HOUR}*999"
    assert one.to_record()["rows"] == "1*1000"


def test_a_text_that_stands_for_too_many_numbers_is_cut():
    assert len(list(repeated("1*99999 " * 1000))) == CAPACITY + 1


@given(times.filter(len), st.integers(-60, 60), st.integers(0, 90))
def test_the_share_outside_is_exact_while_times_are_kept_apart(values, first, length):
    last = first + length
    expected = sum(not first <= value <= last for value in values) / len(values)
    assert state(values).outside(first, last) == pytest.approx(expected)


def test_one_time_outside_shows_even_in_wide_cells(small):
    one = state([at * DAY for at in range(900)])
    assert one.width > DAY
    assert one.outside(0, 899 * DAY - 1) == pytest.approx(1 / 900)
    assert one.outside(0, 899 * DAY) == 0.0


def frame(start: str, hours: int, drop=()) -> pl.DataFrame:
    first = dt.datetime.fromisoformat(start)
    rows = [first + dt.timedelta(hours=at) for at in range(hours) if at not in drop]
    return pl.DataFrame({"when": rows, "x": np.arange(len(rows)) % 7 * 1.0})


def test_range_step_gap_and_share_outside_are_told_and_not_judged():
    train = frame("2024-01-01", 500, drop=range(100, 120))
    report = bncli.shift(train, frame("2024-01-11T10:00", 480))
    (when,) = (one for one in report.columns if one.kind == "temporal")
    assert when.measures["step_train"] == when.measures["step_test"] == 3600.0
    assert (when.measures["gap_train"], when.measures["gap_test"]) == (21 * 3600.0, 3600.0)
    assert when.measures["out_of_range"] == pytest.approx(230 / 480)
    assert when.measured.spans == (
        Span("2024-01-01T00:00:00", "2024-01-21T19:00:00"),
        Span("2024-01-11T10:00:00", "2024-01-31T09:00:00"),
    )
    assert when.severity == "none"
    assert report.compared == 2


def test_a_date_that_goes_missing_is_judged():
    train = frame("2024-01-01", 300)
    test = train.with_columns(pl.when(pl.col("x") > 2).then("when"))
    assert test["when"].null_count() == 129
    (when,) = (one for one in bncli.shift(train, test).columns if one.kind == "temporal")
    assert when.severity == "major"
    assert when.reasons == ("missing difference 0.43 >= 0.2",)


@pytest.mark.parametrize(
    ("values", "first", "last"),
    [
        ([dt.date(1, 1, 1), dt.date(9999, 12, 31)], "0001-01-01", "9999-12-31"),
        ([dt.time(0, 0, 1), dt.time(23, 59, 59, 5)], "00:00:01", "23:59:59.000005"),
        ([dt.datetime(1969, 12, 31, 23), dt.datetime(2000, 1, 1)],
         "1969-12-31T23:00:00", "2000-01-01T00:00:00"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("unit", ["ns", "us", "ms"])
def test_dates_and_times_read_as_iso_8601(values, first, last, unit):
    series = pl.Series("when", values)
    if series.dtype == pl.Datetime:
        series = series.dt.cast_time_unit(unit)
    table = pl.DataFrame([series, pl.Series("x", [1.0, 2.0])])
    (when,) = (one for one in bncli.shift(table, table).columns if one.kind == "temporal")
    assert when.measured.spans == (Span(first, last),) * 2


def test_a_time_zone_s_times_are_told_in_utc():
    when = pl.Series("when", [dt.datetime(2024, 7, 1, 12)]).dt.replace_time_zone("Europe/Paris")
    table = pl.DataFrame([when, pl.Series("x", [1.0])])
    (column,) = (one for one in bncli.shift(table, table).columns if one.kind == "temporal")
    assert column.measured.spans[0] == Span("2024-07-01T10:00:00Z", "2024-07-01T10:00:00Z")


def test_a_date_against_a_time_stamp_is_no_change_of_type():
    days = pl.DataFrame({"when": [dt.date(2024, 1, at) for at in (1, 2, 3)], "x": [1.0, 2.0, 3.0]})
    report = bncli.shift(days, days.with_columns(pl.col("when").cast(pl.Datetime)))
    assert not report.schema
    assert [one.kind for one in report.columns if one.name == "when"] == ["temporal"]


def test_what_cannot_be_measured_is_told_with_its_type():
    table = pl.DataFrame(
        {"x": [1.0, 2.0], "took": [dt.timedelta(1)] * 2, "tags": [["a"], ["b"]]},
    )
    report = bncli.shift(table, table)
    assert {one.name: one.reason for one in report.not_compared} == {
        "took": "type Duration(time_unit='us') is not compared",
        "tags": "type List(String) is not compared",
    }
    assert not report.schema


def test_an_artifact_brings_its_dates_along(tmp_path, sample_data):
    january, july = (str(sample_data / f"flights_{month}.parquet") for month in ("january", "july"))
    chosen = {"columns": "seats,da*"}
    for kept in ("january.json", "january.parquet"):
        bncli.fit(january, **chosen).save(tmp_path / kept)
        report = bncli.shift(tmp_path / kept, july, **chosen)
        (date,) = (one for one in report.columns if one.kind == "temporal")
        assert date.measured.spans == (
            Span("2013-01-01", "2013-01-31"),
            Span("2013-07-01", "2013-07-31"),
        )
        assert date.measures["out_of_range"] == 1.0
        assert date.measures["step_train"] == 86400.0


def test_dates_of_parts_fitted_apart_merge_to_those_of_all(sample_data):
    year = pl.read_parquet(sample_data / "weather_year.parquet")
    chosen = {"columns": "temp,time_*"}
    starts = range(0, year.height, 5000)
    parts = [bncli.fit(year[start : start + 5000], **chosen) for start in starts]
    merged, whole = bncli.merge(parts).profile, bncli.fit(year, **chosen).profile
    assert merged.other_types == whole.other_types
    ours, theirs = (side.temporal["time_hour"].to_record() for side in (merged, whole))
    assert ours == theirs


def test_columns_without_a_number_are_compared_too():
    train = pl.DataFrame({"c": ["a", "b"] * 100})
    report = bncli.shift(train, pl.DataFrame({"c": ["a", "c"] * 100}))
    assert report.verdict == "major"
    assert [one.kind for one in report.columns] == ["categorical"]


def test_a_side_of_moments_alone_lacks_no_date(sample_data):
    january = str(sample_data / "flights_january.parquet")
    report = compare(*map(_side, (bncli.fit(january, profile=False), bncli.fit(january))))
    assert not report.schema
    assert "date" in {one.name for one in report.not_compared}


def _side(fitted):
    from bncli.shift.model import Side

    return Side("x", fitted.profile.rows, fitted.profile)
