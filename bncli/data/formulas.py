"""How a column is computed from another, as polars expressions.

What is missing stays so by itself, and what is infinite stays infinite, so that it is seen.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bncli.data.naming import column as by_name
from bncli.data.tensors import flat, unflat, with_inner
from bncli.stats.layout import Layout

_WIDE = (pl.Int64(), pl.UInt64(), pl.Int128())
# Above this an integer near the mean may not be a float64 any more.
_SAFE_MEAN = 2.0**44


@dataclass(frozen=True, slots=True)
class Finish:
    """What happens to every computed column in the end.

    fill_missing: written for null and NaN; None keeps them. dtype: of the result.
    suffix: after the names of computed columns, beside the originals; None replaces those.
    """

    fill_missing: float | None = None
    dtype: Literal["float64", "float32"] = "float64"
    suffix: str | None = None

    def name(self, column: str) -> str:
        return column + (self.suffix or "")

    def narrowed(self, computed: pl.Expr) -> pl.Expr:
        """A Float64 expression, missing values filled, in the type of the result."""
        if self.fill_missing is not None:
            computed = computed.fill_null(self.fill_missing).fill_nan(self.fill_missing)
        return computed.cast(pl.Float32) if self.dtype == "float32" else computed

    @property
    def type(self) -> pl.DataType:
        return pl.Float32() if self.dtype == "float32" else pl.Float64()

    @property
    def largest(self) -> float:
        """The largest number that the result can hold."""
        return float(np.finfo(self.dtype).max)


class Formula(Protocol):
    """How a column is computed from another. What is infinite stays so, and is seen."""

    def result(self, column: str, dtype: pl.DataType, finish: Finish) -> pl.Expr:
        """The finished expression over the column of type ``dtype``."""

    def nothing(self, finish: Finish) -> pl.Expr:
        """What stands where there is no such column."""


class Single(ABC):
    """A formula of a column that holds one number a row."""

    __slots__ = ()

    @abstractmethod
    def expression(self, column: str, dtype: pl.DataType) -> pl.Expr:
        """A Float64 expression over the column of type ``dtype``."""

    def result(self, column: str, dtype: pl.DataType, finish: Finish) -> pl.Expr:
        return finish.narrowed(self.expression(column, dtype))

    def nothing(self, finish: Finish) -> pl.Expr:
        return finish.narrowed(pl.lit(None, dtype=pl.Float64))


@dataclass(frozen=True, slots=True)
class Forward(Single):
    """``(x - mean) * scale + beta``."""

    mean: float
    scale: float
    beta: float

    def expression(self, column: str, dtype: pl.DataType) -> pl.Expr:
        scaled = _difference(column, dtype, self.mean) * self.scale
        return scaled + self.beta if self.beta else scaled


@dataclass(frozen=True, slots=True)
class Backward(Single):
    """``(y - beta) / scale + mean``, the way back of ``Forward``."""

    mean: float
    scale: float
    beta: float

    def expression(self, column: str, dtype: pl.DataType) -> pl.Expr:
        return _difference(column, dtype, self.beta) / self.scale + self.mean


@dataclass(frozen=True, slots=True)
class Level(Single):
    """One value wherever there is one at all."""

    value: float

    def expression(self, column: str, dtype: pl.DataType) -> pl.Expr:
        x = by_name(column).cast(pl.Float64)
        return pl.when(x.is_infinite()).then(x).otherwise(x * 0.0 + self.value)


@dataclass(frozen=True, slots=True)
class Absent(Single):
    """Missing wherever it is finite."""

    def expression(self, column: str, dtype: pl.DataType) -> pl.Expr:
        x = by_name(column).cast(pl.Float64)
        return pl.when(x.is_infinite()).then(x)


@dataclass(frozen=True, slots=True, eq=False)
class Given(Single):
    """Values computed elsewhere, one per row; null where the column is."""

    values: NDArray[np.float64]

    def expression(self, column: str, dtype: pl.DataType) -> pl.Expr:
        given = pl.lit(pl.Series(self.values))
        return pl.when(by_name(column).is_not_null()).then(given)


@dataclass(frozen=True, slots=True, eq=False)
class PerChannel:
    """A tensor column, every channel by a function of its own.

    compute: float64 of shape (rows * positions,) and a channel's number to the same shape.
    """

    layout: Layout
    compute: Callable[[NDArray[np.float64], int], NDArray[np.float64]]

    def result(self, column: str, dtype: pl.DataType, finish: Finish) -> pl.Expr:
        return by_name(column).map_batches(
            lambda series: self.computed(series, finish),
            return_dtype=with_inner(dtype, finish.type),
            is_elementwise=True,
        )

    def nothing(self, finish: Finish) -> pl.Expr:
        row = None
        if finish.fill_missing is not None:
            row = np.full(self.layout.sizes, finish.fill_missing).tolist()
        return pl.lit(row, dtype=pl.Array(finish.type, self.layout.sizes))

    def computed(self, column: pl.Series, finish: Finish) -> pl.Series:
        """The finished column, of the same kind of tensor."""
        values = flat(column).cast(pl.Float64)
        numbers: NDArray[Any] = values.fill_null(float("nan")).to_numpy()
        channels = self.layout.split(numbers)
        results = [self.compute(channel, at) for at, channel in enumerate(channels)]
        computed = pl.Series("y", self.layout.joined(results))
        kept = pl.lit(computed)
        if values.null_count():
            kept = pl.when(pl.lit(values.is_not_null())).then(kept)
        finished = pl.select(finish.narrowed(kept)).to_series()
        return unflat(finished, column)


@dataclass(frozen=True, slots=True, eq=False)
class GivenTensor:
    """Channels computed elsewhere, shape (rows * positions,) each; missing where ``column`` is."""

    layout: Layout
    column: pl.Series
    channels: list[NDArray[np.float64]]

    def result(self, column: str, dtype: pl.DataType, finish: Finish) -> pl.Expr:
        # A literal: polars may hand an expression's rows over in pieces.
        rows = PerChannel(self.layout, lambda _, channel: self.channels[channel])
        return pl.lit(rows.computed(self.column, finish))

    def nothing(self, finish: Finish) -> pl.Expr:
        raise AssertionError("the column is there")


def _difference(column: str, dtype: pl.DataType, centre: float) -> pl.Expr:
    """``x - centre`` rounded once, also where x is an integer that no float64 holds."""
    x = by_name(column)
    if dtype in _WIDE and abs(centre) >= _SAFE_MEAN:
        whole = round(centre)
        near = x.cast(pl.Int128) - pl.lit(whole, dtype=pl.Int128)
        return near.cast(pl.Float64) - (centre - whole)
    return (x if dtype == pl.Float64() else x.cast(pl.Float64)) - centre
