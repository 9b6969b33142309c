"""Batch mode: each mini-batch standardized by its own statistics, as BN does in training.

Source: Ioffe & Szegedy 2015, Algorithm 1, with gamma and beta of the artifact.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bncli.data.batches import Chunk
from bncli.data.rewrite import (
    Finish,
    Formula,
    Given,
    Level,
    expressions,
    extremes,
    floating,
)
from bncli.data.values import numeric_values
from bncli.engine.rewriting import Guard, check_overflow
from bncli.errors import DataError
from bncli.standardize.affine import BatchAffine
from bncli.standardize.standardizer import Standardizer
from bncli.stats.batches import Column, measure_batches
from bncli.stats.exact import FloatArray

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True)
class OwnStatistics:
    """Standardizes the mini-batches of a chunk, all of a column at once.

    affine: gamma, beta and eps by column.
    """

    guard: Guard
    affine: dict[str, BatchAffine]
    finish: Finish

    @classmethod
    def of(cls, guard: Guard, standardizer: Standardizer, finish: Finish) -> OwnStatistics:
        pairs = zip(standardizer.gamma.tolist(), standardizer.beta.tolist(), strict=True)
        affine = {
            channel.feature: BatchAffine(gamma, beta, standardizer.eps, standardizer.eps_relative)
            for channel, (gamma, beta) in zip(standardizer.channels, pairs, strict=True)
        }
        return cls(guard, affine, finish)

    def rewrite(self, chunk: Chunk) -> pl.DataFrame:
        frame = self.guard.admitted(chunk.frame)
        columns = floating(frame.schema, self.guard.columns)
        self.guard.check(chunk, columns, extremes(frame, columns))
        formulas: dict[str, Formula] = {
            name: Given(self._column(frame, name, chunk.sizes))
            if name in frame.schema
            else Level(0)
            for name in self.affine
        }
        return frame.select(expressions(frame.schema, formulas, self.finish))

    def expressions(self, schema: pl.Schema) -> list[pl.Expr]:
        # Any formula has the names and the type.
        return expressions(schema, {name: Level(0.0) for name in self.affine}, self.finish)

    def _column(self, frame: pl.DataFrame, name: str, sizes: tuple[int, ...]) -> FloatArray:
        (values,) = numeric_values(frame, [name])
        column = Column(values.values, values.missing, values.nulls)
        measured = measure_batches([column], sizes)
        moments = measured.moments[:, 0]
        if moments.overflowed.any():
            raise DataError(
                f"column '{name}' holds values too far apart for a variance in float64",
                fix="leave such values or the column out",
            )
        missing = measured.columns[0].missing
        result = self.affine[name](values.values, missing, moments, sizes)
        check_overflow([name], result[:, None], self.finish)
        return result
