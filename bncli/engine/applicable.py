"""Which columns of a dataset a standardizer can be applied to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bncli.data.dataset import Dataset
from bncli.data.tensors import layout_of
from bncli.errors import BncliError, ColumnMissing, DataError, listed
from bncli.standardize.standardizer import Standardizer

if TYPE_CHECKING:
    import polars as pl


def applicable_columns(
    dataset: Dataset, standardizer: Standardizer, features: Sequence[str], artifact: str
) -> tuple[str, ...]:
    """Those of ``features`` that are there.

    Raises ColumnMissing and DataError, all together, for those that are not (unless nulls were
    asked for instead) or that hold something else than was fitted on.
    """
    schema = dataset.schema
    missing = [f"'{name}'" for name in features if name not in schema]
    if missing and dataset.options.missing_columns == "raise":
        many = f"{len(missing)} columns" if len(missing) > 1 else "a column"
        raise ColumnMissing(
            f"'{dataset.name}' lacks {many} that {artifact} was fitted on: " + shown(missing),
            fix="fit again on the columns both have, or pass --missing-columns null",
        )
    present = tuple(name for name in features if name in schema)
    layouts = {channel.feature: channel.layout for channel in standardizer.channels}
    wrong = [
        f"column '{name}' is {schema[name]}, and {artifact} was fitted on "
        + (layouts[name] or "numbers")
        for name in present
        if not _fits(schema[name], layouts[name])
    ]
    if wrong:
        raise DataError(
            listed(wrong),
            where=dataset.name,
            fix="mend the file; spellings of missing are named with --null-values",
        )
    return present


def shown(names: Sequence[str], most: int = 10) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if names[most:] else "")


def _fits(kind: pl.DataType, layout: str | None) -> bool:
    """Whether a column holds what its statistics are of."""
    if layout is None:
        return kind.is_numeric() or str(kind) == "Null"
    try:
        return layout_of(kind, layout, "") is not None
    except BncliError:
        return False
