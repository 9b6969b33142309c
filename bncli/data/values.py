"""From polars series to what the states take: float64 or 64-bit integers, and category counts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bncli.data.naming import column, unnamed

Numbers: TypeAlias = NDArray[np.float64] | NDArray[np.int64] | NDArray[np.uint64]
_EXACT = (pl.Int64(), pl.UInt64())
_SMALL = (pl.Float32(), pl.Int32(), pl.UInt32(), pl.Int16(), pl.UInt16(), pl.Int8(), pl.UInt8())
_PLAIN = (pl.Float64(), *_EXACT, *_SMALL)
_DAY = 86_400_000_000
_LATEST = 9 * 10**18


@dataclass(frozen=True, slots=True, eq=False)
class Values:
    """The numbers of a column. values: shape (rows,), read-only; nulls: how many are null.

    Floats hold NaN where the column is null (and where it holds NaN). Int64 and UInt64 stay
    integers, so that 2^62 + 2 is not rounded; where they are null, ``missing`` (shape (rows,), or
    None without nulls) is True and the value is 0.
    """

    values: Numbers
    nulls: int
    missing: NDArray[np.bool_] | None = None


def numeric_values(frame: pl.DataFrame, names: Sequence[str]) -> list[Values]:
    """The numbers of some columns of a table in memory, each in one piece.

    Zero-copy for Float64, Int64 and UInt64 without nulls; other floats, small integers, decimals
    and truth values are widened to float64.
    """
    columns = {series.name: series for series in frame.get_columns()}
    # polars fills and converts several columns at once, in its own threads.
    converted = frame.select(
        _plain(name, columns[name].dtype) for name in names if not _is_plain(columns[name])
    )
    plain = columns | {series.name: series for series in converted.get_columns()}
    found = []
    for name in names:
        raw = columns[name]
        values = plain[name].to_numpy()
        exact = raw.dtype in _EXACT
        nulls = raw.null_count()
        missing = unnamed(raw).is_null().to_numpy() if nulls and exact else None
        wide = values if exact else values.astype(np.float64, copy=False)
        found.append(Values(wide, nulls, missing))
    return found


def _is_plain(series: pl.Series) -> bool:
    """Whether numpy can take the values as they are."""
    return series.dtype in _PLAIN and not series.null_count()


def _plain(name: str, kind: pl.DataType) -> pl.Expr:
    exact = kind in _EXACT
    wide = column(name) if exact else column(name).cast(pl.Float64)
    return wide.fill_null(0 if exact else math.nan)


def times_of(series: pl.Series) -> NDArray[np.int64]:
    """The dates or times that are present, as microseconds: since 1970 (UTC), or of the day.

    Finer units are rounded down. Years beyond about 285,000 count as the last ones before.
    """
    whole = unnamed(series).drop_nulls().to_physical().cast(pl.Int64).to_numpy()
    unit = getattr(series.dtype, "time_unit", "ns" if series.dtype == pl.Time else "day")
    if unit == "ns":
        return whole // 1000
    microseconds = {"us": 1, "ms": 1000, "day": _DAY}[unit]
    most = _LATEST // microseconds
    times: NDArray[np.int64] = np.clip(whole, -most, most) * microseconds
    return times


def category_counts(series: pl.Series) -> tuple[list[str], list[int], int]:
    """(values as text, their counts, missing), in the order of the text. Booleans: true, false."""
    counted = series.alias("value").drop_nulls().value_counts(name="count")
    frame = counted.with_columns(pl.col("value").cast(pl.String)).sort("value")
    values: list[Any] = frame["value"].to_list()
    return values, frame["count"].to_list(), series.null_count()
