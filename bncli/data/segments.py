"""The unit of parallel and distributed work: runs of whole mini-batches of one dataset."""

from __future__ import annotations

from dataclasses import dataclass

from bncli.data.dataset import Dataset

ROWS_PER_SEGMENT = 1 << 24


@dataclass(frozen=True, slots=True)
class Segment:
    """Rows [start, stop) of a dataset; stop None: to its end. Both are mini-batch boundaries."""

    start: int = 0
    stop: int | None = None


def segments(
    dataset: Dataset, batch_size: int, rows_per_segment: int = ROWS_PER_SEGMENT
) -> tuple[Segment, ...]:
    """Cut a dataset; the cut depends on the data and the mini-batch size alone.

    A dataset whose rows are not known (text, pipes) is one segment. The last segment always holds
    a whole mini-batch, so that a ragged one has its predecessor beside it.
    """
    rows = dataset.rows
    step = max(1, rows_per_segment // batch_size) * batch_size
    if rows is None or not dataset.rewindable or rows <= step:
        return (Segment(),)
    starts = [start for start in range(0, rows, step) if start == 0 or rows - start >= batch_size]
    stops = [*starts[1:], None]
    return tuple(Segment(start, stop) for start, stop in zip(starts, stops, strict=True))
