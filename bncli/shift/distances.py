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


@dataclass(frozen=True, slots=True, eq=False)
class Binned:
    """Rows of both sides in the same bins, shape (bins,); weighted where a side is a sketch."""

    train: FloatArray
    test: FloatArray

    @property
    def shares(self) -> tuple[FloatArray, FloatArray]:
        return self.train / self.train.sum(), self.test / self.test.sum()


def ks(train: Quantiles, test: Quantiles) -> float:
    """Kolmogorov-Smirnov distance: the largest gap between the distribution functions."""
    at = np.concatenate((train.points, test.points))
    return float(np.abs(train.cdf(at) - test.cdf(at)).max())


def w1(train: Quantiles, test: Quantiles) -> float:
    """First Wasserstein distance, in column units: the area between the distribution functions."""
    at = np.sort(np.concatenate((train.points, test.points)), kind="stable")
    gap = np.abs(train.cdf(at[:-1]) - test.cdf(at[:-1]))
    with np.errstate(over="ignore", invalid="ignore"):
        return float(np.sum(gap * np.diff(at)))


def bin_edges(train: Quantiles, bins: int) -> FloatArray:
    """Inner edges: the training side's quantiles at 1/bins, 2/bins, ..., each value once.

    Shape (at most bins - 1,). A column with few distinct values has fewer edges.
    """
    return np.unique(train.quantile(np.arange(1, bins) / bins))


def binned(train: Quantiles, test: Quantiles, edges: FloatArray) -> Binned:
    """Rows between the edges: bins open left, closed right, the outer two open-ended."""
    return Binned(_rows_between(train, edges), _rows_between(test, edges))


def _rows_between(side: Quantiles, edges: FloatArray) -> FloatArray:
    total = np.concatenate(([0.0], np.cumsum(side.weights)))
    upto = total[np.searchsorted(side.points, edges, side="right")]
    return np.diff(np.concatenate(([0.0], upto, total[-1:])))


def psi_rows(p: FloatArray, q: FloatArray, floor: float) -> FloatArray:
    """Population stability index of each row of shares: shape (..., bins) to (...)."""
    p, q = np.maximum(p, floor), np.maximum(q, floor)
    return np.asarray(((q - p) * np.log(q / p)).sum(axis=-1))


def psi(p: FloatArray, q: FloatArray, floor: float = 1e-4) -> float:
    """Population stability index: sum (q - p) ln(q / p), shares floored, not renormalised.

    Source: the symmetrised Kullback-Leibler divergence, Jeffreys 1946.
    """
    return float(psi_rows(p, q, floor))


def js(p: FloatArray, q: FloatArray) -> float:
    """Jensen-Shannon distance, base 2: the square root of the divergence. Source: Lin 1991."""
    middle = (p + q) / 2
    divergence = (rel_entr(p, middle).sum() + rel_entr(q, middle).sum()) / 2 / np.log(2)
    return float(np.sqrt(min(max(divergence, 0.0), 1.0)))


def hellinger(p: FloatArray, q: FloatArray) -> float:
    """Hellinger distance: the Euclidean one between square roots of shares, over sqrt 2."""
    return min(1.0, float(np.sqrt(np.square(np.sqrt(p) - np.sqrt(q)).sum() / 2)))


def tv(p: FloatArray, q: FloatArray) -> float:
    """Total variation distance: the share that would have to change its bin."""
    return min(1.0, float(np.abs(p - q).sum() / 2))


def share_distances(rows: Binned, floor: float) -> dict[str, float]:
    """PSI and every registered share distance of the same bins."""
    p, q = rows.shares
    others = {name: SHARE_DISTANCES[name](p, q) for name in SHARE_DISTANCES}
    return {"psi": psi(p, q, floor)} | others


def out_of_range(test: Quantiles, low: float, high: float) -> float:
    """Share of the test values below ``low`` or above ``high``, the training minimum and maximum.

    The test side's own ends are exact even in a sketch: they say whether there is any.
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
