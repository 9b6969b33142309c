"""From the values of one column to sums per piece, vectorized over pieces.

Values arrive as rows of a matrix, one *piece* per row: a mini-batch, or 8192 rows of a long
one. Per piece a pivot near its mean is subtracted, then plain sums are taken, in short runs
that are added pairwise. A piece whose pivot came out far from the mean (more than half a
standard deviation) is centred again, so that no digits cancel. Everything is computed per
piece, so the same piece gives the same bits wherever the data is cut.

Within this module a matrix is turned: a piece is a column. Long pieces are turned by a view,
short ones by a copy, so that numpy always runs along many values at once.

Source: the shifted and the corrected two-pass algorithms of Chan, Golub & LeVeque 1983.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bncli.stats import exact
from bncli.stats.exact import FloatArray, IntArray
from bncli.stats.pairwise import pairwise_sum

PIECE = 8192
"""Longest piece in rows: with its shifted copy it stays in a core's cache."""
_SHORT = 128
_RUN = 64
_LONG, _SAMPLES_OF_LONG, _SAMPLES = 1024, 64, 16

Numbers: TypeAlias = NDArray[Any]
Mask: TypeAlias = NDArray[np.bool_]


class Sums(NamedTuple):
    """Per piece, all of one shape: rows present, pivot (a double-double), sums of ``x - pivot``
    and of its square, extremes of x (+inf and -inf where nothing is present)."""

    rows: IntArray
    pivot: FloatArray
    pivot_low: FloatArray
    first: FloatArray
    second: FloatArray
    low: FloatArray
    high: FloatArray


def piece_sums(values: Numbers, missing: Mask | None = None) -> Sums:
    """Sums of each row of ``values``, shape (pieces, width), as arrays of shape (pieces,).

    values: float64, int64 or uint64; missing: where there is no value, same shape, or None.
    Values marked missing may hold anything. Sums overflow to inf or NaN without a warning.
    """
    values = _turned(values)
    missing = None if missing is None else _turned(missing)
    with np.errstate(over="ignore", invalid="ignore"):
        start, sample = _start(values, missing)
        floating = values.dtype == np.float64
        pivot = _near(start, sample) if floating else _near_integer(start, sample)
        if missing is not None:
            # A missing value becomes the pivot, which lies among the values: it adds nothing to
            # a sum of differences, and is no extreme.
            values = np.where(missing, pivot, values)
        if floating:
            shifted, high, low = values - pivot, pivot[0], np.zeros(pivot.size)
        else:
            shifted, high, low = _shifted_integers(values, pivot, missing)
        sums = _sums(values, shifted, (high, low), missing)
        off = sums.first * sums.first > 0.25 * sums.rows * sums.second
        return _centred(sums, shifted, off, missing) if off.any() else sums


def _turned(matrix: Numbers) -> Numbers:
    return matrix.T if matrix.shape[1] >= _SHORT else np.ascontiguousarray(matrix.T)


