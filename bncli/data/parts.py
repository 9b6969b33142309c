"""A part of a dataset: one file, stream or table, and what a format must be able to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol, Self

import polars as pl
from polars.io.plugins import register_io_source

from bncli.data.formats import ReadOptions
from bncli.data.guess import Guess
from bncli.data.locate import Located


class Retyped(Exception):
    """A guessed column type did not hold: start again with better guesses.

    guesses: the better ones, by column.
    """

    def __init__(self, guesses: Mapping[str, Guess]) -> None:
        self.guesses = guesses
        super().__init__(f"better guessed: {', '.join(guesses)}")


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One piece of a dataset.

    name: as messages call it. schema: its own columns. hive: constant columns from its path.
    rows: when known without reading. guesses: the types guessed from text, per column; empty
    where the format stores types. stored: what the format needs besides.
    """

    name: str
    format: Format
    schema: pl.Schema
    options: ReadOptions = field(default_factory=ReadOptions)
    path: Path | None = None
    hive: tuple[tuple[str, str | int | None], ...] = ()
    rows: int | None = None
    rewindable: bool = True
    guesses: Mapping[str, Guess] = field(default_factory=dict)
    stored: Any = None

    def guessed(self, guesses: Mapping[str, Guess]) -> Self:
        """The same part with other guesses for those of its columns that are named."""
        mine = {name: guesses.get(name, guess) for name, guess in self.guesses.items()}
        types = {**self.schema, **{name: guess.type for name, guess in mine.items()}}
        return replace(self, guesses=mine, schema=pl.Schema(types))


class Format(Protocol):
    """What a format can do; one object per entry of ``formats.FORMATS``."""

    label: str

    def open(self, files: Sequence[Located], options: ReadOptions) -> list[Part]:
        """One part per file, with its schema; Unreadable, BadValue or DataError if not."""

    def scan(self, parts: Sequence[Part]) -> pl.LazyFrame:
        """All rows of parts that have the same schema and guesses, in order, hive left out."""

    def peek(self, part: Part) -> pl.DataFrame | None:
        """The first rows of a pipe, without taking them from it; None when there are none."""

    def explain(self, part: Part, error: BaseException, columns: Sequence[str]) -> Exception:
        """What a failure of reading ``part`` means: a BncliError, or Retyped."""


def scan_frames(schema: pl.Schema, frames: Callable[[], Iterator[pl.DataFrame]]) -> pl.LazyFrame:
    """A lazy frame over frames that are made one after the other. ``frames`` starts afresh."""

    def source(
        columns: list[str] | None, predicate: pl.Expr | None, rows: int | None, _size: int | None
    ) -> Iterator[pl.DataFrame]:
        left = rows
        for whole in frames():
            frame = whole if columns is None else whole.select(columns)
            if left is not None:
                frame = frame.head(left)
                left -= frame.height
            yield frame if predicate is None else frame.filter(predicate)
            if left == 0:
                return

    return register_io_source(source, schema=dict(schema))
