"""Which two columns' correlation moved most, and whether chance explains it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import ndtr

from bncli.shift.gaussian import deviations
from bncli.shift.wholes import PairMoved
from bncli.stats.exact import FloatArray

MOST_PAIRS = 10
_NEARLY_1 = 1.0 - 1e-12


def moved_most(
    labels: Sequence[str],
    covariances: tuple[FloatArray, FloatArray],
    rows: tuple[int, int],
    most: int = MOST_PAIRS,
) -> tuple[PairMoved, ...]:
    """The pairs whose correlation changed most, largest change first.

    A column that is constant on a side has no correlation there, and is in no pair. p_adjusted is
    that of Fisher's z, two-sided, times the number of pairs (Bonferroni): two columns of the pair
    are taken to be jointly normal, their rows independent. Source: Fisher 1921.
    """
    ours, theirs = (_correlations(covariance) for covariance in covariances)
    first, second = np.tril_indices(len(labels), -1)
    known = np.isfinite(ours[first, second]) & np.isfinite(theirs[first, second])
    first, second = first[known], second[known]
    before, after = ours[first, second], theirs[first, second]
    p = np.minimum(1.0, _chance(before, after, rows) * before.size)
    largest = np.argsort(-np.abs(after - before), kind="stable")[:most]
    return tuple(
        PairMoved(labels[b], labels[a], float(old), float(new), float(chance))
        for a, b, old, new, chance in zip(
            *(column[largest] for column in (first, second, before, after, p)), strict=True
        )
    )


def _correlations(covariance: FloatArray) -> FloatArray:
    sd = deviations(covariance)
    with np.errstate(divide="ignore", invalid="ignore"):
        found: FloatArray = np.clip(covariance / sd / sd[:, None], -1.0, 1.0)
    return found


def _chance(before: FloatArray, after: FloatArray, rows: tuple[int, int]) -> FloatArray:
    """p of Fisher's z for every pair, two-sided."""
    z = [np.arctanh(np.clip(r, -_NEARLY_1, _NEARLY_1)) for r in (before, after)]
    spread = np.sqrt(sum(1.0 / max(count - 3, 1) for count in rows))
    found: FloatArray = 2.0 * ndtr(-np.abs(z[1] - z[0]) / spread)
    return found
