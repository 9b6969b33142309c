"""Standardizers and frames that every exporter is tried on, and the real systems that run exports.

A runner takes what was exported and a frame, and gives one float array per feature, NaN where it is
missing, in the order of the standardizer's channels.
"""

from __future__ import annotations

import csv
import io
import sqlite3
import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl

import bncli
from bncli.data.columns import is_numeric

ROOT = Path(__file__).resolve().parent.parent

ROW = "row"

HOSTILE = [
    'a"b',
    "select",
    "x;drop table data",
    "é ümlaut",
    " spaces ",
    "a'b",
    "a`b\\c",
    "x]--",
    "^a.*$",
    "*",
    "{}%s",
    "line\nbreak",
    "\u202eright to left",
    '"""',
    "a,b",
    "__class__",
]


def learned(fitted, seed=0):
    """With a gamma and a beta for every channel, one of them 0."""
    random = np.random.default_rng(seed)
    width = len(fitted.channels)
    gamma, beta = random.normal(1, 2, width), random.normal(0, 3, width)
    gamma[-1] = 0.0
    return fitted.replace(gamma=gamma, beta=beta)


CASES = [
    *("weather_winter", "flights_january", "visits_train", "penguins", "unseen rows", "learned"),
    *("torch preset", "relative eps", "hostile", "awkward", "many"),
]


def case_of(name: str) -> tuple[pl.DataFrame, bncli.Standardizer]:
    """A frame and a standardizer of it."""
    return cases()[name]


