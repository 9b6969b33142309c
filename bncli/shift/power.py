"""The smallest effects that so many rows can tell from chance: is "none" an answer at all?

Each is the effect at which the family's p-value reaches alpha divided by the number of families,
before any correction over columns: with these rows, nothing smaller can ever count. They are
approximations from large samples, and say about how many rows it takes.
"""

from __future__ import annotations

import math

from scipy.special import chdtri, kolmogi, ndtri


def smallest_ks(n: float, k: float, alpha: float, rank_error: float = 0.0) -> float:
    """Smallest detectable effect.

    Definition: of ks, the distance c sqrt(1/n + 1/k) that chance exceeds with probability alpha
        over the number of families, plus the rank error; of psi, the same quantile of chi-squared
        with bins - 1 degrees times (1/n + 1/k); of missing and of location, that of the normal
        distribution times their standard error.
    Range: 0 to 1 for shares and ks, 0 and up otherwise.
    Reading: effects below it cannot be told from chance with so many rows. Where even a shift at
        the major threshold lies below it, the column is marked "too few rows" and not "none".
    Source: Smirnov 1948 for ks; Pearson 1900 for psi.
    """
    return min(1.0, float(kolmogi(alpha)) * math.sqrt(1 / n + 1 / k) + rank_error)


def smallest_psi(n: float, k: float, bins: int, alpha: float) -> float:
    """Of PSI over ``bins`` bins: to second order it is (1/n + 1/k) times Pearson's chi-squared."""
    return _chi2(bins, alpha) * (1 / n + 1 / k)


def smallest_cramers_v(n: float, k: float, values: int, alpha: float) -> float:
    """Of Cramer's V over ``values`` categories."""
    return min(1.0, math.sqrt(_chi2(values, alpha) / (n + k))) if values > 1 else 1.0


def smallest_missing(share: float, n: float, k: float, alpha: float) -> float:
    """Of the missing difference, upwards from the training side's share.

    Solves d^2 = z^2 p (1 - p) (1/n + 1/k) with p = share + d k / (n + k), the pooled share.
    """
    square = float(ndtri(alpha / 2)) ** 2 * (1 / n + 1 / k)
    weight = k / (n + k)
    a = 1 + square * weight**2
    b = square * weight * (1 - 2 * share)
    c = square * share * (1 - share)
    return min(1.0, (b + math.sqrt(b * b + 4 * a * c)) / (2 * a))


def smallest_location(n: float, k: float, sds: tuple[float, float], alpha: float) -> float:
    """Of the distance of two means, in training standard deviations."""
    ours, theirs = sds
    error = math.sqrt(ours**2 / max(n - 1, 1) + theirs**2 / max(k - 1, 1))
    return -float(ndtri(alpha / 2)) * error / ours


def _chi2(bins: int, alpha: float) -> float:
    return float(chdtri(bins - 1, alpha)) if bins > 1 else 0.0
