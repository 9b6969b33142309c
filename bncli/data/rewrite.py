"""Frames with some columns computed anew: in place, or beside the originals.

Everything else passes through untouched, with its type, where it stands. The formulas are polars
expressions, so null stays null and NaN stays NaN by themselves.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bncli.errors import UsageError

_WIDE = (pl.Int64(), pl.UInt64(), pl.Int128())
# Above this an integer near the mean may not be a float64 any more.
_SAFE_MEAN = 2.0**44

Frame = TypeVar("Frame", pl.DataFrame, pl.LazyFrame)


class Formula(Protocol):
    """How a column is computed from another. What is infinite stays so, and is seen."""

    def expression(self, column: str, dtype: pl.DataType) -> pl.Expr:
        """A Float64 expression over the column of type ``dtype``."""


@dataclass(frozen=True, slots=True)
class Forward:
    """``(x - mean) * scale + beta``."""

    mean: float
    scale: float
    beta: float

    def expression(self, column: str, dtype: pl.DataType) -> pl.Expr:
        scaled = _difference(column, dtype, self.mean) * self.scale
        return scaled + self.beta if self.beta else scaled


@dataclass(frozen=True, slots=True)
class Backward:
    """``(y - beta) / scale + mean``, the way back of ``Forward``."""

    mean: float
    scale: float
    beta: float

    def expression(self, column: str, dtype: pl.DataType) -> pl.Expr:
        return _difference(column, dtype, self.beta) / self.scale + self.mean


@dataclass(frozen=True, slots=True)
class Level:
    """One value wherever there is one at all."""

    value: float

    def expression(self, column: str, dtype: pl.DataType) -> pl.Expr:
        x = pl.col(column).cast(pl.Float64)
        return pl.when(x.is_infinite()).then(x).otherwise(x * 0.0 + self.value)


@dataclass(frozen=True, slots=True)
class Absent:
    """Missing wherever it is finite."""

    def expression(self, column: str, dtype: pl.DataType) -> pl.Expr:
        x = pl.col(column).cast(pl.Float64)
        return pl.when(x.is_infinite()).then(x)


@dataclass(frozen=True, slots=True, eq=False)
class Given:
    """Values computed elsewhere, one per row; null where the column is."""

    values: NDArray[np.float64]

    def expression(self, column: str, dtype: pl.DataType) -> pl.Expr:
        given = pl.lit(pl.Series(self.values))
        return pl.when(pl.col(column).is_not_null()).then(given)


@dataclass(frozen=True, slots=True)
class Finish:
    """What happens to every computed column in the end.

    fill_missing: written for null and NaN; None keeps them. dtype: of the result.
    suffix: after the names of computed columns, beside the originals; None replaces those.
    """

    fill_missing: float | None = None
    dtype: Literal["float64", "float32"] = "float64"
    suffix: str | None = None

    def expression(self, column: str, computed: pl.Expr) -> pl.Expr:
        if self.fill_missing is not None:
            computed = computed.fill_null(self.fill_missing).fill_nan(self.fill_missing)
        narrowed = computed.cast(pl.Float32) if self.dtype == "float32" else computed
        return narrowed.alias(column + (self.suffix or ""))

    @property
    def largest(self) -> float:
        """The largest number that the result can hold."""
        return float(np.finfo(self.dtype).max)


def expressions(
    schema: pl.Schema, formulas: Mapping[str, Formula], finish: Finish
) -> list[pl.Expr]:
    """Every column of the result, in order.

    formulas: by the column they read and replace. One that ``schema`` lacks is added at the end.
    Raises UsageError when a computed column would take the name of another.
    """
    _check_names(schema, formulas, finish)
    chosen: list[pl.Expr] = []
    for name, dtype in schema.items():
        if name not in formulas or finish.suffix:
            chosen.append(pl.col(name))
        if name in formulas:
            chosen.append(finish.expression(name, formulas[name].expression(name, dtype)))
    nothing = pl.lit(None, dtype=pl.Float64)
    chosen += [finish.expression(name, nothing) for name in formulas if name not in schema]
    return chosen


def result_schema(schema: pl.Schema, chosen: Sequence[pl.Expr]) -> pl.Schema:
    return pl.LazyFrame(schema=schema).select(chosen).collect_schema()


def watched(
    frame: pl.LazyFrame, columns: Sequence[str], watch: Callable[[int, bool], None]
) -> pl.LazyFrame:
    """The same frame, every piece of which is told to ``watch`` as it streams by.

    watch: gets the rows of the piece and whether any of ``columns`` (all floats, at least one)
    holds an infinity, from a thread of polars. What it raises ends the query.
    """

    def look(piece: Sequence[pl.Series]) -> pl.Series:
        watch(len(piece[0]), any(map(_has_infinity, piece)))
        return piece[0]

    # One call for all columns: the lock of the interpreter is taken once per piece.
    dtype = frame.collect_schema()[columns[0]]
    seen = pl.map_batches(list(columns), look, return_dtype=dtype, is_elementwise=True)
    return frame.with_columns(seen.alias(columns[0]))


def _has_infinity(column: pl.Series) -> bool:
    # A finite sum, ten times quicker than a look at every value, has no infinite term.
    return not math.isfinite(column.sum()) and bool(column.is_infinite().any())


def floating(schema: pl.Schema, columns: Sequence[str]) -> list[str]:
    """Those of the columns that can hold infinities."""
    return [name for name in columns if name in schema and schema[name].is_float()]


def extremes(frame: pl.DataFrame, columns: Sequence[str]) -> NDArray[np.float64]:
    """Smallest and largest value of each column, NaN left out. Shape (2, columns)."""
    wanted = [pl.col(name).cast(pl.Float64) for name in columns]
    lows = frame.select(x.min() for x in wanted).row(0) if wanted else ()
    highs = frame.select(x.max() for x in wanted).row(0) if wanted else ()
    return np.array([lows, highs], dtype=np.float64).reshape(2, len(wanted))


def first_infinite(frame: pl.DataFrame, column: str) -> tuple[int, Any]:
    """Place and value of the first infinity of a column that has one."""
    place = frame[column].is_infinite().fill_null(False).arg_max()
    assert place is not None
    return place, frame[column][place]


def without_infinite(frame: Frame, columns: Sequence[str]) -> Frame:
    """The frame with infinities of these columns as null."""
    return frame.with_columns(
        pl.when(pl.col(name).is_infinite().not_()).then(pl.col(name)).alias(name)
        for name in columns
    )


def _difference(column: str, dtype: pl.DataType, centre: float) -> pl.Expr:
    """``x - centre`` rounded once, also where x is an integer that no float64 holds."""
    x = pl.col(column)
    if dtype in _WIDE and abs(centre) >= _SAFE_MEAN:
        whole = round(centre)
        near = x.cast(pl.Int128) - pl.lit(whole, dtype=pl.Int128)
        return near.cast(pl.Float64) - (centre - whole)
    return (x if dtype == pl.Float64() else x.cast(pl.Float64)) - centre


def _check_names(schema: pl.Schema, formulas: Mapping[str, Formula], finish: Finish) -> None:
    if not finish.suffix:
        return
    taken = [f"'{n}{finish.suffix}'" for n in formulas if f"{n}{finish.suffix}" in schema]
    if taken:
        raise UsageError(
            f"--suffix {finish.suffix}: there is a column {', '.join(taken[:10])} already",
            fix="choose another suffix",
        )
