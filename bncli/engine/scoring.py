"""Scoring rows with a kept head: standardized by the running statistics, then through the head."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from bncli.data.batches import Chunk
from bncli.data.columns import named_columns
from bncli.data.dataset import Dataset
from bncli.data.encoding import WriteOptions
from bncli.data.inputs import Inputs
from bncli.data.naming import column
from bncli.data.rewrite import extremes, floating
from bncli.data.targets import PathLike
from bncli.engine.applicable import applicable_columns
from bncli.engine.rewriting import Guard, NonFinitePolicy
from bncli.engine.work import Applied, Progress, Work
from bncli.errors import BncliWarning, DataError, UsageError
from bncli.standardize.affine import Coefficients, coefficients
from bncli.standardize.by_group import refuse_groups
from bncli.standardize.kept import KeptHead
from bncli.standardize.standardizer import Standardizer
from bncli.stats.exact import FloatArray

ROW, PREDICTION, CLASS = "row", "prediction", "class"
_TYPES: dict[str, pl.DataType] = {
    "text": pl.String(),
    "boolean": pl.Boolean(),
    "integer": pl.Int64(),
    "number": pl.Float64(),
}


def predict(
    dataset: Dataset,
    standardizer: Standardizer,
    target: PathLike,
    *,
    keep: str | Sequence[str] = (),
    nonfinite: NonFinitePolicy = "error",
    artifact: str = "the artifact",
    progress: Progress | None = None,
    **writing: Any,
) -> Applied:
    """Write one row of scores per row of the dataset, in order.

    Columns: ``row``, counted from 0; those of ``keep`` (names and patterns), as they are; then
    ``prediction``, or ``probability_CLASS`` of each class in order and ``class``, the likeliest
    one. A row without a score, since it lacks a feature, has nulls.

    Raises UsageError where no head was kept, ColumnMissing, DataError, NonFinite, OutputExists.
    """
    head = standardizer.head
    if head is None:
        raise UsageError(
            f"{artifact} holds no head to score with", fix="learn it with: bncli learn --keep-head"
        )
    refuse_groups(standardizer, "predict", artifact)
    present = applicable_columns(dataset, standardizer, head.features, artifact)
    patterns = [keep] if isinstance(keep, str) else keep
    kept = named_columns(dataset.schema, patterns, dataset.name)
    scorer = Scorer.of(Guard(dataset, present, nonfinite), standardizer, head, kept)
    work = Work(dataset, scorer, target, progress=progress)
    applied = work.run(present, WriteOptions(**writing), None)
    if scorer.unscored:
        warnings.warn(
            f"{scorer.unscored} of {applied.rows} rows lack a feature and got no score",
            BncliWarning,
            stacklevel=2,
        )
    return applied


@dataclass(slots=True)
class Scorer:
    """Makes the scores of a chunk. inputs: of the head; found: the coefficients of each of them.

    unscored: how many rows so far had no score.
    """

    guard: Guard
    head: KeptHead
    inputs: Inputs
    found: Coefficients
    keep: tuple[str, ...]
    unscored: int = field(default=0, init=False)

    @classmethod
    def of(
        cls, guard: Guard, standardizer: Standardizer, head: KeptHead, keep: tuple[str, ...]
    ) -> Scorer:
        inputs = Inputs.of(standardizer.channels, head.features)
        found = coefficients(standardizer).of_inputs(head.features, inputs.positions)
        scorer = cls(guard, head, inputs, found, keep)
        names = [*keep, *scorer.scores, ROW]
        twice = [f"'{name}'" for name in keep if names.count(name) > 1]
        if twice:
            raise UsageError(f"column {twice[0]} is kept, and the scores have one of that name")
        return scorer

    @property
    def scores(self) -> dict[str, pl.DataType]:
        """Names and types of the columns with scores."""
        if self.head.task == "regression":
            return {PREDICTION: pl.Float64()}
        shares = {f"probability_{name}": pl.Float64() for name in self.head.classes}
        return {**shares, CLASS: _TYPES[self.head.kind]}

    def rewrite(self, chunk: Chunk) -> pl.DataFrame:
        frame = self.guard.admitted(chunk.frame)
        columns = floating(frame.schema, self.guard.columns)
        self.guard.check(chunk, columns, extremes(frame, columns))
        scores = self.head.scores(self._standardized(frame))
        known = ~np.isnan(scores[0])
        self.unscored += int(frame.height - known.sum())
        if np.isinf(scores).any():
            raise DataError("scores too large for float64", where=self.guard.dataset.name)
        last = chunk.first_row + frame.height
        rows = pl.int_range(chunk.first_row, last, eager=True).alias(ROW)
        return pl.DataFrame(
            [rows, *(chunk.frame[name] for name in self.keep), *self._columns(scores, known)]
        )

    def expressions(self, schema: pl.Schema) -> list[pl.Expr]:
        scores = [pl.lit(None, kind).alias(name) for name, kind in self.scores.items()]
        kept = [column(name) for name in self.keep]
        return [pl.lit(0, pl.Int64()).alias(ROW), *kept, *scores]

    def _standardized(self, frame: pl.DataFrame) -> FloatArray:
        """Shape (inputs, rows); NaN where missing, or beta where the mean takes the place."""
        vectors = self.inputs.vectors(frame)
        y = np.ascontiguousarray(self.found.forward(np.stack(vectors, axis=1)).T)
        if self.head.missing == "mean":
            missing = np.isnan(y)
            y[missing] = np.broadcast_to(self.found.beta[:, None], y.shape)[missing]
        return y

    def _columns(self, scores: FloatArray, known: Any) -> list[pl.Series]:
        names, types = list(self.scores), self.scores
        values = [pl.Series(name, column) for name, column in zip(names, scores, strict=False)]
        if self.head.task != "regression":
            numbers = pl.Series(CLASS, np.where(known, np.nan_to_num(scores).argmax(axis=0), -1))
            classes = dict(enumerate(_typed(self.head.classes, self.head.kind)))
            values.append(numbers.replace_strict(classes, default=None, return_dtype=types[CLASS]))
        return [series.fill_nan(None) if series.dtype.is_float() else series for series in values]


def _typed(classes: Sequence[str], kind: str) -> list[Any]:
    """Classes as values of the target's column."""
    made: dict[str, Callable[[str], Any]] = {
        "text": str,
        "boolean": lambda name: name == "true",
        "integer": int,
        "number": float,
    }
    return [made[kind](name) for name in classes]
