"""p-values from seeded draws, for what has no trustworthy closed form.

A p-value is (1 + draws at least as extreme) / (1 + draws), never 0. Drawing stops once
``_ENOUGH`` draws were as extreme: chance then plainly explains it (Besag & Clifford 1991).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bncli.shift.distances import Binned, psi, psi_rows
from bncli.shift.significance import chi2_p, pearson
from bncli.stats.exact import FloatArray, IntArray

_ENOUGH = 200
_CELLS = 1_000_000  # drawn at a time: 8 MB a side
_ROUNDING = 1e-9  # a draw that equals the observed figure counts as extreme
_NEVER = 1e-12
_MOST_DEALT = 1_000_000_000

Draw = Callable[[int], FloatArray]
Counts = IntArray | FloatArray


def resampled_p(observed: float, draw: Draw, cells: int, draws: int) -> float:
    """Share of statistics ``draw(how_many)`` at least ``observed``; ``cells`` numbers a draw."""
    block = max(1, min(250, _CELLS // cells))
    done = extreme = 0
    limit = observed - abs(observed) * _ROUNDING
    while done < draws and extreme < _ENOUGH:
        size = min(block, draws - done)
        extreme += int(np.count_nonzero(draw(size) >= limit))
        done += size
    return (1 + extreme) / (1 + done)


def binned_p(rows: Binned, floor: float, rng: np.random.Generator, draws: int) -> float:
    """p-value of PSI and JS.

    Definition: the chance of such a difference between the bins when both sides come from one
        source: Pearson's chi-squared where every expected count is 5 or more, else the share of
        2,000 seeded deals of all rows to the two sides anew whose PSI is as large.
    Range: 0 to 1, from draws never below 1 / 2001. Assumes independent rows.
    Reading: small means that chance does not explain the PSI and the JS of the column.
    Source: Pearson 1900; Fisher 1935 (the permutation test) for the draws.

    ``rows`` holds whole rows as float64; a sketch's counts are rounded for drawing.
    """
    statistic, degrees, smallest = pearson(rows)
    if degrees == 0 or smallest >= 5:
        return chi2_p(statistic, degrees)
    return psi_p(rows, floor, rng, draws)


def psi_p(rows: Binned, floor: float, rng: np.random.Generator, draws: int) -> float:
    """Chance of so large a PSI when all rows are dealt to the two sides anew.

    Not drawn from the pooled shares: a value that was seen once is on one side only in every deal,
    but on both or none in half of such draws, so that rare values looked like a shift.
    """
    ours, theirs = (np.rint(side).astype(np.int64) for side in (rows.train, rows.test))
    together = ours + theirs
    together, n = together[together > 0], max(1, int(ours.sum()))
    k = max(1, int(theirs.sum()))

    def draw(size: int) -> FloatArray:
        dealt = dealt_anew(together, n, rng, size)
        return psi_rows(dealt / n, (together - dealt) / k, floor)

    # A bin empty on both sides adds nothing to PSI: both shares sit on the floor.
    return resampled_p(psi(*rows.shares, floor), draw, together.size, draws)


def dealt_anew(together: IntArray, n: int, rng: np.random.Generator, size: int) -> IntArray:
    """Rows per value that training gets when it is dealt ``n`` of all: shape (size, values)."""
    whole = int(together.sum())
    if whole < _MOST_DEALT:
        return rng.multivariate_hypergeometric(together, n, size=size, method="marginals")
    # More than numpy deals; each row by itself then, which at such numbers is the same.
    return rng.binomial(together, n / whole, size=(size, together.size))


def unseen_excess(train: Counts, test: Counts) -> FloatArray:
    """Unseen share of the test rows less its Good-Turing expectation. (..., values) to (...).

    The expectation is the share of training rows holding a value seen once (Good 1953).
    """
    unseen = np.where(train == 0, test, 0).sum(axis=-1) / test.sum(axis=-1)
    return np.asarray(unseen - (train == 1).sum(axis=-1) / train.sum(axis=-1))


def unseen_p(train: IntArray, test: IntArray, rng: np.random.Generator, draws: int) -> float:
    """p-value of the unseen values.

    Definition: the chance that dealing all rows to the two sides anew, 2,000 times with a seed,
        brings as large an excess of unseen over unseen_expected.
    Range: 0 to 1, never below 1 / 2001; 1 where nothing is unseen. Assumes independent rows.
    Reading: small means that rare values which come and go do not explain what is new.
    Source: Fisher 1935 (the permutation test); Good 1953 for the expectation.

    train, test: rows per value, shape (values,), over the values of both sides.
    """
    if not test[train == 0].sum():
        return 1.0
    n, k = int(train.sum()), int(test.sum())
    together = _lumped(train + test, k / (n + k))

    def draw(size: int) -> FloatArray:
        dealt = dealt_anew(together, n, rng, size)
        return unseen_excess(dealt, together - dealt)

    return resampled_p(float(unseen_excess(train, test)), draw, together.size, draws)


def _lumped(together: IntArray, share: float) -> IntArray:
    """Frequent values as one: dealt at random, they surely land on training more than once."""
    none = share ** together.astype(np.float64)
    once = together * (1 - share) * share ** np.maximum(together - 1.0, 0.0)
    frequent = none + once < _NEVER
    rest = together[frequent].sum()
    return np.append(together[~frequent], rest) if rest else together
