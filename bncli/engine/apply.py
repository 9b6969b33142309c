"""Applying a standardizer: rows through it, forth (``transform``) and back (``inverse``)."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from bncli.data.batches import Tail
from bncli.data.dataset import Dataset
from bncli.data.encoding import WriteOptions
from bncli.data.formulas import Finish
from bncli.data.targets import PathLike
from bncli.data.tensors import layout_of
from bncli.engine.batch_mode import OwnStatistics
from bncli.engine.rewriting import Fixed, Guard, NonFinitePolicy, Rewriter
from bncli.engine.work import Applied, Progress, Work
from bncli.errors import BncliError, BncliWarning, ColumnMissing, DataError, UsageError, listed
from bncli.standardize.affine import Coefficients, coefficients
from bncli.standardize.standardizer import Standardizer

if TYPE_CHECKING:
    import polars as pl

Dtype = Literal["float64", "float32"]


def transform(
    dataset: Dataset,
    standardizer: Standardizer,
    target: PathLike,
    *,
    statistics: Literal["running", "batch"] = "running",
    batch_size: int | None = None,
    tail: Tail = "keep",
    nonfinite: NonFinitePolicy = "error",
    fill_missing: float | None = None,
    dtype: Dtype = "float64",
    suffix: str | None = None,
    embed: Mapping[str, str] | None = None,
    artifact: str = "the artifact",
    progress: Progress | None = None,
    **writing: Any,
) -> Applied:
    """Standardize the columns that ``standardizer`` was fitted on; others pass through untouched.

    statistics: the running ones of the artifact, or each mini-batch's own ("batch": mini-batches
    of batch_size rows, by default as fitted; tail: what becomes of a ragged last one). nonfinite:
    stop at infinities or take them as missing. fill_missing: written for missing values, which
    stay as they are otherwise. dtype: of computed columns. suffix: keep the originals. embed:
    metadata of Parquet output that lets ``inverse`` undo it; left out where it could not.
    artifact: what messages call the standardizer. writing: of ``WriteOptions``.

    Raises ColumnMissing, DataError, NonFinite, OutputExists, UsageError; nothing is then written.
    """
    if fill_missing is not None and not math.isfinite(fill_missing):
        raise UsageError(f"--fill-missing {fill_missing} is no value", fix="0 is the mean")
    finish = Finish(fill_missing, dtype, suffix)
    guard = Guard(dataset, _columns(dataset, standardizer, artifact), nonfinite)
    if statistics == "batch":
        size = batch_size or standardizer.profile.batch_size
        rewriter: Rewriter = OwnStatistics.of(guard, standardizer, finish)
        work = Work(dataset, rewriter, target, size, tail, progress)
        return work.run(guard.columns, WriteOptions(**writing), None)
    found = coefficients(standardizer)
    work = Work(dataset, Fixed.forward(guard, found, finish), target, progress=progress)
    # With the originals beside them there is nothing to bring back.
    applied = work.run(guard.columns, WriteOptions(**writing), None if suffix else embed)
    _warn_forward(found)
    return applied


def inverse(
    dataset: Dataset,
    standardizer: Standardizer,
    target: PathLike,
    *,
    nonfinite: NonFinitePolicy = "error",
    dtype: Dtype = "float64",
    suffix: str | None = None,
    embed: Mapping[str, str] | None = None,
    artifact: str = "the artifact",
    progress: Progress | None = None,
    **writing: Any,
) -> Applied:
    """Bring standardized columns back to their original units; options as those of ``transform``.

    ``embed`` is not used: what is written is not standardized any more.
    Raises UsageError, by name, where gamma is 0, and what ``transform`` raises.
    """
    guard = Guard(dataset, _columns(dataset, standardizer, artifact), nonfinite)
    found = coefficients(standardizer)
    found.check_invertible()
    rewriter = Fixed.backward(guard, found, Finish(None, dtype, suffix))
    work = Work(dataset, rewriter, target, progress=progress)
    applied = work.run(guard.columns, WriteOptions(**writing), None)
    _warn_backward(found)
    return applied


def _columns(dataset: Dataset, standardizer: Standardizer, artifact: str) -> tuple[str, ...]:
    """The columns to compute that are there.

    Raises ColumnMissing and DataError, all together, for those that are not or hold no numbers.
    """
    schema, features = dataset.schema, standardizer.features
    missing = [f"'{name}'" for name in features if name not in schema]
    if missing and dataset.options.missing_columns == "raise":
        many = f"{len(missing)} columns" if len(missing) > 1 else "a column"
        raise ColumnMissing(
            f"'{dataset.name}' lacks {many} that {artifact} was fitted on: " + _shown(missing),
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


def _fits(kind: pl.DataType, layout: str | None) -> bool:
    """Whether a column holds what its statistics are of."""
    if layout is None:
        return kind.is_numeric() or str(kind) == "Null"
    try:
        return layout_of(kind, layout, "") is not None
    except BncliError:
        return False


def _shown(names: list[str], most: int = 10) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if names[most:] else "")


def _warn_forward(found: Coefficients) -> None:
    _warn(found.labels(found.unknown), "has no statistics and was made missing")
    _warn(
        found.labels(found.level),
        "has a running variance of 0 with eps 0 and became beta everywhere; fit with --eps",
    )


def _warn_backward(found: Coefficients) -> None:
    _warn(found.labels(found.unknown), "has no statistics and was made missing")
    _warn(found.labels(found.flat), "had no spread and came back as its mean")


def _warn(names: list[str], what: str) -> None:
    if names:
        warnings.warn(f"column {_shown(names)} {what}", BncliWarning, stacklevel=4)
