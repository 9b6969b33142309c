"""Over time: what a cell says, when severity is one, and where a shift begins and ends."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from profiles import side_of

import bncli
from bncli.errors import UsageError
from bncli.report.overtime import sayings
from bncli.shift.model import Measured
from bncli.shift.options import ShiftOptions
from bncli.shift.schema import pair
from bncli.shift.significance import benjamini_hochberg, bonferroni
from bncli.shift.timeline import measure_slice, onsets, timeline
from bncli.shift.wholes import Cell, Onset, Slice, Timeline

NONE, MINOR, MAJOR, FEW = "none", "minor", "major", "too few rows"
SPELLED = {".": NONE, "-": MINOR, "#": MAJOR, "?": FEW}


def row(spelled: str) -> list[Cell]:
    """A column's cells, a character each; a blank is a slice where it was not compared."""
    return [
        Cell("x", at, NONE if mark == "?" else SPELLED[mark], {}, 0.0, 1.0, (), mark == "?")
        for at, mark in enumerate(spelled)
        if mark != " "
    ]


def spelled(found: Timeline, column: str) -> str:
    """The inverse of ``row``."""
    marks = {severity: mark for mark, severity in SPELLED.items()}
    cells = {cell.at: cell for cell in found.cells if cell.column == column}
    return "".join(
        (marks[FEW] if cells[at].too_few_rows else marks[cells[at].severity])
        if at in cells
        else " "
        for at in range(len(found.slices))
    )


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ("......", []),
        ("..####", [("major", 2, 6, True)]),
        ("..--..", [("minor", 2, 4, False)]),
        (".#..##.#.", [("major", 1, 2, False), ("major", 4, 6, False), ("major", 7, 8, False)]),
        (".-####", [("minor", 1, 6, True), ("major", 2, 6, True)]),
        ("--##--", [("minor", 0, 6, True), ("major", 2, 4, False)]),
        ("-#-#..", [("minor", 0, 4, False), ("major", 1, 2, False), ("major", 3, 4, False)]),
        (".##?##", [("major", 1, 6, True)]),
        (".## ##", [("major", 1, 6, True)]),
        (".##??", [("major", 1, 3, True)]),
        ("??????", []),
        ("", []),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_onsets_are_where_unbroken_runs_begin(cells, expected):
    found = [(one.severity, one.at, one.until, one.lasts) for one in onsets(row(cells))]
    assert found == expected


def measured(p: float, effect: float, rows: int = 100) -> Measured:
    return Measured("x", 0, "x", "numeric", rows, rows, {}, {"ks": effect}, {"distribution": p})


def cut(count: int) -> list[Slice]:
    return [Slice(str(at), at, at + 1, 1) for at in range(count)]


def test_all_cells_are_judged_together():
    chances = [0.001, 0.02, 0.2, 0.9]
    slices = [[measured(p, 0.5), replace(measured(p / 2, 0.5), label="y")] for p in chances]
    found = timeline("by hand", None, cut(4), slices, ShiftOptions())
    in_order = [next(c for c in found.cells if (c.column, c.at) == (one.label, at))
                for at, many in enumerate(slices) for one in many]  # fmt: skip
    raw = [bonferroni(one.chances.values(), 1) for many in slices for one in many]
    assert [cell.p_adjusted for cell in in_order] == benjamini_hochberg(raw).tolist()
    assert [spelled(found, column) for column in ("x", "y")] == ["##..", "##.."]


def test_the_worst_column_comes_first_and_few_rows_are_said():
    given = [
        ("few", measured(0.9, 1.0, 2)),
        ("minor", measured(0.0, 0.15)),
        ("calm", measured(0.9, 0.1)),
        ("major", measured(0.0, 0.25)),
    ]
    slices = [[replace(one, label=label) for label, one in given]]
    found = timeline("by hand", None, cut(1), slices, ShiftOptions())
    assert found.columns[:2] == ("major", "minor")
    assert [spelled(found, label) for label in ("major", "minor", "calm", "few")] == list("#-.?")
    assert found.notes == (
        "1 of 4 cells have too few rows to tell a shift from chance: cut larger slices",
    )


def test_a_column_is_left_out_where_it_is_what_the_slices_are_cut_over():
    side = side_of({"x": np.arange(50.0), "year": np.arange(50.0)})
    pairing = pair(side.profile, side.profile)
    names = [one.name for one in measure_slice(side, side, pairing, ShiftOptions(), "year")]
    assert names == ["x"]


