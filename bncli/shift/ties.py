"""Values that differ by nothing but rounding are one value.

Many columns repeat few values. Where they took another way to the test side (another unit and
back, say), each may come out a little beside the value it repeats; taken literally its whole
weight would have moved, by nothing. So a value that the test side repeats counts as one that
training repeats, where it lies beside it by less than a thousandth of the distance to the next
training value. Where either side repeats nothing, nothing changes.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bncli.stats.exact import FloatArray
from bncli.stats.quantiles import Quantiles

_OF_GAP = 1e-3
_OF_SIZE = 1e-12  # where training has no other value to measure by


def aligned(test: Quantiles, train: Quantiles) -> Quantiles:
    """The test side with the repeated values that training nearly has at those of training."""
    values, many = _values(train)
    found, repeated = _values(test)
    if not (many.any() and repeated.any()):
        return test
    atoms, reach = values[many], _reach(values)[many]
    nearest = _nearest(found, atoms)
    close = repeated & (np.abs(found - atoms[nearest]) <= reach[nearest])
    # A value that training has as it is stays where it is.
    close &= values[_nearest(found, values)] != found
    if not close.any():
        return test
    moved = np.where(close, atoms[nearest], found)
    points = moved[np.searchsorted(found, test.points)]
    low, high = (_end(end, found, moved) for end in (test.minimum, test.maximum))
    return replace(test, points=points, minimum=low, maximum=high)


def _values(side: Quantiles) -> tuple[FloatArray, NDArray[np.bool_]]:
    """The distinct points, and which of them stand for more than one row."""
    values, at = np.unique(side.points, return_inverse=True)
    return values, np.bincount(at, side.weights, values.size) > 1


def _reach(values: FloatArray) -> FloatArray:
    """How far from each value another one is still taken for it."""
    if values.size == 1:
        return np.abs(values) * _OF_SIZE
    gaps = np.diff(values)
    nearer: FloatArray = np.minimum(np.append(gaps, np.inf), np.insert(gaps, 0, np.inf))
    return _OF_GAP * nearer


def _nearest(points: FloatArray, values: FloatArray) -> NDArray[np.intp]:
    """For each point the place of the value that is nearest to it."""
    right = np.clip(np.searchsorted(values, points), 0, values.size - 1)
    left = np.maximum(right - 1, 0)
    nearer = np.abs(points - values[left]) <= np.abs(points - values[right])
    return np.where(nearer, left, right)


def _end(end: float, found: FloatArray, moved: FloatArray) -> float:
    """The exact minimum or maximum, moved along where it is one of the points."""
    at = int(np.searchsorted(found, end))
    return float(moved[at]) if at < found.size and found[at] == end else end
