"""Frames with some columns computed anew: in place, or beside the originals.

Everything else passes through untouched, with its type, where it stands.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bncli.data.formulas import Finish, Formula
from bncli.data.naming import column
from bncli.data.tensors import flat, inner_of, shape_of, unflat
from bncli.errors import UsageError

Frame = TypeVar("Frame", pl.DataFrame, pl.LazyFrame)


def expressions(
    schema: pl.Schema, formulas: Mapping[str, Formula], finish: Finish
) -> list[pl.Expr]:
    """Every column of the result, in order.

    formulas: by the column they read and replace. One that ``schema`` lacks is added at the end.
    Raises UsageError when a computed column would take the name of another.
    """
    _check_names(schema, formulas, finish)
    chosen: list[pl.Expr] = []
    for name, dtype in schema.items():
        if name not in formulas or finish.suffix:
            chosen.append(column(name))
        if name in formulas:
            result = formulas[name].result(name, dtype, finish)
            chosen.append(result.alias(finish.name(name)))
    lacking = [name for name in formulas if name not in schema]
    return chosen + [formulas[name].nothing(finish).alias(finish.name(name)) for name in lacking]


def result_schema(schema: pl.Schema, chosen: Sequence[pl.Expr]) -> pl.Schema:
    return pl.LazyFrame(schema=schema).select(chosen).collect_schema()


def watched(
    frame: pl.LazyFrame, columns: Sequence[str], watch: Callable[[int, bool], None]
) -> pl.LazyFrame:
    """The same frame, every piece of which is told to ``watch`` as it streams by.

    watch: gets the rows of the piece and whether any of ``columns`` (floats or tensors of them, at
    least one) holds an infinity, from a thread of polars. What it raises ends the query.
    """

    def look(piece: Sequence[pl.Series]) -> pl.Series:
        watch(len(piece[0]), any(map(_has_infinity, piece)))
        return piece[0]

    # One call for all columns: the lock of the interpreter is taken once per piece.
    dtype = frame.collect_schema()[columns[0]]
    seen = pl.map_batches(
        [column(name) for name in columns], look, return_dtype=dtype, is_elementwise=True
    )
    return frame.with_columns(seen.alias(columns[0]))


def _has_infinity(column: pl.Series) -> bool:
    values = flat(column)
    # A finite sum, ten times quicker than a look at every value, has no infinite term.
    return not math.isfinite(values.sum()) and bool(values.is_infinite().any())


def floating(schema: pl.Schema, columns: Sequence[str]) -> list[str]:
    """Those of the columns that can hold infinities."""
    return [name for name in columns if name in schema and inner_of(schema[name]).is_float()]


def extremes(frame: pl.DataFrame, columns: Sequence[str]) -> NDArray[np.float64]:
    """Smallest and largest value of each column, NaN left out. Shape (2, columns)."""
    singles = [name for name in columns if shape_of(frame.schema[name]) is None]
    wanted = [column(name).cast(pl.Float64) for name in singles]
    lows = frame.select(x.min() for x in wanted).row(0) if wanted else ()
    highs = frame.select(x.max() for x in wanted).row(0) if wanted else ()
    ends = dict(zip(singles, zip(lows, highs, strict=True), strict=True))
    for name in columns:
        if name not in ends:
            values = flat(frame[name]).cast(pl.Float64)
            ends[name] = (values.min(), values.max())
    found = np.array([ends[name] for name in columns], dtype=np.float64)
    return found.reshape(len(columns), 2).T


def first_infinite(frame: pl.DataFrame, column: str) -> tuple[int, Any]:
    """Row and value of the first infinity of a column that has one."""
    values = flat(frame[column])
    place = values.is_infinite().fill_null(False).arg_max()
    assert place is not None
    return place * frame.height // values.len(), values[place]


def without_infinite(frame: Frame, columns: Sequence[str]) -> Frame:
    """The frame with infinities of these columns as null."""
    schema = frame.collect_schema()
    return frame.with_columns(
        _finite(name).alias(name)
        if shape_of(schema[name]) is None
        else column(name).map_batches(
            _finite_tensor, return_dtype=schema[name], is_elementwise=True
        )
        for name in columns
    )


def _finite(name: str) -> pl.Expr:
    return pl.when(column(name).is_infinite().not_()).then(column(name))


def _finite_tensor(column: pl.Series) -> pl.Series:
    values = flat(column).alias("values").to_frame().select(_finite("values")).to_series()
    return unflat(values, column)


def _check_names(schema: pl.Schema, formulas: Mapping[str, Formula], finish: Finish) -> None:
    if not finish.suffix:
        return
    taken = [f"'{n}{finish.suffix}'" for n in formulas if f"{n}{finish.suffix}" in schema]
    if taken:
        raise UsageError(
            f"--suffix {finish.suffix}: there is a column {', '.join(taken[:10])} already",
            fix="choose another suffix",
        )
