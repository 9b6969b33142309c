"""Do the rows of a column depend on each other? p-values assume that they do not."""

from __future__ import annotations

import math
from typing import Protocol

from bncli.stats.lag import Lag
from bncli.stats.moments import Moments

STRONG = 0.3
"""Lag-1 autocorrelation from which n rows are worth about half as many, or fewer."""


class InOrder(Protocol):
    """One channel whose consecutive rows were looked at; lag: None by an older program."""

    @property
    def moments(self) -> Moments: ...

    @property
    def lag(self) -> Lag | None: ...


def lag1(side: InOrder) -> float:
    """Lag-1 autocorrelation of a side.

    Definition: the correlation of each row's value with the next row's, as
        1 - mean((x[i+1] - x[i])^2) / (2 variance).
    Range: -1 to 1; about 0, give or take 2 / sqrt(n), where rows are independent. Absent where it
        is not known.
    Reading: from 0.3 on, the column's p-values are too small, as consecutive rows repeat each
        other: at 0.5, n rows are worth about a third.
    Source: von Neumann 1941.
    """
    return math.nan if side.lag is None else float(side.lag.autocorrelation(side.moments))


def lags(train: InOrder, test: InOrder) -> dict[str, float]:
    """Of both sides, where it is known."""
    found = {"lag1_train": lag1(train), "lag1_test": lag1(test)}
    return {name: r for name, r in found.items() if not math.isnan(r)}


def cautions(train: InOrder, test: InOrder) -> tuple[str, ...]:
    """Said beside the p-values where the rows of a side plainly depend on each other."""
    sides = ("training", train), ("test", test)
    strong = [f"{lag1(side):.2f} ({name})" for name, side in sides if _depends(side)]
    if not strong:
        return ()
    return (f"lag-1 autocorrelation {', '.join(strong)}: its p-values are too small",)


def _depends(side: InOrder) -> bool:
    """Strong, and not by chance: 3 standard errors of independent rows."""
    r = lag1(side)
    if side.lag is None or math.isnan(r):
        return False
    return r >= max(STRONG, 3.0 / math.sqrt(int(side.lag.pairs)))
