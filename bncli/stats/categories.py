"""How often each value of a categorical column was seen: exact while few, bounded beyond.

Up to ``capacity`` different values the counts are exact. Beyond it, the rarest are dropped
and the count of the largest dropped one is subtracted from all, so that every count is too
low by at most ``bound`` rows, and any value seen more often than that is still there.

Source: Misra & Gries 1982; merging after Agarwal et al. 2012, "Mergeable Summaries".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from bncli.stats.state import Record

DEFAULT_CAPACITY = 10_000


@dataclass(frozen=True, slots=True)
class Categories:
    """One column: ``count`` present values, ``missing`` null ones, counts by value as text."""

    count: int = 0
    missing: int = 0
    values: Mapping[str, int] = field(default_factory=dict)
    bound: int = 0
    capacity: int = DEFAULT_CAPACITY

    @property
    def exact(self) -> bool:
        return self.bound == 0

    def merge(self, later: Self) -> Self:
        """Add the counts of both; reduce to ``capacity`` values where there are more."""
        values = dict(self.values)
        for value, count in later.values.items():
            values[value] = values.get(value, 0) + count
        whole = type(self)(
            self.count + later.count,
            self.missing + later.missing,
            values,
            self.bound + later.bound,
            min(self.capacity, later.capacity),
        )
        return whole._reduced()

    def limited(self, capacity: int) -> Self:
        """The same counts, reduced to ``capacity`` values."""
        limited = type(self)(self.count, self.missing, self.values, self.bound, capacity)
        return limited._reduced()

    def _reduced(self) -> Self:
        if len(self.values) <= self.capacity:
            return self
        cut = sorted(self.values.values(), reverse=True)[self.capacity]
        kept = {value: count - cut for value, count in self.values.items() if count > cut}
        return type(self)(self.count, self.missing, kept, self.bound + cut, self.capacity)

    def ranked(self) -> list[tuple[str, int]]:
        """Values with their counts, most frequent first, ties by value."""
        return sorted(self.values.items(), key=lambda item: (-item[1], item[0]))

    def to_record(self) -> dict[str, Any]:
        return {
            "count": self.count,
            "missing": self.missing,
            "values": [[value, count] for value, count in self.ranked()],
            "exact": self.exact,
            "bound": self.bound,
            "capacity": self.capacity,
        }

    @classmethod
    def from_record(cls, record: Record) -> Self:
        return cls(
            record["count"],
            record["missing"],
            dict(record["values"]),
            record.get("bound", 0),
            record.get("capacity", DEFAULT_CAPACITY),
        )
