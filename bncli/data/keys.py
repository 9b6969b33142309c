"""Columns whose values name groups of rows: text, whole numbers, truth values or dates.

A group is told by the text of its key. The same key reads the same wherever it comes from: 7 of an
integer column, 7.0 of one that holds missing values elsewhere, and the text 7 of a file copied
verbatim are one group. A row whose key is missing (null, or NaN) belongs to no group.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bncli.data.columns import require_columns
from bncli.data.dataset import Dataset
from bncli.data.guess import PADDED, STANDARD_NULLS, TRUTH
from bncli.data.naming import column
from bncli.errors import DataError

_TEXT = (pl.String(), pl.Categorical)
_NUMBERS = ("Int", "UInt", "Float", "Decimal")


@dataclass(frozen=True, slots=True)
class Key:
    """A column of keys. type: what it held when it was fitted, by polars' name."""

    column: str
    type: str

    @classmethod
    def of(cls, dataset: Dataset, column: str) -> Key:
        """Raises ColumnMissing, and DataError for a column that cannot name groups."""
        require_columns(dataset.schema, (column,), dataset.name)
        kind = dataset.schema[column]
        _check(kind, column, dataset.name)
        # The categories of an enumeration may be many, and are of no use here.
        return cls(column, "Enum" if isinstance(kind, pl.Enum) else str(kind))

    def texts(self, series: pl.Series) -> pl.Series:
        """The key of each row as text, null where there is none."""
        kind = series.dtype
        if kind.is_float():
            return _of_floats(series)
        texts = series.cast(pl.String)
        if not isinstance(kind, (pl.String, pl.Categorical, pl.Enum)):
            return texts
        if self.type.startswith(_NUMBERS):
            return texts.to_frame().select(_number(column(series.name))).to_series()
        if self.type == "Boolean":
            return texts.to_frame().select(_truth(column(series.name))).to_series()
        return texts

    def check(self, series: pl.Series, dataset: Dataset, first_row: int) -> None:
        """Raises DataError for a fraction, which may be no key: it would hardly be met again.

        first_row: of the series, in the dataset.
        """
        if not series.dtype.is_float():
            return
        whole = (series == series.floor()) & series.is_finite()
        bad = ~(whole | series.is_nan()).fill_null(True)
        place = bad.arg_max()
        if place is None or not bad[place]:
            return
        name, row = dataset.locate(first_row + place)
        raise DataError(
            f"row {row}: column '{self.column}' holds {series[place]}, and groups are named by "
            "text, whole numbers, truth values or dates",
            where=name,
            fix="group by another column",
        )


class Numbers:
    """Numbers keys in the order in which they turn up. known: the first ones."""

    def __init__(self, known: tuple[str, ...] = ()) -> None:
        self.known = {key: at for at, key in enumerate(known)}

    def of(self, texts: pl.Series, grow: bool = True) -> NDArray[np.int64]:
        """The number of each row's key; -1 where there is none or, unless they grow, for others."""
        found = texts.drop_nulls().unique(maintain_order=True)
        names: list[str] = found.to_list()
        if grow:
            numbers = [self.known.setdefault(name, len(self.known)) for name in names]
        else:
            numbers = [self.known.get(name, -1) for name in names]
        table = np.array([*numbers, -1], dtype=np.int64)
        places = texts.cast(pl.Enum(found)).to_physical().cast(pl.Int64).fill_null(len(names))
        numbered: NDArray[np.int64] = table[places.to_numpy()]
        return numbered


def _check(kind: pl.DataType, column: str, where: str) -> None:
    scaled = isinstance(kind, pl.Decimal) and kind.scale != 0
    plain = (pl.String, pl.Categorical, pl.Enum, pl.Boolean, pl.Date, pl.Null)
    if isinstance(kind, plain) or (kind.is_numeric() and not scaled):
        return
    raise DataError(
        f"column '{column}' is {kind}, and groups are named by text, whole numbers, truth values "
        "or dates",
        where=where,
        fix="group by another column",
    )


def _of_floats(series: pl.Series) -> pl.Series:
    """Whole numbers without a fraction's zero; others as they are."""
    x = column(series.name)
    whole = (x == x.floor()) & (x.abs() <= 2.0**53)
    text = pl.when(whole).then(x.cast(pl.Int64, strict=False).cast(pl.String))
    found = pl.when(x.is_not_nan()).then(text.otherwise(x.cast(pl.String)))
    return series.to_frame().select(found.alias(series.name)).to_series()


def _number(text: pl.Expr) -> pl.Expr:
    """Text in place of a number, written as a number's key; what is none stays as it is."""
    bare = text.str.strip_chars()
    real = bare.cast(pl.Float64, strict=False)
    whole = bare.cast(pl.Int64, strict=False)
    whole = whole.fill_null(pl.when(real == real.floor()).then(real).cast(pl.Int64, strict=False))
    read = pl.when(~bare.str.contains(PADDED)).then(whole.cast(pl.String)).fill_null(bare)
    return pl.when(~bare.is_in([*STANDARD_NULLS, ""])).then(read)


def _truth(text: pl.Expr) -> pl.Expr:
    bare = text.str.strip_chars().str.to_lowercase()
    return pl.when(bare.is_in(list(TRUTH))).then(bare).otherwise(text)