@pytest.fixture(scope="module")
def winter(sample_data) -> pl.DataFrame:
    return pl.read_parquet(sample_data / "weather_winter.parquet")


@pytest.fixture(scope="module")
def year(sample_data) -> pl.DataFrame:
    return pl.read_parquet(sample_data / "weather_year.parquet")


@pytest.fixture(scope="module")
def months(winter, year) -> bncli.shift:
    return bncli.shift(winter, year, over="time_hour", every="1mo", columns="temp,humid,wind*")


def test_a_cell_is_a_comparison_with_the_rows_of_its_slice(months, winter, year):
    for place in (1, 6):
        rows = year.filter(pl.col("time_hour").dt.month() == place + 1)
        alone = bncli.shift(winter, rows, columns="temp,humid,wind*")
        piece = months.timeline.slices[place]
        assert (piece.label, piece.rows) == (f"2013-{place + 1:02}", rows.height)
        for column in alone.columns:
            cell = next(c for c in months.timeline.cells
                        if (c.column, c.at) == (column.label, place))  # fmt: skip
            assert dict(cell.measures) == pytest.approx(dict(column.measures), rel=1e-12, abs=1e-15)


def test_the_rest_of_the_report_is_that_without_a_timeline(months, winter, year):
    plain = bncli.shift(winter, year, columns="temp,humid,wind*")
    assert replace(months, timeline=None) == plain


def test_the_order_of_rows_within_slices_changes_nothing_but_rounding(months, winter, year):
    mixed = year.sample(fraction=1, shuffle=True, seed=7)
    found = bncli.shift(winter, mixed, over="time_hour", every="1mo", columns="temp,humid,wind*")
    before, after = months.timeline, found.timeline
    assert [piece.label for piece in after.slices] == [piece.label for piece in before.slices]
    assert (after.columns, after.onsets) == (before.columns, before.onsets)
    # How alike consecutive rows are is the one measure that is about their order.
    for one, other in zip(before.cells, after.cells, strict=True):
        measures = [{**cell.measures, "lag1_test": 0} for cell in (one, other)]
        assert measures[1] == pytest.approx(measures[0], rel=1e-9, abs=1e-12)


def test_where_neighbouring_rows_are_alike_it_is_said(months, winter):
    mixed = winter.sample(fraction=1, shuffle=True, seed=0)
    (note,) = months.timeline.notes
    assert note.startswith("neighbouring rows are alike in ")
    assert "temp" in note
    columns = "temp,humid,wind*"
    assert bncli.shift(mixed, mixed, by_batch=1000, columns=columns).timeline.notes == ()


def test_a_slow_drift_is_minor_first_and_major_from_some_month_on(months):
    assert spelled(months.timeline, "humid")[:7] == "..-####"
    onset = next(one for one in months.timeline.onsets if one.column == "humid")
    assert (onset.severity, months.timeline.slices[onset.at].label) == ("minor", "2013-03")
    temp = [one for one in sayings(months.timeline) if one.column == "temp"]
    assert temp[0].text.startswith("minor from 2013-01 on, major from 2013-02 to 2013-11; worst in")


def test_the_fall_of_employment_begins_in_2008_and_ends_in_2009(sample_data):
    rows = pl.read_parquet(sample_data / "employment_monthly.parquet")
    early = pl.col("month") < dt.date(2008, 1, 1)
    report = bncli.shift(
        rows.filter(early),
        rows.filter(~early),
        over="month",
        every="1q",
        columns="nonfarm*,construction,manufacturing",
    )
    first = next(one for one in report.timeline.onsets if one.column == "nonfarm_change")
    labels = [piece.label for piece in report.timeline.slices]
    assert (first.severity, labels[first.at], labels[first.until - 1]) == (
        "major", "2008-01", "2009-07",
    )  # fmt: skip


def test_a_month_of_one_row_has_too_few_rows_to_tell(sample_data):
    rows = pl.read_parquet(sample_data / "employment_monthly.parquet")
    found = bncli.shift(rows[:24], rows[24:], over="month", every="1mo", columns="nonfarm").timeline
    assert spelled(found, "nonfarm") == "?" * 96
    assert found.first is None
    assert found.notes[0].startswith("all cells have too few rows to tell a shift from chance")


@pytest.fixture(scope="module")
def flow(sample_data) -> tuple[pl.DataFrame, pl.DataFrame]:
    rows = pl.read_parquet(sample_data / "water_flow_hourly.parquet")
    return rows[:90], rows[90:]


