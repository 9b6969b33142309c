"""Chunks of rows to computed chunks of rows: what ``transform`` and ``inverse`` stream through.

A rewriter knows which columns it computes; running mode does it by expressions that are fixed
beforehand, batch mode (``batch_mode.py``) by numbers that it measures in every chunk.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np

from bncli.data.batches import Chunk
from bncli.data.dataset import Dataset
from bncli.data.formulas import (
    Absent,
    Backward,
    Finish,
    Formula,
    Forward,
    Level,
    PerChannel,
)
from bncli.data.rewrite import (
    Frame,
    expressions,
    extremes,
    first_infinite,
    floating,
    without_infinite,
)
from bncli.errors import DataError, NonFinite, listed
from bncli.standardize.affine import Coefficients
from bncli.stats.exact import FloatArray
from bncli.stats.layout import Layout

if TYPE_CHECKING:
    import polars as pl

NonFinitePolicy = Literal["error", "missing"]


class Rewriter(Protocol):
    """Computes columns of a chunk."""

    def rewrite(self, chunk: Chunk) -> pl.DataFrame:
        """The rows of the result; raises NonFinite, DataError."""

    def expressions(self, schema: pl.Schema) -> list[pl.Expr]:
        """Every column of the result: their names and types are those of the output."""


@dataclass(frozen=True, slots=True)
class Guard:
    """What is done about infinities in the columns that are standardized.

    columns: all that are standardized; policy: stop, or take them as missing.
    """

    dataset: Dataset
    columns: tuple[str, ...]
    policy: NonFinitePolicy = "error"

    def admitted(self, frame: Frame) -> Frame:
        """The rows of a frame, without infinities where they count as missing."""
        if self.policy == "error":
            return frame
        return without_infinite(frame, floating(self.dataset.schema, self.columns))

    def check(self, chunk: Chunk, columns: Sequence[str], limits: FloatArray) -> None:
        """Raises NonFinite naming file, row and column of each of ``columns`` with an infinity.

        limits: the smallest and the largest value of each, shape (2, columns).
        """
        bad = np.asarray(np.isinf(limits).any(axis=0))
        if not bad.any():
            return
        found = []
        for name in (
            column for column, is_bad in zip(columns, bad.tolist(), strict=True) if is_bad
        ):
            place, value = first_infinite(chunk.frame, name)
            file, row = self.dataset.locate(chunk.first_row + place)
            found.append(f"{file}, row {row}: column '{name}' holds {value}")
        raise NonFinite(listed(found), fix="take infinities as missing with --nonfinite missing")


@dataclass(frozen=True, slots=True)
class Fixed:
    """Running mode, forth or back: each column by one formula that does not change.

    features: the column of every channel; way: what it does to one value per channel, to see
    beforehand what would overflow.
    """

    guard: Guard
    formulas: dict[str, Formula]
    finish: Finish
    features: tuple[str, ...]
    way: Callable[[FloatArray], FloatArray]

    @classmethod
    def forward(cls, guard: Guard, found: Coefficients, finish: Finish) -> Fixed:
        formulas = _formulas(found, Forward, found.beta, Coefficients.forward)
        return cls(guard, formulas, finish, found.features, found.forward)

    @classmethod
    def backward(cls, guard: Guard, found: Coefficients, finish: Finish) -> Fixed:
        formulas = _formulas(found, Backward, found.mean, Coefficients.backward)
        return cls(guard, formulas, finish, found.features, found.backward)

    def rewrite(self, chunk: Chunk) -> pl.DataFrame:
        frame = self.guard.admitted(chunk.frame)
        columns = floating(frame.schema, self.guard.columns)
        limits = extremes(frame, columns)
        self.guard.check(chunk, columns, limits)
        self._check_overflow(columns, limits)
        return frame.select(self.expressions(frame.schema))

    def expressions(self, schema: pl.Schema) -> list[pl.Expr]:
        return expressions(schema, self.formulas, self.finish)

    @property
    def results(self) -> list[str]:
        """The names of the computed columns, as they are in the result."""
        return [self.finish.name(name) for name in self.formulas]

    def _check_overflow(self, columns: Sequence[str], limits: FloatArray) -> None:
        """A formula is monotone, so its largest results are those of the extremes."""
        ends = dict(zip(columns, limits.T, strict=True))
        nothing = np.full(2, np.nan)
        whole = np.stack([ends.get(feature, nothing) for feature in self.features], axis=-1)
        check_overflow(self.features, self.way(whole), self.finish)


def check_overflow(columns: Sequence[str], results: FloatArray, finish: Finish) -> None:
    """Raises DataError naming the columns of which a result is too large for its type.

    results: shape (..., columns); NaN is none.
    """
    with np.errstate(invalid="ignore"):
        large = np.abs(results) > finish.largest
    if large.any():
        bad = np.asarray(large.reshape(-1, len(columns)).any(axis=0))
        names = [f"'{name}'" for name, is_bad in zip(columns, bad.tolist(), strict=True) if is_bad]
        raise DataError(
            f"results too large for {finish.dtype} in column {', '.join(names[:10])}",
            fix="leave such values or columns out",
        )


def _formulas(
    found: Coefficients,
    way: type[Forward] | type[Backward],
    level: FloatArray,
    numbers: Callable[[Coefficients, FloatArray], FloatArray],
) -> dict[str, Formula]:
    """One formula per column: ``way`` where there is a spread, ``level`` where there is none.

    numbers: the same as ``way`` on arrays, for tensors.
    """
    chosen: dict[str, Formula] = {}
    for at, channel in enumerate(found.channels):
        feature, layout = channel.feature, channel.layout
        if layout is not None and feature not in chosen:
            places = [place for place, name in enumerate(found.features) if name == feature]
            alone = [found.alone(place) for place in places]
            chosen[feature] = PerChannel(Layout.parse(layout), _by_channel(alone, numbers))
        elif layout is None and found.unknown[at]:
            chosen[feature] = Absent()
        elif layout is None and (found.flat[at] or not found.scale[at]):
            chosen[feature] = Level(float(level[at]))
        elif layout is None:
            mean, scale, beta = float(found.mean[at]), float(found.scale[at]), float(found.beta[at])
            chosen[feature] = way(mean, scale, beta)
    return chosen


def _by_channel(
    alone: Sequence[Coefficients], numbers: Callable[[Coefficients, FloatArray], FloatArray]
) -> Callable[[FloatArray, int], FloatArray]:
    return lambda values, channel: numbers(alone[channel], values[:, None])[:, 0]
