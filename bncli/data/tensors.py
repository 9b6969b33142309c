"""Tensor columns: a row of one holds an array of fixed shape, an image for one.

Arrow's fixed-shape tensors and polars' ``Array`` of several dimensions carry their shape; a flat
``Array`` (Arrow's fixed-size list) is one where the user says how it is laid out. Nothing here
copies values where polars and numpy can share them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import prod
from typing import cast

import polars as pl

from bncli.data.naming import unnamed
from bncli.data.values import Values, numeric_values
from bncli.errors import DataError, UsageError
from bncli.stats.layout import Layout

TENSOR = "arrow.fixed_shape_tensor"
_AXES = {2: "CL", 3: "CHW", 4: "CDHW"}


def tensor_layouts(
    schema: pl.Schema, asked: Mapping[str, str], where: str | None = None
) -> dict[str, Layout]:
    """The layout of every tensor column of numbers, by name.

    asked: what the user says of some columns, ``CHW:3x32x32`` or, where the type carries the shape,
    ``HWC`` alone. Raises DataError for a column that is not there or no tensor, UsageError for a
    layout that cannot be meant.
    """
    missing = [f"'{name}'" for name in asked if name not in schema]
    if missing:
        raise DataError(f"no column named {', '.join(missing)}", where=where, fix="mend --tensor")
    found = {}
    for name, kind in schema.items():
        layout = layout_of(kind, asked.get(name), name, where)
        if layout is not None:
            found[name] = layout
    return found


def layout_of(
    kind: pl.DataType, asked: str | None, name: str, where: str | None = None
) -> Layout | None:
    """The layout of one column; None where it is no tensor of numbers, or a flat array of which
    nobody says how it is laid out."""
    shape = shape_of(kind)
    if shape is None:
        if asked is not None:
            raise DataError(_no_tensor(kind, name), where=where, fix="leave it out of --tensor")
        return None
    if asked is None:
        axes = _own_axes(kind, shape)
        return None if axes is None else Layout(axes, shape)
    return _told(asked, shape, kind, name)


def shape_of(kind: pl.DataType) -> tuple[int, ...] | None:
    """The shape of a row, slowest axis first; None where this is no tensor of numbers."""
    if isinstance(kind, pl.Extension):
        storage = kind.ext_storage()
        if kind.ext_name() != TENSOR or not isinstance(storage, pl.Array):
            return None
        shape = _metadata(kind).get("shape") or list(storage.shape)
        usable = prod(shape) == prod(storage.shape) and all(size > 0 for size in shape)
        return tuple(shape) if usable and inner_of(kind).is_numeric() else None
    if not isinstance(kind, pl.Array) or not inner_of(kind).is_numeric() or 0 in kind.shape:
        return None
    return tuple(kind.shape)


def inner_of(kind: pl.DataType) -> pl.DataType:
    """The type of the single values."""
    inner = kind.ext_storage() if isinstance(kind, pl.Extension) else kind
    while isinstance(inner, pl.Array):
        inner = inner.inner
    return cast(pl.DataType, inner)


def with_inner(kind: pl.DataType, inner: pl.DataType) -> pl.DataType:
    """The same tensor type, its values of another type."""
    if isinstance(kind, pl.Extension):
        storage = with_inner(cast(pl.DataType, kind.ext_storage()), inner)
        return pl.Extension(kind.ext_name(), storage, kind.ext_metadata())
    assert isinstance(kind, pl.Array)
    return pl.Array(inner, kind.shape)


def flat(column: pl.Series) -> pl.Series:
    """The values one after the other; a missing row counts as so many missing values."""
    column = unnamed(column)
    stored = column.ext.storage() if isinstance(column.dtype, pl.Extension) else column
    if not isinstance(stored.dtype, pl.Array):
        return stored
    return stored.reshape((stored.len() * prod(stored.dtype.shape),))


def unflat(values: pl.Series, like: pl.Series) -> pl.Series:
    """Values one after the other as a tensor column; null where ``like`` is, and of its kind."""
    kind = like.dtype
    storage = kind.ext_storage() if isinstance(kind, pl.Extension) else kind
    assert isinstance(storage, pl.Array)
    rows = values.reshape((like.len(), *storage.shape)).alias(like.name)
    if like.null_count():
        rows = rows.to_frame().select(pl.when(pl.lit(like.is_not_null())).then(rows)).to_series()
    if isinstance(kind, pl.Extension):
        rows = rows.ext.to(with_inner(kind, values.dtype))
    return rows.alias(like.name)


def tensor_values(column: pl.Series, layout: Layout) -> list[Values]:
    """The numbers of every channel, row after row: shape (rows * positions,) each."""
    together = flat(column).alias("values")
    (whole,) = numeric_values(together.to_frame(), ["values"])
    channels = layout.split(whole.values)
    if not whole.nulls:
        return [Values(values, 0) for values in channels]
    nulls = layout.split(together.is_null().to_numpy())
    counts = (int(mask.sum()) for mask in nulls)
    masks = nulls if whole.missing is not None else [None] * len(nulls)
    return [Values(*one) for one in zip(channels, counts, masks, strict=True)]


def _own_axes(kind: pl.DataType, shape: tuple[int, ...]) -> str | None:
    """Which axis is which, by what the type says or, of images, by custom."""
    if not isinstance(kind, pl.Extension):
        return _AXES.get(len(shape))
    metadata = _metadata(kind)
    names = "".join(str(name).upper() for name in metadata.get("dim_names") or ())
    if len(names) == len(shape) and names.isalpha() and names.count("C") == 1:
        return names if len(set(names)) == len(names) else None
    axes = {1: "C", **_AXES}.get(len(shape))
    order = metadata.get("permutation")
    if axes is None or not order:
        return axes
    # Logical axis i is the physical axis order[i].
    return "".join(axes[order.index(at)] for at in range(len(shape)))


def _metadata(kind: pl.Extension) -> dict[str, list[int]]:
    try:
        found = json.loads(kind.ext_metadata() or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _told(asked: str, shape: tuple[int, ...], kind: pl.DataType, name: str) -> Layout:
    try:
        layout = Layout.parse(asked) if ":" in asked else Layout(asked, shape)
    except ValueError as error:
        raise UsageError(
            f"--tensor {name}={asked}: {error}", fix=f"for example --tensor {name}=CHW:3x32x32"
        ) from None
    flat_shape = len(shape) == 1 and not isinstance(kind, pl.Extension)
    if prod(shape) != layout.values or not (flat_shape or shape == layout.sizes):
        told = "x".join(map(str, shape))
        raise UsageError(f"--tensor {name}={asked}: a row of '{name}' is {told}")
    return layout


def _no_tensor(kind: pl.DataType, name: str) -> str:
    if isinstance(kind, pl.List):
        return f"column '{name}' holds lists of varying length, which have no channels"
    return f"column '{name}' is {kind}, no tensor of numbers"
