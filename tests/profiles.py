"""Profiles for tests, straight from columns in memory: no file, no fold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from bncli.shift.compare import Side
from bncli.stats.batches import Column
from bncli.stats.categories import Categories
from bncli.stats.covariance import Covariance
from bncli.stats.missing import Missing
from bncli.stats.moments import Moments
from bncli.stats.profile import Channel, Profile
from bncli.stats.quantiles import Quantiles
from bncli.stats.running import Pooled


def moments_of(values: np.ndarray) -> Moments:
    """Moments of one channel (no NaN in ``values``), shape ()."""
    x = np.asarray(values, dtype=np.float64)
    if not x.size:
        return Moments.empty()
    pivot = x.mean()
    rest = (x - pivot).mean()
    m2 = np.square(x - pivot - rest).sum()
    return Moments(np.int64(x.size), pivot, rest, np.float64(m2), np.float64(0), x.min(), x.max())


def side_of(
    columns: Mapping[str, Any],
    name: str = "data",
    *,
    sketch: int | None = None,
    profile: bool = True,
) -> Side:
    """A side from arrays (numeric; NaN is missing) and lists of str, bool or None (categorical).

    sketch: seal the quantiles to so many points; profile: False keeps moments only.
    """
    numeric = {key: np.asarray(column) for key, column in columns.items() if _is_numeric(column)}
    rows = max((len(column) for column in columns.values()), default=0)
    present = [_present(column) for column in numeric.values()]
    lost = np.array(
        [column.size - kept.size for column, kept in zip(numeric.values(), present, strict=True)],
        dtype=np.int64,
    )
    kept = [Quantiles.of(values) for values in present] if profile else []
    if sketch is not None:
        kept = [quantiles.sealed(sketch) for quantiles in kept]
    counted = {key: column for key, column in columns.items() if key not in numeric}
    return Side(
        name,
        rows,
        Profile(
            tuple(
                Channel(key, type="Int64" if column.dtype.kind in "iu" else "Float64")
                for key, column in numeric.items()
            ),
            rows,
            1,
            8192,
            _stacked([moments_of(values) for values in present]),
            Missing(lost, 0 * lost, 0 * lost),
            Pooled().empty(len(numeric)),
            tuple(kept),
            {key: categories_of(column) for key, column in counted.items()} if profile else {},
            {key: _category_type(column) for key, column in counted.items()} if profile else {},
            covariance=covariance_of(list(numeric.values()), rows) if profile else None,
        ),
    )


def covariance_of(columns: Sequence[np.ndarray], rows: int) -> Covariance | None:
    """Of the first 64 numeric columns that have all rows."""
    at = tuple(at for at, column in enumerate(columns) if column.size == rows)[:64]
    if not at or not rows:
        return None
    floats = [columns[place].astype(np.float64) for place in at]
    return Covariance.of(at, [Column(column, np.isnan(column)) for column in floats])


def frame_side(frame: pl.DataFrame, name: str = "data", **options: Any) -> Side:
    """A side from a polars frame; dates and times are left out."""
    columns: dict[str, Any] = {}
    for series in frame:
        if series.dtype.is_numeric():
            columns[series.name] = series.cast(pl.Float64).fill_null(np.nan).to_numpy()
        elif series.dtype in (pl.String, pl.Boolean):
            columns[series.name] = series.to_list()
    return side_of(columns, name, **options)


def categories_of(values: Sequence[str | bool | None], capacity: int = 10_000) -> Categories:
    texts = [str(value).lower() if isinstance(value, bool) else value for value in values]
    counts = Counter(text for text in texts if text is not None)
    present = sum(counts.values())
    return Categories(present, len(texts) - present, dict(counts)).limited(capacity)


def _is_numeric(column: Any) -> bool:
    return isinstance(column, np.ndarray) and column.dtype.kind in "iuf"


def _present(column: np.ndarray) -> np.ndarray:
    x = column.astype(np.float64)
    return x[~np.isnan(x)]


def _category_type(column: Sequence[Any]) -> str:
    return "Boolean" if any(isinstance(value, bool) for value in column) else "String"


def _stacked(states: Sequence[Moments]) -> Moments:
    fields = zip(*(state.arrays() for state in states), strict=True)
    return Moments(*(np.array(field) for field in fields)) if states else Moments.empty(0)