DROPS = {0: 94, 6: 212, 39: 872}
"""Slices of 20 rows after the first 90, and the rows at which the drops in them begin."""


def test_each_of_three_drops_has_a_beginning_and_an_end(flow):
    # The flow wanders by several of its own first standard deviations: only drops are asked for.
    limits = {"w1_sd": (10.0, 20.0), "ks": (2.0, 2.0), "js": (2.0, 2.0), "psi": (99.0, 99.0)}
    found = bncli.shift(*flow, by_batch=20, thresholds=limits).timeline
    assert found.onsets == tuple(
        Onset("flow_l_s", "major", at, at + 1, False) for at in sorted(DROPS)
    )
    for at, row_number in DROPS.items():
        assert found.slices[at].start <= row_number - 90 < found.slices[at].stop


def test_the_drops_stand_out_of_all_other_slices(flow):
    found = bncli.shift(*flow, by_batch=20).timeline
    cells = [cell for cell in found.cells if cell.column == "flow_l_s"]
    scores = {cell.at: cell.score for cell in cells}
    calm = max(score for at, score in scores.items() if at not in DROPS)
    assert min(scores[at] for at in DROPS) > 5 * calm


@pytest.mark.thorough
@pytest.mark.parametrize(("rows", "slices"), [(10, 15), (50, 15), (400, 8)])
def test_slices_of_the_same_source_are_no_shift_but_for_one_run_in_twenty(winter, rows, slices):
    # Rows in random order: neighbouring hours are alike, so a week is no sample of a season.
    alarms = 0
    for seed in range(3):
        mixed = winter.sample(fraction=1, shuffle=True, seed=seed)
        train, test = mixed[::2], mixed[1::2].head(slices * rows)
        found = bncli.shift(train, test, by_batch=rows).timeline
        alarms += found.first is not None
    assert alarms <= 1


def test_rare_categories_in_small_slices_of_the_same_source_are_no_shift(sample_data):
    rows = pl.read_parquet(sample_data / "flights_july.parquet")
    mixed = rows.select("carrier", "dest", "engine", "arr_delay").sample(
        fraction=1, shuffle=True, seed=2
    )
    found = bncli.shift(mixed[::2], mixed[1::2].head(600), by_batch=20).timeline
    assert [cell for cell in found.cells if cell.severity != "none"] == []


def test_a_slice_in_which_a_column_is_empty_is_judged_by_what_is_missing():
    rng = np.random.default_rng(0)
    train = pl.DataFrame({"x": rng.normal(size=400), "y": rng.normal(size=400)})
    test = pl.DataFrame({"x": rng.normal(size=300), "y": [*rng.normal(size=200), *[None] * 100]})
    found = bncli.shift(train, test, by_batch=100).timeline
    assert (spelled(found, "x"), spelled(found, "y")) == ("...", "..#")
    last = next(cell for cell in found.cells if (cell.column, cell.at) == ("y", 2))
    assert last.reasons == ("missing difference 1 >= 0.2",)


def test_a_new_category_is_seen_in_the_slice_where_it_comes_up():
    train = pl.DataFrame({"x": np.zeros(400), "c": ["a", "b"] * 200})
    test = pl.DataFrame({"x": np.zeros(200), "c": [*["a", "b"] * 75, *["new"] * 50]})
    found = bncli.shift(train, test, by_batch=50).timeline
    assert spelled(found, "c") == "...#"


def test_the_training_side_may_be_an_artifact_but_the_test_side_may_not(winter, tmp_path):
    path = tmp_path / "winter.json"
    fitted = bncli.fit(winter, nonfinite="missing")
    fitted.save(path)
    assert len(bncli.shift(path, winter, by_batch=1000).timeline.slices) == 7
    for test in (path, fitted):
        with pytest.raises(UsageError, match="is an artifact: it holds no rows to cut"):
            bncli.shift(winter, test, by_batch=1000)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"by_batch": 0}, "slices of 0 rows are none"),
        ({"over": "time_hour"}, "--every is missing"),
        ({"every": "1d"}, "--over is missing"),
        ({"by_batch": 10, "over": "time_hour", "every": "1d"}, "in two ways"),
    ],
)
def test_what_does_not_go_together_is_wrong_usage(winter, asked, told):
    with pytest.raises(UsageError, match=told):
        bncli.shift(winter, winter, **asked)
