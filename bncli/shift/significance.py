"""Could chance have done it? p-values in closed form, and corrections for asking often.

All assume independent rows. Where a side is a sketch, its rank error (a 99 % bound) is taken
off before testing, so that the sketch itself never looks like a shift.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Sequence

import numpy as np
from scipy.special import chdtrc

from bncli.shift.distances import Binned
from bncli.shift.kolmogorov import FEWEST_ROWS, kolmogorov_sf
from bncli.stats.exact import FloatArray
from bncli.stats.quantiles import Quantiles

EXACT_ROWS = 10_000
"""Up to this many values on both sides the Kolmogorov-Smirnov p-value is exact, as SciPy's."""

_UNDERFLOW = 745.2  # exp(-745.2) is 0 in float64
_TWO_SIDED_99 = 2.5758293035489004


def ks_p(
    train: Quantiles,
    test: Quantiles,
    distance: float,
    negligible: float = 0.0,
    positions: int = 1,
) -> float:
    """p-value of the Kolmogorov-Smirnov distance.

    Definition: the chance of so large a ks when both sides come from one source: exact for two
        sides of at most 10,000 values that are all kept, else the distribution of the one-sample
        statistic at n k / (n + k) rows. Where a side is a sketch, its rank error is taken off
        first, so that the sketch never looks like a shift.
    Range: 0 to 1. Assumes independent rows.
    Reading: small means that chance does not explain the distance, not that it is large. On many
        rows every p is 0: it never makes a verdict alone.
    Source: Hodges 1958; ``scipy.stats.ks_2samp`` (exact) and ``scipy.stats.kstwo``.

    negligible: what is surely below is that of Maag & Dicaire 1971, since exact takes long there.
    positions: values in a row; those of one row are not independent, and count as one.
    """
    n, k = train.count / positions, test.count / positions
    size = n / (n + k) * k
    distance = max(0.0, distance - train.rank_error - test.rank_error)
    # 2.17 exp(-2 size D^2) bounds p (Wei & Dudley 2012).
    exponent = 2 * size * distance**2 - math.log(2.17) if min(n, k) >= 4 else 0.0
    if exponent > _UNDERFLOW:
        return 0.0  # whichever way
    if math.exp(-exponent) < negligible:
        return 2.0 * math.exp(-((6 * size * distance + 1) ** 2) / (18 * size))
    exactly = train.exact and test.exact and max(n, k) <= EXACT_ROWS and positions == 1
    if not exactly and size >= FEWEST_ROWS:
        return kolmogorov_sf(distance, round(size))
    from scipy import stats  # takes a second to import

    if exactly:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # it may fall back, as we would
            return float(stats.ks_2samp(train.points, test.points).pvalue)
    return float(np.clip(stats.kstwo.sf(distance, max(1, round(size))), 0.0, 1.0))


def worth_rows(count: float, rank_error: float) -> float:
    """Rows a side is worth when its rank error counts as further sampling noise.

    ``count`` when exact. The bound is 99 %, the widest standard error of a share is
    0.5 / sqrt(rows), and variances add.
    """
    return 1.0 / (1.0 / count + (2.0 * rank_error / _TWO_SIDED_99) ** 2)


def cramers_v(chi2: float, n: int, k: int) -> float:
    """Cramer's V.

    Definition: the root of chi2 / (n + k), n and k the present values of the sides; uncorrected.
        (A table of two rows has min(rows, columns) - 1 = 1, so nothing else is divided by.)
    Range: 0 (the same shares) to 1 (no value in common).
    Reading: how strongly the side and the value hang together, whatever the number of rows.
    Source: Cramer 1946; ``scipy.stats.contingency.association``.
    """
    return math.sqrt(chi2 / (n + k))


def scaled(rows: Binned, n: float, k: float) -> Binned:
    """The same shares as if ``n`` and ``k`` rows had been seen."""
    p, q = rows.shares
    return Binned(p * n, q * k)


def pearson(rows: Binned) -> tuple[float, int, float]:
    """Pearson's chi-squared.

    Definition: the sum over a table of 2 sides x values of (rows - expected)^2 / expected, the
        expectation being that of equal shares. Missing rows are left out; no Yates correction.
    Range: 0 and up; grows with the rows, so it compares no two columns: cramers_v does.
    Reading: about the number of values less one where nothing moved.
    Source: Pearson 1900; ``scipy.stats.chi2_contingency(correction=False)``.

    Returns the statistic, its degrees of freedom, and the smallest expectation; values without a
    row on either side are left out.
    """
    table = np.stack((rows.train, rows.test))
    table = table[:, table.sum(axis=0) > 0]
    expected = table.sum(axis=1, keepdims=True) * (table.sum(axis=0) / table.sum())
    statistic = float((np.square(table - expected) / expected).sum())
    return statistic, table.shape[1] - 1, float(expected.min())


def chi2_p(statistic: float, degrees: int) -> float:
    """p-value of Pearson's chi-squared.

    Definition: the upper tail of the chi-squared distribution with one degree of freedom less
        than there are values; 1 where there is none.
    Range: 0 to 1. Assumes independent rows.
    Reading: small means that chance does not explain the difference. Far too small where values are
        rare: where fewer than 5 rows are expected of one, the verdict counts the rarest as one.
    Source: Pearson 1900; ``scipy.stats.chi2_contingency``.
    """
    return float(chdtrc(degrees, statistic)) if degrees > 0 else 1.0


def two_proportion_p(hits: float, n: float, other_hits: float, k: float) -> float:
    """p-value of the difference of two missing shares.

    Definition: the two-sided z test of two proportions, pooled, without continuity correction;
        1 where both shares are 0 or both are 1.
    Range: 0 to 1. Assumes independent rows.
    Reading: small means that chance does not explain the difference of the missing shares. Where
        fewer than 5 missing (or present) rows are expected, the verdict uses Fisher's exact test.
    Source: Pearson 1900: z squared is the chi-squared of the 2 x 2 table. Fisher 1935.
    """
    pooled = (hits + other_hits) / (n + k)
    if pooled in (0.0, 1.0):
        return 1.0
    spread = math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / k))
    return normal_p((hits / n - other_hits / k) / spread)


def means_p(gap: float, variance: float, n: float, other_variance: float, k: float) -> float:
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
    """Adjusted p-value of a column.

    Definition: the smallest p of the column's families (distribution, binned, missing, unseen)
        times their number, then adjusted over all columns so that it can be held against alpha.
    Range: 0 to 1.
    Reading: a column whose value is at most --alpha (0.05) survives; of those that do, at most
        that share is expected to have been moved by chance alone.
    Source: Bonferroni within a column; Benjamini & Hochberg 1995 over columns.

    In the order given, shape (columns,).
    """
    values = np.asarray(p, dtype=np.float64)
    order = np.argsort(values, kind="stable")
    raw = values[order] * values.size / np.arange(1, values.size + 1)
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum(1.0, np.minimum.accumulate(raw[::-1])[::-1])
    return adjusted
