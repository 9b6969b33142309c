"""Rows standardized, or brought back, by the statistics of the group that their key names."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from bncli.data.batches import Chunk
from bncli.data.formulas import Finish, Formula, Given, GivenTensor, Level, PerChannel
from bncli.data.keys import Key, Numbers
from bncli.data.rewrite import expressions, extremes, floating
from bncli.data.tensors import tensor_values
from bncli.data.values import Values, numeric_values
from bncli.engine.applicable import shown
from bncli.engine.rewriting import Guard, check_overflow
from bncli.errors import BncliWarning, DataError
from bncli.standardize.grouped import GroupCoefficients
from bncli.standardize.standardizer import Standardizer
from bncli.stats.exact import FloatArray, IntArray
from bncli.stats.integers import Numbers as Array
from bncli.stats.layout import Layout

if TYPE_CHECKING:
    import polars as pl

Unseen: TypeAlias = Literal["fallback", "fail"]
Way: TypeAlias = Callable[[GroupCoefficients, Array, IntArray, int], FloatArray]
_NAMED = 5


@dataclass(slots=True)
class Strays:
    """Rows of no group that was fitted: how many have a key, which ones, and how many have none."""

    rows: int = 0
    without: int = 0
    keys: dict[str, None] = field(default_factory=dict)
    more: bool = False

    def add(self, texts: pl.Series) -> None:
        """texts: the keys of such rows."""
        self.without += texts.null_count()
        self.rows += texts.len() - texts.null_count()
        for key in texts.drop_nulls().unique(maintain_order=True):
            if len(self.keys) < 1000:
                self.keys[key] = None
            elif key not in self.keys:
                self.more = True

    def warn(self, column: str) -> None:
        """One warning for all of them."""
        told = []
        if self.rows:
            many = f"{'more than ' if self.more else ''}{len(self.keys)}"
            groups = f"{many} group{'s' if len(self.keys) > 1 else ''} that fit did not see"
            told.append(f"{_rows(self.rows)} of {groups} ({shown(_quoted(self.keys), _NAMED)})")
        if self.without:
            told.append(f"{_rows(self.without)} without a value of '{column}'")
        if told:
            text = f"{' and '.join(told)} took the statistics of all rows"
            warnings.warn(text, BncliWarning, stacklevel=5)


@dataclass(frozen=True, slots=True)
class ByGroup:
    """A rewriter. features: places of every column's channels; way: forth or back."""

    guard: Guard
    found: GroupCoefficients
    key: Key
    numbers: Numbers
    features: dict[str, list[int]]
    layouts: dict[str, Layout]
    way: Way
    finish: Finish
    unseen: Unseen
    strays: Strays = field(default_factory=Strays)

    @classmethod
    def of(
        cls, guard: Guard, standardizer: Standardizer, way: Way, finish: Finish, unseen: Unseen
    ) -> ByGroup:
        """Raises ColumnMissing and DataError where the data has no such keys."""
        groups = standardizer.profile.groups
        assert groups is not None
        Key.of(guard.dataset, groups.column)
        features: dict[str, list[int]] = {}
        for at, channel in enumerate(standardizer.channels):
            features.setdefault(channel.feature, []).append(at)
        layouts = {c.feature: Layout.parse(c.layout) for c in standardizer.channels if c.layout}
        return cls(
            guard,
            GroupCoefficients.of(standardizer),
            Key(groups.column, groups.type),
            Numbers(groups.keys),
            features,
            layouts,
            way,
            finish,
            unseen,
        )

    def rewrite(self, chunk: Chunk) -> pl.DataFrame:
        frame = self.guard.admitted(chunk.frame)
        columns = floating(frame.schema, self.guard.columns)
        self.guard.check(chunk, columns, extremes(frame, columns))
        groups = self._groups(chunk, frame)
        formulas: dict[str, Formula] = {
            name: self._formula(chunk, frame, name, groups)
            if name in frame.schema
            else self._any_formula(name)
            for name in self.features
        }
        return frame.select(expressions(frame.schema, formulas, self.finish))

    def expressions(self, schema: pl.Schema) -> list[pl.Expr]:
        # Any formula has the names and the type.
        return expressions(schema, {n: self._any_formula(n) for n in self.features}, self.finish)

    def _groups(self, chunk: Chunk, frame: pl.DataFrame) -> IntArray:
        texts = self.key.texts(frame[self.key.column])
        groups = self.numbers.of(texts, grow=False)
        strange = groups < 0
        if strange.any():
            if self.unseen == "fail":
                at = int(strange.argmax())
                raise self._stop(chunk, at, _told(texts[at], self.key.column))
            self.strays.add(texts.filter(strange))
        return groups

    def _any_formula(self, name: str) -> Formula:
        layout = self.layouts.get(name)
        return Level(0.0) if layout is None else PerChannel(layout, lambda values, _: values)

    def _formula(self, chunk: Chunk, frame: pl.DataFrame, name: str, groups: IntArray) -> Formula:
        layout, places = self.layouts.get(name), self.features[name]
        if layout is None:
            (values,) = numeric_values(frame, [name])
            return Given(self._channel(chunk, name, values, groups, places[0]))
        each = np.repeat(groups, layout.positions)
        found = tensor_values(frame[name], layout)
        results = [
            self._channel(chunk, name, values, each, place)
            for values, place in zip(found, places, strict=True)
        ]
        return GivenTensor(layout, frame[name], results)

    def _channel(
        self, chunk: Chunk, name: str, values: Values, groups: IntArray, channel: int
    ) -> FloatArray:
        if self.unseen == "fail":
            self._check_own(chunk, name, values, groups, channel)
        result = self.way(self.found, values.values, groups, channel)
        if values.missing is not None:
            result[values.missing] = np.nan
        check_overflow([name], result[:, None], self.finish)
        return result

    def _check_own(
        self, chunk: Chunk, name: str, values: Values, groups: IntArray, channel: int
    ) -> None:
        """Raises DataError where a group had no value of a column that it has one of now."""
        missing = np.isnan(values.values) if values.missing is None else values.missing
        lacking = ~self.found.own[groups, channel] & ~missing
        if lacking.any():
            at = int(lacking.argmax()) * chunk.frame.height // len(groups)
            text = self.key.texts(chunk.frame[self.key.column])[at]
            raise self._stop(chunk, at, f"fit saw no value of '{name}' in group '{text}'")

    def _stop(self, chunk: Chunk, at: int, told: str) -> DataError:
        file, row = self.guard.dataset.locate(chunk.first_row + at)
        return DataError(
            f"row {row}: {told}",
            where=file,
            fix="fit again with such rows, or take the statistics of all rows: --unseen fallback",
        )


def _told(key: str | None, column: str) -> str:
    return f"no value of '{column}'" if key is None else f"fit did not see the group '{key}'"


def _quoted(keys: dict[str, None]) -> list[str]:
    return [f"'{key}'" for key in keys]


def _rows(count: int) -> str:
    return f"{count} row" if count == 1 else f"{count} rows"
