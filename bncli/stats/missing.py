"""What a numeric column does not say: nulls, NaN and infinities, each counted apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from bncli.stats.arrays import Arrays
from bncli.stats.exact import IntArray
from bncli.stats.state import Record


@dataclass(frozen=True, slots=True, eq=False)
class Missing(Arrays):
    """All fields count rows and have one shape ``(..., channels)``."""

    nulls: IntArray
    nans: IntArray
    infinite: IntArray

    @classmethod
    def empty(cls, *shape: int) -> Self:
        zero = np.zeros(shape, np.int64)
        return cls(zero, zero, zero)

    def merge(self, later: Self) -> Self:
        pairs = zip(self.arrays(), later.arrays(), strict=True)
        return type(self)(*(mine + theirs for mine, theirs in pairs))

    @property
    def total(self) -> IntArray:
        """Rows left out of the statistics."""
        return self.nulls + self.nans + self.infinite

    def to_records(self) -> list[dict[str, Any]]:
        columns = (self.nulls.tolist(), self.nans.tolist(), self.infinite.tolist())
        return [
            {"nulls": nulls, "nans": nans, "infinite": infinite}
            for nulls, nans, infinite in zip(*columns, strict=True)
        ]

    @classmethod
    def from_records(cls, records: Sequence[Record]) -> Self:
        names = ("nulls", "nans", "infinite")
        return cls(*(np.array([r[name] for r in records], dtype=np.int64) for name in names))
