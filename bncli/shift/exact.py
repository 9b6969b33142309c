"""p-values where rows are few: the usual closed forms then call rare values a shift.

Of 10,000 training rows one in a hundred is missing, and so is the single row of a slice: z says
p = 1e-23, though it happens once in a hundred slices. Wherever an expected count is below 5, the
verdict asks these instead; the measures ``missing_p`` and ``chi2_p`` stay what their names say.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.special import gammaln

from bncli.shift.distances import Binned
from bncli.shift.significance import chi2_p, pearson, two_proportion_p
from bncli.stats.exact import FloatArray

LEAST = 5.0
"""Expected count from which closed forms are trusted. Source: Cochran 1954."""

_TIE = 1e-6  # tables as likely as the observed one, but for rounding


def smallest_p(n: int, k: int) -> float:
    """The smallest p-value that ``n`` and ``k`` rows can give: that of no value in common.

    Of the ``(n + k choose k)`` ways to deal the ranks to the sides, two part them completely.
    """
    ways = math.lgamma(n + k + 1) - math.lgamma(n + 1) - math.lgamma(k + 1)
    return min(1.0, 2.0 * math.exp(-ways))


def shares_p(hits: float, n: float, other_hits: float, k: float) -> float:
    """Chance of two so different shares: z where every expected count is 5 or more, else Fisher.

    Counts of tensors, in rows, need not be whole: Fisher's are rounded.
    """
    together = hits + other_hits
    rarest = min(n, k) * min(together, n + k - together) / (n + k)
    if rarest >= LEAST:
        return two_proportion_p(hits, n, other_hits, k)
    return fisher_p(round(hits), round(n), round(other_hits), round(k))


def fisher_p(hits: int, n: int, other_hits: int, k: int) -> float:
    """Fisher's exact test of a 2 x 2 table, two-sided: all tables no likelier than this one.

    Source: Fisher 1935; ``scipy.stats.fisher_exact``.
    """
    together = hits + other_hits
    possible = np.arange(max(0, together - n), min(together, k) + 1, dtype=np.float64)
    logs = _log_ways(together, possible) + _log_ways(n + k - together, k - possible)
    chances = np.exp(logs - logs.max())
    observed = chances[other_hits - int(possible[0])]
    likelier = chances > observed * (1 + _TIE)
    return float(chances[~likelier].sum() / chances.sum())


def table_p(rows: Binned) -> float:
    """Chance of two so different sets of counts, shape (values,) a side.

    Pearson's chi-squared, after values of which less than 5 rows are expected on a side were put
    together; Fisher's test where there are two values; 1 where too little is left to tell.
    """
    n, k = round(rows.train.sum()), round(rows.test.sum())
    if rows.train.size == 2:
        return shares_p(round(rows.train[0]), n, round(rows.test[0]), k)
    statistic, degrees, _ = pearson(lumped(rows))
    return chi2_p(statistic, degrees)


def lumped(rows: Binned) -> Binned:
    """With the rarest values as one, so that at least 5 rows are expected in every cell."""
    together = rows.train + rows.test
    order = np.argsort(together, kind="stable")
    share = min(rows.train.sum(), rows.test.sum()) / together.sum()
    expected = together[order] * share
    rare = int(np.searchsorted(expected, LEAST))
    if rare:  # as many more as it takes to expect 5 of them together
        rare = max(rare, int(np.searchsorted(np.cumsum(expected), LEAST)) + 1)
    return Binned(*(_first_as_one(side[order], rare) for side in (rows.train, rows.test)))


def _first_as_one(counts: FloatArray, size: int) -> FloatArray:
    return np.append(counts[size:], counts[:size].sum()) if size else counts


def _log_ways(of: int, chosen: FloatArray) -> FloatArray:
    return np.asarray(gammaln(of + 1) - gammaln(chosen + 1) - gammaln(of - chosen + 1))
