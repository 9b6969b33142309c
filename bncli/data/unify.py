"""One schema over several files: the first file's columns, in its order, in their common types."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

import polars as pl

from bncli.data.csv_faults import Stray, bad_cells
from bncli.data.formats import ReadOptions
from bncli.data.guess import PADDED, agreed
from bncli.data.naming import column as by_name
from bncli.data.parts import Part
from bncli.errors import BncliError, ColumnMissing, DataError, listed

_Columns: TypeAlias = tuple[str, Mapping[str, pl.DataType]]


def unified(parts: Sequence[Part], options: ReadOptions) -> tuple[list[Part], pl.Schema]:
    """The parts with guesses that agree, and the schema of the whole, path columns last.

    Raises ColumnMissing, BadValue, DataError; all files' problems together.
    """
    same = _typed_paths(_agreeing(parts))
    columns = [(part.name, full_schema(part)) for part in same]
    _check_columns(columns, options)
    # Thousands of files mostly have the same schema: each kind is looked at once.
    kinds = {tuple(schema.items()): (name, schema) for name, schema in reversed(columns)}
    distinct = list(reversed(kinds.values()))
    return same, pl.Schema({name: _common(name, distinct) for name in columns[0][1]})


def full_schema(part: Part) -> dict[str, pl.DataType]:
    """A part's own columns and those of its path; its own win."""
    constants = {key: _path_type(value) for key, value in part.hive}
    return {**part.schema, **{k: v for k, v in constants.items() if k not in part.schema}}


def conformed(frame: pl.LazyFrame, part: Part, schema: pl.Schema) -> pl.LazyFrame:
    """Rows of ``part`` (and of any like it) under the whole dataset's schema."""
    own = part.schema
    if list(own.items()) == list(schema.items()):
        return frame
    constants = dict(part.hive)

    def column(name: str, kind: pl.DataType) -> pl.Expr:
        if name in own:
            return by_name(name) if own[name] == kind else by_name(name).cast(kind)
        return pl.lit(constants.get(name), kind).alias(name)

    return frame.select(column(name, kind) for name, kind in schema.items())


def _agreeing(parts: Sequence[Part]) -> list[Part]:
    names = dict.fromkeys(name for part in parts for name in part.guesses)
    shared, problems = {}, []
    for name in names if len(parts) > 1 else ():
        having = [part for part in parts if name in part.guesses]
        guess = agreed((part.name, part.guesses[name]) for part in having)
        stored = {part.schema[name] for part in parts if name in part.schema} - {
            part.guesses[name].type for part in having
        }
        if guess is None:
            problems.append(_conflict(name, having))
        elif not guess.firm and pl.String() in stored:
            shared[name] = guess.widened(pl.String())
        else:
            shared[name] = guess
    if problems:
        raise _together(problems)
    return [part.guessed(shared) if part.guesses else part for part in parts]


def _conflict(name: str, parts: Sequence[Part]) -> BncliError:
    numeric = next((part for part in parts if part.guesses[name].numeric), None)
    text = next((part for part in parts if part.guesses[name].example), None)
    if numeric is None or text is None:
        return _type_error(name, [(part.name, part.schema[name]) for part in parts])
    example = text.guesses[name].example
    assert example is not None
    cell = Stray(example.row, name, example.value)
    error = bad_cells(text.name, [cell], text.guesses)
    error.message += f" (it holds numbers in {numeric.name})"
    return type(error)(error.message, where=error.where, fix=error.fix)


def _typed_paths(parts: Sequence[Part]) -> list[Part]:
    """Path values as Int64 where all of a key's values are whole numbers, else as text."""
    values: dict[str, list[str]] = {}
    for part in parts:
        for key, value in part.hive:
            if isinstance(value, str):
                values.setdefault(key, []).append(value)
    whole = {key for key, texts in values.items() if _all_whole(texts)}
    if not whole:
        return list(parts)
    return [
        replace(
            part,
            hive=tuple((k, int(v) if k in whole and v is not None else v) for k, v in part.hive),
        )
        for part in parts
    ]


def _all_whole(texts: Iterable[str]) -> bool:
    cells = pl.Series(list(texts), dtype=pl.String)
    padded = cells.str.contains(PADDED).any()
    return not padded and cells.cast(pl.Int64, strict=False).null_count() == 0


