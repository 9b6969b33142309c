"""Why CSV text could not be read: a type guessed too narrowly, a wrong cell, or a wrong shape.

Only runs after a failure, so it may read the file once more, as text, to tell all columns at once.
"""

from __future__ import annotations

import csv
import io
import re
import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import polars as pl

from bncli.data.failures import FAILURES, unreadable
from bncli.data.guess import STANDARD_NULLS, TRUTH, Guess
from bncli.data.naming import column
from bncli.data.parts import Part, Retyped
from bncli.errors import BadValue, DataError, Unreadable, listed

_NAMED = re.compile(r"could not parse `.*` as dtype `\w+` at column '(.*)' \(column number", re.S)
_ROW = "\0row"
_FIELD_LIMIT = 1 << 28


class Stray(NamedTuple):
    """A cell that its column cannot hold. row: 1-based, the header not counted."""

    row: int
    column: str
    value: str
    firm: bool = True


@dataclass(frozen=True, slots=True)
class Text:
    """The failed input as text. frame: all cells; records: the bytes, in blocks of whole records.

    first_row: rows before it; header: whether it begins with one.
    """

    frame: pl.LazyFrame
    records: Iterable[bytes]
    separator: str
    quote: str
    decimal_comma: bool
    header: bool
    first_row: int = 0


def explain(part: Part, error: BaseException, columns: Sequence[str], text: Text) -> Exception:
    """BadValue, Unreadable, or Retyped with better guesses. columns: those asked for; () = all."""
    named = _NAMED.search(str(error))
    if named is None and not is_conversion(error):
        return _wrong_shape(part, error, text)
    watched = {*columns, *([named.group(1)] if named else part.guesses)}
    try:
        strays, better = wrong_cells(part.guesses, text)
    except FAILURES as deeper:
        return _wrong_shape(part, deeper, text)
    told = [stray for stray in strays if stray.firm and (not columns or stray.column in watched)]
    if any(stray.column in watched for stray in told):
        return bad_cells(part.name, told, part.guesses)
    return Retyped(better) if better else _wrong_shape(part, error, text)


def is_conversion(error: BaseException) -> bool:
    """Whether text could not be converted after parsing (columns ``by_hand``)."""
    return isinstance(error, pl.exceptions.InvalidOperationError)


def wrong_cells(guesses: Mapping[str, Guess], text: Text) -> tuple[list[Stray], dict[str, Guess]]:
    """The first cell per column that its type cannot hold, and better guesses for the others."""
    suspects = [name for name, guess in guesses.items() if guess.type != pl.String()]
    found = _survey(suspects, guesses, text)
    first = {name: found[name, "stray"] for name in suspects if found[name, "stray"] is not None}
    strays = [
        Stray(text.first_row + row + 1, name, value, guesses[name].firm)
        for name, row, value in _values(text.frame, first)
    ]
    better: dict[str, Guess] = {}
    for name in suspects:
        refined = _refined(
            guesses[name], {key: value for (n, key), value in found.items() if n == name}
        )
        if refined != guesses[name] and (name not in first or refined.type == pl.String()):
            better[name] = refined
    return [stray for stray in strays if stray.column not in better], better


def bad_cells(file: str, strays: Sequence[Stray], guesses: Mapping[str, Guess]) -> BadValue:
    """One error for all the wrong cells of a file."""
    first = strays[0]
    spellings = dict.fromkeys(stray.value for stray in strays)
    options = " ".join(f"--null-values {shlex.quote(short(value))}" for value in spellings)
    if len(strays) == 1:
        return BadValue(
            f"column '{first.column}' holds '{short(first.value)}', which is no number",
            where=f"{file}, row {first.row}",
            fix=f"read it as missing with {options}",
        )
    cells = (f"row {s.row}: column '{s.column}' holds '{short(s.value)}'" for s in strays)
    return BadValue(
        f"{len(strays)} columns hold what is no number:\n  {listed(cells)}",
        where=file,
        fix=f"read it as missing with {options}",
    )


def changed_its_type(part: Part, better: Mapping[str, Guess]) -> BadValue:
    """For a pipe, whose rows cannot be read again once a type was settled."""
    names = [n for n, g in better.items() if n in part.guesses and g.type != part.guesses[n].type]
    shown = ", ".join(f"'{name}'" for name in names)
    return BadValue(
        f"{shown} began as {part.guesses[names[0]].type} and went on as something else",
        where=part.name,
        fix="save it to a file first: a file is read again with the right type",
    )


def check_names(names: Sequence[str], file: str) -> None:
    """Raises DataError for a column name that is there twice, or for old line ends."""
    if any("\r" in name for name in names):
        raise DataError("lines end in carriage returns alone", where=file, fix="tr '\\r' '\\n'")
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        shown = ", ".join(f"'{name}'" for name in twice[:5]) + (", ..." if twice[5:] else "")
        what = "two columns have the same name" if len(twice) == 1 else "columns share their names"
        raise DataError(f"{what}: {shown}", where=file, fix="give every column its own name")


