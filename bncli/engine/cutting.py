"""How the rows of a dataset fall into slices: every so many rows, or every so much time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import polars as pl

from bncli.data.batches import Chunk
from bncli.data.dataset import Dataset
from bncli.data.times import Grid, grid
from bncli.errors import DataError, UsageError

MOST = 1000
"""Slices at most: each is compared in every column, and a screen shows far fewer."""

# No column of a file is called so.
_PLACE = "bncli: place of the slice"
_ROW = "bncli: row in the chunk"


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """Rows of one slice. place: orders the slices; first, last: rows of the dataset."""

    place: int
    first: int
    last: int
    frame: pl.DataFrame


class Cut(Protocol):
    """A way to cut. columns: what it needs to see of every row, beside the features."""

    @property
    def columns(self) -> tuple[str, ...]: ...

    def pieces(self, chunk: Chunk) -> Iterator[Piece]:
        """The rows of a chunk by slice, in order within each; rows of no slice are left out."""

    def complete(self, place: int, rows: int) -> bool:
        """Whether a slice that has so many rows will get no more."""

    def label(self, place: int, first: int, last: int) -> str:
        """What people call a slice. first, last: its outermost rows in the dataset."""

    def check(self, slices: int, where: str) -> None:
        """Raises UsageError when there are more than ``MOST``, DataError when there must be some.

        where: the dataset's name.
        """


@dataclass(frozen=True, slots=True)
class ByRows:
    """Slices of ``size`` rows in dataset order; the last one may be shorter."""

    size: int
    columns: tuple[str, ...] = ()

    def pieces(self, chunk: Chunk) -> Iterator[Piece]:
        at, rows = chunk.first_row, chunk.frame.height
        while at < chunk.first_row + rows:
            place = at // self.size
            stop = min((place + 1) * self.size, chunk.first_row + rows)
            frame = chunk.frame.slice(at - chunk.first_row, stop - at)
            yield Piece(place, at, stop - 1, frame)
            at = stop

    def complete(self, place: int, rows: int) -> bool:
        return rows == self.size

    def label(self, place: int, first: int, last: int) -> str:
        return f"{first}-{last}"

    def check(self, slices: int, where: str) -> None:
        if slices > MOST:
            raise UsageError(
                f"slices of {self.size:,} rows are more than {MOST:,} here",
                where=where,
                fix="cut larger ones, as --by-batch 100000",
            )


@dataclass(frozen=True, slots=True, eq=False)
class ByTime:
    """Slices of a grid over a column. rows: of each slice, where they could be counted before."""

    grid: Grid
    rows: Mapping[int, int] | None

    @property
    def columns(self) -> tuple[str, ...]:
        return (self.grid.column,)

    def pieces(self, chunk: Chunk) -> Iterator[Piece]:
        placed = chunk.frame.with_row_index(_ROW).with_columns(self.grid.place.alias(_PLACE))
        numbered = placed.filter(pl.col(_PLACE).is_not_null())
        for frame in numbered.partition_by(_PLACE, maintain_order=True):
            rows = frame[_ROW]
            place = int(frame[_PLACE][0])
            first, last = chunk.first_row + int(rows[0]), chunk.first_row + int(rows[-1])
            yield Piece(place, first, last, frame)

    def complete(self, place: int, rows: int) -> bool:
        return self.rows is not None and rows == self.rows[place]

    def label(self, place: int, first: int, last: int) -> str:
        return self.grid.label(place)

    def check(self, slices: int, where: str) -> None:
        column = self.grid.column
        if slices > MOST:
            raise UsageError(
                f"'{column}' every {self.grid.every} makes more than {MOST:,} slices",
                where=where,
                fix="choose a longer --every",
            )
        if not slices:
            raise DataError(
                f"column '{column}' has no time in any row",
                where=where,
                fix="choose another --over column, or cut by rows with --by-batch",
            )


def by_rows(dataset: Dataset, size: int) -> ByRows:
    """Slices of ``size`` rows. Raises UsageError when they are none, or too many."""
    if size < 1:
        raise UsageError(f"slices of {size} rows are none", fix="--by-batch 8192")
    rows = dataset.rows
    if rows is not None and rows > MOST * size:
        slices = -(-rows // size)
        raise UsageError(
            f"{rows:,} rows make {slices:,} slices of {size:,}; at most {MOST:,} are compared",
            fix=f"--by-batch {-(-rows // MOST)} or more",
        )
    return ByRows(size)


def by_time(dataset: Dataset, column: str, every: str) -> ByTime:
    """Slices of time, counted beforehand where the data can be read twice.

    Only that column is read for it; then too many slices are told before the long work and not
    after it, and while reading it is known when a slice is complete. Raises what ``grid`` and
    ``Cut.check`` do.
    """
    cut = grid(dataset, column, every)
    if not dataset.rewindable:
        return ByTime(cut, None)
    counted = dataset.scan().group_by(cut.place.alias(_PLACE)).len("rows")
    found = counted.filter(pl.col(_PLACE).is_not_null()).collect(engine="streaming")
    rows = dict(zip(found[_PLACE].to_list(), found["rows"].to_list(), strict=True))
    counted_cut = ByTime(cut, rows)
    counted_cut.check(len(rows), dataset.name)
    return counted_cut
