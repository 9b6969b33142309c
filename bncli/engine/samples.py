"""The rows that are learned from, as a lazy frame that can be read again, and from any row on.

Columns: ``x0`` and on, Float64 with NaN where missing, and ``y``, the target. Parquet and Arrow
files and tables are read in place; text and pipes are first written to a temporary Arrow file,
since every epoch would parse them again and no epoch could start in the middle.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bncli.data.batches import exact_frames
from bncli.data.dataset import Dataset
from bncli.data.waiting import Waiting
from bncli.stats.compactor import splitmix
from bncli.stats.exact import FloatArray

_READ_ROWS, _READ_VALUES = 65_536, 1 << 22
_BLOCK_ROWS = 1024


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """frame: the rows, in dataset order; rows: how many; features: the columns behind x."""

    dataset: Dataset
    frame: pl.LazyFrame
    rows: int
    features: tuple[str, ...]

    @property
    def read_rows(self) -> int:
        """How many rows to hold at a time: fewer where there are many features."""
        return max(256, min(_READ_ROWS, _READ_VALUES // (len(self.features) + 1)))

    @property
    def gap(self) -> pl.Expr:
        """Whether a row lacks a feature."""
        return pl.any_horizontal(pl.col(self.columns).is_nan()).alias("gap")

    @property
    def columns(self) -> list[str]:
        return [f"x{at}" for at in range(len(self.features))]

    def segment(self, start: int) -> pl.DataFrame:
        """``read_rows`` rows from ``start`` on, or as many as there are."""
        return self.frame.slice(start, self.read_rows).collect(engine="streaming")

    def features_of(self, frame: pl.DataFrame, centre: FloatArray) -> FloatArray:
        """x less its centre, shape (features, rows), in memory of its own."""
        found = np.empty((len(self.features), frame.height))
        for at, column in enumerate(self.columns):
            np.subtract(frame.get_column(column).to_numpy(), centre[at], out=found[at])
        return found

    def put_rows(self, frame: pl.DataFrame, centre: FloatArray, out: FloatArray) -> None:
        """The same, turned into ``out`` of shape (rows, features), a cacheful at a time."""
        arrays = [frame.get_column(column).to_numpy() for column in self.columns]
        block = np.empty((len(arrays), _BLOCK_ROWS))
        for start in range(0, frame.height, _BLOCK_ROWS):
            rows = slice(start, min(start + _BLOCK_ROWS, frame.height))
            some = block[:, : rows.stop - rows.start]
            for at, array in enumerate(arrays):
                np.subtract(array[rows], centre[at], out=some[at])
            out[rows] = some.T

    def target_of(self, frame: pl.DataFrame) -> FloatArray:
        """y, once it is numeric, in memory of its own."""
        return np.array(frame.get_column("y").to_numpy())

    def with_target(self, y: pl.Expr) -> Samples:
        """With the target computed from what stands in ``y`` now."""
        frame = self.frame.with_columns(y.cast(pl.Float64).fill_null(math.nan).alias("y"))
        return Samples(self.dataset, frame, self.rows, self.features)


def open_samples(
    dataset: Dataset,
    features: Sequence[str],
    target: str,
    infinite_as_missing: bool,
    stack: ExitStack,
) -> Samples:
    """The rows of a dataset for learning; a temporary file goes when ``stack`` ends."""
    chosen = [
        _feature(name, dataset.schema[name], infinite_as_missing).alias(f"x{at}")
        for at, name in enumerate(features)
    ]
    y = _target(target, dataset.schema[target], infinite_as_missing).alias("y")
    frame = dataset.scan().select(*chosen, y)
    rows = dataset.rows
    if rows is None or not dataset.rewindable:
        frame, rows = _spooled(frame, len(features), stack)
    return Samples(dataset, frame, rows, tuple(features))


def drawn(first: int, rows: int, share: float, seed: int) -> NDArray[np.bool_]:
    """Which of ``rows`` rows from ``first`` on are in a share that is drawn by row number."""
    with np.errstate(over="ignore"):
        places = np.arange(first, first + rows, dtype=np.uint64) + splitmix(seed)
    # The upper 53 bits, so that a share compares as the float64 that it is.
    return (splitmix(places) >> np.uint64(11)).astype(np.float64) < share * 2.0**53


def _feature(name: str, dtype: pl.DataType, infinite_as_missing: bool) -> pl.Expr:
    wide = pl.col(name).cast(pl.Float64).fill_null(math.nan)
    return _finite(wide) if infinite_as_missing and dtype.is_float() else wide


def _target(name: str, dtype: pl.DataType, infinite_as_missing: bool) -> pl.Expr:
    """As it is, but categories as text, and every fraction as a Float64."""
    if isinstance(dtype, pl.Categorical | pl.Enum):
        return pl.col(name).cast(pl.String)
    if not (dtype.is_float() or dtype.is_decimal()):
        return pl.col(name)
    wide = pl.col(name).cast(pl.Float64)
    return _finite(wide) if infinite_as_missing else wide


def _finite(wide: pl.Expr) -> pl.Expr:
    return pl.when(wide.is_infinite()).then(math.nan).otherwise(wide)


def _spooled(frame: pl.LazyFrame, features: int, stack: ExitStack) -> tuple[pl.LazyFrame, int]:
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="bncli-"))
    waiting = Waiting(Path(folder) / "samples.arrow", frame.collect_schema())
    size = max(256, min(_READ_ROWS, _READ_VALUES // (features + 1)))
    rows = 0
    for part in exact_frames(frame, size):
        waiting.add(part)
        rows += part.height
    return waiting.all(), rows
