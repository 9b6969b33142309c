"""The second Wasserstein distance, taken apart into location, scale and shape.

    W2^2 = (mean_F - mean_G)^2 + (sd_F - sd_G)^2 + 2 sd_F sd_G (1 - rho)

rho is the correlation of the two quantile functions. Standardizing the test side with its own
statistics takes the first two parts away; the third, the shape, is what no affine map can mend.

Source: Cuesta-Albertos, Matran & Tuero-Diaz 1996; Irpino & Verde 2015 for the three parts.
Functions that bear a measure's name are explained to users: see ``measures.py``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from bncli.shift.distances import ks
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
        return w2(self.location, self.scale, self.shape)


def location(gap: float, sd_train: float) -> float:
    """Location.

    Definition: (mean_G - mean_F) / sd_F, F the training side and G the test side; sd is the
        population standard deviation.
    Range: any number, without a unit; its sign is the direction. Absent where the training side
        is constant.
    Reading: +0.5 means that the mean rose by half of what the column used to vary. Judged only
        where a side kept no quantiles; elsewhere w1_sd, which is never smaller, stands for it.
    Source: Glass's delta (Glass 1976).
    """
    return gap / sd_train


def scale(sd_train: float, sd_test: float) -> float:
    """Scale.

    Definition: ln(sd_G / sd_F), the logarithm of the ratio of the standard deviations.
    Range: any number; 0 where both spread alike, +0.69 where the test side spreads twice as far,
        -0.69 where half as far. Absent where a side is constant.
    Reading: how the spread changed, in the same measure up and down.
    Source: the log variability ratio, lnVR (Nakagawa et al. 2015), without its small-sample term.
    """
    return math.log(sd_test) - math.log(sd_train)


def w2(location: float, scale: float, shape: float) -> float:
    """Second Wasserstein distance.

    Definition: the root of the integral of (F^-1 - G^-1)^2 over the quantiles; equal to the root
        of w2_location + w2_scale + w2_shape.
    Range: 0 and up, in the unit of the column.
    Reading: like w1, with long ways counting more. Its square falls apart into what standardizing
        again takes away (location and scale) and what stays (shape).
    Source: Vaserstein 1969; Irpino & Verde 2015 for the three parts.
    """
    return math.sqrt(location + scale + shape)


def w2_location(gap: float) -> float:
    """The location part of W2 squared.

    Definition: (mean_F - mean_G)^2.
    Range: 0 and up, in the squared unit of the column; with the other two parts it adds up to w2
        squared.
    Reading: what would be gone if the test side's mean were moved back.
    Source: Irpino & Verde 2015.
    """
    # A product, since ** raises where * overflows to inf, which the report leaves out.
    return gap * gap


def w2_scale(sd_train: float, sd_test: float) -> float:
    """The scale part of W2 squared.

    Definition: (sd_F - sd_G)^2.
    Range: 0 and up, in the squared unit of the column; with the other two parts it adds up to w2
        squared.
    Reading: what would be gone if the test side's spread were stretched back.
    Source: Irpino & Verde 2015.
    """
    apart = sd_train - sd_test
    return apart * apart


def w2_shape(sd_train: float, sd_test: float, one_minus_rho: float) -> float:
    """The shape part of W2 squared.

    Definition: 2 sd_F sd_G (1 - rho), rho the correlation of the two quantile functions.
    Range: 0 and up, in the squared unit of the column; with the other two parts it adds up to w2
        squared.
    Reading: what no shifting and stretching can mend: skewness, tails, several peaks.
    Source: Irpino & Verde 2015.
    """
    return 2 * sd_train * sd_test * one_minus_rho


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
    return Parts(
        w2_location(gap), w2_scale(sd_train, sd_test), w2_shape(sd_train, sd_test, rest), rest
    )


def distinct(side: Quantiles) -> int:
    """How many different values the points take."""
    return int(np.count_nonzero(np.diff(side.points))) + min(1, side.points.size)


def is_discrete(train: Quantiles, test: Quantiles) -> bool:
    return min(distinct(train), distinct(test)) <= DISCRETE


def removable(parts: Parts, sd_train: float) -> float | None:
    """Removable share.

    Definition: 1 - 2 sd_F^2 (1 - rho) / W2^2: the share of W2 squared that goes when the test side
        is standardized with its own statistics and mapped to training units (``adapt``).
    Range: up to 1. Negative where stretching a narrow test side magnifies its shape. Absent for
        discrete columns (at most 20 values on a side) and where W2 is below 0.01 sd_F.
    Reading: near 1, standardizing again mends the column; near 0, only its shape has moved, and
        it does not. Standardizing both sides with the training statistics takes none of it away.
    Source: Irpino & Verde 2015 for the parts; the share follows from them.
    """
    if sd_train <= 0.0 or parts.w2 / sd_train < NEGLIGIBLE:
        return None
    return 1.0 - 2.0 * sd_train * sd_train * parts.one_minus_rho / (parts.w2 * parts.w2)


def ks_left(
    train: Quantiles, test: Quantiles, means: tuple[float, float], sds: tuple[float, float]
) -> float:
    """KS distance left by standardizing again.

    Definition: ks once the test side is standardized with its own mean and standard deviation and
        mapped to training units, (x - mean_G) sd_F / sd_G + mean_F, as ``adapt`` does.
    Range: 0 to 1. Absent where removable is.
    Reading: what of the shift is shape, on the scale on which ks is judged. Where it reaches the
        minor threshold the column stays shifted, however much of W2 was removed; a note says so.
    Source: ``removable`` and ``ks``; it raises no severity.

    means, sds: of training and test, the standard deviations above 0.
    """
    ratio = sds[0] / sds[1]
    low, high = ((end - means[1]) * ratio + means[0] for end in (test.minimum, test.maximum))
    points = (test.points - means[1]) * ratio + means[0]
    return ks(train, replace(test, points=points, minimum=low, maximum=high))
