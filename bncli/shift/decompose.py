"""The second Wasserstein distance, taken apart into location, scale and shape.

    W2^2 = (mean_F - mean_G)^2 + (sd_F - sd_G)^2 + 2 sd_F sd_G (1 - rho)

rho is the correlation of the two quantile functions. Standardizing the test side with its own
statistics takes the first two parts away; the third, the shape, is what no affine map can mend.

Source: Cuesta-Albertos, Matran & Tuero-Diaz 1996; Irpino & Verde 2015 for the three parts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from bncli.stats.exact import FloatArray
from bncli.stats.quantiles import Quantiles

DISCRETE = 20
"""At most this many distinct values on either side make a column discrete."""

NEGLIGIBLE = 0.01
"""W2 in training standard deviations below which a share of it means nothing."""


@dataclass(frozen=True, slots=True)
class Parts:
    """W2 squared as a sum, in squared column units, and rho's distance from 1."""

    location: float
    scale: float
    shape: float
    one_minus_rho: float

    @property
    def w2(self) -> float:
        return math.sqrt(self.location + self.scale + self.shape)


def coupling(train: Quantiles, test: Quantiles) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Both quantile functions as steps on the merged grid of cumulative shares.

    Returns the widths of the steps (they sum to 1) and the values of both sides on them, each
    of shape (points of both,). Integrals over quantile functions are then exact sums.
    """
    ours, theirs = _cumulative(train), _cumulative(test)
    grid = np.sort(np.concatenate((ours, theirs)), kind="stable")
    widths = np.diff(grid, prepend=0.0)
    return (
        widths,
        train.points[np.searchsorted(ours, grid, side="left")],
        test.points[np.searchsorted(theirs, grid, side="left")],
    )


def _cumulative(side: Quantiles) -> FloatArray:
    total = np.cumsum(side.weights)
    return np.asarray(total / total[-1])


def _standardized(widths: FloatArray, values: FloatArray) -> FloatArray | None:
    """Values less their mean over their standard deviation; None where that is 0."""
    centred = values - values[values.size // 2]
    largest = float(np.abs(centred).max())
    if not 0.0 < largest < math.inf:
        return None
    centred = centred / largest  # so that no square under- or overflows
    centred = centred - np.sum(widths * centred)
    deviation = math.sqrt(float(np.sum(widths * centred * centred)))
    return centred / deviation if deviation > 0.0 else None


def one_minus_rho(train: Quantiles, test: Quantiles) -> float:
    """1 - correlation of the quantile functions, 0 where a side does not vary.

    Half the mean squared difference of the standardized ones: nothing cancels when rho is
    near 1, which is the common case.
    """
    widths, ours, theirs = coupling(train, test)
    first, second = _standardized(widths, ours), _standardized(widths, theirs)
    if first is None or second is None:
        return 0.0
    return float(np.sum(widths * np.square(first - second))) / 2


def decompose(gap: float, sd_train: float, sd_test: float, rest: float) -> Parts:
    """Parts from the difference of means, both population sds, and ``one_minus_rho``."""
    apart = sd_train - sd_test
    # Products, since ** raises where * overflows to inf, which the report leaves out.
    return Parts(gap * gap, apart * apart, 2 * sd_train * sd_test * rest, rest)


def distinct(side: Quantiles) -> int:
    """How many different values the points take."""
    return int(np.count_nonzero(np.diff(side.points))) + min(1, side.points.size)


def is_discrete(train: Quantiles, test: Quantiles) -> bool:
    return min(distinct(train), distinct(test)) <= DISCRETE


def removable(parts: Parts, sd_train: float) -> float | None:
    """Share of W2 squared that goes when the test side is standardized with its own statistics.

    ``1 - 2 sd_F^2 (1 - rho) / W2^2``; negative where stretching a narrow test side magnifies
    its shape. None where the training side is constant or W2 is negligible beside its spread.
    Discrete columns have none either: ask ``is_discrete``.
    """
    if sd_train <= 0.0 or parts.w2 / sd_train < NEGLIGIBLE:
        return None
    return 1.0 - 2.0 * sd_train * sd_train * parts.one_minus_rho / (parts.w2 * parts.w2)
