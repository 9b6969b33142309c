"""Columns that tell when a row was: dates, datetimes, whole numbers, or text that holds times.

A grid cuts such a column into runs of equal length (``1d``, ``1mo``, or ``1000`` of a whole
number). A place on the grid is a whole number that polars computes for every row while reading.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import polars as pl

from bncli.data.columns import require_columns
from bncli.data.dataset import Dataset
from bncli.data.naming import column as by_name
from bncli.errors import DataError, UsageError

_DURATION = re.compile(r"([0-9]{1,9})(ns|us|ms|s|m|h|d|w|mo|q|y)")
_NUMBER = re.compile(r"[0-9]{1,18}")
_ADVICE = "a number and a unit, as 1d, 1w, 1mo, 1q or 1y"
_FORMATS = (
    "%Y-%m-%d",
    *(f"%Y-%m-%d{gap}%H:%M{rest}" for gap in (" ", "T") for rest in ("", ":%S%.f", ":%S%.f%#z")),
)
"""Of times in text: ISO 8601 and RFC 3339. Others, such as 03/04/2022, are not guessed at."""

_LABELS = {"y": "%Y", "mo": "%Y-%m", "q": "%Y-%m", "w": "%Y-%m-%d", "d": "%Y-%m-%d"}
_CLOCKS = {"h": "%Y-%m-%d %H:%M", "m": "%Y-%m-%d %H:%M"}


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """A column cut every so often.

    column: its name; every: as asked for; place: the expression that gives the place of a row,
    null where it has no time; kind: the type that a place, cast to it, is a time of.
    """

    column: str
    every: str
    place: pl.Expr
    kind: pl.DataType

    def label(self, place: int) -> str:
        """What people call a place: its beginning, as finely as ``every`` needs."""
        if self.kind.is_integer():
            return _numbers(place, int(self.every))
        time = pl.Series([place], dtype=pl.Int64).cast(self.kind).item()
        style = _style(self.every, self.kind)
        return str(time.strftime(style) if style else time)


def grid(dataset: Dataset, column: str, every: str) -> Grid:
    """Cut ``column`` of a dataset every ``every``.

    Raises ColumnMissing; DataError when the column holds no times; UsageError when ``every`` is
    no length of such a column.
    """
    require_columns(dataset.schema, (column,), dataset.name)
    times, kind = _times(dataset, column)
    if kind.is_integer():
        if not (_NUMBER.fullmatch(every) and int(every)):
            raise UsageError(
                f"--every {every} does not cut '{column}', which holds whole numbers",
                fix="a whole number above 0, as 1000",
            )
        step = int(every)
        return Grid(column, every, times.cast(pl.Int64) // step * step, pl.Int64())
    found = _DURATION.fullmatch(every)
    if found is None or not int(found[1]):
        raise UsageError(f"--every {every} is no length of time", fix=_ADVICE)
    return Grid(column, every, times.dt.truncate(every).to_physical().cast(pl.Int64), kind)


def _times(dataset: Dataset, column: str) -> tuple[pl.Expr, pl.DataType]:
    """The column as times or whole numbers, and their type. Raises DataError."""
    kind = dataset.schema[column]
    if isinstance(kind, (pl.Date, pl.Datetime)) or kind.is_integer():
        return by_name(column), kind
    if isinstance(kind, pl.String):
        return _parsed(dataset, column)
    raise _no_times(dataset, column, f"is of type {kind}")


def _parsed(dataset: Dataset, column: str) -> tuple[pl.Expr, pl.DataType]:
    """Times written as text, in the first format that every one of the first rows keeps to."""
    texts = dataset.peek()[column].drop_nulls()
    if not texts.len():
        raise _no_times(dataset, column, "holds text, and none in its first rows")
    for style in _FORMATS:
        kind = pl.Date() if style == _FORMATS[0] else pl.Datetime("us", _zone(style))
        times = by_name(column).str.strptime(kind, style, strict=False)
        if not texts.to_frame().select(times).to_series().null_count():
            return times, kind
    raise _no_times(dataset, column, f"holds text, such as '{texts[0]}'")


def _zone(style: str) -> str | None:
    return "UTC" if style.endswith("z") else None


def _no_times(dataset: Dataset, column: str, what: str) -> DataError:
    others = [f"'{name}'" for name, kind in dataset.schema.items() if kind.is_temporal()]
    known = f"it has {', '.join(others[:5])}" if others else "it has no such column"
    return DataError(
        f"column '{column}' {what}: no time to cut by",
        where=dataset.name,
        fix=f"--over takes a date, a datetime, ISO text or whole numbers; {known}",
    )


def _numbers(place: int, step: int) -> str:
    if step == 1:
        return str(place)
    return f"{place}-{place + step - 1}" if place >= 0 else f"{place} to {place + step - 1}"


def _style(every: str, kind: Any) -> str | None:
    found = _DURATION.fullmatch(every)
    unit = found[2] if found else ""
    if unit in _LABELS:
        return _LABELS[unit]
    # An hour that comes twice, when clocks go back, is told apart by its offset.
    offset = "%z" if getattr(kind, "time_zone", None) not in (None, "UTC") else ""
    return _CLOCKS[unit] + offset if unit in _CLOCKS else None
