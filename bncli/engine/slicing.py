"""The profile of every slice of a dataset, from the same pass over its rows as the whole's.

Decisions. One pass serves both, since a pipe can be read only once and reading is what costs. A
slice is folded like a dataset of its own: its mini-batches are numbered from its own first row,
so its profile is that of a file with these rows alone, bit for bit. A slice that is complete is
handed on and forgotten. Those that are still open are kept as they are, up to ``HELD_VALUES``;
beyond that the largest are sealed, which costs the rank error that they then state. That happens
only where many large slices are open at once: with times out of order, or from a pipe.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import polars as pl

from bncli.data.batches import Chunk, batch_sizes
from bncli.engine.cutting import MOST, Cut, Piece
from bncli.engine.fitting import FitTask
from bncli.standardize.joining import joined_profiles
from bncli.stats.compactor import Sketch
from bncli.stats.exact import FloatArray
from bncli.stats.fold import Fold
from bncli.stats.profile import Profile
from bncli.stats.tree import Loose

HELD_VALUES = 1 << 25
"""Values of open slices kept in memory, 256 MB, before the largest slices are sealed."""

_SEALED = 1024
_FRAMES = 64  # short frames that wait before they become one: each takes kilobytes of its own
_CATEGORY = 16  # values' worth of memory that a counted category takes


@dataclass(frozen=True, slots=True, eq=False)
class Sliced:
    """A slice. place: orders the slices; first, last: its outermost rows in the dataset."""

    place: int
    label: str
    first: int
    last: int
    profile: Profile


Done = Callable[[Sliced], None]
"""Called with each slice when it is complete: in order where the rows are in order."""


class Slicer:
    """Onlooker of a ``FitTask``: folds the rows it sees by slice."""

    def __init__(self, task: FitTask, cut: Cut, done: Done) -> None:
        # What columns are jointly is asked of the whole, not of every slice.
        plan = replace(task.plan, joint=())
        self._task = replace(task, plan=plan, watch=(), onlookers=(), progress=None)
        self._cut = cut
        self._done = done
        self._open: dict[int, _Slice] = {}
        self._slices = 0
        self.rows = 0

    @property
    def columns(self) -> tuple[str, ...]:
        return self._cut.columns

    def see(self, chunk: Chunk) -> None:
        """Take in the rows of a chunk. Raises UsageError when there are too many slices."""
        for piece in self._cut.pieces(chunk):
            self.rows += piece.frame.height
            part = self._slice(piece)
            part.add(piece)
            if self._cut.complete(piece.place, part.rows):
                self._hand_on(piece.place)
        self._relieve()

    def finish(self) -> None:
        """Hand on what is still open, in order. Raises DataError when there must be a slice."""
        self._check()
        for place in sorted(self._open):
            self._hand_on(place)

    def _slice(self, piece: Piece) -> _Slice:
        if piece.place not in self._open:
            self._slices += 1
            if self._slices > MOST:
                self._check()
            empty = Fold.empty(self._task.plan)
            self._open[piece.place] = _Slice(self._task, empty, piece.first)
        return self._open[piece.place]

    def _check(self) -> None:
        self._cut.check(self._slices, self._task.dataset.name)

    def _hand_on(self, place: int) -> None:
        part = self._open.pop(place)
        label = self._cut.label(place, part.first, part.last)
        self._done(Sliced(place, label, part.first, part.last, part.profile()))

    def _relieve(self) -> None:
        """Seal the largest open slices once they hold too much together."""
        sizes = {place: part.held for place, part in self._open.items()}
        total = sum(sizes.values())
        if total <= HELD_VALUES:
            return
        for place in sorted(sizes, key=lambda place: -sizes[place]):
            self._open[place].seal()
            total -= sizes[place]
            if total <= HELD_VALUES // 2:
                return


@dataclass(slots=True, eq=False)
class _Slice:
    """A slice while its rows come in: those short of a mini-batch wait for it to be whole."""

    task: FitTask
    fold: Fold
    first: int
    last: int = 0
    rows: int = 0
    sealed: Profile | None = None
    waiting: list[pl.DataFrame] = field(default_factory=list)
    waiting_rows: int = 0

    def add(self, piece: Piece) -> None:
        self.last = piece.last
        self.rows += piece.frame.height
        self.waiting.append(piece.frame)
        self.waiting_rows += piece.frame.height
        if len(self.waiting) >= _FRAMES:
            self.waiting = [pl.concat(self.waiting, rechunk=True)]
        size = self.task.plan.batch_size
        if self.waiting_rows >= size:
            self._fold_in(self.waiting_rows // size * size)

    def profile(self) -> Profile:
        """All rows so far; no more may come in."""
        if self.waiting_rows:
            self._fold_in(self.waiting_rows)
        profile = self.fold.profile()
        return profile if self.sealed is None else joined_profiles([self.sealed, profile])

    def seal(self) -> None:
        """Keep what there is as a sealed profile, and go on with an empty fold."""
        self.sealed = self.profile().sealed(_SEALED)
        self.fold = Fold.empty(self.task.plan)

    @property
    def held(self) -> int:
        """Values in memory, but for what is sealed already."""
        return self.waiting_rows * len(self.task.plan.channels) + sum(_sizes(self.fold))

    def _fold_in(self, rows: int) -> None:
        frame = pl.concat(self.waiting) if len(self.waiting) > 1 else self.waiting[0]
        size = self.task.plan.batch_size
        row = self.fold.rows
        chunk = Chunk(row, row // size, batch_sizes(rows, size), frame.head(rows))
        self.fold = self.fold.merge(self.task.fold(chunk))
        self.waiting_rows -= rows
        self.waiting = [_copied(frame.slice(rows))] if self.waiting_rows else []


def _copied(frame: pl.DataFrame) -> pl.DataFrame:
    """The same rows in memory of their own: a slice alone would keep the whole chunk alive."""
    return frame.select(pl.all().gather(pl.int_range(pl.len())))


def _sizes(fold: Fold) -> Iterator[int]:
    for entry in fold.sketches.entries:
        if isinstance(entry, Loose):
            yield sum(column.size for column in entry.leaves.columns)
        else:
            yield sum(kept.size for sketch in entry.state.sketches for kept in _arrays(sketch))
    for forest in fold.categories:
        for counted in forest.entries:
            counts = counted.leaves if isinstance(counted, Loose) else counted.state
            yield _CATEGORY * len(counts.values)
    yield sum(2 * state.cells.size for state in fold.times)


def _arrays(sketch: Sketch) -> Iterator[FloatArray]:
    yield sketch.points
    if sketch.whole is not None:
        yield sketch.whole
