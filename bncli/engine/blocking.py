"""A second pass over a dataset that counts its values by block and cell, for block tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np
import polars as pl

from bncli.data.batches import Chunk, decoding_threads
from bncli.data.dataset import Dataset
from bncli.data.times import Grid, grid
from bncli.engine.fitting import channel_columns
from bncli.engine.pool import ordered_map
from bncli.errors import DataError
from bncli.stats.blocks import BlockCounts, Cells
from bncli.stats.exact import IntArray
from bncli.stats.fold import Plan

Progress = Callable[[int, int | None], None]
_READ = 8192  # rows; a chunk is a multiple


class Blocks(Protocol):
    """A way to cut rows into blocks. count: how many there are; outside: rows in none; columns:
    what it needs to see."""

    @property
    def count(self) -> int: ...

    @property
    def outside(self) -> int: ...

    @property
    def columns(self) -> tuple[str, ...]: ...

    def of(self, chunk: Chunk) -> IntArray:
        """The block of each row, from 0 on; -1 where it is in none."""

    def joined(self, many: int) -> Blocks:
        """The same with ``many`` neighbours as one."""


@dataclass(frozen=True, slots=True)
class RowBlocks:
    """Blocks of ``size`` rows in dataset order; the last one may be shorter."""

    size: int
    rows: int
    columns: tuple[str, ...] = ()
    outside: int = 0

    @property
    def count(self) -> int:
        return -(-self.rows // self.size)

    def of(self, chunk: Chunk) -> IntArray:
        rows = np.arange(chunk.first_row, chunk.first_row + chunk.frame.height)
        return np.where(rows < self.rows, rows // self.size, -1)

    def joined(self, many: int) -> RowBlocks:
        return RowBlocks(self.size * many, self.rows)


@dataclass(frozen=True, slots=True, eq=False)
class TimeBlocks:
    """Blocks of a grid over a column. places: those that have rows, ascending, shape (places,);
    many: of them to a block."""

    grid: Grid
    places: IntArray
    outside: int = 0
    many: int = 1

    @property
    def count(self) -> int:
        return -(-self.places.size // self.many)

    @property
    def columns(self) -> tuple[str, ...]:
        return (self.grid.column,)

    def of(self, chunk: Chunk) -> IntArray:
        place = chunk.frame.select(self.grid.place.alias("place")).to_series()
        found: IntArray = np.searchsorted(self.places, place.fill_null(0).to_numpy()) // self.many
        return np.where(place.is_null().to_numpy(), -1, found)

    def joined(self, many: int) -> TimeBlocks:
        return TimeBlocks(self.grid, self.places, self.outside, self.many * many)


def time_blocks(dataset: Dataset, column: str, every: str) -> TimeBlocks:
    """Blocks of time, found by reading that column alone. Raises what ``grid`` does; DataError."""
    cut = grid(dataset, column, every)
    grouped = dataset.scan().group_by(cut.place.alias("place")).len("rows")
    found = grouped.collect(engine="streaming").sort("place")
    timed = found.filter(pl.col("place").is_not_null())
    if not timed.height:
        raise DataError(
            f"column '{column}' has no time in any row",
            where=dataset.name,
            fix="choose another --over column, or blocks of rows, as --block 500",
        )
    outside = int(found["rows"].sum()) - int(timed["rows"].sum())
    return TimeBlocks(cut, timed["place"].to_numpy(), outside)


def count_blocks(
    dataset: Dataset,
    blocks: Blocks,
    cells: Sequence[Cells],
    rows: int,
    progress: Progress | None = None,
) -> list[IntArray]:
    """Values per block and cell of every column: shape (blocks, width + 1) each.

    rows: how many there were when the data was read first. Raises DataError when it has changed.
    """
    whole = [np.zeros((blocks.count, one.width + 1), np.int64) for one in cells]
    plan = Plan(tuple(one.channel for one in cells if one.channel), _READ, sketches=False)
    names = dict.fromkeys((*(one.feature for one in cells), *blocks.columns))
    chunks = dataset.chunks(_READ, columns=list(names), read_rows=plan.group * _READ)
    task = partial(_counted, plan=plan, blocks=blocks, cells=cells)
    done = 0
    for done, counted in ordered_map(task, chunks, decoding_threads()):
        for into, part in zip(whole, counted, strict=True):
            part.add_to(into)
        if progress:
            progress(done, dataset.rows)
    dataset.check_unchanged()
    if done != rows:
        raise DataError(
            f"had {rows:,} rows when it was read first, and has {done:,} now", where=dataset.name
        )
    return whole


def _counted(
    chunk: Chunk, plan: Plan, blocks: Blocks, cells: Sequence[Cells]
) -> tuple[int, list[BlockCounts]]:
    """The rows read so far, and the counts of each column in this chunk."""
    at = blocks.of(chunk)
    columns = iter(channel_columns(chunk.frame, plan))
    found = []
    for one in cells:
        if one.channel is None:
            series = chunk.frame[one.feature]
            places = _categories(series, one) if one.values else _presence(series)
            found.append(BlockCounts.of(at, places, one.width))
            continue
        column = next(columns)
        places = one.places(column.values, column.missing)
        rows = at if column.positions == 1 else np.repeat(at, column.positions)
        found.append(BlockCounts.of(rows, places, one.width))
    return chunk.first_row + chunk.frame.height, found


def _categories(series: pl.Series, cells: Cells) -> IntArray:
    """The cell of each text; the last but one for what is not among the values."""
    texts, width = series.cast(pl.String), cells.width
    known = pl.Series(cells.values, dtype=pl.String)
    numbers = pl.Series(range(len(cells.values)), dtype=pl.Int64)
    places = texts.replace_strict(known, numbers, default=width - 1, return_dtype=pl.Int64)
    return np.where(series.is_null().to_numpy(), width, places.fill_null(0).to_numpy())


def _presence(series: pl.Series) -> IntArray:
    """0 where there is a value, 1 where there is none."""
    gone = series.is_null().to_numpy()
    if series.dtype.is_float():
        gone |= ~np.isfinite(series.fill_null(0).to_numpy())
    return gone.astype(np.int64)
