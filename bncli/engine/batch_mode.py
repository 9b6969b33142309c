"""Batch mode: each mini-batch standardized by its own statistics, as BN does in training.

Source: Ioffe & Szegedy 2015, Algorithm 1, with gamma and beta of the artifact.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bncli.data.batches import Chunk
from bncli.data.formulas import Finish, Formula, Given, GivenTensor, Level, PerChannel
from bncli.data.rewrite import expressions, extremes, floating
from bncli.data.tensors import tensor_values
from bncli.data.values import Values, numeric_values
from bncli.engine.rewriting import Guard, check_overflow
from bncli.errors import DataError
from bncli.standardize.affine import BatchAffine
from bncli.standardize.standardizer import Standardizer
from bncli.stats.batches import Column, measure_batches
from bncli.stats.exact import FloatArray
from bncli.stats.layout import Layout

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True)
class OwnStatistics:
    """Standardizes the mini-batches of a chunk, all of a column at once.

    affine: gamma, beta and eps of every channel of a column; layouts: of those that are tensors.
    """

    guard: Guard
    affine: dict[str, list[BatchAffine]]
    layouts: dict[str, Layout]
    finish: Finish

    @classmethod
    def of(cls, guard: Guard, standardizer: Standardizer, finish: Finish) -> OwnStatistics:
        pairs = zip(standardizer.gamma.tolist(), standardizer.beta.tolist(), strict=True)
        affine: dict[str, list[BatchAffine]] = {}
        for channel, pair in zip(standardizer.channels, pairs, strict=True):
            one = BatchAffine(*pair, standardizer.eps, standardizer.eps_relative)
            affine.setdefault(channel.feature, []).append(one)
        layouts = {c.feature: Layout.parse(c.layout) for c in standardizer.channels if c.layout}
        return cls(guard, affine, layouts, finish)

    def rewrite(self, chunk: Chunk) -> pl.DataFrame:
        frame = self.guard.admitted(chunk.frame)
        columns = floating(frame.schema, self.guard.columns)
        self.guard.check(chunk, columns, extremes(frame, columns))
        formulas: dict[str, Formula] = {
            name: self._formula(frame, name, chunk.sizes)
            if name in frame.schema
            else self._any_formula(name)
            for name in self.affine
        }
        return frame.select(expressions(frame.schema, formulas, self.finish))

    def expressions(self, schema: pl.Schema) -> list[pl.Expr]:
        # Any formula has the names and the type.
        return expressions(schema, {n: self._any_formula(n) for n in self.affine}, self.finish)

    def _any_formula(self, name: str) -> Formula:
        layout = self.layouts.get(name)
        return Level(0.0) if layout is None else PerChannel(layout, lambda values, _: values)

    def _formula(self, frame: pl.DataFrame, name: str, sizes: tuple[int, ...]) -> Formula:
        layout = self.layouts.get(name)
        if layout is None:
            (values,) = numeric_values(frame, [name])
            return Given(self._channel(name, 0, values, sizes, 1))
        results = [
            self._channel(name, at, values, sizes, layout.positions)
            for at, values in enumerate(tensor_values(frame[name], layout))
        ]
        return GivenTensor(layout, frame[name], results)

    def _channel(
        self, name: str, channel: int, values: Values, sizes: tuple[int, ...], positions: int
    ) -> FloatArray:
        column = Column(values.values, values.missing, values.nulls, positions)
        measured = measure_batches([column], sizes)
        moments = measured.moments[:, 0]
        if moments.overflowed.any():
            raise DataError(
                f"column '{name}' holds values too far apart for a variance in float64",
                fix="leave such values or the column out",
            )
        missing = measured.columns[0].missing
        affine, counts = self.affine[name][channel], [size * positions for size in sizes]
        result = affine(values.values, missing, moments, counts)
        check_overflow([name], result[:, None], self.finish)
        return result
