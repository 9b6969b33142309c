"""Whole blocks of rows dealt anew to the two sides: permutations that keep what is in a block.

Rows in time order depend on their neighbours, so n of them are worth fewer than n independent
ones, and p-values that take them for independent are too small. Blocks longer than the dependence
lasts are about independent of each other: where nothing moved, it does not matter which of them
are called training.

Source: Politis & Romano 1994 and Kunsch 1989 for blocks; Phipson & Smyth 2010 for (1 + extreme) /
(1 + draws), which is never 0; Besag & Clifford 1991 for stopping early.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bncli.stats.exact import FloatArray

ROUND = 100
"""Permutations drawn at a time."""

ENOUGH = 200
"""Once so many were as extreme, chance plainly explains a statistic."""

_ROUNDING = 1e-9  # a draw that equals the observed figure counts as extreme

Sums = FloatArray
"""Values per cell of a side, the missing ones last: shape (draws, cells + 1)."""

Statistics = Callable[[Sums, Sums], Mapping[str, FloatArray]]
"""Of the sums of training and test, by name: shape (draws,) each."""


@dataclass(slots=True, eq=False)
class Deals:
    """Seeded ways to deal all blocks to sides that keep their numbers of blocks.

    blocks: of training and test. The same for every column, so that no column's p depends on
    which others there are.
    """

    blocks: tuple[int, int]
    seed: int
    _rounds: list[NDArray[np.bool_]] = field(default_factory=list)

    def round(self, at: int) -> FloatArray:
        """1 where a block goes to training: shape (ROUND, all blocks)."""
        while at >= len(self._rounds):
            rng = np.random.default_rng([self.seed, len(self._rounds), *self.blocks])
            ours = np.arange(sum(self.blocks)) < self.blocks[0]
            self._rounds.append(rng.permuted(np.tile(ours, (ROUND, 1)), axis=1))
        return self._rounds[at].astype(np.float64)

    @property
    def smallest_p(self) -> float:
        """Of all ways there are to deal them."""
        n, k = self.blocks
        return math.exp(math.lgamma(n + 1) + math.lgamma(k + 1) - math.lgamma(n + k + 1))


@dataclass(frozen=True, slots=True, eq=False)
class Dealt:
    """What dealing anew says of one statistic. p: share of the draws as extreme as what was
    observed; drawn: the statistic of each of them, shape (draws,)."""

    p: float
    drawn: FloatArray


def dealt(counts: FloatArray, statistics: Statistics, deals: Deals, draws: int) -> dict[str, Dealt]:
    """The chance of each statistic. counts: all blocks, training first: (blocks, cells + 1).

    Sums of whole numbers are exact, so the result depends on no order and no number of threads.
    """
    total = counts.sum(axis=0)
    ours = counts[: deals.blocks[0]].sum(axis=0, keepdims=True)
    observed = {name: float(found[0]) for name, found in statistics(ours, total - ours).items()}
    limits = {name: _limit(value) for name, value in observed.items()}
    drawn: dict[str, list[FloatArray]] = {name: [] for name in observed}
    extreme = dict.fromkeys(observed, 0)
    for at in range(-(-draws // ROUND)):
        # Not a product of BLAS, whose threads cost more than they bring where blocks are few.
        ours = np.einsum("db,bc->dc", deals.round(at), counts)
        for name, found in statistics(ours, total - ours).items():
            known = np.where(np.isnan(found), math.inf, found)  # a side without a value
            drawn[name].append(known)
            extreme[name] += int(np.count_nonzero(known >= limits[name]))
        if min(extreme.values()) >= ENOUGH:
            break
    done = ROUND * len(next(iter(drawn.values())))
    return {
        name: Dealt((1 + extreme[name]) / (1 + done), np.concatenate(drawn[name]))
        for name in observed
    }


def _limit(observed: float) -> float:
    """From which on a draw is as extreme; every draw, where nothing could be observed."""
    return -math.inf if math.isnan(observed) else observed - abs(observed) * _ROUNDING
