"""Co-moments of several columns over the rows that have a value in each: what a covariance is.

The mean is kept as ``pivot + mean`` (``pivot`` a float64 among the values, ``mean`` what is left
over), so that a column far from zero loses none of its covariance. Sums are of products of
deviations from the mean and are divided by the count only when they are read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from bncli.stats.arrays import numbers_of
from bncli.stats.exact import FloatArray
from bncli.stats.state import Record


@dataclass(frozen=True, slots=True, eq=False)
class CoMoments:
    """count: rows; pivot, mean: shape (columns,), in column units; m2: shape (columns, columns),
    symmetric, the sums of products of deviations in the units of both columns."""

    count: int
    pivot: FloatArray
    mean: FloatArray
    m2: FloatArray

    @classmethod
    def empty(cls, columns: int) -> Self:
        """No rows yet."""
        return cls(0, np.zeros(columns), np.zeros(columns), np.zeros((columns, columns)))

    def merge(self, later: Self) -> Self:
        """Merge two disjoint streams of the same columns.

        What overflows becomes infinite or NaN without a warning; ``fits`` tells.
        Source: Chan, Golub & LeVeque 1983, eq. 2.1, for vectors.
        """
        if not self.count or not later.count:
            return later if later.count else self
        count = self.count + later.count
        share = later.count / count
        with np.errstate(over="ignore", invalid="ignore"):
            delta = (later.pivot - self.pivot) + (later.mean - self.mean)
            between = np.multiply.outer(delta, delta) * (self.count * share)
            m2 = (self.m2 + later.m2) + between
            return type(self)(count, self.pivot, self.mean + delta * share, m2)

    def select(self, places: Sequence[int]) -> Self:
        """Only these columns, in this order."""
        if list(places) == list(range(self.pivot.size)):
            return self
        at = np.asarray(places, dtype=np.intp)
        return type(self)(self.count, self.pivot[at], self.mean[at], self.m2[at][:, at])

    def covariance(self) -> FloatArray:
        """m2 / count, biased. NaN without rows."""
        return self.m2 / self.count if self.count else np.full_like(self.m2, np.nan)

    @property
    def fits(self) -> NDArray[np.bool_]:
        """Columns whose mean and squares fit a float64, shape (columns,).

        An entry is no larger than the root of its two diagonal ones, so these tell of all.
        """
        good: NDArray[np.bool_] = np.isfinite(self.mean) & np.isfinite(np.diagonal(self.m2))
        return good

    def to_record(self) -> dict[str, Any]:
        """Plain JSON values, exact to the bit; of ``m2`` the lower triangle, row by row."""
        triangle = self.m2[np.tril_indices(self.pivot.size)]
        return {
            "count": self.count,
            "pivot": _text(self.pivot),
            "mean": _text(self.mean),
            "m2": _text(triangle),
        }

    @classmethod
    def from_record(cls, record: Record) -> Self:
        """Inverse of ``to_record``."""
        pivot, mean, triangle = (numbers_of(record[name]) for name in ("pivot", "mean", "m2"))
        m2 = np.zeros((pivot.size, pivot.size))
        rows, columns = np.tril_indices(pivot.size)
        m2[rows, columns] = m2[columns, rows] = triangle
        return cls(record["count"], pivot, mean, m2)


def _text(numbers: FloatArray) -> str:
    return " ".join(map(repr, numbers.tolist()))
