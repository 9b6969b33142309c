"""Why NDJSON could not be read: a type guessed too narrowly, a wrong value, or a broken line."""

from __future__ import annotations

import glob
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from bncli.data.csv_faults import Text, bad_cells, is_conversion, short, wrong_cells
from bncli.data.failures import FAILURES, unreadable
from bncli.data.parts import Part, Retyped
from bncli.errors import BadValue, BncliError, Unreadable

MOST_DEPTH = 64
# A text, which may hold brackets, or a bracket.
_BRACKET = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{}]')


def scan_json(origins: Sequence[Path | bytes], types: Mapping[str, pl.DataType]) -> pl.LazyFrame:
    """The values under ``types``' keys, all other keys left out."""
    # This reader alone takes every path for a pattern.
    named = [glob.escape(str(o)) if isinstance(o, Path) else o for o in origins]
    return pl.scan_ndjson(named, schema=dict(types))  # type: ignore[arg-type]


def explain(
    part: Part,
    error: BaseException,
    columns: Sequence[str],
    origin: Path | bytes,
    lines: Iterable[bytes],
    first_row: int = 0,
) -> Exception:
    """BadValue, Unreadable, or Retyped with better guesses. columns: those asked for; () = all."""
    if "cannot parse" not in str(error) and not is_conversion(error):
        return _broken_line(part, error, lines, first_row)
    suspects = {n: g for n, g in part.guesses.items() if g.numeric or g.type == pl.Boolean()}
    frame = scan_json([origin], dict.fromkeys(suspects, pl.String()))
    try:
        strays, better = wrong_cells(suspects, Text(frame, (), "", "", False, False, first_row))
    except FAILURES as deeper:
        return _broken_line(part, deeper, lines, first_row)
    told = [stray for stray in strays if not columns or stray.column in columns]
    if told:
        return bad_cells(part.name, told, part.guesses)
    if not better:
        # Numbers in quotes: which column, the message does not say.
        better = {n: g for n, g in suspects.items() if g.numeric and not g.cleaned}
        return Retyped({n: replace(g, cleaned=True) for n, g in better.items()})
    spelled = {n: replace(g, cleaned=True) for n, g in better.items() if g.nulls}
    return Retyped({**better, **spelled})


def refuse_depth(sample: bytes, name: str) -> None:
    """Raises Unreadable for a line nested so deep that its type could not be written down."""
    for row, line in enumerate(sample.split(b"\n"), 1):
        openings = line.count(b"[") + line.count(b"{")
        if openings > MOST_DEPTH and _is_deep(line):
            raise _unlike(name, row, f"nested too deep, more than {MOST_DEPTH} levels")


def _is_deep(line: bytes) -> bool:
    depth = 0
    for mark in _BRACKET.finditer(line):
        if mark[0] in b"[{":
            depth += 1
            if depth > MOST_DEPTH:
                return True
        elif mark[0] in b"]}":
            depth -= 1
    return False


def _broken_line(
    part: Part, error: BaseException, blocks: Iterable[bytes], first_row: int
) -> BncliError:
    row, kinds, mixed = first_row, _Kinds(), None
    for block in blocks:
        for line in block.split(b"\n"):
            if not line.strip():
                continue
            row += 1
            record, reason = _parsed(line)
            if reason:
                return _unlike(part.name, row, reason)
            mixed = mixed or kinds.stray(record, row)
    if mixed is not None:
        return BadValue(mixed[1], where=f"{part.name}, row {mixed[0]}")
    return unreadable(part.name, "NDJSON", error)


def _unlike(name: str, row: int, reason: str) -> Unreadable:
    return Unreadable(f"is no JSON object: {reason}", where=f"{name}, row {row}")


class _Kinds:
    """What kind of value each key had first, and where."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[str, int]] = {}

    def stray(self, record: Mapping[str, Any], row: int) -> tuple[int, str] | None:
        """The row and what is wrong in it, where a value is of another kind than the first."""
        for name, value in record.items():
            if value is None:
                continue
            kind = _KIND.get(type(value), "a plain value")
            first, place = self._seen.setdefault(name, (kind, row))
            if kind != first:
                return row, f"column '{short(name)}' holds {kind} here, and {first} in row {place}"
        return None


_KIND: dict[type[Any], str] = {dict: "an object", list: "a list"}


def _parsed(line: bytes) -> tuple[Mapping[str, Any], str | None]:
    """The record of a line, and why it is none."""
    try:
        record = json.loads(line, parse_constant=_refuse_constant, parse_float=_finite)
    except RecursionError:
        return {}, "nested too deep"
    except UnicodeDecodeError:
        return {}, "not UTF-8"
    except ValueError as error:
        return {}, str(error)
    if not isinstance(record, dict):
        return {}, f"a {type(record).__name__} instead"
    return record, None


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON; write null")


def _finite(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError(f"{text[:40]} is beyond the range of a float64")
    return value
