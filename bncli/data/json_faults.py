"""Why NDJSON could not be read: a type guessed too narrowly, a wrong value, or a broken line."""

from __future__ import annotations

import glob
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from bncli.data.csv_faults import Text, bad_cells, is_conversion, wrong_cells
from bncli.data.failures import FAILURES, unreadable
from bncli.data.parts import Part, Retyped
from bncli.errors import BncliError, Unreadable


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


def _broken_line(
    part: Part, error: BaseException, blocks: Iterable[bytes], first_row: int
) -> BncliError:
    row = first_row
    for block in blocks:
        for line in block.split(b"\n"):
            if not line.strip():
                continue
            row += 1
            reason = _fault(line)
            if reason:
                return Unreadable(f"is no JSON object: {reason}", where=f"{part.name}, row {row}")
    return unreadable(part.name, "NDJSON", error)


def _fault(line: bytes) -> str | None:
    try:
        record = json.loads(line, parse_constant=_refuse_constant)
    except RecursionError:
        return "nested too deep"
    except UnicodeDecodeError:
        return "not UTF-8"
    except ValueError as error:
        return str(error)
    return None if isinstance(record, dict) else f"a {type(record).__name__} instead"


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON; write null")
