"""Distances between two distributions of one column.

KS and W1 take the two sides as weighted points; the others take two vectors of shares, of
shape (..., bins), and reduce the last axis. All are exact where the sides are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import rel_entr

from bncli.registry import Registry
from bncli.stats.exact import FloatArray
from bncli.stats.quantiles import Quantiles

SHARE_DISTANCES = Registry(
    "distance",
    js="bncli.shift.distances:js",
    hellinger="bncli.shift.distances:hellinger",
    tv="bncli.shift.distances:tv",
)
"""Symmetric distances of two share vectors within 0 and 1; PSI stands beside, with its floor."""

POINT_DISTANCES = Registry("distance", ks="bncli.shift.distances:ks", w1="bncli.shift.distances:w1")


DEFAULT_FLOOR = 1e-4
"""Shares that PSI takes for empty count as this much."""


@dataclass(frozen=True, slots=True, eq=False)
class Binned:
    """Rows of both sides in the same bins, shape (bins,); weighted where a side is a sketch."""

    train: FloatArray
    test: FloatArray

    @property
    def shares(self) -> tuple[FloatArray, FloatArray]:
        return self.train / self.train.sum(), self.test / self.test.sum()


def ks(train: Quantiles, test: Quantiles) -> float:
    """Kolmogorov-Smirnov distance.

    Definition: the largest gap between the two distribution functions, sup |F - G|.
    Range: 0 (the same distribution) to 1 (no overlap). Unchanged by any rising transformation of
        the column. Where a side is a sketch it is off by at most the rank error of the column.
        A value that the test side repeats within a thousandth of a step of one that training
        repeats counts as that one, for KS and for bins: it differs by rounding alone.
    Reading: 0.2 means that at some value the share of rows below it differs by 20 points.
        Sensitive in the middle of a distribution, less so in its tails.
    Source: Kolmogorov 1933, Smirnov 1939; the statistic of ``scipy.stats.ks_2samp``.
    """
    at, gap = _gaps(train, test)
    whole = np.append(at[1:] != at[:-1], True)  # a step counts once all of it is taken
    return float(gap[whole].max())


def w1(train: Quantiles, test: Quantiles) -> float:
    """First Wasserstein distance.

    Definition: the area between the two distribution functions, which is the integral of
        |F^-1 - G^-1| over the quantiles.
    Range: 0 and up, in the unit of the column; never below the distance of the means.
    Reading: how far a value has to move, on average, to turn one distribution into the other.
        Compare columns by w1_sd instead.
    Source: Vaserstein 1969; ``scipy.stats.wasserstein_distance``.
    """
    at, gap = _gaps(train, test)
    with np.errstate(over="ignore", invalid="ignore"):
        return float(np.sum(gap[:-1] * np.diff(at)))


def _gaps(train: Quantiles, test: Quantiles) -> tuple[FloatArray, FloatArray]:
    """The points of both sides in order, and how far the distribution functions are apart there.

    Both of shape (points of both,); of equal points, only the last one's gap is whole. Merging two
    sorted runs is linear, where looking up each point of one in the other is not.
    """
    at = np.concatenate((train.points, test.points))
    order = np.argsort(at, kind="stable")
    weights = np.zeros((2, at.size))
    weights[0, : train.points.size] = train.weights
    weights[1, train.points.size :] = test.weights
    below = np.cumsum(weights[:, order], axis=1)
    below /= below[:, -1:]
    return at[order], np.abs(below[0] - below[1])


def w1_sd(distance: float, sd_train: float) -> float:
    """First Wasserstein distance in training standard deviations.

    Definition: w1 divided by the training side's standard deviation (population).
    Range: 0 and up, without a unit; absent where the training side is constant.
    Reading: 0.3 means that values moved by 0.3 of what they used to vary, on average. Sees what
        happens in the tails, and how far, which KS and PSI do not.
    Source: Vaserstein 1969; the scaling is the one of Evidently, without its floor.
    """
    return distance / sd_train


def binned(train: Quantiles, test: Quantiles, edges: FloatArray) -> Binned:
    """Rows between the inner edges: bins open left, closed right, the outer two open-ended."""
    return Binned(_rows_between(train, edges), _rows_between(test, edges))


def _rows_between(side: Quantiles, edges: FloatArray) -> FloatArray:
    total = np.concatenate(([0.0], np.cumsum(side.weights)))
    upto = total[np.searchsorted(side.points, edges, side="right")]
    return np.diff(np.concatenate(([0.0], upto, total[-1:])))


def psi_rows(p: FloatArray, q: FloatArray, floor: float) -> FloatArray:
    """Population stability index of each row of shares: shape (..., bins) to (...)."""
    p, q = np.maximum(p, floor), np.maximum(q, floor)
    return np.asarray(((q - p) * np.log(q / p)).sum(axis=-1))


def psi(p: FloatArray, q: FloatArray, floor: float = DEFAULT_FLOOR) -> float:
    """Population stability index.

    Definition: the sum over the bins of (q - p) ln(q / p), p and q the shares of the present
        values of training and test. Bins are those of --binning (categories: one each). A share
        below --psi-floor (1e-4) counts as that; nothing is renormalised.
    Range: 0 and up, without an end: each bin that one side leaves empty brings up to ln(1 / floor)
        times the other side's share.
    Reading: below 0.1 little has moved, from 0.25 on much. Few rows bring a PSI by themselves,
        about (bins - 1)(1/n + 1/k): see psi_expected and psi_p.
    Source: the symmetrised relative entropy of Jeffreys 1946; the name and the limits are those of
        credit scoring (Siddiqi 2006).
    """
    return float(psi_rows(p, q, floor))


def psi_expected(bins: int, n: float, k: float) -> float:
    """What chance alone brings to PSI.

    Definition: (bins - 1)(1/n + 1/k), the mean of PSI when both sides come from one source; n and
        k are the present values of the sides, fewer where a side is a sketch.
    Range: 0 and up.
    Reading: a guide to the eye only. One bin that is empty by chance breaks it, so the verdict
        uses psi_p.
    Source: Yurdakul 2018: PSI is then (1/n + 1/k) times a chi-squared of bins - 1 degrees.
    """
    return (bins - 1) * (1 / n + 1 / k)


def js(p: FloatArray, q: FloatArray) -> float:
    """Jensen-Shannon distance, base 2.

    Definition: the square root of the Jensen-Shannon divergence with logarithms to base 2: the
        mean relative entropy of p and of q against (p + q) / 2. Same bins as PSI, no floor.
    Range: 0 (the same shares) to 1 (no bin in common).
    Reading: minor from 0.1, major from 0.2. Bounded, so one emptied bin does not run away with it
        as with PSI. With logarithms to base e it would be 0.83 of this.
    Source: Lin 1991; ``scipy.spatial.distance.jensenshannon(p, q, base=2)``.
    """
    middle = (p + q) / 2
    divergence = (rel_entr(p, middle).sum() + rel_entr(q, middle).sum()) / 2 / np.log(2)
    return float(np.sqrt(min(max(divergence, 0.0), 1.0)))


def hellinger(p: FloatArray, q: FloatArray) -> float:
    """Hellinger distance.

    Definition: the Euclidean distance between the square roots of the shares, over sqrt 2. Same
        bins as PSI, no floor.
    Range: 0 (the same shares) to 1 (no bin in common).
    Reading: close to js; its square is at most tv, and tv is at most sqrt 2 times it.
    Source: Hellinger 1909.
    """
    return min(1.0, float(np.sqrt(np.square(np.sqrt(p) - np.sqrt(q)).sum() / 2)))


def tv(p: FloatArray, q: FloatArray) -> float:
    """Total variation distance.

    Definition: half the sum over the bins of |q - p|. Same bins as PSI, no floor.
    Range: 0 (the same shares) to 1 (no bin in common).
    Reading: the share of the rows that would have to change their bin (or category) to turn one
        side into the other.
    Source: the L1 distance of two distributions, halved.
    """
    return min(1.0, float(np.abs(p - q).sum() / 2))


def share_distances(rows: Binned, floor: float) -> dict[str, float]:
    """PSI and every registered distance of the same bins."""
    p, q = rows.shares
    others = {name: SHARE_DISTANCES[name](p, q) for name in SHARE_DISTANCES}
    return {"psi": psi(p, q, floor)} | others


def out_of_range(test: Quantiles, low: float, high: float) -> float:
    """Out of range.

    Definition: the share of the test values below the training minimum (``low``) or above the
        training maximum (``high``).
    Range: 0 to 1. The ends are exact even in a sketch, so they always say whether there is any.
    Reading: where a model has to extrapolate. For numbers it is judged only where the training
        side is constant, since elsewhere KS, PSI and W1 speak; for dates it is told and never
        judged, as later is what new data is.
    Source: plain counting.
    """
    one = 1.0 / test.count
    below = float(test.cdf(np.array([low]), side="left")[0])
    above = 1.0 - float(test.cdf(np.array([high]), side="right")[0])
    share = 0.0
    if test.minimum < low:
        share += max(below, one)
    if test.maximum > high:
        share += max(above, one)
    return min(1.0, share)
