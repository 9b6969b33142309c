"""The frames of a query while it runs: the one place where they are taken out of polars' engine.

Decision. ``LazyFrame.collect_batches`` ends as if all were read when the engine panics half-way
(seen with polars 2.1.0 on damaged Parquet: no rows, no error). ``sink_batches`` raises what
happened, and costs the same; so the query runs in a thread of its own, and hands its frames over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import polars as pl

from bncli.data.handover import handed_over

THREAD = "bncli-query"


def frames_of(frame: pl.LazyFrame, rows: int) -> Iterator[pl.DataFrame]:
    """The rows of a query, about ``rows`` at a time, in order.

    Raises what the query raises. When the consumer stops early, the query ends with its next frame.
    """

    def make(hand: Callable[[pl.DataFrame], bool]) -> None:
        frame.sink_batches(hand, chunk_size=rows, maintain_order=True, engine="streaming")

    return handed_over(make, THREAD)
