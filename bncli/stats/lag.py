"""How much a row tells of the next one: the lag-1 autocorrelation of every channel.

p-values assume independent rows. Rows in time order seldom are, and this state says so. It keeps
the sum of the squared differences of consecutive rows (von Neumann's), which no offset of the
column disturbs, and reads

    r = 1 - (squares / pairs) / (2 * variance)

A pair is two consecutive rows that both have a value and lie in one grain (``compactor.py``): the
few pairs across grains are left out, which makes merging plain addition.

Source: von Neumann 1941; r differs from the usual estimator by terms of order 1/n.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from bncli.stats.arrays import Arrays
from bncli.stats.exact import FloatArray, IntArray
from bncli.stats.moments import Moments
from bncli.stats.state import Record


@dataclass(frozen=True, slots=True, eq=False)
class Lag(Arrays):
    """pairs: of consecutive rows; squares: sum of their squared differences, in squared column
    units, infinite where it overflowed. Both of shape ``(..., channels)``."""

    pairs: IntArray
    squares: FloatArray

    @classmethod
    def empty(cls, *shape: int) -> Self:
        return cls(np.zeros(shape, np.int64), np.zeros(shape))

    @classmethod
    def of(cls, columns: Sequence[FloatArray]) -> Self:
        """Of consecutive rows, one array per channel, NaN where missing."""
        found = [_consecutive(column) for column in columns]
        pairs, squares = zip(*found, strict=True) if found else ((), ())
        return cls(np.array(pairs, dtype=np.int64), np.array(squares, dtype=np.float64))

    def merge(self, later: Self) -> Self:
        return type(self)(self.pairs + later.pairs, self.squares + later.squares)

    def autocorrelation(self, moments: Moments) -> FloatArray:
        """r of every channel; NaN where there is no pair, no variance, or an overflow."""
        variance = moments.variance()
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            r: FloatArray = 1.0 - self.squares / self.pairs / (2.0 * variance)
        known = (self.pairs > 0) & (variance > 0) & np.isfinite(r)
        # Pairs are some of the rows and the variance is of all: r may pass the ends a little.
        return np.where(known, np.clip(r, -1.0, 1.0), np.nan)

    def to_records(self) -> list[dict[str, Any] | None]:
        """None for a channel of which nothing is known."""
        known = (self.pairs > 0) & np.isfinite(self.squares)
        columns = zip(self.pairs.tolist(), self.squares.tolist(), known.tolist(), strict=True)
        return [{"pairs": n, "squares": d} if kept else None for n, d, kept in columns]

    @classmethod
    def from_records(cls, records: Sequence[Record | None]) -> Self:
        kept = [record or {"pairs": 0, "squares": 0.0} for record in records]
        return cls(
            np.array([record["pairs"] for record in kept], dtype=np.int64),
            np.array([record["squares"] for record in kept], dtype=np.float64),
        )


def _consecutive(column: FloatArray) -> tuple[int, float]:
    with np.errstate(over="ignore", invalid="ignore"):
        steps = np.diff(column)
        np.multiply(steps, steps, out=steps)
        total = float(steps.sum())
        if not math.isnan(total):
            return steps.size, total
        present = steps[~np.isnan(steps)]
        return present.size, float(present.sum())
