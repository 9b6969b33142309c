"""The power of its size that a time grows with."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence


def exponent(sizes: Sequence[float], times: Sequence[float]) -> float:
    """The slope of log time over log size, by least squares. Source: any t = c * size ** slope.

    Raises ValueError unless all are positive; statistics.StatisticsError below two sizes.
    """
    slope, _ = statistics.linear_regression(
        [math.log(size) for size in sizes], [math.log(time) for time in times]
    )
    return slope
