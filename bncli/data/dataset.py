"""Where rows come from: one or many files, a table or a pipe, under one schema."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, TypeAlias, cast

import polars as pl

from bncli.data import batches
from bncli.data.batches import Chunk, Tail
from bncli.data.blocks import shown
from bncli.data.failures import FAILURES, unreadable
from bncli.data.formats import FORMATS, ReadOptions, format_of
from bncli.data.guess import VERBATIM, Guess
from bncli.data.locate import STDIN, Located, PathLike, locate
from bncli.data.naming import column
from bncli.data.parts import Part
from bncli.data.sources import Meter, Stamp, source_of
from bncli.data.streaming import frames_of
from bncli.data.tables import is_table, table_part
from bncli.data.unify import conformed, unified
from bncli.errors import DataError, Unreadable, UsageError
from bncli.stats.profile import Source

Data: TypeAlias = PathLike | Iterable[PathLike] | pl.DataFrame | pl.LazyFrame | Any


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """Rows in order, under one schema. Nothing is read until ``scan`` or ``chunks`` is consumed.

    name: for messages. parts: the files, in order. stamps: what they looked like when opened.
    """

    name: str
    schema: pl.Schema
    parts: tuple[Part, ...]
    options: ReadOptions
    stamps: tuple[Stamp, ...] = ()

    @property
    def rows(self) -> int | None:
        """How many rows, where that is known without reading them."""
        counts = [part.rows for part in self.parts]
        limit = self.options.limit
        if any(count is None for count in counts):
            return 0 if limit == 0 else None
        total = sum(count for count in counts if count is not None)
        return total if limit is None else min(total, limit)

    @property
    def rewindable(self) -> bool:
        """Whether it can be read more than once; a pipe cannot."""
        return all(part.rewindable for part in self.parts)

    @property
    def sources(self) -> tuple[Source, ...]:
        """One record per file or pipe, rows where known; a pipe's is whole once it was read."""
        return tuple(source for part in self.parts if (source := _source(part)) is not None)

    def sources_with_rows(self, total: int | None = None) -> tuple[Source, ...]:
        """The sources, the rows of all of them filled in. total: rows that a full read found.

        Text files whose rows are not known are counted, except where ``total`` tells.
        """
        unknown = [place for place, part in enumerate(self.parts) if part.rows is None]
        rest = sum(part.rows for part in self.parts if part.rows is not None)
        counts = {}
        for place in unknown:
            alone = len(unknown) == 1 and total is not None and self.options.limit is None
            counts[place] = total - rest if alone and total is not None else self._count(place)
        parts = [replace(p, rows=counts.get(place, p.rows)) for place, p in enumerate(self.parts)]
        return replace(self, parts=tuple(parts)).sources

    def scan(self) -> pl.LazyFrame:
        """All rows, in order, under ``schema``. Of a pipe, the result can be collected once.

        What polars raises while it is collected is explained by ``retyping.with_retyping``.
        """
        frames = [
            conformed(group[0].format.scan(group), group[0], self.schema)
            for group in _alike(self.parts)
        ]
        frame = pl.concat(frames) if len(frames) > 1 else frames[0]
        return frame if self.options.limit is None else frame.head(self.options.limit)

    def chunks(
        self,
        batch_size: int,
        tail: Tail = "keep",
        columns: Sequence[str] | None = None,
        start: int = 0,
        stop: int | None = None,
        read_rows: int = batches.DEFAULT_READ_ROWS,
        select: Sequence[pl.Expr] | None = None,
    ) -> Iterator[Chunk]:
        """Exactly sized mini-batches in dataset order; see ``batches.chunks``.

        columns: those that are decoded; None for all. select: what is made of them.
        Raises what ``explain`` makes of a failure: BadValue, Unreadable, or Retyped (start again
        with ``retyped``; ``retyping.with_retyping`` does so).
        """
        wanted = (
            select if select is not None or columns is None else [column(name) for name in columns]
        )
        frame, read = self.scan(), 0
        try:
            for chunk in batches.chunks(frame, batch_size, tail, wanted, start, stop, read_rows):
                read = chunk.first_row + chunk.frame.height
                yield chunk
        except FAILURES as error:
            raise self.explain(error, tuple(columns or ())) from error
        if stop is None and tail != "drop":
            self.check_rows(max(read, start))

    def peek(self, rows: int = batches.DEFAULT_READ_ROWS) -> pl.DataFrame:
        """The first rows, at most so many; a pipe still gives them afterwards."""
        limit = rows if self.options.limit is None else min(rows, self.options.limit)
        if self.rewindable:
            try:
                return self.scan().head(limit).collect(engine="streaming")
            except FAILURES as error:
                raise self.explain(error) from error
        part = self.parts[0]
        first = part.format.peek(part) if not part.rewindable else None
        if first is None:
            return pl.DataFrame(schema=self.schema)
        return conformed(first.lazy(), part, self.schema).head(limit).collect()

    def verbatim(self, columns: Iterable[str]) -> Dataset:
        """With these columns as the text that stands in the CSV: 00501 stays 00501.

        Unchanged where any part stores types itself.
        """
        if not all(part.format is FORMATS["csv"] for part in self.parts):
            return self
        return self.retyped(dict.fromkeys(columns, VERBATIM))

    def retyped(self, guesses: Mapping[str, Guess]) -> Dataset:
        """With other guesses of what some columns of text files hold."""
        return _of_parts(self, [part.guessed(guesses) for part in self.parts])

    def locate(self, row: int) -> tuple[str, int]:
        """(file name, 1-based data row) of a 0-based dataset row. May count rows: for errors."""
        for place, part in enumerate(self.parts[:-1]):
            count = part.rows if part.rows is not None else self._count(place)
            if row < count:
                return part.name, row + 1
            row -= count
        return self.parts[-1].name, row + 1

    def check_unchanged(self) -> None:
        """Raises DataError when a file is not what it was when the dataset was opened."""
        for stamp in self.stamps:
            stamp.check()

    def check_rows(self, read: int) -> None:
        """Raises Unreadable when there were other than the rows that the files promise.

        read: how many there were, from the first row to the last.
        """
        promised = self.rows
        if promised is None or read == promised:
            return
        held = [self._count(place, decoded=True) for place in range(len(self.parts))]
        pairs = zip(self.parts, held, strict=True)
        wrong = [(part, count) for part, count in pairs if part.rows not in (None, count)]
        part, count = wrong[0] if wrong else (self.parts[-1], read)
        raise Unreadable(
            f"is damaged: it says that it has {part.rows or promised:,} rows, and has {count:,}",
            where=part.name,
        )

    def explain(self, error: BaseException, columns: Sequence[str] = ()) -> Exception:
        """What a failure while reading means, the files read again to find the one at fault.

        columns: those that were asked for; () for all. Gives ``error`` back when no file fails.
        """
        found = self.fault(error, columns)
        if found is not None:
            return found
        if isinstance(error, Exception) and not isinstance(error, OSError):
            return error
        return unreadable(self.name, "data", error)

    def fault(self, error: BaseException, columns: Sequence[str] = ()) -> Exception | None:
        """The same, and None when no file fails now. That a file changed explains everything."""
        try:
            self.check_unchanged()
        except DataError as changed:
            return changed
        for part in self.parts:
            cause = (
                error if not part.rewindable else batches.failure(part.format.scan([part]), columns)
            )
            if cause is not None:
                return part.format.explain(part, cause, columns)
        return None

    def _count(self, place: int, decoded: bool = False) -> int:
        """The rows of a part. decoded: those that can be read, not those that the file tells."""
        part = self.parts[place]
        frame = part.format.scan([part])
        if decoded:
            return sum(piece.height for piece in frames_of(frame, batches.DEFAULT_READ_ROWS))
        return int(frame.select(pl.len()).collect(engine="streaming").item())