def _path_type(value: str | int | None) -> pl.DataType:
    if value is None:
        return pl.Null()
    return pl.Int64() if isinstance(value, int) else pl.String()


def _check_columns(columns: Sequence[_Columns], options: ReadOptions) -> None:
    first, wanted = columns[0]
    problems: list[BncliError] = []
    for file, here in columns[1:]:
        if here.keys() == wanted.keys():
            continue
        lacking = [name for name in wanted if name not in here]
        extra = [name for name in here if name not in wanted]
        if lacking and options.missing_columns == "raise":
            problems.append(_lacks(file, lacking, first))
        if extra and options.extra_columns == "raise":
            problems.append(_exceeds(file, extra, first))
    if problems:
        raise _together(problems)


def _lacks(file: str, names: Sequence[str], first: str) -> ColumnMissing:
    return ColumnMissing(
        f"'{file}' lacks {_columns(names)} that '{first}' has: {_quoted(names)}",
        fix="read them as missing with --missing-columns null",
    )


def _exceeds(file: str, names: Sequence[str], first: str) -> ColumnMissing:
    return ColumnMissing(
        f"'{file}' has {_columns(names)} that '{first}' lacks: {_quoted(names)}",
        fix="leave them out with --extra-columns ignore",
    )


def _common(name: str, columns: Sequence[_Columns]) -> pl.DataType:
    kinds = [(file, schema[name]) for file, schema in columns if name in schema]
    kind = kinds[0][1]
    for _, other in kinds[1:]:
        both = common_type(kind, other)
        if both is None:
            raise _type_error(name, kinds)
        kind = both
    return kind


def common_type(one: pl.DataType, other: pl.DataType) -> pl.DataType | None:
    """The type that holds both without loss of meaning; None where there is none."""
    if one == other or other == pl.Null():
        return one
    if one == pl.Null():
        return other
    if one.is_numeric() and other.is_numeric():
        return _wider(one, other)
    texts = (pl.String, pl.Categorical, pl.Enum)
    if isinstance(one, texts) and isinstance(other, texts):
        return pl.String()
    if isinstance(one, pl.Datetime) and isinstance(other, pl.Datetime):
        return one if one.time_zone == other.time_zone else None
    return None


def _wider(one: pl.DataType, other: pl.DataType) -> pl.DataType:
    if one.is_integer() and other.is_integer():
        signed = [kind for kind in (one, other) if kind.is_signed_integer()]
        if pl.UInt64() in (one, other) and signed:
            return pl.Float64()
        empty = [pl.DataFrame(schema={"x": kind}) for kind in (one, other)]
        return pl.concat(empty, how="vertical_relaxed").schema["x"]
    return pl.Float64()


def _type_error(name: str, kinds: Sequence[tuple[str, pl.DataType]]) -> DataError:
    first_file, first = kinds[0]
    file, other = next(
        pair for pair in kinds if pair[1] != first and common_type(first, pair[1]) is None
    )
    return DataError(
        f"column '{name}' holds {word(other)} here, but {word(first)} in {first_file}",
        where=file,
        fix="give both files the same type, or read them apart",
    )


def word(kind: pl.DataType) -> str:
    """What people call a type, with polars' name for it."""
    if kind.is_numeric():
        plain = "numbers"
    elif isinstance(kind, pl.String | pl.Categorical | pl.Enum):
        plain = "text"
    elif kind == pl.Boolean():
        plain = "truth values"
    elif kind.is_temporal():
        plain = "dates or times"
    else:
        plain = "nested values" if kind.is_nested() else "values"
    return f"{plain} ({kind})"


def _together(problems: Sequence[BncliError]) -> BncliError:
    """Several errors of one family as one. The first one's class, and every one's fix once."""
    if len(problems) == 1:
        return problems[0]
    lines = [f"{p.where}: {p.message}" if p.where else p.message for p in problems]
    fixes = dict.fromkeys(p.fix for p in problems if p.fix)
    text = f"{len(problems)} things differ between the files:\n  {listed(lines, 8)}"
    return type(problems[0])(text, fix="\n  ".join(list(fixes)[:2]) or None)


def _columns(names: Sequence[str]) -> str:
    return "1 column" if len(names) == 1 else f"{len(names)} columns"


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f"'{name}'" for name in names[:10]) + (", ..." if names[10:] else "")
