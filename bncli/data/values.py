"""From polars series to what the states take: float64 or 64-bit integers, and category counts."""

from __future__ import annotations

import math
from collections.abc import Sequence
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


def numeric_expressions(schema: pl.Schema, names: Sequence[str]) -> list[pl.Expr]:
    """What to select of a table so that ``numbers_of`` finds the numbers of ``names`` in it.

    In a query, polars widens and fills in its own threads, beside the decoding.
    """
    found = []
    for place, name in enumerate(names):
        exact = schema[name] in _EXACT
        wide = pl.col(name) if exact else pl.col(name).cast(pl.Float64)
        filled = wide.fill_null(0 if exact else math.nan)
        found += [pl.col(name).alias(f"raw {place}"), filled.alias(f"filled {place}")]
    return found


def numbers_of(frame: pl.DataFrame, count: int) -> list[Values]:
    """The numbers of the ``count`` columns that ``numeric_expressions`` selected.

    Zero-copy for Float64, Int64 and UInt64 in one piece; float32 and float16, small integers,
    decimals and truth values are widened to float64.
    """
    found = []
    for place in range(count):
        raw = frame.get_column(f"raw {place}")
        values = frame.get_column(f"filled {place}").to_numpy()
        nulls = raw.null_count()
        masked = nulls and values.dtype != np.float64
        found.append(Values(values, nulls, raw.is_null().to_numpy() if masked else None))
    return found


def numeric_values(frame: pl.DataFrame, names: Sequence[str]) -> list[Values]:
    """The numbers of some columns of a table in memory."""
    return numbers_of(frame.select(numeric_expressions(frame.schema, names)), len(names))


def category_counts(series: pl.Series) -> tuple[list[str], list[int], int]:
    """(values as text, their counts, missing), in the order of the text. Booleans: true, false."""
    counted = series.drop_nulls().alias("value").value_counts(name="count")
    frame = counted.with_columns(pl.col("value").cast(pl.String)).sort("value")
    values: list[Any] = frame["value"].to_list()
    return values, frame["count"].to_list(), series.null_count()
