"""The data: tables of seeded numbers, written in bounded memory and kept for the next run.

A file's name tells all that it was made from, so a kept one is never the wrong one. Every column
of every row group has a seed of its own: a longer table begins with the rows of a shorter one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow import csv

WHOLE_NUMBERS = (4, 5)
SHARE_MISSING = 0.05
FEWEST_ROWS = 100

# From doubles to the type of a column; of a bool column about half of the values are true.
DTYPES: dict[str, Callable[[pa.Array], pa.Array]] = {
    "float64": lambda values: values,
    "float32": lambda values: pc.cast(values, pa.float32()),
    "int64": lambda values: pc.cast(pc.round(values), pa.int64()),
    "decimal": lambda values: pc.cast(pc.round(values, ndigits=2), pa.decimal128(18, 2)),
    "bool": lambda values: pc.greater(values, pc.mean(values)),
}


@dataclass(frozen=True, slots=True)
class Table:
    """Rows and columns of numbers of several laws and scales; the first columns miss 5 %.

    moved: a test side. Its columns 1, 6, 11, ... have moved by half a standard deviation,
    columns 3, 8, 13, ... are half as wide again, all others keep the law of the training side.
    dtype: of every column, but the first of a bool table is float64: something to standardize.
    """

    rows: int
    columns: int = 20
    dtype: str = "float64"
    with_missing: int = 4
    moved: bool = False
    row_group: int = 250_000
    suffix: str = ".parquet"

    def scaled(self, scale: float) -> Table:
        """With fewer rows. One row group stays one; others keep their size."""
        rows = max(FEWEST_ROWS, round(self.rows * scale))
        return replace(self, rows=rows, row_group=min(self.row_group, rows))

    @property
    def name(self) -> str:
        parts = (f"{self.rows}x{self.columns}", self.dtype, f"missing{self.with_missing}")
        side = ("moved",) if self.moved else ()
        return "-".join((*parts, f"groups{self.row_group}", *side)) + self.suffix

    def written(self, folder: Path) -> Path:
        """The file of that name; made if it is not there yet."""
        target, part = folder / self.name, folder / f"{self.name}.part"
        if not target.exists():
            WRITERS[self.suffix](_row_groups(self), part, self.row_group)
            part.replace(target)
        return target


def _row_groups(table: Table) -> Iterator[pa.RecordBatch]:
    names = [f"c{index:04}" for index in range(table.columns)]
    for start in range(0, table.rows, table.row_group):
        size = min(table.row_group, table.rows - start)
        arrays = [_column(table, start, index, size) for index in range(table.columns)]
        yield pa.RecordBatch.from_arrays(arrays, names=names)


def _column(table: Table, start: int, index: int, size: int) -> pa.Array:
    seed = (int(table.moved), start, index)
    values = _values(np.random.default_rng([20, *seed]), index, size, table.moved)
    missing = np.random.default_rng([21, *seed]).random(size) < SHARE_MISSING
    mask = missing if index < table.with_missing else None
    dtype = "float64" if table.dtype == "bool" and index == 0 else table.dtype
    return DTYPES[dtype](pa.array(values, mask=mask))


def _values(rng: np.random.Generator, index: int, size: int, moved: bool) -> np.ndarray:
    if index in WHOLE_NUMBERS:
        return rng.integers(0, 1000, size).astype(np.float64)
    # Twenty laws in turn: no mean so far from 0 that float32 could not hold the spread.
    law = index % 20
    scale = 1.0 + law
    shift = 0.5 * scale if moved and index % 5 == 1 else 0.0
    spread = 1.5 * scale if moved and index % 5 == 3 else scale
    values = rng.normal(10.0 * law + shift, spread, size)
    return np.exp(values / (20.0 * scale)) if law % 3 == 2 else values


def _write_parquet(groups: Iterator[pa.RecordBatch], target: Path, row_group: int) -> None:
    first = next(groups)
    with pq.ParquetWriter(target, first.schema, compression="snappy", use_dictionary=False) as to:
        to.write_batch(first, row_group_size=row_group)
        del first
        for group in groups:
            to.write_batch(group, row_group_size=row_group)


def _write_csv(groups: Iterator[pa.RecordBatch], target: Path, row_group: int) -> None:
    first = next(groups)
    with csv.CSVWriter(target, first.schema) as to:
        to.write_batch(first)
        for group in groups:
            to.write_batch(group)


WRITERS = {".parquet": _write_parquet, ".csv": _write_csv}