def open_dataset(data: Data, options: ReadOptions | None = None) -> Dataset:
    """Open what ``data`` names: a path, several, a glob, a directory, ``-``, or a table.

    Raises Unreadable, ColumnMissing, BadValue, DataError, UsageError.
    """
    asked = options if options is not None else ReadOptions()
    if is_table(data):
        part = table_part(data, asked)
        return Dataset(part.name, part.schema, (part,), asked)
    if not isinstance(data, str | os.PathLike | Iterable):
        raise UsageError(f"a {type(data).__name__} is neither a path nor a table")
    files = locate(cast(PathLike | Iterable[PathLike], data), asked)
    stamps = tuple(_stamp(file) for file in files if not file.pipe)
    kinds = [(_format_name(file, asked), file) for file in files]
    parts: list[Part] = []
    for name, group in groupby(kinds, key=lambda kind: kind[0]):
        members = [file for _, file in group]
        opened = FORMATS[name].open(members, asked)
        parts += [replace(p, hive=f.hive) for p, f in zip(opened, members, strict=True)]
    empty = Dataset(_name(files), pl.Schema(), (), asked, stamps)
    return _of_parts(empty, parts)


def _of_parts(dataset: Dataset, parts: Sequence[Part]) -> Dataset:
    same, schema = unified(parts, dataset.options)
    return replace(dataset, parts=tuple(same), schema=schema)


def _stamp(file: Located) -> Stamp:
    stamp = Stamp.of(file.path)
    if not stamp.size:
        raise Unreadable("is empty", where=file.name)
    return stamp


def _format_name(file: Located, options: ReadOptions) -> str:
    if file.pipe and options.format is None:
        known = "|".join(FORMATS)
        raise UsageError(
            f"{shown(file.name)} has no suffix to tell its format", fix=f"--format {known}"
        )
    return format_of(file.path, options)


def _name(files: Sequence[Located]) -> str:
    names = [shown(file.name) for file in files]
    return ", ".join(names) if len(names) <= 3 else f"{names[0]} and {len(names) - 1} more"


def _alike(parts: Sequence[Part]) -> Iterator[list[Part]]:
    """Runs of parts that one scan can read. A pipe stands alone."""
    group: list[Part] = []
    for part in parts:
        if group and not (_scannable(part) and _same_kind(group[0], part)):
            yield group
            group = []
        group.append(part)
    yield group


def _scannable(part: Part) -> bool:
    return part.rewindable


def _same_kind(one: Part, other: Part) -> bool:
    return (
        one.rewindable
        and one.format is other.format
        and list(one.schema.items()) == list(other.schema.items())
        and one.guesses == other.guesses
        and one.hive == other.hive
        and (one.stored is None) == (other.stored is None)
    )


def _source(part: Part) -> Source | None:
    meter: Meter | None = getattr(part.stored, "meter", None)
    if meter is not None and (not part.rewindable or part.path is None or meter.size):
        return meter.source(STDIN, part.rows)
    return None if part.path is None else source_of(part.path, part.rows)
