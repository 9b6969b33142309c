"""Could chance have done it? p-values in closed form, and corrections for asking often.

All assume independent rows. Where a side is a sketch, its rank error (a 99 % bound) is taken
off before testing, so that the sketch itself never looks like a shift.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Sequence

import numpy as np
from scipy.special import chdtrc, chdtri, kolmogi

from bncli.shift.distances import Binned
from bncli.stats.exact import FloatArray
from bncli.stats.quantiles import Quantiles

EXACT_ROWS = 10_000
"""Up to this many values on both sides the Kolmogorov-Smirnov p-value is exact, as SciPy's."""

_UNDERFLOW = 745.2  # exp(-745.2) is 0 in float64
_TWO_SIDED_99 = 2.5758293035489004


def ks_p(train: Quantiles, test: Quantiles, distance: float) -> float:
    """p-value of the two-sample Kolmogorov-Smirnov distance, as SciPy's ``ks_2samp``.

    Exact for two exact sides of at most 10,000 values, else the distribution of the one-sample
    statistic at the combined size, for the distance less both rank errors.
    """
    n, k = train.count, test.count
    size = n / (n + k) * k
    distance = max(0.0, distance - train.rank_error - test.rank_error)
    # 2.17 exp(-2 size D^2) bounds p (Wei & Dudley 2012): here it is 0 whichever way.
    if min(n, k) >= 4 and 2 * size * distance**2 - math.log(2.17) > _UNDERFLOW:
        return 0.0
    from scipy import stats  # a second to import: only where a p-value is asked for

    if train.exact and test.exact and max(n, k) <= EXACT_ROWS:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # it may fall back, as we would
            return float(stats.ks_2samp(train.points, test.points).pvalue)
    return float(np.clip(stats.kstwo.sf(distance, max(1, round(size))), 0.0, 1.0))


def smallest_ks(n: int, k: int, alpha: float, rank_error: float) -> float:
    """The smallest KS distance that ``n`` and ``k`` rows can tell from chance at ``alpha``."""
    return min(1.0, float(kolmogi(alpha)) * math.sqrt(1 / n + 1 / k) + rank_error)


def smallest_cramers_v(n: int, k: int, values: int, alpha: float) -> float:
    """The smallest Cramer's V over ``values`` categories that can be told from chance."""
    if values < 2:
        return 1.0
    return min(1.0, math.sqrt(float(chdtri(values - 1, alpha)) / (n + k)))


def worth_rows(count: int, rank_error: float) -> float:
    """Rows a side is worth when its rank error counts as further sampling noise.

    ``count`` when exact. The bound is 99 %, the widest standard error of a share is
    0.5 / sqrt(rows), and variances add.
    """
    return 1.0 / (1.0 / count + (2.0 * rank_error / _TWO_SIDED_99) ** 2)


def scaled(rows: Binned, n: float, k: float) -> Binned:
    """The same shares as if ``n`` and ``k`` rows had been seen."""
    p, q = rows.shares
    return Binned(p * n, q * k)


def pearson(rows: Binned) -> tuple[float, int, float]:
    """Pearson's chi-squared of the 2 x bins table, its degrees of freedom, smallest expectation.

    Bins empty on both sides are left out; no continuity correction.
    """
    table = np.stack((rows.train, rows.test))
    table = table[:, table.sum(axis=0) > 0]
    expected = table.sum(axis=1, keepdims=True) * (table.sum(axis=0) / table.sum())
    statistic = float((np.square(table - expected) / expected).sum())
    return statistic, table.shape[1] - 1, float(expected.min())


def chi2_p(statistic: float, degrees: int) -> float:
    """Upper tail of chi-squared; 1 where there is no degree of freedom."""
    return float(chdtrc(degrees, statistic)) if degrees > 0 else 1.0


def two_proportion_p(hits: int, n: int, other_hits: int, k: int) -> float:
    """Two-sided z test of two shares, pooled, no continuity correction.

    1 when both shares are 0 or both are 1.
    """
    pooled = (hits + other_hits) / (n + k)
    if pooled in (0.0, 1.0):
        return 1.0
    spread = math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / k))
    return normal_p((hits / n - other_hits / k) / spread)


def means_p(gap: float, variance: float, n: int, other_variance: float, k: int) -> float:
    """Two-sided test of equal means from moments alone, normal approximation (Welch 1947)."""
    error = math.sqrt(variance / max(n - 1, 1) + other_variance / max(k - 1, 1))
    if error == 0.0:
        return 1.0 if gap == 0.0 else 0.0
    return normal_p(gap / error)


def normal_p(z: float) -> float:
    """Both tails of the standard normal distribution."""
    return math.erfc(abs(z) / math.sqrt(2.0))


def bonferroni(chances: Iterable[float], families: int) -> float:
    """One p-value for a column: its smallest, times the number of families asked."""
    return min(1.0, families * min(chances, default=1.0))


def benjamini_hochberg(p: Sequence[float]) -> FloatArray:
    """Adjusted p-values over columns, in the order given, shape (columns,).

    A column survives at false discovery rate alpha when its value is <= alpha.
    Source: Benjamini & Hochberg 1995.
    """
    values = np.asarray(p, dtype=np.float64)
    order = np.argsort(values, kind="stable")
    raw = values[order] * values.size / np.arange(1, values.size + 1)
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum(1.0, np.minimum.accumulate(raw[::-1])[::-1])
    return adjusted
