"""``fit --batch-stats``: one row per mini-batch and channel, streamed to a file as they come."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from bncli.data.dataset import Dataset
from bncli.data.targets import refuse_input_as_output
from bncli.data.waiting import Waiting
from bncli.data.write import WriteOptions, check_output, write_frame
from bncli.stats.batches import Measured
from bncli.stats.exact import FloatArray
from bncli.stats.fold import Block, Plan
from bncli.stats.moments import Moments
from bncli.stats.scan import scan
from bncli.stats.tree import A

_SCHEMA = pl.Schema(
    {
        "batch": pl.Int64(),
        "first_row": pl.Int64(),
        "feature": pl.String(),
        "channel": pl.Int64(),
        "count": pl.Int64(),
        "missing": pl.Int64(),
        "mean": pl.Float64(),
        "variance": pl.Float64(),
        "running_mean": pl.Float64(),
        "running_variance": pl.Float64(),
    }
)


@dataclass(slots=True)
class BatchStats:
    """Keeps the running state between blocks and appends a table per block.

    variance is the biased one, running_variance as the policy has it; null where there is none.
    """

    plan: Plan
    sink: Waiting
    pooled: Moments = field(init=False)
    running: Any = field(init=False)

    def __post_init__(self) -> None:
        width = len(self.plan.channels)
        self.pooled = Moments.empty(width)
        self.running = self.plan.policy.empty(width)

    def add(self, first_row: int, block: Block, measured: Measured) -> None:
        """Rows of one block, mini-batches in order and channels in file order within each."""
        batches = measured.moments
        policy = self.plan.policy
        pooled = _carried(self.pooled, batches)
        running = _carried(self.running, policy.of_batches(batches))
        self.pooled, self.running = pooled[-1], running[-1]
        means, variances = policy.read(running, pooled)
        sizes = np.array(block.sizes, dtype=np.int64)
        starts = first_row + np.concatenate(([0], np.cumsum(sizes)[:-1]))
        width, channels = batches.shape[1], self.plan.channels
        columns = (
            np.repeat(block.first + np.arange(len(sizes)), width),
            np.repeat(starts, width),
            [channel.feature for channel in channels] * len(sizes),
            np.tile(np.array([channel.channel for channel in channels]), len(sizes)),
            batches.count.ravel(),
            np.outer(sizes, self.plan.positions).ravel() - batches.count.ravel(),
            *map(_nullable, (batches.value(), batches.variance(), means, variances)),
        )
        self.sink.add(pl.DataFrame(dict(zip(_SCHEMA, columns, strict=True)), schema=_SCHEMA))


def _carried(before: A, batches: A) -> A:
    return scan(batches.stack([before[None], batches]))[1:]


def _nullable(values: FloatArray) -> pl.Series:
    return pl.Series(values.ravel(), dtype=pl.Float64).fill_nan(None)


@contextmanager
def batch_stats(
    plan: Plan, dataset: Dataset, target: str | Path, overwrite: bool
) -> Iterator[BatchStats]:
    """Collect batch statistics of a dataset; the file appears when the block ends well.

    Raises, before any row is read, OutputExists and UsageError.

    Rows wait in a temporary Arrow file, so that every output format is written the same way
    and memory does not grow with the number of mini-batches.
    """
    options = WriteOptions(overwrite=overwrite)
    check_output(target, options)
    refuse_input_as_output((stamp.path for stamp in dataset.stamps), target)
    waiting = Waiting("the statistics of mini-batches", _SCHEMA)
    try:
        yield BatchStats(plan, waiting)
        write_frame(waiting.all(), target, options)
    finally:
        waiting.close()
