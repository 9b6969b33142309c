"""Epochs: the rows once through as mini-batches, in dataset order or shuffled, in bounded memory.

Shuffled: the rows are cut into segments, which are read in random order; some of them at a time
make a pool, the pool is shuffled as a whole, and mini-batches are cut from one pool after the
other. A dataset that fits into one pool is shuffled perfectly, and read only once. The cut depends
on the number of rows and of features alone, and every draw on the seed and the epoch, so the same
mini-batches come whatever the file format, the row groups or the threads.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import polars as pl

from bncli.data.inputs import centred, put_centred, row_totals
from bncli.engine.samples import Samples
from bncli.engine.survey import Aside, BoolArray
from bncli.standardize.network import Batch
from bncli.stats.exact import FloatArray, IntArray

_POOL_SEGMENTS = 4


@dataclass(frozen=True, slots=True, eq=False)
class Training:
    """The rows to learn from. centre: what is taken from every input.

    drop_gaps: rows that lack a feature are left out; gaps: x may hold NaN after that.
    """

    samples: Samples
    aside: Aside
    centre: FloatArray
    drop_gaps: bool
    gaps: bool

    def usable(self, first: int, vectors: list[FloatArray], y: FloatArray) -> BoolArray:
        """Which rows are learned from. first: the number of the first one."""
        usable: BoolArray = ~np.isnan(y)
        if self.drop_gaps:
            usable &= ~np.isnan(row_totals(vectors, len(y)))
        if not self.aside.in_training:
            usable &= ~self.aside.of_rows(first, len(y))
        return usable


class InOrder:
    """Mini-batches of ``batch_size`` neighbouring rows, counted from the dataset's first one.

    Rows that are left out make their mini-batch smaller, and move no other.
    """

    def __init__(self, training: Training, batch_size: int) -> None:
        self._training = training
        self._size = batch_size

    def __call__(self, epoch: int) -> Iterator[Batch]:
        samples, size = self._training.samples, self._size
        first = 0
        for frame in samples.frames(multiple_of=size):
            vectors, y = samples.vectors(frame), samples.learned(frame)
            x = centred(vectors, self._training.centre, frame.height)
            usable = self._training.usable(first, vectors, y)
            for start in range(0, frame.height, size):
                part = slice(start, start + size)
                chosen = usable[part]
                yield Batch(
                    # A mask as an index would give the rows side by side, not the inputs.
                    x[:, part].compress(chosen, axis=1),
                    y[part][chosen],
                    (first + start, first + start + len(chosen)),
                    self._training.gaps,
                )
            first += frame.height


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """Rows in memory. x: shape (rows, inputs), so that drawing a row touches one place; usable:
    the places of the rows that are learned from."""

    x: FloatArray
    y: FloatArray
    usable: IntArray


class Shuffled:
    """Mini-batches of ``batch_size`` rows each, the last one of an epoch ragged."""

    def __init__(self, training: Training, batch_size: int, seed: int) -> None:
        self._training = training
        self._size = batch_size
        self._seed = seed
        self._only: Pool | None = None

    def __call__(self, epoch: int) -> Iterator[Batch]:
        random = np.random.default_rng([self._seed, epoch])
        cutter = _Cutter(self._training, self._size)
        for pool in self._pools(random):
            yield from cutter.cut(pool, random.permutation(pool.usable))
        yield from cutter.rest()

    def _pools(self, random: np.random.Generator) -> Iterator[Pool]:
        if self._only is not None:
            yield self._only
            return
        rows, step = self._training.samples.rows, self._training.samples.read_rows
        starts = list(range(0, rows, step))
        if len(starts) <= _POOL_SEGMENTS:
            (self._only,) = self._filled(starts)
            yield self._only
        else:
            yield from self._filled([starts[at] for at in random.permutation(len(starts))])

    def _filled(self, starts: list[int]) -> Iterator[Pool]:
        """Pools of segments in the order given; each takes the memory of the one before."""
        training, samples = self._training, self._training.samples
        room = min(samples.read_rows * _POOL_SEGMENTS, samples.rows)
        x, y = np.empty((room, samples.inputs.count)), np.empty(room)
        pieces: list[IntArray] = []
        filled = 0
        for at, (start, frame) in enumerate(self._read_ahead(starts), start=1):
            place = slice(filled, filled + frame.height)
            vectors, y[place] = samples.vectors(frame), samples.learned(frame)
            put_centred(vectors, training.centre, x[place])
            usable = training.usable(start, vectors, y[place])
            pieces.append(filled + np.flatnonzero(usable))
            filled += frame.height
            if at % _POOL_SEGMENTS == 0 or at == len(starts):
                yield Pool(x, y, np.concatenate(pieces))
                pieces, filled = [], 0

    def _read_ahead(self, starts: list[int]) -> Iterator[tuple[int, pl.DataFrame]]:
        """Segments with their first rows, the next one being read while one is used."""
        read = self._training.samples.segment
        with ThreadPoolExecutor(1) as reader:
            coming = [reader.submit(read, start) for start in starts[:1]]
            for at, start in enumerate(starts):
                frame = coming.pop().result()
                coming += [reader.submit(read, later) for later in starts[at + 1 : at + 2]]
                yield start, frame


class _Cutter:
    """Cuts mini-batches from pools; what is left of a pool waits for the next one.

    All of them use the same memory, one after the other.
    """

    def __init__(self, training: Training, size: int) -> None:
        self._size = min(size, training.samples.rows)
        self._gaps = training.gaps
        inputs = training.samples.inputs.count
        self._drawn = np.empty((self._size, inputs))
        self._x = np.empty((inputs, self._size))
        self._y = np.empty(self._size)
        self._filled = 0

    def cut(self, pool: Pool, order: IntArray) -> Iterator[Batch]:
        """The rows of a pool at the places ``order``, in that order."""
        at = 0
        while at < len(order):
            count = min(self._size - self._filled, len(order) - at)
            into = slice(self._filled, self._filled + count)
            chosen = order[at : at + count]
            # Every place is valid; only with "clip" numpy writes straight into ``out``.
            pool.x.take(chosen, axis=0, out=self._drawn[into], mode="clip")
            pool.y.take(chosen, out=self._y[into], mode="clip")
            self._filled += count
            at += count
            if self._filled == self._size:
                yield from self.rest()

    def rest(self) -> Iterator[Batch]:
        """The rows that wait, as a mini-batch of their own."""
        rows, self._filled = self._filled, 0
        if rows:
            x = self._x if rows == self._size else np.empty((len(self._x), rows))
            np.copyto(x, self._drawn[:rows].T)
            yield Batch(x, self._y[:rows], gaps=self._gaps)
