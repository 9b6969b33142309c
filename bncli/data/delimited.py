"""CSV: the header, types guessed from a sample, and a scan that parses straight into them."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

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
from bncli.data.csv_faults import Text, changed_its_type, check_names, explain
from bncli.data.failures import FAILURES, unreadable
from bncli.data.formats import ReadOptions
from bncli.data.guess import Guess, converted, guess, plainly_numeric
from bncli.data.locate import Located
from bncli.data.parts import Part, Retyped, scan_frames
from bncli.data.sniff import HEAD_BYTES, refuse_other
from bncli.data.sources import Meter
from bncli.errors import Unreadable

Origin: TypeAlias = Path | bytes
Guesses: TypeAlias = Mapping[str, Guess]
SAMPLE_ROWS = 4096
_SAMPLE_CELLS = 4_000_000


@dataclass(frozen=True, slots=True)
class Dialect:
    """How the cells of a CSV file are told apart; the arguments of polars' parser."""

    separator: str = ","
    quote: str = '"'
    decimal_comma: bool = False

    @classmethod
    def of(cls, file: Located, options: ReadOptions) -> Dialect:
        tabbed = ".tsv" in (suffix.lower() for suffix in file.path.suffixes)
        separator = options.separator or ("\t" if tabbed else ",")
        return cls(separator, options.quote, options.decimal_comma)

    def cells(self, origins: Sequence[Origin], rows: int | None = None) -> pl.LazyFrame:
        """Every cell as text, the header being the first row."""
        return self._scan(origins, has_header=False, infer_schema=False, n_rows=rows)

    def text(
        self,
        origin: Origin,
        records: Iterable[bytes],
        names: Sequence[str],
        header: bool,
        first_row: int = 0,
    ) -> Text:
        """Every data cell as text, under the columns' names, to look for what is wrong."""
        schema = dict.fromkeys(names, pl.String())
        cells = self._scan([origin], has_header=header, schema=schema)
        comma = self.decimal_comma
        return Text(cells, records, self.separator, self.quote, comma, header, first_row)

    def typed(self, origins: Sequence[Origin], guesses: Guesses, header: bool) -> pl.LazyFrame:
        """Every data cell as its column's guessed type."""
        by_hand = {name: guess for name, guess in guesses.items() if guess.by_hand}
        types = {n: pl.String() if n in by_hand else g.type for n, g in guesses.items()}
        nulls = {n: g.nulls[0] for n, g in guesses.items() if g.nulls and n not in by_hand}
        frame = self._scan(origins, has_header=header, schema=types, null_values=nulls or None)
        if not by_hand:
            return frame
        return frame.with_columns(
            converted(name, guess, self.decimal_comma) for name, guess in by_hand.items()
        )

    def _scan(self, origins: Sequence[Origin], **arguments: object) -> pl.LazyFrame:
        return pl.scan_csv(
            list(origins),  # type: ignore[arg-type]
            separator=self.separator,
            quote_char=self.quote or None,
            decimal_comma=self.decimal_comma,
            glob=False,
            raise_if_empty=False,
            **arguments,  # type: ignore[arg-type]
        )


class Csv:
    """Comma-separated values, plain or ``.gz`` or ``.zst``; from a pipe block by block."""

    label = "CSV"

    def open(self, files: Sequence[Located], options: ReadOptions) -> list[Part]:
        return [_open(self, file, options) for file in files]

    def scan(self, parts: Sequence[Part]) -> pl.LazyFrame:
        first = parts[0]
        if isinstance(first.stored, Dialect):
            paths = [part.path for part in parts if part.path is not None]
            return first.stored.typed(paths, first.guesses, first.options.header)
        return pl.concat([scan_frames(part.schema, _Blocks(part)) for part in parts])

    def peek(self, part: Part) -> pl.DataFrame | None:
        first = part.stored.blocks.first
        return None if first is None else _parsed(part, first, part.options.header, 0)

    def explain(self, part: Part, error: BaseException, columns: Sequence[str]) -> Exception:
        if not isinstance(part.stored, Dialect) or part.path is None:
            return unreadable(part.name, self.label, error)
        records = record_blocks(byte_blocks(Located(part.path, part.name)), part.stored.quote)
        text = part.stored.text(part.path, records, list(part.guesses), part.options.header)
        return explain(part, error, columns, text)


CSV = Csv()


@dataclass(frozen=True, slots=True)
class _Blocks:
    """The frames of a CSV that is read block by block, each parsed like a small file."""

    part: Part

    def __call__(self) -> Iterator[pl.DataFrame]:
        part, stored = self.part, self.part.stored
        blocks = stored.blocks or _text_blocks(stored.file, stored.dialect, part.options)
        header, row = part.options.header, 0
        for piece in blocks:
            frame = _parsed(part, piece, header, row)
            yield frame
            header, row = False, row + frame.height


