"""From sums to moments, and from the moments of many mini-batches to those of all."""

from __future__ import annotations

import numpy as np

from bncli.stats import exact
from bncli.stats.measure import Sums
from bncli.stats.moments import Moments
from bncli.stats.pairwise import pairwise_sum, pairwise_sum_of_pairs


def moments_of(sums: Sums) -> Moments:
    """Moments per piece, elementwise. Source: the corrected two-pass algorithm."""
    rows = np.maximum(sums.rows, 1).astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        step = sums.first / rows
        pivot, mean = exact.add((sums.pivot, sums.pivot_low), (step, np.zeros_like(step)))
        about, error = exact.two_product(sums.first, step)
        m2, m2_low = exact.two_sum(sums.second, -about)
        negative = m2 < 0
        m2[negative], error[negative], m2_low[negative] = 0.0, 0.0, 0.0
    return Moments(sums.rows, pivot, mean, m2, m2_low - error, sums.low, sums.high)


def pooled(batches: Moments) -> Moments:
    """Moments of all mini-batches along the first axis together: two passes over their means.

    Source: Chan, Golub & LeVeque 1983, the pairwise formula for more than two groups.
    """
    count, pivot, mean, m2, m2_low, low, high = batches.arrays()
    rows, present = count.astype(np.float64), count > 0
    total = np.maximum(pairwise_sum(rows), 1.0)
    start = np.take_along_axis(pivot, np.argmax(present, axis=0)[None], axis=0)
    with np.errstate(over="ignore", invalid="ignore"):
        far = np.where(present, pivot - start, 0.0)
        centre = start + pairwise_sum(rows * far) / total
        here = np.where(present, pivot, centre), np.where(present, mean, 0.0)
        off = exact.add(here, (-centre, np.zeros_like(centre)))
        first = pairwise_sum(rows * off[0])
        step = first / total
        middle = exact.two_sum(centre[0], step)
        squares = exact.multiply(exact.multiply(off, off), (rows, np.zeros_like(rows)))
        about = exact.negate(exact.two_product(first, step))
        between = exact.add(pairwise_sum_of_pairs(squares), about)
        spread = exact.add(pairwise_sum_of_pairs((m2, m2_low)), between)
    return Moments(count.sum(axis=0), *middle, *spread, low.min(axis=0), high.max(axis=0))
