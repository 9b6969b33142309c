"""From a block of rows to the moments of its mini-batches, for every channel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from bncli.stats.exact import FloatArray
from bncli.stats.measure import PIECE, Mask, Numbers, Sums, piece_sums
from bncli.stats.missing import Missing
from bncli.stats.moments import Moments
from bncli.stats.pooling import moments_of, pooled


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """Values of one channel: float64, int64 or uint64 of shape (rows,).

    missing: True where there is no value, or None where all are present or NaN says so; of
    floats, every missing one is NaN. nulls: how many of the missing are null rather than NaN.
    """

    values: Numbers
    missing: Mask | None = None
    nulls: int = 0

    def present(self) -> FloatArray:
        """Float64 with NaN where missing; the values themselves where they are float64."""
        if self.missing is None or self.values.dtype == np.float64:
            return self.values.astype(np.float64, copy=False)
        return np.where(self.missing, np.nan, self.values)


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """moments: (batches, channels); missing: (channels,); columns: with their masks filled in."""

    moments: Moments
    missing: Missing
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbouring mini-batches of one size: ``count`` of ``size`` rows from row ``start`` on."""

    start: int
    count: int
    size: int

    def pieces(self, rows: Numbers) -> Iterator[Numbers]:
        """Matrices of shape (count, at most PIECE) that hold the mini-batches side by side."""
        stop = self.start + self.count * self.size
        matrix = rows[self.start : stop].reshape(self.count, self.size)
        for at in range(0, self.size, PIECE):
            yield matrix[:, at : at + PIECE]


def measure_batches(columns: Sequence[Column], sizes: Sequence[int]) -> Measured:
    """Moments of consecutive mini-batches of ``sizes`` rows in every column."""
    runs = _runs(sizes)
    measured = [_measure_column(column, runs) for column in columns]
    # Every column has the same kinds of pieces: each becomes arrays of shape (count, channels).
    kinds = iter([_moments(same) for same in zip(*(sums for sums, _, _ in measured), strict=True)])
    per_run = [_whole([next(kinds) for _ in range(0, run.size, PIECE)]) for run in runs]
    moments = per_run[0] if len(runs) == 1 else Moments.stack(per_run)
    counts = np.array([count for _, count, _ in measured], dtype=np.int64).T
    return Measured(moments, Missing(*counts), tuple(column for _, _, column in measured))


def _moments(channels: Sequence[Sums]) -> Moments:
    return moments_of(Sums(*(np.stack(same, axis=-1) for same in zip(*channels, strict=True))))


def _runs(sizes: Sequence[int]) -> list[Run]:
    runs, start = [], 0
    for size, same in groupby(sizes):
        runs.append(Run(start, len(list(same)), size))
        start += runs[-1].count * size
    return runs


def _whole(pieces: list[Moments]) -> Moments:
    """Mini-batches from the pieces they were cut into."""
    if len(pieces) == 1:
        return pieces[0]
    arrays = zip(*(piece.arrays() for piece in pieces), strict=True)
    return pooled(Moments(*(np.stack(same) for same in arrays)))


def _measure_column(
    column: Column, runs: list[Run]
) -> tuple[list[Sums], tuple[int, int, int], Column]:
    """Sums per kind of piece; nulls, NaN and infinities; the column with its mask filled in."""
    if column.values.dtype != np.float64:
        return _sums(column, runs), (column.nulls, 0, 0), column
    marked = column
    if column.missing is None and column.nulls:
        marked = Column(column.values, np.isnan(column.values), column.nulls)
    sums = _sums(marked, runs)
    infinite = 0
    if not all(np.isfinite(part.first).all() for part in sums):
        marked, infinite = _without_infinities(marked)
        sums = _sums(marked, runs)
    missing = 0 if marked.missing is None else int(np.count_nonzero(marked.missing))
    return sums, (column.nulls, missing - column.nulls - infinite, infinite), marked


def _without_infinities(column: Column) -> tuple[Column, int]:
    """The column with its infinities among the missing, and how many they are."""
    infinite = np.isinf(column.values)
    values = np.where(infinite, np.nan, column.values)
    return Column(values, np.isnan(values), column.nulls), int(np.count_nonzero(infinite))


def _sums(column: Column, runs: list[Run]) -> list[Sums]:
    found = []
    for run in runs:
        values = run.pieces(column.values)
        if column.missing is None:
            found += [piece_sums(piece) for piece in values]
        else:
            masks = run.pieces(column.missing)
            found += [piece_sums(*pair) for pair in zip(values, masks, strict=True)]
    return found
