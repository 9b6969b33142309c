"""Which columns are standardized, which are counted as categories, and which are left alone."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase

import polars as pl

from bncli.errors import ColumnMissing, DataError
from bncli.stats.layout import Layout

_CATEGORICAL = (pl.String, pl.Categorical, pl.Enum, pl.Boolean)
_TEMPORAL = (pl.Date, pl.Datetime, pl.Time)


@dataclass(frozen=True, slots=True)
class Selection:
    """The columns of a dataset by what is done with them; each in the dataset's order.

    numeric: standardized, tensors of numbers included. categorical: counted. target: never
    standardized. unsupported: (name, polars' type) of dates, nested and binary columns, which pass
    through untouched. layouts: of the tensors among the numeric ones, by name. temporal: the dates
    and times among the unsupported ones.
    """

    numeric: tuple[str, ...]
    categorical: tuple[str, ...] = ()
    target: tuple[str, ...] = ()
    unsupported: tuple[tuple[str, str], ...] = ()
    layouts: Mapping[str, Layout] = field(default_factory=dict)
    temporal: tuple[str, ...] = ()

    @property
    def used(self) -> tuple[str, ...]:
        """Numeric and categorical columns together."""
        return self.numeric + self.categorical

    def without(self, key: str, where: str | None = None, numbers_needed: bool = True) -> Selection:
        """The same, ``key`` among the standardized columns no more.

        Raises DataError when nothing else is there to standardize, where ``numbers_needed``.
        """
        numeric = tuple(name for name in self.numeric if name != key)
        if numbers_needed and not numeric:
            raise DataError(
                f"no numeric column to standardize but '{key}', which names the groups", where=where
            )
        layouts = {name: layout for name, layout in self.layouts.items() if name != key}
        return replace(self, numeric=numeric, layouts=layouts)


def select_columns(
    schema: pl.Schema,
    columns: Sequence[str] = (),
    exclude: Sequence[str] = (),
    target: Sequence[str] = (),
    column: Sequence[str] = (),
    where: str | None = None,
    layouts: Mapping[str, Layout] | None = None,
    numbers_needed: bool = True,
) -> Selection:
    """Choose columns; all of them where neither ``columns`` nor ``column`` is given.

    columns, exclude, target: as given on the command line, each ``a,b*,...`` (target without
    patterns); column: literal names. where: the dataset's name, for messages. layouts: of
    the tensor columns that have channels, by name.
    Raises ColumnMissing for a name or pattern that matches nothing; where ``numbers_needed``, also
    DataError for a named column that is no number, and when no numeric column is left.
    """
    named, tensors = [*split(columns), *column], layouts or {}
    chosen, literal = _matching(schema, split(columns), where), set(column)
    _check_literals(schema, column, where)
    literal |= {name for name in split(columns) if name in schema}
    targets = split(target)
    _check_literals(schema, targets, where)
    left_out = _matching(schema, split(exclude), where) | set(targets)
    wanted = (chosen | literal if named else set(schema)) - left_out
    if numbers_needed:
        _refuse_named(schema, {name for name in literal if name not in tensors} - left_out, where)
    selection = Selection(
        tuple(n for n in schema if n in wanted and (is_numeric(schema[n]) or n in tensors)),
        tuple(name for name in schema if name in wanted and is_categorical(schema[name])),
        tuple(name for name in schema if name in targets),
        tuple(
            (n, str(t))
            for n, t in schema.items()
            if n in wanted and n not in tensors and not _is_plain(t)
        ),
        {name: layout for name, layout in tensors.items() if name in wanted},
        tuple(name for name in schema if name in wanted and is_temporal(schema[name])),
    )
    if numbers_needed and not selection.numeric:
        raise _nothing_numeric(schema, selection, where)
    return selection


def is_numeric(kind: pl.DataType) -> bool:
    """Whether a column can be standardized: integers, floats, decimals."""
    return kind.is_numeric()


def is_categorical(kind: pl.DataType) -> bool:
    """Whether a column's values are counted: text, categories, truth values."""
    return isinstance(kind, _CATEGORICAL)


def is_temporal(kind: pl.DataType) -> bool:
    """Whether a column says when: dates, times, and both together."""
    return isinstance(kind, _TEMPORAL)


def split(options: Iterable[str]) -> list[str]:
    """``("a,b*", "c")`` as ``["a", "b*", "c"]``."""
    pieces = (piece.strip() for option in options for piece in option.split(","))
    return [piece for piece in pieces if piece]


def named_columns(
    schema: pl.Schema, patterns: Iterable[str], where: str | None = None
) -> tuple[str, ...]:
    """The columns that names and patterns, each ``a,b*,...``, mean, in the dataset's order.

    Raises ColumnMissing for one that matches nothing.
    """
    found = _matching(schema, split(patterns), where)
    return tuple(name for name in schema if name in found)


def require_columns(schema: pl.Schema, names: Sequence[str], where: str | None = None) -> None:
    """Raises ColumnMissing, for all of them together, when names are not in ``schema``."""
    _check_literals(schema, names, where)


def _is_plain(kind: pl.DataType) -> bool:
    return is_numeric(kind) or is_categorical(kind)


def _matching(schema: pl.Schema, patterns: Sequence[str], where: str | None) -> set[str]:
    found: set[str] = set()
    missing = []
    for pattern in patterns:
        names = [pattern] if pattern in schema else [n for n in schema if fnmatchcase(n, pattern)]
        if not names:
            missing.append(pattern)
        found.update(names)
    if missing:
        raise _missing(schema, missing, where)
    return found


def _check_literals(schema: pl.Schema, names: Sequence[str], where: str | None) -> None:
    missing = [name for name in names if name not in schema]
    if missing:
        raise _missing(schema, missing, where)


def _missing(schema: pl.Schema, names: Sequence[str], where: str | None) -> ColumnMissing:
    near = {name: _near(name, list(schema)) for name in names}
    hints = [f"'{hint}'" for hint in near.values() if hint]
    known = ", ".join(list(schema)[:8]) + (", ..." if len(schema) > 8 else "")
    fix = f"did you mean {', '.join(hints)}?" if hints else f"it has: {known}"
    if len(names) == 1:
        what = "matches" if any(char in names[0] for char in "*?[") else "is named"
        return ColumnMissing(f"no column {what} '{names[0]}'", where=where, fix=fix)
    quoted = ", ".join(f"'{name}'" for name in names[:10]) + (", ..." if names[10:] else "")
    return ColumnMissing(f"{len(names)} columns are not there: {quoted}", where=where, fix=fix)


def _near(name: str, known: Sequence[str]) -> str | None:
    folded = {other.lower(): other for other in known}
    match = difflib.get_close_matches(name.lower(), list(folded), n=1)
    return folded[match[0]] if match else None


def _refuse_named(schema: pl.Schema, names: set[str], where: str | None) -> None:
    wrong = [f"'{n}' ({t})" for n, t in schema.items() if n in names and not is_numeric(t)]
    lists = [f"'{n}'" for n, t in schema.items() if n in names and isinstance(t, pl.List)]
    if lists and len(lists) == len(wrong):
        raise DataError(
            f"lists of varying length have no channels: {', '.join(lists[:10])}",
            where=where,
            fix="name numeric columns, or store them as arrays of one length (polars: Array)",
        )
    if wrong:
        one = len(wrong) == 1
        raise DataError(
            f"column {wrong[0]} holds no numbers"
            if one
            else f"no numbers: {', '.join(wrong[:10])}",
            where=where,
            fix="name numeric columns only; of tensors, --tensor NAME=CHW:3x32x32 tells the layout",
        )


def _nothing_numeric(schema: pl.Schema, chosen: Selection, where: str | None) -> DataError:
    if not schema:
        return DataError("has no columns", where=where)
    held = ", ".join(f"'{n}' ({t})" for n, t in list(schema.items())[:6])
    return DataError(f"no numeric column to standardize; it has {held}", where=where)