def _start(values: Numbers, missing: Mask | None) -> tuple[Numbers, Numbers]:
    """The first present value of every piece, shape (1, pieces), and some more of each."""
    width, pieces = values.shape
    samples = _SAMPLES_OF_LONG if width >= _LONG else _SAMPLES
    step = max(1, width // samples)
    if missing is None:
        return values[:1], values[::step]
    start = values[np.argmin(missing, axis=0), np.arange(pieces)][None]
    start[:, missing.all(axis=0)] = 0
    return start, np.where(missing[::step], start, values[::step])


def _near(start: FloatArray, sample: FloatArray) -> FloatArray:
    """About the mean of each piece, from a sample, and never beyond the sample's extremes."""
    near = start + pairwise_sum(sample - start) / len(sample)
    return np.minimum(np.maximum(near, sample.min(axis=0)), sample.max(axis=0))


def _near_integer(start: Numbers, sample: Numbers) -> Numbers:
    """The same in 64-bit integers, where 2**62 + 2 is still itself.

    Differences wrap around modulo 2**64, so they are right as int64 while a piece spans less
    than 2**63; of a wider one the result is some integer.
    """
    first = start.view(np.int64)
    steps = pairwise_sum((sample.view(np.int64) - first).astype(np.float64)) / len(sample)
    near: Numbers = (first + np.rint(steps).astype(np.int64)).view(start.dtype)
    return near


def _shifted_integers(
    values: Numbers, pivot: Numbers, missing: Mask | None
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """``values - pivot``, subtracted as integers, and the pivot as a double-double.

    A piece that spans 2**62 or more is widened to float64 first and loses only what is far
    below its spread.
    """
    shifted = (values.view(np.int64) - pivot.view(np.int64)).astype(np.float64)
    high = pivot[0].astype(np.float64)
    exactly = zip(pivot[0].tolist(), high.tolist(), strict=True)
    low = np.array([float(integer - int(nearest)) for integer, nearest in exactly])
    wide = values.max(axis=0).astype(np.float64) - values.min(axis=0) > 2.0**62
    if wide.any():
        middle = pairwise_sum(values[:, wide].astype(np.float64)) / len(values)
        shifted[:, wide] = values[:, wide].astype(np.float64) - middle
        high[wide], low[wide] = middle, 0.0
        if missing is not None:
            shifted[missing & wide] = 0.0
    return shifted, high, low


def _sums(values: Numbers, shifted: FloatArray, pivot: exact.Pair, missing: Mask | None) -> Sums:
    width, pieces = values.shape
    lowest, highest = (
        extreme.astype(np.float64) for extreme in (values.min(axis=0), values.max(axis=0))
    )
    rows = np.full(pieces, width)
    if missing is not None:
        rows -= missing.sum(axis=0)
        lowest[rows == 0], highest[rows == 0] = np.inf, -np.inf
    farthest = np.maximum(highest - pivot[0], pivot[0] - lowest)
    second = _squares(shifted, farthest * farthest)
    return Sums(rows, *pivot, _total(shifted), second, lowest, highest)


def _total(shifted: FloatArray) -> FloatArray:
    if len(shifted) < _SHORT:
        return pairwise_sum(shifted)
    # Along contiguous rows numpy adds pairwise itself, and faster.
    total: FloatArray = np.ascontiguousarray(shifted.T).sum(axis=1)
    return total


def _squares(shifted: FloatArray, largest: FloatArray) -> FloatArray:
    """Sum of squares per piece, of which ``largest`` is about the largest.

    A full piece is one of many in long data, and summed fast: in short runs, added pairwise,
    for a long dot product drifts. One that a few values dominate, and any shorter one, is summed
    exactly but for the last rounding.
    """
    if len(shifted) < PIECE:
        return _exact_squares(shifted)
    runs = np.ascontiguousarray(shifted.T).reshape(shifted.shape[1], -1, _RUN)
    total = pairwise_sum(np.vecdot(runs, runs).T)
    dominated = largest * _RUN > total
    if dominated.any():
        total[dominated] = _exact_squares(shifted[:, dominated])
    return total


def _exact_squares(shifted: FloatArray) -> FloatArray:
    """Squares of the high parts, cut off on one grid, add up without rounding; what is left
    is too small for its rounding to matter.

    Source: Rump, Ogita & Oishi 2008 (ExtractVector).
    """
    _, exponent = np.frexp(np.abs(shifted).max(axis=0))
    bits = (52 - len(shifted).bit_length()) // 2
    grid = np.ldexp(1.5, exponent + 52 - bits)
    high = shifted + grid
    high -= grid
    low = shifted - high
    return _dot(high, high) + _dot(low, np.add(shifted, high, out=high))


def _dot(a: FloatArray, b: FloatArray) -> FloatArray:
    if len(a) < _SHORT:
        return pairwise_sum(a * b)
    total: FloatArray = np.vecdot(np.ascontiguousarray(a.T), np.ascontiguousarray(b.T))
    return total


def _centred(sums: Sums, shifted: FloatArray, off: Mask, missing: Mask | None) -> Sums:
    """Move the pivot of the pieces ``off`` to their mean and sum again."""
    step = sums.first[off] / np.maximum(sums.rows[off], 1)
    again = shifted[:, off] - step
    if missing is not None:
        again[missing[:, off]] = 0.0
    pivot, low = sums.pivot.copy(), sums.pivot_low.copy()
    pivot[off], low[off] = exact.add((pivot[off], low[off]), (step, np.zeros_like(step)))
    sums.first[off], sums.second[off] = _total(again), _exact_squares(again)
    return sums._replace(pivot=pivot, pivot_low=low)
