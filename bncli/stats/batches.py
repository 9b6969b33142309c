"""From a block of rows to the moments of its mini-batches, for every channel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Self

import numpy as np

from bncli.stats.exact import FloatArray
from bncli.stats.integers import Mask, Numbers
from bncli.stats.measure import Pieces, piece_sums
from bncli.stats.missing import Missing
from bncli.stats.moments import Moments
from bncli.stats.pooling import moments_of, pooled
from bncli.stats.squares import PIECE


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """Values of one channel: float64, int64 or uint64 of shape (rows * positions,).

    missing: True where there is no value, or None where all are present or NaN says so; of
    floats, every missing one is NaN. nulls: how many of the missing are null rather than NaN.
    positions: values in a row, one but for the channels of tensors.
    """

    values: Numbers
    missing: Mask | None = None
    nulls: int = 0
    positions: int = 1

    def present(self) -> FloatArray:
        """Float64 with NaN where missing; the values themselves where they are float64."""
        if self.missing is None or self.values.dtype == np.float64:
            return self.values.astype(np.float64, copy=False)
        return np.where(self.missing, np.nan, self.values)

    def marked(self) -> Self:
        """With its mask filled in, where nulls tell that there must be one."""
        if self.missing is not None or not self.nulls:
            return self
        return type(self)(self.values, np.isnan(self.values), self.nulls, self.positions)

    def finite(self) -> Self:
        """With infinities and NaN among the missing."""
        values = np.where(np.isinf(self.values), np.nan, self.values)
        return type(self)(values, np.isnan(values), self.nulls, self.positions)

    def followed_by(self, later: Self) -> Self:
        """The rows of both; a side without a mask has all its values."""
        values = np.concatenate((self.values, later.values))
        missing = None
        if self.missing is not None or later.missing is not None:
            missing = np.concatenate((self._mask(), later._mask()))
        return type(self)(values, missing, self.nulls + later.nulls, self.positions)

    def _mask(self) -> Mask:
        return np.zeros(len(self.values), dtype=np.bool_) if self.missing is None else self.missing


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """moments: (batches, channels); missing: (channels,); columns: with their masks filled in."""

    moments: Moments
    missing: Missing
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbouring mini-batches of one size: ``count`` of ``size`` values from ``start`` on."""

    start: int
    count: int
    size: int

    def times(self, positions: int) -> Run:
        """The same mini-batches where a row has so many values."""
        return Run(self.start * positions, self.count, self.size * positions)

    def pieces(self, column: Column) -> Iterator[Pieces]:
        """The mini-batches side by side, long ones cut into several pieces."""
        rows = slice(self.start, self.start + self.count * self.size)
        values = column.values[rows].reshape(self.count, self.size)
        missing = column.missing
        masks = None if missing is None else missing[rows].reshape(self.count, self.size)
        for at in range(0, self.size, PIECE):
            part = np.s_[:, at : at + PIECE]
            yield Pieces.of(values[part], None if masks is None else masks[part])


def measure_batches(columns: Sequence[Column], sizes: Sequence[int]) -> Measured:
    """Moments of consecutive mini-batches of ``sizes`` rows in every column."""
    if not columns:
        return Measured(Moments.empty(len(sizes), 0), Missing.empty(0), ())
    runs = _runs(sizes)
    marked = [column.marked() for column in columns]
    moments = _moments(marked, runs)
    bounded = np.isfinite(moments.min) & np.isfinite(moments.max)
    unbounded = np.flatnonzero(((moments.count > 0) & ~bounded).any(axis=0)).tolist()
    if unbounded:
        for channel in unbounded:
            marked[channel] = marked[channel].finite()
        again = _moments([marked[channel] for channel in unbounded], runs)
        moments = moments.replaced(unbounded, again)
    return Measured(moments, _missing(columns, marked), tuple(marked))


def _runs(sizes: Sequence[int]) -> list[Run]:
    runs, start = [], 0
    for size, same in groupby(sizes):
        runs.append(Run(start, len(list(same)), size))
        start += runs[-1].count * size
    return runs


def _moments(columns: Sequence[Column], runs: Sequence[Run]) -> Moments:
    """Of shape (batches, channels). Channels with as many positions are measured together."""
    kinds = dict.fromkeys(column.positions for column in columns)
    if len(kinds) == 1:
        return _alike(columns, [run.times(*kinds) for run in runs])
    places = {n: [at for at, column in enumerate(columns) if column.positions == n] for n in kinds}
    moments = Moments.empty(sum(run.count for run in runs), len(columns))
    for n, chosen in places.items():
        found = _alike([columns[at] for at in chosen], [run.times(n) for run in runs])
        moments = moments.replaced(chosen, found)
    return moments


def _alike(columns: Sequence[Column], runs: Sequence[Run]) -> Moments:
    per_run = []
    for run in runs:
        # Every column has the same kinds of pieces.
        kinds = zip(*(run.pieces(column) for column in columns), strict=True)
        parts = [moments_of(piece_sums(channels)) for channels in kinds]
        per_run.append(parts[0] if len(parts) == 1 else pooled(_beside(parts)))
    return per_run[0] if len(per_run) == 1 else Moments.stack(per_run)


def _beside(parts: Sequence[Moments]) -> Moments:
    arrays = zip(*(part.arrays() for part in parts), strict=True)
    return Moments(*(np.stack(same) for same in arrays))


def _missing(columns: Sequence[Column], marked: Sequence[Column]) -> Missing:
    counts = np.zeros((3, len(columns)), dtype=np.int64)
    for channel, (column, found) in enumerate(zip(columns, marked, strict=True)):
        if found.missing is None:
            continue
        infinite = 0
        if found.values is not column.values:
            infinite = int(np.count_nonzero(np.isinf(column.values)))
        nans = int(np.count_nonzero(found.missing)) - column.nulls - infinite
        counts[:, channel] = column.nulls, nans, infinite
    return Missing(*counts)
