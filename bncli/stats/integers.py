"""Integers of 64 bits, from which a pivot is subtracted as integers: 2**62 + 2 is still itself.

Differences wrap around modulo 2**64, so they are right as int64 while a piece spans less than
2**63. A matrix holds a piece per column.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bncli.stats.exact import FloatArray
from bncli.stats.pairwise import pairwise_sum

Numbers: TypeAlias = NDArray[Any]
Mask: TypeAlias = NDArray[np.bool_]
_WIDE = 2.0**62


def near(samples: Numbers) -> Numbers:
    """About the mean of each piece, shape (1, ...); of a piece that spans too much, any integer.

    samples: int64 or uint64, shape (samples, ...).
    """
    first = samples[:1].view(np.int64)
    steps = pairwise_sum((samples.view(np.int64) - first).astype(np.float64)) / len(samples)
    found: Numbers = (first + np.rint(steps).astype(np.int64)).view(samples.dtype)
    return found


def shifted(
    values: Numbers, pivot: Numbers, missing: Mask | None
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """``values - pivot`` as float64, and the pivot as a double-double, shape (pieces,).

    A piece that spans 2**62 or more is widened to float64 first, with a pivot of its own, and
    loses only what is far below its spread.
    """
    steps = (values.view(np.int64) - pivot.view(np.int64)).astype(np.float64)
    high = pivot[0].astype(np.float64)
    exactly = zip(pivot[0].tolist(), high.tolist(), strict=True)
    low = np.array([float(integer - int(nearest)) for integer, nearest in exactly])
    wide = values.max(axis=0).astype(np.float64) - values.min(axis=0) > _WIDE
    if wide.any():
        floats = values[:, wide].astype(np.float64)
        middle = pairwise_sum(floats) / len(floats)
        steps[:, wide] = floats - middle
        high[wide], low[wide] = middle, 0.0
        if missing is not None:
            steps[missing & wide] = 0.0
    return steps, high, low
