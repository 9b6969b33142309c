"""What reports draw: both sides as histograms in the same cells, and as quantile functions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bncli.shift.distances import binned
from bncli.shift.model import Curves, Gap, Picture
from bncli.stats.exact import FloatArray
from bncli.stats.quantiles import Quantiles

CELLS = 48
"""Divides by 6, 8, 12, 16 and 24, so that a report can join neighbours evenly."""

FEW = 24
"""Up to so many different values, each has a cell of its own."""

SHARES = 64
"""Pieces that a quantile function is drawn in: quartiles fall between them."""

_TAIL = np.array([0.01, 0.99])


def numeric_picture(train: Quantiles, test: Quantiles) -> Picture | None:
    """A cell for each value where there are few, else equal cells between the outer percents.

    The tails fall in the end cells: trimming keeps one gross error from squashing everything
    else into a single cell.
    """
    values = np.union1d(train.points, test.points)
    if values.size <= FEW:
        ours, theirs = binned(train, test, values[:-1]).shares
        few = tuple(values.tolist())
        return Picture(_shares(ours), _shares(theirs), few[0], few[-1], values=few)
    ends = np.concatenate((train.quantile(_TAIL), test.quantile(_TAIL)))
    low, high = float(ends.min()), float(ends.max())
    if not np.isfinite(high - low):
        return None
    if low == high:  # nearly everything is one value
        low, high = float(values[0]), float(values[-1])
    # An edge belongs to the cell on its right, so that whole numbers do not straddle.
    edges = np.nextafter(np.linspace(low, high, CELLS + 1)[1:-1], -np.inf)
    ours, theirs = binned(train, test, edges).shares
    return Picture(_shares(ours), _shares(theirs), low, high)


def _shares(cells: FloatArray) -> tuple[float, ...]:
    return tuple(cells.tolist())


def numeric_curves(train: Quantiles, test: Quantiles) -> Curves | None:
    """Both quantile functions at 0, 1/64, ..., 1; None where a difference of two overflows."""
    shares = np.linspace(0.0, 1.0, SHARES + 1)
    ours, theirs = train.quantile(shares), test.quantile(shares)
    ends = np.concatenate((ours, theirs))
    if not np.isfinite(ends.max() - ends.min()):
        return None
    return Curves(_shares(shares), _shares(ours), _shares(theirs), _gap(train, test))


def _gap(train: Quantiles, test: Quantiles) -> Gap:
    """A value at which ``distances.ks`` is reached, up to rounding.

    One walk over the merged points: sorting two sorted runs is a merge, several times quicker
    than looking each point up on the other side.
    """
    points = np.concatenate((train.points, test.points))
    steps = np.concatenate((train.weights / train.count, -test.weights / test.count))
    order = np.argsort(points, kind="stable")
    points = points[order]
    apart = np.abs(np.cumsum(steps[order]))
    apart[:-1][points[1:] == points[:-1]] = 0.0  # equal values are passed together
    at = points[[apart.argmax()]]
    return Gap(float(at[0]), float(train.cdf(at)[0]), float(test.cdf(at)[0]))


def category_picture(
    values: Sequence[str], train: Sequence[float], test: Sequence[float], most: int = CELLS
) -> Picture:
    """One cell a value, most frequent in training first; shares as given."""
    order = sorted(range(len(values)), key=lambda at: (-train[at], -test[at], values[at]))[:most]
    return Picture(
        tuple(train[at] for at in order),
        tuple(test[at] for at in order),
        labels=tuple(values[at] for at in order),
    )
