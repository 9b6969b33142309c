"""From rows to weighted points: the quantile sketch while a dataset is folded.

Rows come in *grains* (whole mini-batches, about 65,536 rows). A grain that is complete is
sealed: its values are sorted and one of each run of neighbours is kept, starting at a random
place, so that some 4096 points are left. Siblings of the canonical tree then merge: their points
are sorted together and, where they are too many, every second one is kept, again from a random
start, each now standing for twice the values. Every channel has its own spacing, so one that is
mostly missing is kept as finely as a full one. All errors are unbiased, and independent of one
another; ``quantiles.py`` bounds their sum.

Sorting is what a sketch costs, so of a long dataset not every row is looked at: past the first
million rows one row at random is drawn out of every 2, then 4, then 8. A fixed stride would be
fooled by a column that alternates; a draw is not. Consecutive rows (``lag.py``) are looked at
throughout the first grain, and in the first eighth of each later one.

A column with few present values loses none: up to ``EXACT`` of them are kept whole, however many
rows they are spread over.

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
from bncli.stats.lag import Lag
from bncli.stats.quantiles import Quantiles
from bncli.stats.tree import Forest, Loose, grown

SAMPLING_STARTS = 1 << 20
EXACT = 1 << 14
_EXACT_BYTES = 64 << 20
_MOST_STRIDE = 8
_SEED = 0x62_6E_63_6C_69


@dataclass(frozen=True, slots=True, eq=False)
class Grain:
    """Rows of one grain, or of a part of it: raw columns in row order, NaN where missing."""

    columns: tuple[FloatArray, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Sketch:
    """Sorted points of one channel, each standing for ``weight`` values, a power of two.

    spread: the rank error so far, in values squared; see ``Quantiles``. whole: every present
    value, in row order; None where there are too many.
    """

    points: FloatArray
    weight: int
    spread: float
    whole: FloatArray | None


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """What is left of sealed grains: a sketch per channel, and what consecutive rows told."""

    sketches: tuple[Sketch, ...]
    lag: Lag


@dataclass(frozen=True, slots=True)
class Compactor:
    """How grains of ``group`` mini-batches, ``rows`` rows, become points (a ``Growth``).

    points: that a channel is thinned to, from 3/4 to 3/2 as many. positions: values in a row, per
    channel. exact: how many present values of a channel are kept whole.
    """

    group: int
    rows: int
    points: int
    positions: tuple[int, ...]
    exact: int

    @classmethod
    def plan(cls, group: int, rows: int, positions: tuple[int, ...]) -> Self:
        """Thin a channel to some 4096 points, 1024 where there are many channels."""
        points = 4096 if len(positions) <= 256 else 1024
        exact = min(EXACT, _EXACT_BYTES // (8 * max(1, len(positions))))
        return cls(group, rows, points, positions, exact)

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
        """Sort what is looked at of a grain and keep one value of every so many."""
        stride = min(_stride(index * self.rows), _power_of_two(self.rows / self.points))
        drawn = None if stride == 1 else _drawn(self._rows_of(leaves), stride, index)
        columns = zip(leaves.columns, self.positions, strict=True)
        sketches = tuple(self._sealed(*column, drawn, stride, index) for column in columns)
        return Points(sketches, self._lag(leaves, index))

    def _lag(self, leaves: Grain, index: int) -> Lag:
        """Of the rows that are looked at for it; nothing of tensors, whose rows are arrays."""
        rows = self._rows_of(leaves)
        looked_at = -(-rows // _MOST_STRIDE) if index else rows
        columns = zip(leaves.columns, self.positions, strict=True)
        return Lag.of([column[: looked_at * (positions == 1)] for column, positions in columns])

    def _sealed(
        self, column: FloatArray, positions: int, drawn: IntArray | None, stride: int, index: int
    ) -> Sketch:
        missing = int(np.count_nonzero(np.isnan(column))) if np.isnan(column.sum()) else 0
        present = column.size - missing
        whole = column[~np.isnan(column)] if present <= self.exact else None
        if whole is not None:
            looked_at, stride = whole, 1
        elif drawn is not None and present > column.size // stride:
            looked_at = column.reshape(-1, positions)[drawn].reshape(-1)
        else:
            looked_at, stride = column, 1
        ordered = np.sort(looked_at)  # NaN comes last
        if missing and whole is None:
            ordered = ordered[: ordered.size - np.count_nonzero(np.isnan(ordered))]
        every = _power_of_two(ordered.size / (0.75 * self.points))
        start = int(splitmix(index << 8)) % every
        weight = every * stride
        spread = float(weight**2 if every > 1 else 0)
        # Rows are drawn whole, and the values of one row may be alike.
        spread += stride * positions * present if stride > 1 else 0
        # A copy, or the points would keep everything that was sorted in memory.
        return Sketch(ordered[start::every].copy(), weight, spread, whole)

    def merge(self, first: Points, later: Points, level: int, index: int) -> Points:
        """Sort the points of both together; keep every second one where they are too many."""
        random = int(splitmix((index << 8) + level))
        pairs = zip(first.sketches, later.sketches, strict=True)
        merged = tuple(self._merged(*pair, random) for pair in pairs)
        return Points(merged, first.lag.merge(later.lag))

    def _merged(self, first: Sketch, later: Sketch, random: int) -> Sketch:
        weight = max(first.weight, later.weight)
        # Other random bits than below, so that the errors stay independent.
        sides = [_thinned(side, weight // side.weight, random >> 8) for side in (first, later)]
        points = np.concatenate([side.points for side in sides])
        # The stable sort finds the two sorted runs and merges them.
        points.sort(kind="stable")
        whole = _both(first.whole, later.whole, self.exact)
        both = Sketch(points, weight, sum(side.spread for side in sides), whole)
        return _thinned(both, 2, random) if 2 * points.size > 3 * self.points else both

    def lingers(self, start: int, leaves: Grain) -> bool:
        """Data that fits into one grain is kept whole, and every quantile of it is exact."""
        return start == 0 and self._rows_of(leaves) <= grain_rows(self.positions)

    def _rows_of(self, leaves: Grain) -> int:
        return leaves.columns[0].size // self.positions[0] if leaves.columns else 0

    def lag(self, forest: Forest[Grain, Points]) -> Lag:
        """Of consecutive rows, grain by grain."""
        found = Lag.empty(len(self.positions))
        for entry in forest.entries:
            if isinstance(entry, Loose):
                found = found.merge(self._lag(entry.leaves, entry.start // self.group))
            else:
                found = found.merge(entry.state.lag)
        return found

    def finish(
        self, forest: Forest[Grain, Points], counts: IntArray, low: FloatArray, high: FloatArray
    ) -> tuple[Quantiles, ...]:
        """The distribution of every channel; exact where nothing of it had to be dropped."""
        grains = [entry.leaves for entry in forest.entries if isinstance(entry, Loose)]
        nodes = [entry.state for entry in forest.entries if not isinstance(entry, Loose)]
        ends = zip(counts.tolist(), low.tolist(), high.tolist(), strict=True)
        return tuple(
            _quantiles(
                [grain.columns[channel] for grain in grains],
                [node.sketches[channel] for node in nodes],
                *extremes,
            )
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


def _power_of_two(number: float) -> int:
    """The largest one that is no larger; 1 at least."""
    return 1 << max(0, int(number).bit_length() - 1)


def _stride(row: int) -> int:
    """One of how many rows is looked at, for the grain that starts at ``row``."""
    return min(_MOST_STRIDE, 1 << (row // SAMPLING_STARTS).bit_length())


def _drawn(rows: int, stride: int, grain: int) -> IntArray:
    """One row at random out of each run of ``stride`` in a grain of ``rows`` rows."""
    runs = np.arange(-(-rows // stride), dtype=np.uint64)
    offsets = splitmix(runs + (np.uint64(grain) << np.uint64(32))) % np.uint64(stride)
    drawn: IntArray = (runs * np.uint64(stride) + offsets).astype(np.int64)
    inside: IntArray = drawn[drawn < rows]
    return inside


def _thinned(sketch: Sketch, every: int, random: int) -> Sketch:
    """One point of ``every``, from a random start, each standing for that many times the values."""
    if every == 1 or not sketch.points.size:
        return sketch
    weight = sketch.weight * every
    points = sketch.points[random % every :: every].copy()
    return Sketch(points, weight, sketch.spread + float(weight) ** 2, sketch.whole)


def _both(first: FloatArray | None, later: FloatArray | None, most: int) -> FloatArray | None:
    if first is None or later is None or first.size + later.size > most:
        return None
    return np.concatenate((first, later))


def _quantiles(
    raw: Sequence[FloatArray], sketches: Sequence[Sketch], count: int, low: float, high: float
) -> Quantiles:
    """Of one channel. raw: its rows that are not sealed; sketches: of those that are."""
    values = np.concatenate([np.zeros(0), *(column[~np.isnan(column)] for column in raw)])
    whole = [sketch.whole for sketch in sketches if sketch.whole is not None]
    if values.size + sum(kept.size for kept in whole) == count:
        return Quantiles.of(np.concatenate((values, *whole)))
    parts = [values, *(sketch.points for sketch in sketches)]
    each = [1, *(sketch.weight for sketch in sketches)]
    weights = np.repeat(each, [part.size for part in parts])
    points = np.concatenate(parts)
    if not points.size:
        points, weights = np.array([low, high]), np.ones(2)
    order = np.argsort(points, kind="stable")
    scaled = weights[order] * (count / weights.sum())
    spread = float(sum(sketch.spread for sketch in sketches))
    return Quantiles(points[order], scaled, count, low, high, spread)
