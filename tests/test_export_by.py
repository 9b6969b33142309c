"""Statistics per group in other systems: the real ones, against ``transform``."""

from __future__ import annotations

import sqlite3

import duckdb
import numpy as np
import polars as pl
import pytest
import sqlglot
from exporting import module

import bncli
from bncli.errors import UsageError
from bncli.export import grouped as limits
from bncli.export.sql import DIALECTS

pytestmark = pytest.mark.filterwarnings("ignore::bncli.errors.BncliWarning")


@pytest.fixture(scope="module")
def cases(sample_data):
    """(rows, standardizer) by name: unseen groups, keys of every kind, gaps, awkward columns."""
    winter, summer = (
        pl.read_parquet(sample_data / f"weather_{season}.parquet").select(
            "origin", "hour", "temp", "wind_gust", "pressure", "precip"
        )
        for season in ("winter", "summer")
    )
    january, july = (
        pl.read_parquet(sample_data / f"flights_{month}.parquet").select(
            "dest", "date", "arr_late", "dep_delay", "air_time", "seats"
        )
        for month in ("january", "july")
    )
    numbers = {"columns": "dep_delay,air_time,seats"}
    hour = pl.col("hour").cast(pl.Float64)
    floats = summer.with_columns(pl.when(hour == 3).then(None).otherwise(hour).alias("hour"))
    beta = {"temp": -3.0, "precip": 1.0}
    learned = bncli.fit(winter, by="origin", gamma={"temp": 2.5}, beta=beta)
    return {
        "text": (summer, learned),
        "unseen groups": (july, bncli.fit(january, by="dest", **numbers)),
        "truth": (july, bncli.fit(january, by="arr_late", **numbers)),
        "dates": (january, bncli.fit(january, by="date", **numbers)),
        "numbers": (summer, bncli.fit(winter, by="hour")),
        "numbers with gaps": (floats, bncli.fit(winter, by="hour")),
        "awkward": (
            awkward := pl.DataFrame(
                {
                    "k'ey \"": ["a'b", "é", "a'b", "é", "c", "c", None, "x"],
                    "same in é": [1.0, 5.0, 2.0, 5.0, 0.5, 9.0, 1.0, float("nan")],
                    "gone in é": [1.0, None, 4.0, None, 3.0, 7.0, 2.0, 1.0],
                    "gone": pl.Series([None] * 8, dtype=pl.Float64),
                    "far": [1e9 + at * 0.25 for at in range(8)],
                }
            ),
            bncli.fit(awkward, by="k'ey \""),
        ),
    }


CASES = [
    *("text", "unseen groups", "truth", "dates", "numbers", "numbers with gaps", "awkward"),
]


def wanted(frame, fitted, folder) -> list[np.ndarray]:
    bncli.transform(frame, fitted, folder / "out.parquet", overwrite=True)
    out = pl.read_parquet(folder / "out.parquet")
    return [out[name].fill_null(float("nan")).to_numpy() for name in fitted.features]


def in_duckdb(frame, fitted) -> list[np.ndarray]:
    query = bncli.export(fitted, "sql").text
    with duckdb.connect() as database:
        database.register("data", frame.to_arrow())
        out = pl.from_arrow(database.sql(query.rstrip(";\n")).to_arrow_table())
    return [out[name].fill_null(float("nan")).to_numpy() for name in fitted.features]


def in_sqlite(frame, fitted) -> list[np.ndarray]:
    query = bncli.export(fitted, "sql", dialect="sqlite").text
    texts = [name for name, kind in frame.schema.items() if kind == pl.Date]
    rows = frame.with_columns(pl.col(texts).cast(pl.String)).fill_nan(None).rows()
    with sqlite3.connect(":memory:") as database:
        names = ", ".join(f'"{name.replace(chr(34), chr(34) * 2)}"' for name in frame.columns)
        database.execute(f"create table data ({names})")
        database.executemany(f"insert into data values ({','.join('?' * frame.width)})", rows)
        found = database.execute(query).fetchall()
    return [np.array(column, dtype=np.float64) for column in zip(*found, strict=True)]


def in_polars(frame, fitted) -> list[np.ndarray]:
    out = module(bncli.export(fitted, "polars").text)["standardize"](frame.lazy()).collect()
    return [out[name].fill_null(float("nan")).to_numpy() for name in fitted.features]


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("run", [in_duckdb, in_sqlite, in_polars])
def test_the_real_system_gives_what_transform_gives(run, case, cases, tmp_path):
    frame, fitted = cases[case]
    for ours, theirs in zip(run(frame, fitted), wanted(frame, fitted, tmp_path), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_dialect_reads_its_query_back(dialect, cases):
    for name in ("text", "numbers", "truth", "dates"):
        query = bncli.export(cases[name][1], "sql", dialect=dialect, keep=["row"]).text
        found = sqlglot.parse_one(query, read=dialect)
        assert len(found.selects) == 1 + len(cases[name][1].features)
        assert list(found.find_all(sqlglot.exp.Case))


def test_too_many_groups_for_a_text_are_refused(cases, monkeypatch):
    monkeypatch.setattr(limits, "MOST_CELLS", 100)
    for target in ("sql", "polars"):
        with pytest.raises(UsageError, match="92 groups of 3 columns are more than the 100 pairs"):
            bncli.export(cases["unseen groups"][1], target)


def test_tensors_by_group_are_refused_by_name(sample_data):
    fitted = bncli.fit(sample_data / "digits_train.parquet", by="label")
    with pytest.raises(UsageError, match=r"--to sql has no tensor columns.*'image\[0\]'"):
        bncli.export(fitted, "sql")


def test_the_schema_is_that_of_any_artifact(cases):
    made = bncli.export(cases["text"][1], "json-schema").text
    assert made == bncli.export(bncli.fit(pl.DataFrame({"x": [1.0, 2.0]})), "json-schema").text
