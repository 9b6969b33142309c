"""Slices of a dataset by a key: the rows of each group, and how many rows every group has.

Decisions. Which groups are compared must be known before any row is measured, so the keys are
counted in a pass of their own, which reads one column. The groups that are not compared one by one
share a place: put together they are compared as one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from bncli.data.batches import Chunk
from bncli.data.dataset import Dataset
from bncli.data.keys import Key, Numbers
from bncli.engine.cutting import Piece
from bncli.errors import DataError
from bncli.stats.exact import IntArray

MOST_KEYS = 100_000
"""Different keys at most: more are identifiers, of which nothing can be told."""

_READ_ROWS = 1 << 17

# No column of a file is called so.
_PLACE = "bncli: place of the group"
_ROW = "bncli: row in the dataset"


@dataclass(slots=True)
class KeyCounts:
    """How many rows each group has, as rows come in. keyless: rows that belong to no group."""

    key: Key
    dataset: Dataset
    keyless: int = 0
    _numbers: Numbers = field(default_factory=Numbers)
    _rows: IntArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    @property
    def rows(self) -> dict[str, int]:
        """By key, in the order in which they turned up."""
        return dict(zip(self._numbers.known, self._rows.tolist(), strict=True))

    def see(self, keys: pl.Series, first_row: int) -> IntArray:
        """The number of each row's key, -1 where it has none; the same key, the same number.

        Raises DataError: a fraction as key, or too many of them.
        """
        self.key.check(keys, self.dataset, first_row)
        numbers = self._numbers.of(self.key.texts(keys))
        known = len(self._numbers.known)
        if known > MOST_KEYS:
            raise DataError(
                f"column '{self.key.column}' has more than {MOST_KEYS:,} different values",
                where=self.dataset.name,
                fix="group by a column with fewer values",
            )
        counted = np.bincount(numbers[numbers >= 0], minlength=known)
        counted[: self._rows.size] += self._rows
        self._rows = counted
        self.keyless += int(np.count_nonzero(numbers < 0))
        return numbers


def count_keys(dataset: Dataset, column: str) -> KeyCounts:
    """The rows of every group, from a pass over that column alone. Raises what ``see`` does."""
    counts = KeyCounts(Key.of(dataset, column), dataset)
    for chunk in dataset.chunks(_READ_ROWS, columns=[column]):
        counts.see(chunk.frame[column], chunk.first_row)
    return counts


@dataclass(slots=True)
class ByKey:
    """A ``Cut`` by groups. places: of the keys that belong to a slice, several may share one;
    labels: of the places; whole: the rows of each place, None where that is not known before."""

    counts: KeyCounts
    places: Mapping[str, int]
    labels: tuple[str, ...]
    whole: Mapping[int, int] | None = None
    _table: IntArray = field(default_factory=lambda: np.full(1, -1, dtype=np.int64))

    @property
    def columns(self) -> tuple[str, ...]:
        return (self.counts.key.column,)

    def pieces(self, chunk: Chunk) -> Iterator[Piece]:
        """Rows of no place are counted, and left out."""
        numbers = self.counts.see(chunk.frame[self.counts.key.column], chunk.first_row)
        placed = chunk.frame.with_columns(
            pl.int_range(chunk.first_row, chunk.first_row + pl.len(), dtype=pl.Int64).alias(_ROW),
            pl.Series(_PLACE, self._placed(numbers)),
        )
        # Each in memory of its own: a slice of the chunk would keep all of it alive.
        for frame in placed.filter(pl.col(_PLACE) >= 0).partition_by(_PLACE, maintain_order=True):
            rows = frame[_ROW]
            yield Piece(int(frame[_PLACE][0]), int(rows[0]), int(rows[-1]), frame)

    def complete(self, place: int, rows: int) -> bool:
        return self.whole is not None and rows == self.whole[place]

    def label(self, place: int, first: int, last: int) -> str:
        return self.labels[place]

    def check(self, slices: int, where: str) -> None:
        """The places were chosen before, and a side may have no row of any."""

    def _placed(self, numbers: IntArray) -> IntArray:
        """The place of every row, -1 for those of none."""
        known = list(self.counts.rows)
        if len(known) >= self._table.size:
            fresh = [self.places.get(key, -1) for key in known[self._table.size - 1 :]]
            self._table = np.concatenate((self._table[:-1], np.array([*fresh, -1])))
        return self._table[numbers]
