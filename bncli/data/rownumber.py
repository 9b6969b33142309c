"""Columns that only number the rows: no feature, so ``fit`` leaves them out and says so."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from bncli.data.dataset import Dataset

LEAST_ROWS = 32
_LOOK_ROWS = 1024


def row_number_columns(dataset: Dataset, names: Sequence[str]) -> tuple[str, ...]:
    """Those of ``names`` whose whole numbers step by 1 from row to row, to the last.

    At least 32 rows, no nulls. A pipe cannot be read ahead: only its first rows are looked at.
    """
    possible = [name for name in names if _may_be(dataset, name)]
    if not possible:
        return ()
    first = dataset.peek(_LOOK_ROWS)
    if first.height < LEAST_ROWS:
        return ()
    likely = [name for name in possible if _steps(first[name], None)]
    if not likely or not dataset.rewindable:
        return tuple(likely)
    last: dict[str, int] = {}
    # 1 << 16 rows at a time: of other columns nothing is decoded.
    for chunk in dataset.chunks(1 << 16, columns=likely):
        likely = [name for name in likely if _steps(chunk.frame[name], last.get(name))]
        if not likely:
            break
        last = {name: int(chunk.frame[name][-1]) for name in likely}
    return tuple(likely)


def _may_be(dataset: Dataset, name: str) -> bool:
    kind = dataset.schema[name]
    # Whole numbers of a text pipe come as floats (they may turn out fractional later).
    return kind.is_integer() or (kind == pl.Float64() and not dataset.rewindable)


def _steps(column: pl.Series, before: int | None) -> bool:
    """Whether each value is one more than the one above it. before: the one above the first."""
    if column.null_count():
        return False
    whole = column.cast(pl.Int64, strict=False)
    if whole.null_count() or not bool((whole == column).all()):
        return False
    follows = before is None or int(whole[0]) == before + 1
    return follows and bool((whole.diff(null_behavior="drop") == 1).all())
