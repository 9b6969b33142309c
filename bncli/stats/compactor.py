"""From rows to weighted points: the quantile sketch while a dataset is folded.

Rows come in *grains* (whole mini-batches, about 65,536 rows). A grain that is complete is
sealed: its values are sorted and one of each run of ``spacing`` neighbours is kept, starting
at a random place. Siblings of the canonical tree then merge: their points are sorted together
and every second one is kept, again from a random start, each now standing for twice the rows.
Both errors are unbiased, and independent of one another; ``quantiles.py`` bounds their sum.

Sorting is what a sketch costs, so of a long dataset not every row is looked at: past the first
million rows one row at random is drawn out of every 2, then 4, then 8. A fixed stride would be
fooled by a column that alternates; a draw is not.

Randomness is a hash of the position in the dataset (and a fixed seed), so the same data gives
the same points, whatever the cut, the threads or the machine.

Source: Karnin, Lang & Liberty 2016 (compactors); Steele et al. 2014 (splitmix64).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from bncli.stats.exact import FloatArray, IntArray
from bncli.stats.quantiles import Quantiles
from bncli.stats.tree import Forest, Loose, grown

SAMPLING_STARTS = 1 << 20
_MOST = 8
_SEED = 0x62_6E_63_6C_69


@dataclass(frozen=True, slots=True, eq=False)
class Grain:
    """Rows of one grain, or of a part of it: raw columns in row order, NaN where missing.

    A channel of a tensor has several values a row, one row after the other.
    """

    columns: tuple[FloatArray, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """Sorted points per channel, each standing for ``weight`` rows (for all their values).

    spread: the rank error so far, in values squared, shape (channels,); see ``Quantiles``.
    """

    points: tuple[FloatArray, ...]
    weight: int
    spread: FloatArray


@dataclass(frozen=True, slots=True)
class Compactor:
    """How grains of ``group`` mini-batches, ``rows`` rows, become points (a ``Growth``).

    spacing: rows that a point of a sealed grain stands for. positions: values in a row, per
    channel.
    """

    group: int
    rows: int
    spacing: int
    positions: tuple[int, ...]

    @classmethod
    def plan(cls, group: int, rows: int, positions: tuple[int, ...]) -> Self:
        """Thin a grain to some 4096 points, 1024 where there are many channels."""
        spacing = max(1, rows // (4096 if len(positions) <= 256 else 1024))
        return cls(group, rows, 1 << (spacing.bit_length() - 1), positions)

    def plant(
        self, first: int, batches: int, columns: Sequence[FloatArray]
    ) -> Forest[Grain, Points]:
        """The forest of mini-batches ``first`` to ``first + batches``, which lie in one grain."""
        grain = Grain(tuple(columns))
        return Forest((grown(Loose(first, first + batches, grain), self),))

    def join(self, first: Grain, later: Grain) -> Grain:
        pairs = zip(first.columns, later.columns, strict=True)
        return Grain(tuple(np.concatenate(pair) for pair in pairs))

    def seal(self, leaves: Grain, index: int) -> Points:
        """Sort what is looked at of a grain and keep one value of every ``spacing`` rows."""
        stride = min(_stride(index * self.rows), self.spacing)
        rows = self._rows_of(leaves)
        drawn = None if stride == 1 else _drawn(rows, stride, index)
        columns = zip(leaves.columns, self.positions, strict=True)
        points, spread = zip(
            *(self._sealed(*column, drawn, stride, index) for column in columns), strict=True
        )
        return Points(points, self.spacing, np.array(spread))

    def _sealed(
        self, column: FloatArray, positions: int, drawn: IntArray | None, stride: int, index: int
    ) -> tuple[FloatArray, float]:
        missing = int(np.count_nonzero(np.isnan(column))) if np.isnan(column.sum()) else 0
        present = column.size - missing
        if drawn is not None and present > column.size // stride:
            looked_at = column.reshape(-1, positions)[drawn].reshape(-1)
        else:
            looked_at, stride = column, 1
        ordered = np.sort(looked_at)  # NaN comes last
        if missing:
            ordered = ordered[: ordered.size - np.count_nonzero(np.isnan(ordered))]
        every = self.spacing * positions // stride
        start = int(splitmix(index << 8)) % every
        spread = float((self.spacing * positions) ** 2 if every > 1 else 0)
        # A copy, or the points would keep everything that was sorted in memory.
        drawing = stride * positions * present if stride > 1 else 0
        return ordered[start::every].copy(), spread + drawing

    def merge(self, first: Points, later: Points, level: int, index: int) -> Points:
        """Sort the points of both together and keep every second one."""
        start = int(splitmix((index << 8) + level)) & 1
        pairs = zip(first.points, later.points, strict=True)
        # The stable sort finds the two sorted runs and merges them.
        kept = tuple(
            np.sort(np.concatenate(pair), kind="stable")[start::2].copy() for pair in pairs
        )
        weight = first.weight + later.weight
        spacings = float(weight) * np.array(self.positions)
        return Points(kept, weight, first.spread + later.spread + spacings**2)

    def lingers(self, leaves: Grain) -> bool:
        """Data that fits into one grain is kept whole, and every quantile of it is exact."""
        return self._rows_of(leaves) <= grain_rows(self.positions)

    def _rows_of(self, leaves: Grain) -> int:
        return leaves.columns[0].size // self.positions[0] if leaves.columns else 0

    def finish(
        self, forest: Forest[Grain, Points], counts: IntArray, low: FloatArray, high: FloatArray
    ) -> tuple[Quantiles, ...]:
        """The distribution of every channel; exact where everything fitted into one grain."""
        grains = [entry.leaves for entry in forest.entries if isinstance(entry, Loose)]
        nodes = [entry.state for entry in forest.entries if not isinstance(entry, Loose)]
        ends = zip(counts.tolist(), low.tolist(), high.tolist(), strict=True)
        return tuple(
            _quantiles(channel, self.positions[channel], grains, nodes, *extremes)
            for channel, extremes in enumerate(ends)
        )


def splitmix(positions: NDArray[np.uint64] | int) -> NDArray[np.uint64]:
    """A 64-bit hash of each position."""
    with np.errstate(over="ignore"):
        z = np.asarray(positions, dtype=np.uint64) + np.uint64(_SEED)
        z = z * np.uint64(0x9E3779B97F4A7C15) + np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: NDArray[np.uint64] = z ^ (z >> np.uint64(31))
    return mixed


def grain_rows(positions: Sequence[int]) -> int:
    """Rows read and sorted at a time: 65,536, fewer where that would pass 32 MB.

    positions: values in a row, per channel. 1024 at least, but for tensors.
    """
    values, channels = max(1, sum(positions)), max(1, len(positions))
    plain = max(1024, min(1 << 16, (1 << 22) // channels))
    return max(1, min(plain, (1 << 22) // values)) if values > channels else plain


def _stride(row: int) -> int:
    """One of how many rows is looked at, for the grain that starts at ``row``."""
    return min(_MOST, 1 << (row // SAMPLING_STARTS).bit_length())


def _drawn(rows: int, stride: int, grain: int) -> IntArray:
    """One row at random out of each run of ``stride`` in a grain of ``rows`` rows."""
    runs = np.arange(-(-rows // stride), dtype=np.uint64)
    offsets = splitmix(runs + (np.uint64(grain) << np.uint64(32))) % np.uint64(stride)
    drawn: IntArray = (runs * np.uint64(stride) + offsets).astype(np.int64)
    inside: IntArray = drawn[drawn < rows]
    return inside


def _quantiles(
    channel: int,
    positions: int,
    grains: Sequence[Grain],
    nodes: Sequence[Points],
    count: int,
    low: float,
    high: float,
) -> Quantiles:
    raw = [grain.columns[channel] for grain in grains]
    values = np.concatenate([column[~np.isnan(column)] for column in raw]) if raw else np.zeros(0)
    if values.size == count:
        return Quantiles.of(values)
    parts = [values, *(node.points[channel] for node in nodes)]
    each = [1, *(node.weight * positions for node in nodes)]
    weights = np.repeat(each, [part.size for part in parts])
    points = np.concatenate(parts)
    if not points.size:
        points, weights = np.array([low, high]), np.ones(2)
    order = np.argsort(points, kind="stable")
    scaled = weights[order] * (count / weights.sum())
    spread = float(sum(node.spread[channel] for node in nodes))
    return Quantiles(points[order], scaled, count, low, high, spread)
