"""From the values of columns to their co-moments, for several groups of rows in one pass.

Rows are taken in blocks that stay in a core's cache, less a pivot near the mean, and multiplied
by the BLAS. Every product is so small (see ``_WORK``) that OpenBLAS does it on one thread: the
sums are then the same bits whatever the number of threads, and no thread of its own spins for
work while polars decodes (on a busy machine that made a product a hundred times slower). Where
blocks begin depends on the rows alone.

Source: the shifted algorithm of Chan, Golub & LeVeque 1983.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Self

import numpy as np

from bncli.stats.batches import Column
from bncli.stats.comoments import CoMoments
from bncli.stats.exact import FloatArray
from bncli.stats.lacking import Labels
from bncli.stats.pivoted import Pivoted

_TILE = 32
_WORK = 1 << 17
"""Multiplications of one product: OpenBLAS starts its threads at twice as many."""
_LONGEST = 256
_BLOCK_VALUES = 1 << 17
_MOST_ROWS = 16384
_FAR = 1000.0


def co_moments(
    columns: Sequence[Column], present: Sequence[Sequence[int]], labels: Labels | None = None
) -> list[CoMoments]:
    """Co-moments of each group of rows, over the columns that it has values in.

    present: per group, the places of these columns; labels: the group of every row, negative for
    none; None where all rows are of the first group.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        sources = [Pivoted.near_start(column) for column in columns]
        sums = _Sums.measured(sources, len(present), labels)
        found = sums.co_moments(present)
        for at in sums.far(present):
            rows = slice(None) if labels is None else np.flatnonzero(labels == at)
            values = [columns[place].values[rows] for place in present[at]]
            again = _Sums.measured([Pivoted.near_mean(each) for each in values], 1, None)
            [found[at]] = again.co_moments([range(len(values))])
    return found


class _Sums:
    """Sums of differences from the pivots, over all columns; of what a group has no values in,
    they are of anything.

    rows: (groups,); pivot, low: (columns,), a double-double; first: (groups, columns); second:
    (groups, columns, columns), of their products, of which the lower triangle counts.
    """

    __slots__ = ("first", "low", "pivot", "rows", "second")

    def __init__(self, sources: Sequence[Pivoted], groups: int) -> None:
        width = len(sources)
        self.pivot = np.array([source.high for source in sources])
        self.low = np.array([source.low for source in sources])
        self.rows = np.zeros(groups, dtype=np.int64)
        self.first, self.second = np.zeros((groups, width)), np.zeros((groups, width, width))

    @classmethod
    def measured(cls, sources: Sequence[Pivoted], groups: int, labels: Labels | None) -> Self:
        """The largest group stays where it is, with zeros in the rows of the others: that is
        cheaper than gathering it. The others are set aside while their block is in the cache."""
        sums = cls(sources, groups)
        main = 0 if labels is None or groups == 1 else _commonest(labels)
        aside = _Aside(sums)
        size = sources[0].values.size if sources else 0
        block = np.empty((len(sources), _block_rows(len(sources))))
        for start in range(0, size, block.shape[1]):
            part = block[:, : size - start]
            rows = slice(start, start + part.shape[1])
            for out, source in zip(part, sources, strict=True):
                source.take(rows, out)
            others = 0 if labels is None else aside.put(part, labels[rows], main)
            sums.add(main, part, part.shape[1] - others)
        aside.flush()
        return sums

    def add(self, group: int, block: FloatArray, rows: int) -> None:
        """rows: how many the block stands for; others in it are zeros."""
        self.rows[group] += rows
        self.first[group] += block.sum(axis=1)
        _add_gram(block, self.second[group])

    def far(self, present: Sequence[Sequence[int]]) -> list[int]:
        """Groups for which a pivot is so far from the mean that digits were lost."""
        lost = self.first * self.first / np.maximum(self.rows, 1)[:, None]
        far = lost > _FAR * (np.diagonal(self.second, axis1=1, axis2=2) - lost)
        return [at for at, places in enumerate(present) if far[at, places].any()]

    def co_moments(self, present: Sequence[Sequence[int]]) -> list[CoMoments]:
        """One per group, without the columns that it has no values in."""
        step = self.first / np.maximum(self.rows, 1)[:, None]
        m2 = self.second - self.first[:, :, None] * step[:, None, :]
        rows, columns = np.tril_indices(self.pivot.size, -1)
        m2[:, columns, rows] = m2[:, rows, columns]
        squares = np.einsum("gii->gi", m2)
        np.maximum(squares, 0.0, out=squares)
        counts = self.rows.tolist()
        states = zip(counts, step, m2, strict=True)
        return [
            CoMoments(count, self.pivot, self.low + mean, each).select(places)
            for places, (count, mean, each) in zip(present, states, strict=True)
        ]


class _Aside:
    """Rows of the smaller groups, gathered until they are worth a product of their own."""

    __slots__ = ("_filled", "_kept", "_labels", "_sums")

    def __init__(self, sums: _Sums) -> None:
        width = sums.pivot.size
        room = 2 * _block_rows(width)
        self._sums = sums
        self._kept, self._labels, self._filled = np.empty((width, room)), np.empty(room, np.int8), 0

    def put(self, part: FloatArray, labels: Labels, main: int) -> int:
        """Move all rows but those of group ``main`` out of a block, and tell how many they were."""
        others = np.flatnonzero(labels != main)
        chosen = others[labels[others] >= 0]
        if self._filled + chosen.size > self._labels.size:
            self.flush()
        end = self._filled + chosen.size
        np.take(part, chosen, axis=1, out=self._kept[:, self._filled : end], mode="clip")
        self._labels[self._filled : end] = labels[chosen]
        self._filled = end
        part[:, others] = 0.0
        return others.size

    def flush(self) -> None:
        """Add what is kept to the sums of its groups."""
        labels = self._labels[: self._filled]
        order = np.argsort(labels, kind="stable")
        ends = np.searchsorted(labels[order], np.arange(self._sums.rows.size + 1))
        for group, (begin, end) in enumerate(pairwise(ends.tolist())):
            if begin < end:
                self._sums.add(group, self._kept[:, order[begin:end]], end - begin)
        self._filled = 0


def _commonest(labels: Labels) -> int:
    return int(np.bincount(labels[labels >= 0], minlength=1).argmax())


def _block_rows(width: int) -> int:
    """Rows of a block; they depend on the number of columns alone."""
    depth = _depth(width)
    return max(depth, min(_MOST_ROWS, _BLOCK_VALUES // max(width, 1)) // depth * depth)


def _depth(width: int) -> int:
    """Rows of one product of tiles: a power of two."""
    tile = -(-width // max(1, -(-width // _TILE)))
    return min(_LONGEST, 1 << ((_WORK // max(tile * tile, 1)).bit_length() - 1))


def _add_gram(block: FloatArray, second: FloatArray) -> None:
    """Add the lower triangle of ``block @ block.T``: whole runs, then what is left over."""
    width, rows = block.shape
    depth = _depth(width)
    whole = rows // depth * depth
    runs, rest = block[:, :whole].reshape(width, -1, depth), block[:, whole:]
    tiles = -(-width // _TILE)
    spans = [slice(*ends) for ends in pairwise(width * at // tiles for at in range(tiles + 1))]
    for at, ours in enumerate(spans):
        for theirs in spans[: at + 1]:
            if whole:
                products = np.matmul(runs[ours].swapaxes(0, 1), runs[theirs].transpose(1, 2, 0))
                second[ours, theirs] += np.add.reduce(products, axis=0)
            if whole < rows:
                second[ours, theirs] += rest[ours] @ rest[theirs].T