@cache
def cases() -> Mapping[str, tuple[pl.DataFrame, bncli.Standardizer]]:
    """(frame, standardizer) by name: real sets, and what is hard for one system or another."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", bncli.BncliWarning)
        found = _cases()
    assert list(found) == CASES
    return found


def _cases() -> Mapping[str, tuple[pl.DataFrame, bncli.Standardizer]]:
    real = {
        name: _numbers(pl.read_parquet(ROOT / "sample_data" / f"{name}.parquet"))
        for name in ("weather_winter", "flights_january", "visits_train", "penguins")
    }
    fitted = {name: (frame, bncli.fit(frame)) for name, frame in real.items()}
    winter, summer = real["weather_winter"], ROOT / "sample_data" / "weather_summer.parquet"
    fitted["unseen rows"] = (_numbers(pl.read_parquet(summer)), fitted["weather_winter"][1])
    fitted["learned"] = (winter, learned(fitted["weather_winter"][1]))
    fitted["torch preset"] = (winter, bncli.fit(winter, preset="torch", batch_size=64))
    fitted["relative eps"] = (winter, bncli.fit(winter, eps=0.25, eps_relative=True))
    for name, frame in (("hostile", hostile()), ("awkward", awkward()), ("many", many())):
        fitted[name] = (frame, learned(bncli.fit(frame, eps=1e-12)))
    return fitted


def hostile() -> pl.DataFrame:
    random = np.random.default_rng(1)
    return pl.DataFrame({name: random.normal(at, 3, 40) for at, name in enumerate(HOSTILE)})


def awkward() -> pl.DataFrame:
    """Constant, all missing, missing here and there, far from 0, tiny, huge, small integers."""
    random = np.random.default_rng(2)
    rows = 60
    holes = [None if at % 5 == 0 else float(at * at) for at in range(rows)]
    return pl.DataFrame(
        {
            "constant": np.full(rows, 0.1),
            "constant with nulls": [None if at % 4 == 0 else 5 for at in range(rows)],
            "nothing": pl.Series([None] * rows, dtype=pl.Float64),
            "holes": holes,
            "nan": [float("nan") if at % 7 == 0 else float(at) for at in range(rows)],
            "far": 1e9 + random.normal(0, 1, rows),
            "negative far": -1e12 + random.normal(0, 30, rows),
            "tiny": random.normal(0, 1e-5, rows),
            "huge": random.normal(0, 1e100, rows),
            "int8": pl.Series(random.integers(-100, 100, rows), dtype=pl.Int8),
            "uint32": pl.Series(random.integers(0, 2**32, rows), dtype=pl.UInt32),
            "float32": pl.Series(random.normal(3, 1, rows), dtype=pl.Float32),
        }
    )


def many(columns: int = 200) -> pl.DataFrame:
    random = np.random.default_rng(3)
    return pl.DataFrame({f"column {at}": random.normal(at, 1, 20) for at in range(columns)})


def _numbers(frame: pl.DataFrame) -> pl.DataFrame:
    kept = [name for name, kind in frame.schema.items() if is_numeric(kind)]
    return frame.select(kept).head(1500)


def transformed(frame, standardizer, folder: Path) -> list[np.ndarray]:
    """What ``bncli transform`` makes of the frame."""
    path = folder / "transformed.parquet"
    plain = [f"column {at}" for at in range(frame.width)]
    # Under plain names: what a name does to an exporter is the question here.
    channels = [replace(c, feature=n) for c, n in zip(standardizer.channels, plain, strict=True)]
    renamed = replace(standardizer.profile, channels=tuple(channels))
    columns = dict(zip(plain, map(frame.get_column, standardizer.features), strict=True))
    changed = standardizer.replace(profile=renamed)
    bncli.transform(pl.DataFrame(columns), changed, path, overwrite=True)
    return [column.fill_null(float("nan")).to_numpy() for column in pl.read_parquet(path)]


def floats(frame: pl.DataFrame, standardizer) -> list[np.ndarray]:
    features = standardizer.features
    # By a plain name: polars takes that of a series for a pattern in places.
    columns = (frame.get_column(name).alias("x").cast(pl.Float64) for name in features)
    return [column.fill_null(float("nan")).to_numpy() for column in columns]


def module(text: str) -> dict:
    """What a generated module of Python defines."""
    defined: dict = {}
    exec(compile(text, "exported.py", "exec"), defined)
    return defined


def run_polars(exported, frame, standardizer):
    return floats(module(exported.text)["standardize"](frame), standardizer)


def run_sklearn(exported, frame, standardizer):
    scaler = module(exported.text)["scaler"]()
    return list(scaler.transform(named(frame, standardizer)).T)


def named(frame, standardizer) -> pl.DataFrame:
    """A frame of the features alone, all of them floats."""
    columns = zip(standardizer.features, floats(frame, standardizer), strict=True)
    return pl.DataFrame(dict(columns))


def run_onnx(exported, frame, standardizer):
    import onnxruntime

    session = onnxruntime.InferenceSession(exported.content, providers=["CPUExecutionProvider"])
    (given,) = session.get_inputs()
    kind = np.float64 if given.type == "tensor(double)" else np.float32
    (found,) = session.run(
        None, {given.name: np.stack(floats(frame, standardizer), 1).astype(kind)}
    )
    return list(found.T)


def run_duckdb(exported, frame, standardizer):
    import duckdb

    with duckdb.connect() as connection:
        connection.register("data", frame.to_arrow())
        query = exported.text.strip().removesuffix(";")
        found = pl.DataFrame(connection.sql(query).to_arrow_table())
    assert found.columns == list(standardizer.features)
    return floats(found, standardizer)


def run_sqlite(exported, frame, standardizer):
    with sqlite3.connect(":memory:") as connection:
        columns = ", ".join(_quoted(name) for name in frame.columns)
        connection.execute(f"create table data ({columns})")
        marks = ", ".join("?" * frame.width)
        connection.executemany(f"insert into data values ({marks})", frame.rows())
        cursor = connection.execute(exported.text)
        assert [each[0] for each in cursor.description] == list(standardizer.features)
        values = np.array(cursor.fetchall(), dtype=np.float64)
    connection.close()
    return list(values.T)


def run_postgres(exported, frame, standardizer, psql: Callable[..., str]):
    """exported: with the column ROW kept, since a table has no order."""
    columns = ", ".join(f"{_quoted(name)} {_POSTGRES[kind]}" for name, kind in frame.schema.items())
    psql("drop table if exists data")
    psql(f"create table data ({_quoted(ROW)} integer, {columns})")
    rows = frame.with_row_index(ROW).write_csv(include_header=False, null_value="")
    psql("copy data from stdin with csv", rows)
    query = exported.text.strip().removesuffix(";")
    ordered = f"select * from ({query}) as found order by {_quoted(ROW)}"
    answer = psql(f"copy ({ordered}) to stdout with (format csv, header)")
    header, *found = csv.reader(io.StringIO(answer))
    assert header == [ROW, *standardizer.features]
    values = np.array([[float(cell or "nan") for cell in row] for row in found])
    return list(values.T[1:])


_POSTGRES = {
    pl.Float64(): "double precision",
    pl.Float32(): "real",
    pl.Int8(): "smallint",
    pl.Int16(): "smallint",
    pl.Int32(): "integer",
    pl.UInt32(): "bigint",
    pl.Int64(): "bigint",
}


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
