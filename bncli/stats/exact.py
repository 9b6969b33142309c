"""Double-double arithmetic on numpy arrays: an unevaluated sum ``high + low`` of about 106 bits.

Merges of states use it, so that ten thousand of them cost no digits. Every function is
elementwise and broadcasts. Products overflow above about 1e299, which the moments report.

Source: Dekker 1971; Knuth, TAOCP 2, 4.2.2; Li et al. 2002 (XBLAS), for the accurate sum.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

FloatArray: TypeAlias = NDArray[np.float64]
IntArray: TypeAlias = NDArray[np.int64]
Pair: TypeAlias = tuple[FloatArray, FloatArray]

_SPLITTER = 134217729.0  # 2**27 + 1


def two_sum(a: FloatArray, b: FloatArray) -> Pair:
    """a + b as the rounded sum and its exact rounding error."""
    total = a + b
    other = total - a
    return total, (a - (total - other)) + (b - other)


def quick_two_sum(a: FloatArray, b: FloatArray) -> Pair:
    """``two_sum`` where ``abs(a) >= abs(b)``."""
    total = a + b
    return total, b - (total - a)


def _split(a: FloatArray) -> Pair:
    scaled = _SPLITTER * a
    high = scaled - (scaled - a)
    return high, a - high


def two_product(a: FloatArray, b: FloatArray) -> Pair:
    """a * b as the rounded product and its exact rounding error."""
    product = a * b
    a_high, a_low = _split(a)
    b_high, b_low = _split(b)
    error = ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low
    return product, error


def add(a: Pair, b: Pair) -> Pair:
    """Sum of two double-doubles, relative error about 2**-105 even under cancellation."""
    high, error = two_sum(a[0], b[0])
    low, low_error = two_sum(a[1], b[1])
    high, error = quick_two_sum(high, error + low)
    return quick_two_sum(high, error + low_error)


def negate(a: Pair) -> Pair:
    return -a[0], -a[1]


def multiply(a: Pair, b: Pair) -> Pair:
    """Product of two double-doubles."""
    product, error = two_product(a[0], b[0])
    return quick_two_sum(product, error + (a[0] * b[1] + a[1] * b[0]))


def divide(a: Pair, b: FloatArray) -> Pair:
    """A double-double divided by a float64; nonsense where ``b`` is 0."""
    quotient = a[0] / b
    product, error = two_product(quotient, b)
    rest = (a[0] - product) - error + a[1]
    return quick_two_sum(quotient, rest / b)
