"""From polars series to what the states take: float64 or 64-bit integers, and category counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

Numbers: TypeAlias = NDArray[np.float64] | NDArray[np.int64] | NDArray[np.uint64]
_EXACT = (pl.Int64(), pl.UInt64())


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


def numeric_values(series: pl.Series) -> Values:
    """The numbers of ``series``: zero-copy for Float64, Int64 and UInt64 without nulls.

    float32 and float16, small integers, decimals and truth values are widened to float64.
    """
    nulls = series.null_count()
    if series.dtype not in _EXACT:
        wide = series if series.dtype == pl.Float64() else series.cast(pl.Float64)
        return Values(wide.to_numpy(), nulls)
    if not nulls:
        return Values(series.to_numpy(), 0)
    return Values(series.fill_null(0).to_numpy(), nulls, series.is_null().to_numpy())


def category_counts(series: pl.Series) -> tuple[list[str], list[int], int]:
    """(values as text, their counts, missing), in the order of the text. Booleans: true, false."""
    counted = series.drop_nulls().alias("value").value_counts(name="count")
    frame = counted.with_columns(pl.col("value").cast(pl.String)).sort("value")
    values: list[Any] = frame["value"].to_list()
    return values, frame["count"].to_list(), series.null_count()
