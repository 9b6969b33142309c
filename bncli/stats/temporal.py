"""When the rows of a date or time column are: ends, and rows per cell of time.

Times are whole microseconds since 1970-01-01 (UTC; of a time of day, since midnight). A state
keeps the exact ends and how many rows fall into each cell of time that holds any. Cells are one
microsecond wide until there would be more than ``CAPACITY`` of them; then all become wider, one
step of ``WIDTHS`` at a time. Every width divides the next, so whatever is merged in whatever
order, the cells of the whole come out the same: the laws of a state hold to the bit. Gaps are
seen to the hour in almost two years of hourly rows, to the day in 44 years of daily ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Self

import numpy as np

from bncli.stats.exact import IntArray
from bncli.stats.state import Record

CAPACITY = 1 << 14
SECOND = 1_000_000
DAY = 86_400 * SECOND
WIDTHS = (
    *(1, 1_000, SECOND, 60 * SECOND, 3_600 * SECOND),
    *(DAY, 7 * DAY, 364 * DAY, 36_400 * DAY, 364_000 * DAY),
)
"""Widths of a cell in microseconds; at the last one all of int64 fits into CAPACITY cells."""


@dataclass(frozen=True, slots=True, eq=False)
class Temporal:
    """One column. count, missing: rows with and without a time. first, last: its ends, in
    microseconds, 0 where count is 0. width: of a cell, in microseconds. cells: which of them hold
    rows, ascending (cell ``c`` starts at ``c * width``); rows: how many in each.
    """

    count: int
    missing: int
    first: int
    last: int
    width: int
    cells: IntArray
    rows: IntArray

    @classmethod
    def empty(cls) -> Self:
        none = np.zeros(0, dtype=np.int64)
        return cls(0, 0, 0, 0, WIDTHS[0], none, none)

    @classmethod
    def of(cls, times: IntArray, missing: int = 0) -> Self:
        """Of microseconds in any order, shape (count,)."""
        if not times.size:
            return cls(0, missing, 0, 0, WIDTHS[0], times, times)
        ordered = np.sort(times)
        ones = np.ones(ordered.size, dtype=np.int64)
        ends = int(ordered[0]), int(ordered[-1])
        return cls(ordered.size, missing, *ends, WIDTHS[0], ordered, ones)._reduced()

    def merge(self, later: Self) -> Self:
        if not self.count or not later.count:
            kept = self if self.count else later
            return kept._with_missing(self.missing + later.missing)
        width = max(self.width, later.width)
        cells = [side.cells // (width // side.width) for side in (self, later)]
        order = np.argsort(np.concatenate(cells), kind="stable")
        return type(self)(
            self.count + later.count,
            self.missing + later.missing,
            min(self.first, later.first),
            max(self.last, later.last),
            width,
            np.concatenate(cells)[order],
            np.concatenate((self.rows, later.rows))[order],
        )._reduced()

    def _with_missing(self, missing: int) -> Self:
        ends = self.first, self.last
        return type(self)(self.count, missing, *ends, self.width, self.cells, self.rows)

    def _reduced(self) -> Self:
        """The same with each cell once, as narrow as the capacity allows."""
        for width in WIDTHS[WIDTHS.index(self.width) :]:
            cells = self.cells // (width // self.width)
            starts = np.flatnonzero(np.diff(cells, prepend=cells[0] - 1))
            if starts.size <= CAPACITY:
                break
        rows = np.add.reduceat(self.rows, starts)
        ends = self.first, self.last
        return type(self)(self.count, self.missing, *ends, width, cells[starts], rows)

    def steps(self) -> IntArray:
        """Time from each cell that holds rows to the next one, in microseconds."""
        return np.diff(self.cells) * self.width

    def outside(self, first: int, last: int) -> float:
        """Share of the times before ``first`` or after ``last``.

        Exact while cells are a microsecond wide. The rows of a wider cell that an end cuts are
        taken for inside; the own ends are exact, so whether there is any is always known.
        """
        starts, one = self.cells * self.width, 1.0 / self.count
        below = float(self.rows[starts + (self.width - 1) < first].sum()) / self.count
        above = float(self.rows[starts > last].sum()) / self.count
        share = max(below, one) if self.first < first else 0.0
        share += max(above, one) if self.last > last else 0.0
        return min(1.0, share)

    def to_record(self) -> dict[str, Any]:
        return {
            "count": self.count,
            "missing": self.missing,
            "first": self.first if self.count else None,
            "last": self.last if self.count else None,
            "width": self.width,
            # Steps rather than cells: most are alike, and alike ones are written once.
            "steps": _text(np.diff(self.cells, prepend=0)),
            "rows": _text(self.rows),
        }

    @classmethod
    def from_record(cls, record: Record) -> Self:
        ends = (record["first"] or 0, record["last"] or 0)
        steps, rows = (
            np.array(list(repeated(record[name])), dtype=np.int64) for name in ("steps", "rows")
        )
        return cls(
            record["count"], record["missing"], *ends, record["width"], np.cumsum(steps), rows
        )


def _text(values: IntArray) -> str:
    """Numbers parted by spaces, alike neighbours as ``number*times``."""
    runs = ((value, len(list(same))) for value, same in groupby(values.tolist()))
    return " ".join(f"{value}*{times}" if times > 1 else str(value) for value, times in runs)


def repeated(text: str) -> Iterator[int]:
    """The numbers that ``_text`` wrote; at most one more than CAPACITY of them."""
    left = CAPACITY + 1
    for word in text.split():
        value, _, times = word.partition("*")
        for _ in range(min(int(times or 1), left)):
            yield int(value)
        left -= int(times or 1)
