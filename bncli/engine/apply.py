"""Applying a standardizer: rows through it, forth (``transform``) and back (``inverse``)."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from typing import Any, Literal

from bncli.data.batches import Tail
from bncli.data.dataset import Dataset
from bncli.data.encoding import WriteOptions
from bncli.data.formulas import Finish
from bncli.data.targets import PathLike
from bncli.engine.applicable import applicable_columns, shown
from bncli.engine.batch_mode import OwnStatistics
from bncli.engine.by_group import ByGroup, Unseen
from bncli.engine.rewriting import Fixed, Guard, NonFinitePolicy, Rewriter
from bncli.engine.work import Applied, Progress, Work
from bncli.errors import BncliWarning, UsageError
from bncli.standardize.affine import Coefficients, coefficients
from bncli.standardize.grouped import GroupCoefficients
from bncli.standardize.standardizer import Standardizer

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
    unseen: Unseen = "fallback",
    embed: Mapping[str, str] | None = None,
    artifact: str = "the artifact",
    progress: Progress | None = None,
    **writing: Any,
) -> Applied:
    """Standardize the columns that ``standardizer`` was fitted on; others pass through untouched.

    statistics: the running ones of the artifact, or each mini-batch's own ("batch": mini-batches
    of batch_size rows, by default as fitted; tail: what becomes of a ragged last one). nonfinite:
    stop at infinities or take them as missing. fill_missing: written for missing values, which
    stay as they are otherwise. dtype: of computed columns. suffix: keep the originals. unseen: with
    statistics per group, rows of another group (or of none) take those of all rows, with
    one warning ("fallback"), or raise DataError ("fail"). embed: metadata of Parquet output that
    lets ``inverse`` undo it; left out where it could not. artifact: what messages call the
    standardizer. writing: of ``WriteOptions``.

    Raises ColumnMissing, DataError, NonFinite, OutputExists, UsageError; nothing is then written.
    """
    if fill_missing is not None and not math.isfinite(fill_missing):
        raise UsageError(f"--fill-missing {fill_missing} is no value", fix="0 is the mean")
    finish = Finish(fill_missing, dtype, suffix)
    guard = Guard(
        dataset,
        applicable_columns(dataset, standardizer, standardizer.features, artifact),
        nonfinite,
    )
    if standardizer.profile.groups is not None:
        _refuse_batches(statistics, standardizer.profile.groups.column)
        by_group = ByGroup.of(guard, standardizer, GroupCoefficients.forward, finish, unseen)
        return _by_group(by_group, target, None if suffix else embed, progress, writing)
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
    unseen: Unseen = "fallback",
    embed: Mapping[str, str] | None = None,
    artifact: str = "the artifact",
    progress: Progress | None = None,
    **writing: Any,
) -> Applied:
    """Bring standardized columns back to their original units; options as those of ``transform``.

    ``embed`` is not used: what is written is not standardized any more.
    Raises UsageError, by name, where gamma is 0, and what ``transform`` raises.
    """
    guard = Guard(
        dataset,
        applicable_columns(dataset, standardizer, standardizer.features, artifact),
        nonfinite,
    )
    if standardizer.profile.groups is not None:
        finish = Finish(None, dtype, suffix)
        by_group = ByGroup.of(guard, standardizer, GroupCoefficients.backward, finish, unseen)
        by_group.found.check_invertible()
        return _by_group(by_group, target, None, progress, writing)
    found = coefficients(standardizer)
    found.check_invertible()
    rewriter = Fixed.backward(guard, found, Finish(None, dtype, suffix))
    work = Work(dataset, rewriter, target, progress=progress)
    applied = work.run(guard.columns, WriteOptions(**writing), None)
    _warn_backward(found)
    return applied


def _by_group(
    rewriter: ByGroup,
    target: PathLike,
    embed: Mapping[str, str] | None,
    progress: Progress | None,
    writing: Mapping[str, Any],
) -> Applied:
    work = Work(rewriter.guard.dataset, rewriter, target, progress=progress)
    applied = work.run(rewriter.guard.columns, WriteOptions(**writing), embed)
    rewriter.strays.warn(rewriter.key.column)
    return applied


def _refuse_batches(statistics: str, column: str) -> None:
    """A mini-batch of the data mixes groups, whose statistics are kept apart."""
    if statistics == "batch":
        raise UsageError(
            f"--statistics batch has no meaning with statistics by '{column}': a mini-batch mixes "
            "groups",
            fix="--statistics running, or one file per group and an artifact fitted without --by",
        )


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
        warnings.warn(f"column {shown(names)} {what}", BncliWarning, stacklevel=4)
