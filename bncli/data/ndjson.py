"""NDJSON: one object a line. Columns are the keys of the first 4096 lines of a file.

JSON says what is a number, so only two things are guessed: whether whole numbers stay whole, and
whether a column of numbers with a few strings in it is meant to be numbers (see ``guess``).
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from bncli.data.blocks import (
    Dripping,
    Once,
    byte_blocks,
    first_bytes,
    is_packed,
    recoded,
    record_blocks,
    shown,
)
from bncli.data.csv_faults import changed_its_type
from bncli.data.failures import FAILURES, unreadable
from bncli.data.formats import ReadOptions
from bncli.data.guess import Guess, converted, guess
from bncli.data.json_faults import explain, refuse_depth, scan_json
from bncli.data.locate import Located
from bncli.data.parts import Part, Retyped, scan_frames
from bncli.data.sniff import HEAD_BYTES, refuse_other
from bncli.data.sources import Meter
from bncli.errors import Unreadable

SAMPLE_ROWS = 4096


class Ndjson:
    """Newline-delimited JSON, plain or ``.gz`` or ``.zst``; from a pipe block by block."""

    label = "NDJSON"

    def open(self, files: Sequence[Located], options: ReadOptions) -> list[Part]:
        return [self._open(file, options) for file in files]

    def scan(self, parts: Sequence[Part]) -> pl.LazyFrame:
        first = parts[0]
        if first.stored is None:
            paths = [part.path for part in parts if part.path is not None]
            return _typed(paths, first.guesses)
        return pl.concat([scan_frames(part.schema, _Blocks(part)) for part in parts])

    def peek(self, part: Part) -> pl.DataFrame | None:
        first = part.stored.blocks.first
        return None if first is None else _parsed(part, first, 0)

    def explain(self, part: Part, error: BaseException, columns: Sequence[str]) -> Exception:
        if part.path is None or part.stored is not None:
            return unreadable(part.name, self.label, error)
        lines = record_blocks(byte_blocks(Located(part.path, part.name)))
        return explain(part, error, columns, part.path, lines)

    def _open(self, file: Located, options: ReadOptions) -> Part:
        name, meter = shown(file.name), Meter()
        blocks = Once(_text_blocks(file, options, meter), file.name)
        first = blocks.first or b""
        refuse_other(first[:HEAD_BYTES], name, self.label)
        sample = b"".join(first.splitlines(keepends=True)[:SAMPLE_ROWS])
        if not sample.strip():
            raise Unreadable("is empty", where=name)
        guesses = _guesses(Part(name, self, pl.Schema()), sample, options, file.pipe)
        stored = None
        if file.pipe:
            stored = Dripping(file, meter, blocks)
        elif not (options.utf8 and _is_plain(first_bytes(file))):
            # Opened again to be read, and measured when its source is asked for.
            stored = Dripping(file, Meter())
        schema = pl.Schema({column: guess.type for column, guess in guesses.items()})
        path = None if file.pipe else file.path
        return Part(name, self, schema, options, path, (), None, not file.pipe, guesses, stored)


NDJSON = Ndjson()


@dataclass(frozen=True, slots=True)
class _Blocks:
    """The frames of NDJSON that is read block by block."""

    part: Part

    def __call__(self) -> Iterator[pl.DataFrame]:
        part, stored = self.part, self.part.stored
        row = 0
        for piece in stored.blocks or _text_blocks(stored.file, part.options):
            frame = _parsed(part, piece, row)
            yield frame
            row += frame.height


def _parsed(part: Part, piece: bytes, row: int) -> pl.DataFrame:
    try:
        return _typed([piece], part.guesses).collect(engine="streaming")
    except FAILURES as error:
        wrong = explain(part, error, (), piece, [piece], row)
    if not isinstance(wrong, Retyped) or part.rewindable:
        raise wrong
    better = part.guessed(wrong.guesses)
    if better.schema != part.schema:
        raise changed_its_type(part, wrong.guesses)
    return _parsed(better, piece, row)


def _typed(origins: Sequence[Path | bytes], guesses: Mapping[str, Guess]) -> pl.LazyFrame:
    """Every value as its column's guessed type."""
    by_hand = {n: g for n, g in guesses.items() if g.cleaned or (g.nulls and g.type == pl.String())}
    types = {n: pl.String() if n in by_hand else g.type for n, g in guesses.items()}
    frame = scan_json(origins, types)
    return frame.with_columns(converted(name, guess, False) for name, guess in by_hand.items())


def _text_blocks(
    file: Located, options: ReadOptions, meter: Meter | None = None
) -> Iterator[bytes]:
    text = recoded(byte_blocks(file, meter), options.encoding, file.name)
    return record_blocks(text, name=file.name)


def _is_plain(head: bytes) -> bool:
    """Whether polars takes the file as it lies there."""
    return not is_packed(head) and not head.startswith(codecs.BOM_UTF8)


def _guesses(part: Part, sample: bytes, options: ReadOptions, pipe: bool) -> dict[str, Guess]:
    refuse_depth(sample, part.name)
    try:
        seen = pl.scan_ndjson(sample, infer_schema_length=None).collect()
    except FAILURES as error:
        raise explain(part, error, (), sample, [sample]) from error
    text = [name for name, kind in seen.schema.items() if kind == pl.String()]
    records = [json.loads(line) for line in sample.splitlines() if line.strip()] if text else []
    found = {name: _guess(kind, options.null_values) for name, kind in seen.schema.items()}
    for name in text:
        found[name] = _mixed([record.get(name) for record in records], options) or found[name]
    return {name: _settled(g, seen[name]) for name, g in found.items()} if pipe else found


def _guess(kind: pl.DataType, nulls: tuple[str, ...]) -> Guess:
    if kind == pl.Null():
        return Guess(pl.Float64(), firm=False)
    return Guess(kind, nulls if kind == pl.String() else ())


def _mixed(values: Sequence[Any], options: ReadOptions) -> Guess | None:
    """Numbers, for a column of numbers among which strings stand; None for a text column."""
    if not any(isinstance(value, int | float) for value in values):
        return None
    cells = [value if value is None or isinstance(value, str) else str(value) for value in values]
    as_cells = guess(pl.Series(cells, dtype=pl.String), options.null_values)
    return replace(as_cells, cleaned=True) if as_cells.numeric else None


def _settled(guess: Guess, sample: pl.Series) -> Guess:
    """A pipe cannot be read again: whole numbers become Float64 unless that would round them."""
    rounds = guess.type == pl.Int64() and not sample.is_between(-(2**53), 2**53).all()
    return guess if guess.type != pl.Int64() or rounds else guess.widened(pl.Float64())
