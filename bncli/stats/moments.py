"""Count, mean, M2, minimum and maximum per channel: the moments everything else reads.

The mean is kept as ``pivot + mean`` (``pivot`` the float64 nearest to it, ``mean`` what is
left over) and M2, the sum of squared deviations from the mean, as ``m2 + m2_low``. Both are
double-doubles, so merging is good to about 100 bits and the only rounding that matters is
the one inside a mini-batch (``measure.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from bncli.stats import exact
from bncli.stats.arrays import Arrays
from bncli.stats.exact import FloatArray, IntArray
from bncli.stats.state import Record


@dataclass(frozen=True, slots=True, eq=False)
class Moments(Arrays):
    """All fields have one shape ``(..., channels)``; values in column units, m2 in their square."""

    count: IntArray
    pivot: FloatArray
    mean: FloatArray
    m2: FloatArray
    m2_low: FloatArray
    min: FloatArray
    max: FloatArray

    @classmethod
    def empty(cls, *shape: int) -> Self:
        """No rows yet: count 0, minimum +inf, maximum -inf."""
        zero = np.zeros(shape)
        return cls(
            np.zeros(shape, np.int64),
            zero,
            zero,
            zero,
            zero,
            np.full(shape, np.inf),
            np.full(shape, -np.inf),
        )

    def merge(self, later: Self) -> Self:
        """Merge two disjoint streams, elementwise.

        Source: Chan, Golub & LeVeque 1983, eq. 2.1, in double-double arithmetic.
        """
        count = self.count + later.count
        ours, theirs = self.count.astype(np.float64), later.count.astype(np.float64)
        total = np.maximum(count, 1).astype(np.float64)
        with np.errstate(over="ignore", invalid="ignore"):
            delta = exact.add((later.pivot, later.mean), exact.negate((self.pivot, self.mean)))
            step = exact.multiply(delta, exact.divide((theirs, _zeros(theirs)), total))
            pivot, mean = exact.add((self.pivot, self.mean), step)
            weight = exact.divide(exact.two_product(ours, theirs), total)
            between = exact.multiply(exact.multiply(delta, delta), weight)
            m2, m2_low = exact.add(
                exact.add((self.m2, self.m2_low), (later.m2, later.m2_low)), between
            )
        merged = type(self)(
            count,
            pivot,
            mean,
            m2,
            m2_low,
            np.minimum(self.min, later.min),
            np.maximum(self.max, later.max),
        )
        return self.where(later.count == 0, later.where(self.count == 0, merged))

    def value(self) -> FloatArray:
        """Mean as float64; NaN where nothing was seen."""
        return np.where(self.count > 0, self.pivot + self.mean, np.nan)

    def variance(self, ddof: int = 0) -> FloatArray:
        """M2 / (count - ddof) as float64; NaN where count <= ddof."""
        degrees = np.maximum(self.count - ddof, 1).astype(np.float64)
        high, low = exact.divide((self.m2, self.m2_low), degrees)
        # A true variance is never negative; the low word of a zero may be.
        return np.where(self.count > ddof, np.maximum(high + low, 0.0), np.nan)

    @property
    def constant(self) -> NDArray[np.bool_]:
        """Max equals min. M2 is asked too: 2**62 and 2**62 + 2 have one float64 minimum."""
        level: NDArray[np.bool_] = (self.max == self.min) & (self.m2 == 0)
        return (self.count > 0) & level

    @property
    def overflowed(self) -> NDArray[np.bool_]:
        """The spread squared does not fit a float64 (values beyond about 1e150)."""
        finite: NDArray[np.bool_] = np.isfinite(self.m2) & np.isfinite(self.pivot + self.mean)
        # The small part is lost first: products are split into halves that are larger.
        return ~(finite & np.isfinite(self.m2_low))

    def to_records(self) -> list[dict[str, Any]]:
        """``{"pivot", "mean", "m2": [high, low]}`` per channel; the rest is written beside."""
        columns = (self.pivot, self.mean, self.m2, self.m2_low)
        return [
            {"pivot": pivot, "mean": mean, "m2": [high, low]}
            for pivot, mean, high, low in zip(*(c.tolist() for c in columns), strict=True)
        ]

    @classmethod
    def from_records(cls, records: Sequence[Record]) -> Self:
        """Records as ``to_records`` gives them, with ``count``, ``min`` and ``max`` added."""

        def column(read: Any) -> FloatArray:
            return np.array([read(record) for record in records], dtype=np.float64)

        return cls(
            np.array([record["count"] for record in records], dtype=np.int64),
            column(lambda r: r["pivot"]),
            column(lambda r: r["mean"]),
            column(lambda r: r["m2"][0]),
            column(lambda r: r["m2"][1]),
            column(lambda r: np.inf if r["min"] is None else r["min"]),
            column(lambda r: -np.inf if r["max"] is None else r["max"]),
        )


def _zeros(like: FloatArray) -> FloatArray:
    return np.zeros_like(like)