def _parsed(part: Part, piece: bytes, header: bool, row: int) -> pl.DataFrame:
    """The rows of one block. row: how many came before."""
    dialect: Dialect = part.stored.dialect
    piece = _as_file(piece, header, len(part.guesses), dialect.separator.encode())
    try:
        return dialect.typed([piece], part.guesses, header).collect(engine="streaming")
    except FAILURES as error:
        text = dialect.text(piece, [piece], list(part.guesses), header, row)
        wrong = explain(part, error, (), text)
    if not isinstance(wrong, Retyped) or part.rewindable:
        raise wrong
    better = part.guessed(wrong.guesses)
    if better.schema != part.schema:
        raise changed_its_type(part, wrong.guesses)
    return _parsed(better, piece, header, row)


def _as_file(piece: bytes, header: bool, columns: int, separator: bytes) -> bytes:
    """A block so that polars takes it for a whole file.

    It would look for the columns in a blank first line, and unpack what begins like packed data:
    ``x^2,y`` is a valid start of zlib's.
    """
    if not header and piece.startswith((b"\n", b"\r\n")):
        piece = separator * (columns - 1) + piece
    return codecs.BOM_UTF8 + piece if piece.startswith(b"x") or is_packed(piece) else piece


def _open(csv: Csv, file: Located, options: ReadOptions) -> Part:
    dialect = Dialect.of(file, options)
    head = b"" if file.pipe else first_bytes(file)
    if not file.pipe and options.utf8 and not (is_packed(head) or head.startswith(b"x^")):
        refuse_other(head, shown(file.name), csv.label)
        names, sample = _sample(csv, file, file.path, dialect, options)
        return _part(csv, file, options, _guesses(names, sample, options), dialect)
    meter = Meter()
    blocks = Once(_text_blocks(file, dialect, options, meter), file.name)
    refuse_other((blocks.first or b"")[:HEAD_BYTES], shown(file.name), csv.label)
    first = _as_file(blocks.first or b"", True, 0, b"")
    names, sample = _sample(csv, file, first, dialect, options)
    guesses = _guesses(names, sample, options)
    if file.pipe:
        guesses = {
            name: _settled(guess, cells)
            for (name, guess), cells in zip(guesses.items(), sample, strict=True)
        }
        return _part(csv, file, options, guesses, Dripping(file, meter, blocks, dialect))
    # Opened again to be read, and measured when its source is asked for.
    return _part(csv, file, options, guesses, Dripping(file, Meter(), None, dialect))


def _part(csv: Csv, file: Located, options: ReadOptions, guesses: Guesses, stored: object) -> Part:
    schema = pl.Schema({name: guess.type for name, guess in guesses.items()})
    path = None if file.pipe else file.path
    again = not file.pipe
    return Part(shown(file.name), csv, schema, options, path, (), None, again, guesses, stored)


def _guesses(names: Sequence[str], sample: pl.DataFrame, options: ReadOptions) -> Guesses:
    special = bool(options.null_values) or options.decimal_comma
    plain = {} if special else plainly_numeric(sample)
    return {
        name: plain.get(cells.name) or guess(cells, options.null_values, options.decimal_comma)
        for name, cells in zip(names, sample, strict=True)
    }


def _settled(guess: Guess, sample: pl.Series) -> Guess:
    """A pipe cannot be read again: whole numbers become Float64 unless that would round them."""
    if guess.type != pl.Int64():
        return guess
    whole = sample.str.strip_chars().cast(pl.Int64, strict=False).drop_nulls()
    exact = whole.is_between(-(2**53), 2**53).all()
    return guess.widened(pl.Float64()) if exact else guess


def _text_blocks(
    file: Located, dialect: Dialect, options: ReadOptions, meter: Meter | None = None
) -> Iterator[bytes]:
    text = recoded(byte_blocks(file, meter), options.encoding, file.name)
    return record_blocks(text, dialect.quote, file.name)


def _sample(
    csv: Csv, file: Located, origin: Origin, dialect: Dialect, options: ReadOptions
) -> tuple[list[str], pl.DataFrame]:
    """Column names, and the first data rows as text. Raises DataError, Unreadable."""
    name = shown(file.name)
    try:
        cells = _head(origin, dialect)
    except FAILURES as error:
        records = [origin] if isinstance(origin, bytes) else byte_blocks(file)
        text = dialect.text(origin, record_blocks(iter(records), dialect.quote), [], options.header)
        raise explain(Part(name, csv, pl.Schema()), error, (), text) from error
    if not cells.height:
        raise Unreadable("is empty", where=name)
    if not options.header:
        return [f"column_{place + 1}" for place in range(cells.width)], cells
    names = [cell or "" for cell in cells.row(0)]
    if names == [""] and not cells.to_series().drop_nulls().len():
        raise Unreadable("is empty", where=name)
    check_names(names, name)
    return names, cells.slice(1)


def _head(origin: Origin, dialect: Dialect) -> pl.DataFrame:
    """The header and the first rows as text; fewer rows where there are many columns."""
    width = dialect.cells([origin], 1).collect().width
    rows = max(1, min(SAMPLE_ROWS, _SAMPLE_CELLS // max(1, width)))
    return dialect.cells([origin], rows + 1).collect()
