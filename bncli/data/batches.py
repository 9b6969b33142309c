"""Rows as mini-batches of exactly the size asked for, in dataset order.

polars decodes in its own threads and hands over frames of an exact size (``streaming.py``; a test
pins what it relies on).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import polars as pl

from bncli.data.failures import FAILURES
from bncli.data.streaming import frames_of
from bncli.errors import UsageError

Tail: TypeAlias = Literal["keep", "merge", "drop"]
DEFAULT_READ_ROWS = 65536


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive whole mini-batches.

    first_row, first_batch: where it begins, counted from the start of the dataset; sizes: rows
    per mini-batch; frame: their rows, one after the other.
    """

    first_row: int
    first_batch: int
    sizes: tuple[int, ...]
    frame: pl.DataFrame


def chunks(
    frame: pl.LazyFrame,
    batch_size: int,
    tail: Tail = "keep",
    select: Sequence[pl.Expr] | None = None,
    start: int = 0,
    stop: int | None = None,
    read_rows: int = DEFAULT_READ_ROWS,
) -> Iterator[Chunk]:
    """Cut the rows of ``frame`` into mini-batches, many per chunk.

    select: what to give of each row; None for all columns. start, stop: rows, multiples of
    batch_size (or stop None: the end). read_rows: about how many rows a chunk has; at least
    one mini-batch.
    tail: what becomes of a ragged last mini-batch: kept, merged into the one before, dropped.
    Raises UsageError for a batch size below 1.
    """
    if batch_size < 1:
        raise UsageError(f"--batch-size {batch_size} is less than one row", fix="--batch-size 8192")
    if start % batch_size or (stop or 0) % batch_size:
        raise ValueError("start and stop must be multiples of the mini-batch size")
    wanted = frame if select is None else frame.select(select)
    if start or stop is not None:
        wanted = wanted.slice(start, None if stop is None else stop - start)
    rows = max(1, read_rows // batch_size) * batch_size
    plain = _numbered(exact_frames(wanted, rows), start, batch_size)
    if tail == "merge":
        return _merged(plain, batch_size)
    return _dropped(plain, batch_size) if tail == "drop" else plain


def exact_frames(frame: pl.LazyFrame, rows: int) -> Iterator[pl.DataFrame]:
    """The rows of ``frame`` in order, ``rows`` at a time; only the last one may be shorter."""
    held: list[pl.DataFrame] = []
    waiting = 0
    for batch in frames_of(frame, rows):
        if not waiting and batch.height == rows:
            yield batch
            continue
        held.append(batch)
        waiting += batch.height
        while waiting >= rows:
            together = pl.concat(held)
            yield together.head(rows)
            waiting -= rows
            held = [together.slice(rows)]
    if waiting:
        yield pl.concat(held)


def decoding_threads() -> int:
    """Threads that polars decodes with: one per processor, or as ``--threads`` says."""
    return pl.thread_pool_size()


def failure(frame: pl.LazyFrame, columns: Sequence[str]) -> BaseException | None:
    """What reading ``columns`` (those that are there; () for all) raises; None if nothing."""
    try:
        wanted = [name for name in columns if name in frame.collect_schema()]
        for _ in exact_frames(frame.select(wanted) if wanted else frame, DEFAULT_READ_ROWS):
            pass
    except FAILURES as error:
        return error
    return None


def batch_sizes(rows: int, batch_size: int) -> tuple[int, ...]:
    """Rows of each mini-batch; the last one may be ragged."""
    whole, ragged = divmod(rows, batch_size)
    return (batch_size,) * whole + ((ragged,) if ragged else ())


def _numbered(frames: Iterator[pl.DataFrame], row: int, batch_size: int) -> Iterator[Chunk]:
    for frame in frames:
        yield Chunk(row, row // batch_size, batch_sizes(frame.height, batch_size), frame)
        row += frame.height


def _merged(plain: Iterator[Chunk], batch_size: int) -> Iterator[Chunk]:
    """With the ragged last mini-batch joined to its predecessor: one chunk of look-ahead."""
    before: Chunk | None = None
    for chunk in plain:
        if before is None:
            before = chunk
        elif chunk.frame.height < batch_size:
            joined = pl.concat([before.frame, chunk.frame])
            before = Chunk(
                before.first_row, before.first_batch, (*before.sizes, *chunk.sizes), joined
            )
        else:
            yield before
            before = chunk
    if before is not None:
        yield _with_last_joined(before, batch_size)


def _with_last_joined(chunk: Chunk, batch_size: int) -> Chunk:
    *most, last = chunk.sizes
    if last == batch_size or not most:
        return chunk
    sizes = (*most[:-1], most[-1] + last)
    return Chunk(chunk.first_row, chunk.first_batch, sizes, chunk.frame)


def without_ragged(chunk: Chunk, batch_size: int) -> Chunk:
    """The whole mini-batches of a chunk; there may be none."""
    whole = chunk.frame.height // batch_size
    if whole == len(chunk.sizes):
        return chunk
    frame = chunk.frame.head(whole * batch_size)
    return Chunk(chunk.first_row, chunk.first_batch, chunk.sizes[:whole], frame)


def _dropped(plain: Iterator[Chunk], batch_size: int) -> Iterator[Chunk]:
    whole = (without_ragged(chunk, batch_size) for chunk in plain)
    return (chunk for chunk in whole if chunk.sizes)
