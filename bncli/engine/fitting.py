"""The fold of a whole dataset: an ordered map over segments, merged in order."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import reduce
from itertools import chain
from typing import Literal, NamedTuple, Protocol

import numpy as np
import polars as pl

from bncli.data.batches import Chunk, Tail, decoding_threads, without_ragged
from bncli.data.dataset import Dataset
from bncli.data.segments import ROWS_PER_SEGMENT, Segment, segments
from bncli.data.tensors import tensor_values
from bncli.data.values import category_counts, numeric_values, times_of
from bncli.engine.local import Engine, Local
from bncli.engine.memory import keep_freed_memory
from bncli.engine.pool import ordered_map
from bncli.errors import DataError, NonFinite, listed
from bncli.stats.batches import Column, Measured
from bncli.stats.categories import Categories
from bncli.stats.fold import Block, Fold, Plan
from bncli.stats.layout import Layout
from bncli.stats.profile import Profile
from bncli.stats.temporal import Temporal

Watch = Callable[[int, Block, Measured], None]
"""Called with the first row, the block and its batch moments, in dataset order."""
Progress = Callable[[int, int | None], None]
"""Called with the rows done and the rows in all, None where that is not known."""

NonFinitePolicy = Literal["error", "missing"]


class Onlooker(Protocol):
    """Sees every chunk that is read, in dataset order. columns: those it needs beside others."""

    @property
    def columns(self) -> tuple[str, ...]: ...

    def see(self, chunk: Chunk) -> None: ...


@dataclass(frozen=True, slots=True)
class FitTask:
    """Folds one segment: what an engine ships to its workers."""

    dataset: Dataset
    plan: Plan
    tail: Tail = "keep"
    nonfinite: NonFinitePolicy = "error"
    watch: tuple[Watch, ...] = ()
    progress: Progress | None = None
    onlookers: tuple[Onlooker, ...] = ()

    def __call__(self, segment: Segment) -> Fold:
        fold = Fold.empty(self.plan)
        parts = chain.from_iterable(
            _within_grains(chunk, self.plan.group) for chunk in self._seen(segment)
        )
        for part in ordered_map(self._measured, parts, self._threads()):
            self._check(part)
            fold = fold.merge(part.fold)
            for watch in self.watch:
                watch(part.chunk.first_row, part.block, part.measured)
            if self.progress:
                self.progress(part.chunk.first_row + part.chunk.frame.height, self.dataset.rows)
        return fold

    def fold(self, chunk: Chunk) -> Fold:
        """The states of a chunk that has the plan's columns, infinities unchecked."""
        parts = (self._measured(part).fold for part in _within_grains(chunk, self.plan.group))
        return reduce(Fold.merge, parts, Fold.empty(self.plan))

    def _seen(self, segment: Segment) -> Iterator[Chunk]:
        """The chunks to fold, each shown to the onlookers when it is read."""
        for chunk in self._chunks(segment):
            for onlooker in self.onlookers:
                onlooker.see(chunk)
            yield without_ragged(chunk, self.plan.batch_size) if self.tail == "drop" else chunk

    def _threads(self) -> int:
        """Moments alone take about as long as decoding, and leave it half of the processors."""
        threads = decoding_threads()
        return threads if self.plan.sketches else (threads + 1) // 2

    def _chunks(self, segment: Segment) -> Iterator[Chunk]:
        plan = self.plan
        numeric = [channel.feature for channel in plan.channels]
        counted = [name for name, _ in plan.categories]
        timed = [name for name, _ in plan.times]
        beside = (name for onlooker in self.onlookers for name in onlooker.columns)
        # What is dropped of all rows may be a whole mini-batch of a group: onlookers see it.
        tail = "keep" if self.onlookers and self.tail == "drop" else self.tail
        # Nothing is computed in the query: every step of it would hold further row groups.
        return self.dataset.chunks(
            plan.batch_size,
            columns=[*dict.fromkeys((*numeric, *counted, *timed, *beside))] or None,
            tail=tail,
            start=segment.start,
            stop=segment.stop,
            read_rows=plan.group * plan.batch_size,
        )

    def _measured(self, chunk: Chunk) -> _Part:
        plan = self.plan
        columns = channel_columns(chunk.frame, plan)
        counted = [_counted(chunk.frame[name]) for name, _ in plan.categories]
        timed = [_timed(chunk.frame[name]) for name, _ in plan.times]
        block = Block(chunk.first_batch, chunk.sizes, columns, counted, timed)
        return _Part(chunk, block, *Fold.of(plan, block))

    def _check(self, part: _Part) -> None:
        if self.nonfinite == "error" and part.fold.missing.infinite.any():
            raise _nonfinite(self.dataset, part.chunk, part.block, self.plan)


