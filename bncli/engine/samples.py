"""The rows that are learned from, as a lazy frame that can be read again, and from any row on.

Parquet and Arrow files and tables are read in place; text and pipes are first written to a
temporary Arrow file, since every epoch would parse them again and no epoch could start in the
middle. Columns are decoded as they stand and made numbers afterwards, so that little waits in
memory.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bncli.data.batches import exact_frames
from bncli.data.dataset import Dataset
from bncli.data.inputs import Inputs
from bncli.data.naming import column as by_name
from bncli.data.waiting import Waiting
from bncli.stats.compactor import splitmix
from bncli.stats.exact import FloatArray

_READ_ROWS, _READ_VALUES = 65_536, 1 << 22


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """The rows in dataset order, with the columns that are needed.

    frame: of ``rows`` rows. target: its column; y: what is learned of it. infinite_as_missing:
    infinities are no values.
    """

    dataset: Dataset
    frame: pl.LazyFrame
    rows: int
    inputs: Inputs
    target: str
    y: pl.Expr
    infinite_as_missing: bool = False

    @property
    def read_rows(self) -> int:
        """How many rows to hold at a time: fewer where there are many inputs."""
        return _rows_at_once(self.inputs)

    def segment(self, start: int) -> pl.DataFrame:
        """``read_rows`` rows from ``start`` on, or as many as there are."""
        return self.frame.slice(start, self.read_rows).collect(engine="streaming")

    def frames(self, multiple_of: int = 1) -> Iterator[pl.DataFrame]:
        """All rows, about ``read_rows`` at a time."""
        return exact_frames(self.frame, max(1, self.read_rows // multiple_of) * multiple_of)

    def vectors(self, frame: pl.DataFrame) -> list[FloatArray]:
        """Each input of some rows; see ``Inputs.vectors``."""
        return self.inputs.vectors(frame, self.infinite_as_missing)

    def learned(self, frame: pl.DataFrame) -> FloatArray:
        """What is learned, in memory of its own; NaN where there is no target."""
        y = frame.select(self.y.cast(pl.Float64).fill_null(math.nan)).to_series()
        return np.array(y.to_numpy())

    def learning(self, y: pl.Expr) -> Samples:
        """The same rows, of which something else is learned."""
        return replace(self, y=y)


def open_samples(
    dataset: Dataset, inputs: Inputs, target: str, infinite_as_missing: bool, stack: ExitStack
) -> Samples:
    """The rows of a dataset for learning; a temporary file goes when ``stack`` ends."""
    y = _target(target, dataset.schema[target], infinite_as_missing)
    frame = dataset.scan().select(*map(by_name, inputs.features), y)
    rows = dataset.rows
    if rows is None or not dataset.rewindable:
        frame, rows = _spooled(frame, inputs, stack)
    return Samples(dataset, frame, rows, inputs, target, by_name(target), infinite_as_missing)


def drawn(first: int, rows: int, share: float, seed: int) -> NDArray[np.bool_]:
    """Which of ``rows`` rows from ``first`` on are in a share that is drawn by row number."""
    with np.errstate(over="ignore"):
        places = np.arange(first, first + rows, dtype=np.uint64) + splitmix(seed)
    # The upper 53 bits, so that a share compares as the float64 that it is.
    return (splitmix(places) >> np.uint64(11)).astype(np.float64) < share * 2.0**53


def _target(name: str, dtype: pl.DataType, infinite_as_missing: bool) -> pl.Expr:
    """As it is, but categories as text, and every fraction as a Float64."""
    column = by_name(name)
    if isinstance(dtype, pl.Categorical | pl.Enum):
        return column.cast(pl.String)
    if not (dtype.is_float() or dtype.is_decimal()):
        return column
    wide = column.cast(pl.Float64)
    if not infinite_as_missing:
        return wide
    return pl.when(wide.is_infinite()).then(math.nan).otherwise(wide).alias(name)


def _rows_at_once(inputs: Inputs) -> int:
    return max(256, min(_READ_ROWS, _READ_VALUES // (inputs.count + 1)))


def _spooled(frame: pl.LazyFrame, inputs: Inputs, stack: ExitStack) -> tuple[pl.LazyFrame, int]:
    waiting = Waiting("the rows to learn from", frame.collect_schema())
    stack.callback(waiting.close)
    rows = 0
    for part in exact_frames(frame, _rows_at_once(inputs)):
        waiting.add(part)
        rows += part.height
    return waiting.all(), rows
