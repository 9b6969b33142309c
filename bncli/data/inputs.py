"""The numbers of a row that a head reads: plain columns, and every value of tensor columns.

They stand in the order of the features; the values of a tensor channel by channel, each channel's
positions in the order they are stored, as ``torch.nn.Flatten`` after ``BatchNorm2d`` has them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import polars as pl

from bncli.data.tensors import tensor_values
from bncli.data.values import Values, numeric_values
from bncli.stats.exact import FloatArray, IntArray
from bncli.stats.layout import Layout
from bncli.stats.profile import Channel

_BLOCK_ROWS = 1024


@dataclass(frozen=True, slots=True)
class Inputs:
    """features: columns; layouts: of each, None for a plain one."""

    features: tuple[str, ...]
    layouts: tuple[Layout | None, ...]

    @classmethod
    def of(cls, channels: Sequence[Channel], features: Sequence[str]) -> Self:
        """Those of some features, laid out as their channels say."""
        texts = {channel.feature: channel.layout for channel in channels}
        found = (texts[name] for name in features)
        layouts = tuple(None if text is None else Layout.parse(text) for text in found)
        return cls(tuple(features), layouts)

    @property
    def count(self) -> int:
        """Numbers in a row."""
        return sum(1 if layout is None else layout.values for layout in self.layouts)

    @property
    def positions(self) -> IntArray:
        """How many inputs each channel has, shape (channels,)."""
        found: list[int] = []
        for layout in self.layouts:
            found += [1] if layout is None else [layout.positions] * layout.channels
        return np.array(found, dtype=np.int64)

    @property
    def owners(self) -> IntArray:
        """The place of the feature that each input belongs to, shape (inputs,)."""
        counts = [1 if layout is None else layout.values for layout in self.layouts]
        return np.repeat(np.arange(len(counts)), counts)

    def vectors(self, frame: pl.DataFrame, infinite_as_missing: bool = False) -> list[FloatArray]:
        """Each input of the rows of a frame, Float64 of shape (rows,), NaN where missing.

        They may share memory with the frame. A column that is not there is missing throughout.
        """
        plain = [name for name, layout in self._pairs() if layout is None and name in frame.schema]
        singles = dict(zip(plain, numeric_values(frame, plain), strict=True))
        found: list[FloatArray] = []
        for name, layout in self._pairs():
            if name not in frame.schema:
                nothing = np.full(frame.height, np.nan)
                found += [nothing] * (1 if layout is None else layout.values)
            elif layout is None:
                found.append(_floats(singles[name]))
            else:
                for channel in tensor_values(frame[name], layout):
                    found += list(_floats(channel).reshape(frame.height, layout.positions).T)
        return [_finite(one) for one in found] if infinite_as_missing else found

    def _pairs(self) -> list[tuple[str, Layout | None]]:
        return list(zip(self.features, self.layouts, strict=True))


def centred(vectors: Sequence[FloatArray], centre: FloatArray, rows: int) -> FloatArray:
    """Inputs less their centre, shape (inputs, rows), in memory of its own."""
    found = np.empty((len(vectors), rows))
    for at, vector in enumerate(vectors):
        np.subtract(vector, centre[at], out=found[at])
    return found


def put_centred(vectors: Sequence[FloatArray], centre: FloatArray, out: FloatArray) -> None:
    """The same, turned into ``out`` of shape (rows, inputs), a cacheful at a time."""
    block = np.empty((len(vectors), _BLOCK_ROWS))
    for start in range(0, len(out), _BLOCK_ROWS):
        rows = slice(start, min(start + _BLOCK_ROWS, len(out)))
        some = block[:, : rows.stop - rows.start]
        for at, vector in enumerate(vectors):
            np.subtract(vector[rows], centre[at], out=some[at])
        out[rows] = some.T


def row_totals(vectors: Sequence[FloatArray], rows: int) -> FloatArray:
    """The sum of every row, which is finite unless a value is missing or infinite, or too large."""
    total = np.zeros(rows)
    with np.errstate(over="ignore", invalid="ignore"):
        for vector in vectors:
            total += vector
    return total


def _floats(values: Values) -> FloatArray:
    wide = values.values.astype(np.float64, copy=False)
    return wide if values.missing is None else np.where(values.missing, np.nan, wide)


def _finite(vector: FloatArray) -> FloatArray:
    infinite = np.isinf(vector)
    return np.where(infinite, np.nan, vector) if infinite.any() else vector
