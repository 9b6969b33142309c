"""Do the rows of a column depend on each other? p-values assume that they do not."""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np

from bncli.stats.exact import FloatArray
from bncli.stats.lag import Lag
from bncli.stats.moments import Moments

STRONG = 0.3
"""Lag-1 autocorrelation from which n rows are worth about half as many, or fewer."""

BLOCKS_ALIKE = 0.2
"""The same of neighbouring blocks, from which they are plainly no independent ones."""

_LEAST_BLOCKS = 5


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


def alike_blocks(train: FloatArray, test: FloatArray) -> tuple[str, ...]:
    """Said where blocks are too short to be independent of their neighbours.

    train, test: values per block and cell, the missing ones last: (blocks, cells + 1).
    """
    sides = ("training", _neighbours(train)), ("test", _neighbours(test))
    strong = [f"{r:.2f} ({name})" for name, r in sides if r >= BLOCKS_ALIKE]
    if not strong:
        return ()
    return (
        f"neighbouring blocks are alike ({', '.join(strong)}): take longer ones, or its p-values "
        "may be too small",
    )


def _neighbours(counts: FloatArray) -> float:
    """Lag-1 autocorrelation of the blocks' mean cell, or of their missing share where there is but
    one cell; 0 where chance explains it, or where blocks are few."""
    rows = counts if counts.shape[1] == 2 else counts[:, :-1]
    kept = rows[rows.sum(axis=1) > 0]
    means = kept @ np.arange(kept.shape[1], dtype=np.float64) / kept.sum(axis=1)
    if means.size < _LEAST_BLOCKS or not means.var() > 0:
        return 0.0
    r = 1.0 - float(np.mean(np.diff(means) ** 2) / (2.0 * means.var()))
    return r if r >= 3.0 / math.sqrt(means.size) else 0.0
