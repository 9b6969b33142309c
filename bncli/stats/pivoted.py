"""A column less its pivot: differences that are exact where the values are."""

from __future__ import annotations

from typing import NamedTuple, Self

import numpy as np

from bncli.stats.batches import Column
from bncli.stats.exact import FloatArray
from bncli.stats.integers import Numbers

_WIDE = 2**62
_START = 512


class Pivoted(NamedTuple):
    """values: shape (rows,), of floats or of 64-bit integers as int64; pivot: of the same kind;
    high, low: the pivot as a double-double."""

    values: Numbers
    pivot: float | np.int64
    high: float
    low: float

    @classmethod
    def near_start(cls, column: Column) -> Self:
        """The pivot is the mean of the first rows present: near that of all, in most data."""
        values, missing = column.values, column.missing
        if missing is None:
            return cls._about(values, values[:_START])
        start = values[:_START][~missing[:_START]]
        return cls._about(values, start if start.size else values[~missing][:_START])

    @classmethod
    def near_mean(cls, values: Numbers) -> Self:
        """The pivot is the mean of all values; none is missing."""
        return cls._about(values, values)

    @classmethod
    def _about(cls, values: Numbers, some: Numbers) -> Self:
        """The pivot is the mean of ``some``; of a constant, exactly that."""
        if values.dtype != np.float64:
            if some.size and int(values.max()) - int(values.min()) < _WIDE:
                return cls._about_integers(values, some)
            values, some = values.astype(np.float64), some.astype(np.float64)
        if not some.size:
            return cls(values, 0.0, 0.0, 0.0)
        pivot = float(some[0] + np.add.reduce(some - some[0]) / some.size)
        return cls(values, pivot, pivot, 0.0)

    @classmethod
    def _about_integers(cls, values: Numbers, some: Numbers) -> Self:
        """Differences are taken as integers, wrapping around: 2**62 + 2 is still itself."""
        wrapped = values.view(np.int64)
        steps = (some.view(np.int64) - some.view(np.int64)[0]).astype(np.float64)
        pivot = int(some[0]) + round(float(np.add.reduce(steps)) / some.size)
        high = float(pivot)
        of_kind = np.int64((pivot + 2**63) % 2**64 - 2**63)
        return cls(wrapped, of_kind, high, float(pivot - int(high)))

    def take(self, rows: slice, out: FloatArray) -> None:
        """The differences of some rows from the pivot, into ``out``."""
        if self.values.dtype == np.float64:
            np.subtract(self.values[rows], self.pivot, out=out)
        else:
            out[:] = self.values[rows] - self.pivot