def _survey(
    names: Sequence[str], guesses: Mapping[str, Guess], text: Text
) -> dict[tuple[str, str], Any]:
    """What is wrong in each column, in one pass: (column, question) -> answer."""
    if not names:
        return {}
    questions: dict[tuple[str, str], pl.Expr] = {}
    for name in names:
        for key, answer in _questions(name, guesses[name], text.decimal_comma).items():
            questions[name, key] = answer
    query = text.frame.with_row_index(_ROW).select(
        answer.alias(str(place)) for place, answer in enumerate(questions.values())
    )
    return dict(zip(questions, query.collect(engine="streaming").row(0), strict=True))


def _questions(name: str, guess: Guess, decimal_comma: bool) -> dict[str, pl.Expr]:
    cell = column(name)
    bare = cell.str.strip_chars()
    known = [*guess.nulls, *STANDARD_NULLS, ""]
    present = bare.is_not_null() & ~bare.is_in(known)
    number = bare.str.replace(",", ".", literal=True) if decimal_comma else bare
    if guess.type == pl.Boolean():
        fits = bare.str.to_lowercase().is_in(list(TRUTH))
    else:
        fits = number.cast(pl.Float64, strict=False).is_not_null()
    whole = bare.cast(pl.Int64, strict=False).is_not_null()
    return {
        "stray": pl.when(present & ~fits).then(pl.col(_ROW)).min(),
        "fraction": (present & ~whole).any(),
        "spaced": (cell != bare).any(),
        "spelled": bare.is_in([n for n in STANDARD_NULLS if n not in guess.nulls]).any(),
    }


def _refined(guess: Guess, found: Mapping[str, Any]) -> Guess:
    if found["stray"] is not None and (guess.type == pl.Boolean() or not guess.firm):
        return replace(guess, type=pl.String(), nulls=(), cleaned=False, firm=True)
    if guess.type == pl.Int64() and found["fraction"]:
        guess = guess.widened(pl.Float64())
    if found["spelled"]:
        guess = replace(guess, nulls=tuple(dict.fromkeys((*guess.nulls, *STANDARD_NULLS))))
    return replace(guess, cleaned=True) if found["spaced"] else guess


def _values(frame: pl.LazyFrame, first: Mapping[str, int]) -> list[tuple[str, int, str]]:
    """The text of cells. first: column -> 0-based row."""
    if not first:
        return []
    wanted = pl.Series(sorted(set(first.values())), dtype=pl.UInt32)
    rows = (
        frame.with_row_index(_ROW).select(_ROW, *first).filter(pl.col(_ROW).is_in(wanted.implode()))
    )
    by_row = {row[_ROW]: row for row in rows.collect(engine="streaming").iter_rows(named=True)}
    return [(name, row, str(by_row[row][name])) for name, row in first.items()]


def _wrong_shape(part: Part, error: BaseException, text: Text) -> Exception:
    message = str(error)
    if "invalid utf-8" in message:
        return _not_utf8(part, text)
    if "found more fields" in message:
        return _ragged(part, text)
    if "as dtype `str`" in message or "CSV malformed" in message:
        return Unreadable(
            "a quote is opened and never closed, or stands in the middle of a cell",
            where=part.name,
            fix="read quotes as they are with --quote ''",
        )
    return unreadable(part.name, "CSV", error)


def _not_utf8(part: Part, text: Text) -> Unreadable:
    line = 1
    for block in text.records:
        try:
            block.decode()
        except UnicodeDecodeError as error:
            line += block.count(b"\n", 0, error.start)
            where = f"{part.name}, line {line}"
            return Unreadable("is not UTF-8", where=where, fix="say what it is: --encoding latin-1")
        line += block.count(b"\n")
    return Unreadable("is not UTF-8", where=part.name, fix="say what it is: --encoding latin-1")


def _ragged(part: Part, text: Text) -> Unreadable:
    width = len(part.guesses)
    row = text.first_row - text.header
    csv.field_size_limit(_FIELD_LIMIT)
    for block in text.records:
        lines = io.StringIO(block.decode(errors="replace"), newline="")
        for fields in _fields(lines, text):
            row += 1
            # Before the header is known, the first row sets the width.
            width = width or len(fields)
            if len(fields) > width:
                return Unreadable(
                    f"has {len(fields)} fields where there are {width} columns",
                    where=f"{part.name}, row {row}",
                    fix="quote fields that hold the separator, or name it with --separator",
                )
    return Unreadable("has rows with more fields than columns", where=part.name)


def _fields(lines: io.StringIO, text: Text) -> Iterator[list[str]]:
    if text.quote:
        return csv.reader(lines, delimiter=text.separator, quotechar=text.quote)
    return csv.reader(lines, delimiter=text.separator, quoting=csv.QUOTE_NONE)


def short(value: str) -> str:
    """The gist of a cell, or of a name, in a message."""
    plain = "".join(char if char.isprintable() else "?" for char in value)
    return plain if len(plain) <= 40 else plain[:37] + "..."
