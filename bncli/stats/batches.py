"""From a block of rows to the moments of its mini-batches, for every channel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from bncli.stats.exact import FloatArray
from bncli.stats.measure import PIECE, Mask, Numbers, measure_pieces, pooled
from bncli.stats.missing import Missing
from bncli.stats.moments import Moments


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """Values of one channel: float64, int64 or uint64 of shape (rows,).

    missing: True where there is no value, or None where all are present or NaN says so;
    nulls: how many of the missing ones are null rather than NaN.
    """

    values: Numbers
    missing: Mask | None = None
    nulls: int = 0

    def present(self) -> FloatArray:
        """Float64 with NaN where missing; a view where nothing is."""
        values = self.values.astype(np.float64, copy=False)
        return values if self.missing is None else np.where(self.missing, np.nan, values)


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """moments: (batches, channels); missing: (channels,); columns: with their masks filled in."""

    moments: Moments
    missing: Missing
    columns: tuple[Column, ...]


def measure_batches(columns: Sequence[Column], sizes: Sequence[int]) -> Measured:
    """Moments of consecutive mini-batches of ``sizes`` rows in every column."""
    parts = [_measure_column(column, sizes) for column in columns]
    moments = Moments(
        *(
            np.stack(arrays, axis=-1)
            for arrays in zip(*(m.arrays() for m, _, _ in parts), strict=True)
        )
    )
    counts = [
        np.array(kind, dtype=np.int64) for kind in zip(*(c for _, c, _ in parts), strict=True)
    ]
    return Measured(moments, Missing(*counts), tuple(column for _, _, column in parts))


def _measure_column(
    column: Column, sizes: Sequence[int]
) -> tuple[Moments, tuple[int, int, int], Column]:
    moments = _measure(column, sizes)
    floating = column.values.dtype == np.float64
    if not floating or (np.isfinite(moments.max - moments.min).all() and column.missing is None):
        return moments, (column.nulls, 0, 0), column
    absent = np.isnan(column.values)
    nans = int(absent.sum()) - (column.nulls if column.missing is None else 0)
    infinite = np.isinf(column.values)
    missing = absent | infinite
    if column.missing is not None:
        nans = int((absent & ~column.missing).sum())
        infinite &= ~column.missing
        missing |= column.missing
    clean = Column(column.values, missing, column.nulls)
    return _measure(clean, sizes), (column.nulls, nans, int(infinite.sum())), clean


def _measure(column: Column, sizes: Sequence[int]) -> Moments:
    parts, start = [], 0
    for size, same in groupby(sizes):
        stop = start + size * len(list(same))
        values = column.values[start:stop].reshape(-1, size)
        missing = None if column.missing is None else column.missing[start:stop].reshape(-1, size)
        parts.append(_measure_equal(values, missing))
        start = stop
    return parts[0] if len(parts) == 1 else Moments.stack(parts)


def _measure_equal(values: Numbers, missing: Mask | None) -> Moments:
    """Moments per row of (batches, size); long rows in pieces, pooled."""
    size = values.shape[1]
    if size <= PIECE:
        return measure_pieces(values, missing)
    pieces = [
        measure_pieces(
            values[:, at : at + PIECE], None if missing is None else missing[:, at : at + PIECE]
        )
        for at in range(0, size, PIECE)
    ]
    stacked = (
        np.stack(arrays) for arrays in zip(*(piece.arrays() for piece in pieces), strict=True)
    )
    return pooled(Moments(*stacked), axis=0)
