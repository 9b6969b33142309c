"""What is said about a column, in parts that add up, and the part every column has: missing."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self, TypeAlias

from bncli.shift import exact
from bncli.shift.model import Kind, Measured
from bncli.shift.power import smallest_missing
from bncli.shift.significance import two_proportion_p

Rows: TypeAlias = tuple[int, int]
"""Present and missing values of a column."""


@dataclass(frozen=True, slots=True)
class Finding:
    """measures, effects, chances and notes as in ``model.Measured``; smallest: its
    ``min_detectable``."""

    measures: Mapping[str, float] = field(default_factory=dict)
    effects: Mapping[str, float] = field(default_factory=dict)
    chances: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    smallest: Mapping[str, float] = field(default_factory=dict)

    def __add__(self, other: Self) -> Self:
        return type(self)(
            {**self.measures, **other.measures},
            {**self.effects, **other.effects},
            {**self.chances, **other.chances},
            self.notes + other.notes,
            {**self.smallest, **other.smallest},
        )

    def added_to(self, whole: Measured) -> Measured:
        """``whole`` with all this in it, without what overflowed."""
        return replace(
            whole,
            measures=finite(self.measures),
            effects=finite(self.effects),
            chances=self.chances,
            notes=self.notes,
            min_detectable=finite(self.smallest),
        )


def finite(figures: Mapping[str, float]) -> dict[str, float]:
    """Without what overflowed: a report holds numbers only."""
    return {
        name: value if isinstance(value, int) else float(value)
        for name, value in figures.items()
        if math.isfinite(value)
    }


def missing(
    train: float, train_rows: float, test: float, test_rows: float, alpha: float
) -> Finding:
    """Missing shares of two sides that have rows, their difference, and its chance.

    alpha: that the family's p-value is held against.
    """
    ours, theirs = missing_share(train, train_rows), missing_share(test, test_rows)
    counts = (train, train_rows, test, test_rows)
    p = two_proportion_p(*counts)
    return Finding(
        {"missing_train": ours, "missing_test": theirs, "missing_p": p},
        {"missing": missing_difference(ours, theirs)},
        {"missing": exact.shares_p(*counts)},
        smallest={"missing": smallest_missing(ours, train_rows, test_rows, alpha)},
    )


def missing_share(missing: float, rows: float) -> float:
    """Missing share of a side.

    Definition: missing values over rows. Null and NaN are missing, and so are infinities here.
    Range: 0 to 1.
    Reading: compare the two sides: their difference is judged as missing.
    Source: plain counting.
    """
    return missing / rows


def missing_difference(train: float, test: float) -> float:
    """Missing difference.

    Definition: |missing_test - missing_train|.
    Range: 0 to 1.
    Reading: 0.05 means that five more (or fewer) rows in a hundred lack the value. Its chance is
        missing_p.
    Source: plain counting.
    """
    return abs(test - train)


def measure_missing(name: str, kind: Kind, train: Rows, test: Rows, alpha: float) -> Measured:
    """A column with values on one side only: its missing shares are all there is to compare."""
    (n, ours), (k, theirs) = train, test
    found = missing(ours, n + ours, theirs, k + theirs, alpha) + nothing_but_missing(n)
    return found.added_to(Measured(name, 0, name, kind, n, k, {}, {}, {}))


def same_share(hits: int, n: int, other_hits: int, k: int) -> bool:
    """Whether two shares are equal, to the last row."""
    return hits * k == other_hits * n


def nothing_but_missing(train_count: int) -> Finding:
    """The note for a column that has values on one side only."""
    empty = "test" if train_count else "training"
    return Finding(notes=(f"no value on the {empty} side: missing shares only",))