class _Part(NamedTuple):
    """A run of mini-batches inside one grain, and what was measured of it."""

    chunk: Chunk
    block: Block
    fold: Fold
    measured: Measured


def fold_dataset(
    task: FitTask, rows_per_segment: int = ROWS_PER_SEGMENT, engine: Engine | None = None
) -> Profile:
    """The profile of all rows of ``task.dataset``.

    The cut into segments depends on the data and the mini-batch size alone, and the result on
    neither the cut nor the engine. Raises DataError when a variance overflows, or when a file
    changed meanwhile; NonFinite.
    """
    keep_freed_memory()
    cut = segments(task.dataset, task.plan.batch_size, rows_per_segment)
    folds = (engine or Local()).map(task, cut)
    profile = reduce(Fold.merge, folds, Fold.empty(task.plan)).profile()
    task.dataset.check_unchanged()
    _refuse_overflow(profile, task.dataset.name)
    return profile


def _within_grains(chunk: Chunk, group: int) -> Iterator[Chunk]:
    """Cut a chunk where a grain ends, which happens only where a segment starts inside one."""
    first, row, at = chunk.first_batch, chunk.first_row, 0
    while at < len(chunk.sizes):
        stop = min(len(chunk.sizes), at + group - (first + at) % group)
        rows = sum(chunk.sizes[at:stop])
        frame = chunk.frame.slice(row - chunk.first_row, rows)
        yield Chunk(row, first + at, chunk.sizes[at:stop], frame)
        at, row = stop, row + rows


def channel_columns(frame: pl.DataFrame, plan: Plan) -> list[Column]:
    """One per channel, in the plan's order: a tensor's channels stand side by side."""
    plain = [channel.feature for channel in plan.channels if channel.layout is None]
    found = {name: [each] for name, each in zip(plain, numeric_values(frame, plain), strict=True)}
    for name, layout in {c.feature: c.layout for c in plan.channels if c.layout}.items():
        found[name] = tensor_values(frame[name], Layout.parse(layout))
    pairs = zip(plan.channels, plan.positions, strict=True)
    seen = [(found[channel.feature][channel.channel], positions) for channel, positions in pairs]
    return [Column(each.values, each.missing, each.nulls, count) for each, count in seen]


def _counted(series: pl.Series) -> Categories:
    names, counts, missing = category_counts(series)
    values = dict(zip(names, counts, strict=True))
    # Exact: only whole grains are reduced to the plan's capacity, or the cut would show.
    return Categories(sum(counts), missing, values, capacity=sys.maxsize)


def _timed(series: pl.Series) -> Temporal:
    return Temporal.of(times_of(series), series.null_count())


def _nonfinite(dataset: Dataset, chunk: Chunk, block: Block, plan: Plan) -> NonFinite:
    """Name every column of the chunk that holds an infinity, with its first row."""
    found = []
    for channel, column in zip(plan.channels, block.columns, strict=True):
        bad = np.isinf(column.values)
        if bad.any():
            name, row = dataset.locate(chunk.first_row + int(bad.argmax()) // column.positions)
            value = column.values[bad.argmax()]
            found.append(f"{name}, row {row}: column '{channel.label}' holds {value}")
    return NonFinite(listed(found), fix="read infinities as missing with --nonfinite missing")


def _refuse_overflow(profile: Profile, where: str) -> None:
    over = profile.moments.overflowed
    names = [c.label for c, bad in zip(profile.channels, over, strict=True) if bad]
    if names:
        raise DataError(
            listed(f"column '{name}' spreads so far that its variance overflows" for name in names),
            where=where,
            fix="divide it by a power of ten first, or leave it out with --exclude",
        )
