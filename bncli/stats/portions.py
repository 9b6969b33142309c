"""Rows of many groups in any order, cut into portions that each lie in one mini-batch of one group.

The mini-batches of a group are counted in its own rows. A portion is measured like a mini-batch;
portions of one mini-batch merge afterwards. So that thousands of short ones are measured in a few
vectorized calls, they are put side by side in a few widths, the rest of each width being missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from bncli.stats.batches import Column, measure_batches
from bncli.stats.exact import IntArray
from bncli.stats.integers import Mask, Numbers
from bncli.stats.moments import Moments

_SIDE_BY_SIDE = 1 << 16
"""Values of a column measured at a time, so that they stay in a core's cache."""
_EXACT_WIDTH = 16


@dataclass(frozen=True, slots=True, eq=False)
class Portions:
    """Portions in the order of their groups, and of rows within each; all of shape (portions,).

    group: whose it is; start: of its rows in ``order``, length: how many; continues: whether the
    mini-batch had begun before; whole: whether it is complete with these rows.
    order: the rows by group, in dataset order within each, shape (rows,). batch_size: rows of a
    complete mini-batch.
    """

    group: IntArray
    start: IntArray
    length: IntArray
    continues: Mask
    whole: Mask
    order: IntArray
    batch_size: int

    @classmethod
    def of(cls, groups: IntArray, waiting: IntArray, batch_size: int) -> Portions:
        """Cut rows. groups: of each row; waiting: rows in the open mini-batch of every group."""
        order = np.argsort(groups, kind="stable")
        counts = np.bincount(groups, minlength=waiting.size)
        (present,) = np.nonzero(counts)
        rows, before = counts[present], waiting[present]
        portions = -(-(before + rows) // batch_size)
        group = np.repeat(np.arange(present.size), portions)
        number = np.arange(group.size) - np.repeat(np.cumsum(portions) - portions, portions)
        # Where a mini-batch begins and ends, counted from the first of these rows of its group.
        begin = number * batch_size - before[group]
        end = begin + batch_size
        first = np.maximum(begin, 0)
        return cls(
            present[group],
            (np.cumsum(rows) - rows)[group] + first,
            np.minimum(end, rows[group]) - first,
            begin < 0,
            end <= rows[group],
            order,
            batch_size,
        )

    def sums(self, per_row: IntArray) -> IntArray:
        """Sums over the rows of every portion. per_row: shape (rows,)."""
        running = np.concatenate(([0], np.cumsum(per_row[self.order])))
        sums: IntArray = running[self.start + self.length] - running[self.start]
        return sums

    def measured(self, columns: Sequence[Column]) -> Moments:
        """Of shape (portions, channels). columns: finite where not missing, masks filled in."""
        parts, places_of = [Moments.empty(0, len(columns))], []
        for width, chosen in self._side_by_side(max(column.positions for column in columns)):
            places = self.start[chosen, None] + np.arange(width)
            beyond = np.arange(width) >= self.length[chosen, None]
            rows = self.order[np.minimum(places, self.order.size - 1)]
            padding = beyond if beyond.any() else None
            padded = [_padded(column, rows, padding) for column in columns]
            parts.append(measure_batches(padded, [width] * chosen.size).moments)
            places_of.append(chosen)
        return Moments.stack(parts)[np.argsort(np.concatenate(places_of))]

    def _side_by_side(self, positions: int) -> Iterator[tuple[int, IntArray]]:
        """A width, and which portions are measured in it together."""
        widths = np.where(self.length == self.batch_size, self.length, _widths(self.length))
        for width in np.unique(widths).tolist():
            (alike,) = np.nonzero(widths == width)
            most = max(1, _SIDE_BY_SIDE // (width * positions))
            yield from ((width, alike[at : at + most]) for at in range(0, alike.size, most))


def _widths(lengths: IntArray) -> IntArray:
    """The least of 1 to 16, 24, 32, 48, 64, 96 and so on that holds each length."""
    power = np.ceil(np.log2(np.maximum(lengths, 1))).astype(np.int64)
    double = np.left_shift(1, power)
    between = double // 4 * 3
    steps = np.where(lengths <= between, between, double)
    return np.where(lengths <= _EXACT_WIDTH, lengths, steps)


def _padded(column: Column, rows: IntArray, padding: Mask | None) -> Column:
    """The values of some rows of a column, missing beyond the end of a portion.

    rows, padding: shape (portions, width).
    """
    values = _of_rows(column.values, rows, column.positions)
    missing = None if column.missing is None else _of_rows(column.missing, rows, column.positions)
    if padding is not None:
        beyond = np.repeat(padding.reshape(-1), column.positions)
        missing = beyond if missing is None else missing | beyond
        if values.dtype == np.float64:
            values[beyond] = np.nan
    return Column(values, missing, 0, column.positions)


def _of_rows(values: Numbers, rows: IntArray, positions: int) -> Numbers:
    """The values of some rows, flat. values: shape (rows * positions,)."""
    if positions == 1:  # several times faster
        return values.take(rows.reshape(-1))
    picked: Numbers = values.reshape(-1, positions)[rows].reshape(-1)
    return picked
