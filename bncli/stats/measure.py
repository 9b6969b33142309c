"""From the values of one column to the moments of each of its mini-batches, vectorized.

Values arrive as rows of a matrix, one *piece* per row: a mini-batch, or 8192 rows of a long
one. Per piece a pivot near its mean is subtracted, then plain sums are taken, in short runs
that are added pairwise, and corrected for what the pivot missed. A piece whose pivot came out
far from the mean (more than half a standard deviation) is centred again, so that no digits
cancel. Everything is computed per piece, so the same piece gives the same bits wherever the
data is cut.

Source: the shifted and the corrected two-pass algorithms of Chan, Golub & LeVeque 1983.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bncli.stats import exact
from bncli.stats.exact import FloatArray, IntArray
from bncli.stats.moments import Moments

PIECE = 8192
"""Longest piece in rows: with its shifted copy it stays in a core's cache."""
_RUN = 512
_SAMPLE = 16

Numbers: TypeAlias = NDArray[Any]
Mask: TypeAlias = NDArray[np.bool_]


class Sums(NamedTuple):
    """Per piece, shape (pieces,): rows and pivot, sums of ``x - pivot`` and its square."""

    rows: IntArray
    pivot: exact.Pair
    first: FloatArray
    second: FloatArray


def measure_pieces(values: Numbers, missing: Mask | None) -> Moments:
    """Moments of each row of ``values``, shape (pieces, width), as a state of shape (pieces,).

    values: float64, int64 or uint64; missing: where there is no value, same shape, or None.
    Values marked missing may hold anything.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        shifted, pivot = _shift(values, missing)
        sums = _sums(shifted, pivot, missing)
        off = sums.first * sums.first > 0.25 * sums.rows * sums.second
        if off.any():
            sums = _centred(shifted, sums, off, missing)
        low, high = _extremes(values, missing)
        return _moments(sums, low, high)


def _sample(values: Numbers) -> Numbers:
    return values[:, :: max(1, values.shape[1] // _SAMPLE)]


def _shift(values: Numbers, missing: Mask | None) -> tuple[FloatArray, exact.Pair]:
    """``values - pivot`` as float64 with 0 where missing, and the pivot, a double-double."""
    if missing is None:
        start, sample = values[:, :1], _sample(values)
    else:
        # The first present value stands in for the missing ones while the pivot is looked for.
        chosen = np.argmin(missing, axis=1)[:, None]
        start = np.take_along_axis(values, chosen, axis=1)
        sample = np.where(_sample(missing), start, _sample(values))
        empty = missing.all(axis=1, keepdims=True)
        if empty.any():
            start, sample = (
                np.where(empty, values.dtype.type(0), part) for part in (start, sample)
            )
    shifted = np.empty(values.shape)
    if values.dtype == np.float64:
        pivot = start + (sample - start).mean(axis=1, keepdims=True)
        np.subtract(values, pivot, out=shifted)
        pair = pivot[:, 0], np.zeros(len(values))
    else:
        pair = _shift_integers(values, start, sample, shifted)
    if missing is not None:
        np.copyto(shifted, 0.0, where=missing)
    return shifted, pair


def _shift_integers(
    values: Numbers, start: Numbers, sample: Numbers, shifted: FloatArray
) -> exact.Pair:
    """Subtract an integer pivot in 64-bit integers, where 2**62 + 2 is still itself.

    Differences wrap around modulo 2**64, so they are right as int64 while a piece spans less
    than 2**63; one that spans more is widened to float64 first and loses only what is far
    below its spread.
    """
    whole, start, sample = (
        part.view(np.int64) for part in map(np.ascontiguousarray, (values, start, sample))
    )
    near = np.rint((sample - start).mean(axis=1, keepdims=True)).astype(np.int64)
    pivot = start + near
    np.subtract(whole, pivot, out=shifted, casting="unsafe", dtype=np.int64)
    high = pivot.view(values.dtype)[:, 0].astype(np.float64)
    low = _beyond_float(pivot.view(values.dtype)[:, 0], high)
    wide = np.subtract(values.max(axis=1).astype(np.float64), values.min(axis=1)) > 2.0**62
    if wide.any():
        middle = values[wide].mean(axis=1)
        shifted[wide] = values[wide].astype(np.float64) - middle[:, None]
        high[wide], low[wide] = middle, 0.0
    return high, low


def _beyond_float(integers: Numbers, rounded: FloatArray) -> FloatArray:
    """What float64 rounding took from 64-bit integers."""
    exactly = zip(integers.tolist(), rounded.tolist(), strict=True)
    return np.array([float(integer - int(nearest)) for integer, nearest in exactly])


def _sums(shifted: FloatArray, pivot: exact.Pair, missing: Mask | None) -> Sums:
    pieces, width = shifted.shape
    count = np.full(pieces, width) if missing is None else width - missing.sum(axis=1)
    return Sums(count, pivot, shifted.sum(axis=1), _squares(shifted))


def _squares(shifted: FloatArray) -> FloatArray:
    """Sum of squares per row, in short runs added pairwise: a long dot product drifts."""
    pieces, width = shifted.shape
    whole = width - width % _RUN
    if not whole:
        return _squares_of_few(shifted)
    runs = shifted[:, :whole].reshape(pieces, -1, _RUN)
    total: FloatArray = np.vecdot(runs, runs).sum(axis=1)
    rest = shifted[:, whole:]
    return total + np.vecdot(rest, rest) if rest.size else total


def _squares_of_few(shifted: FloatArray) -> FloatArray:
    """The same for rows so short that errors do not average out.

    The high bits of the squares are cut off on one grid, where their sum is exact.
    Source: Rump, Ogita & Oishi 2008 (ExtractVector).
    """
    squares = shifted * shifted
    _, exponent = np.frexp(squares.max(axis=1, keepdims=True))
    grid = np.ldexp(1.0, exponent + shifted.shape[1].bit_length() + 1)
    high = (squares + grid) - grid
    total: FloatArray = high.sum(axis=1) + (squares - high).sum(axis=1)
    return total


def _centred(shifted: FloatArray, sums: Sums, off: Mask, missing: Mask | None) -> Sums:
    """Move the pivot of the pieces ``off`` to their mean and sum again."""
    step = sums.first[off] / np.maximum(sums.rows[off], 1)
    again = shifted[off] - step[:, None]
    if missing is not None:
        np.copyto(again, 0.0, where=missing[off])
    high, low = sums.pivot
    moved = exact.add((high[off], low[off]), (step, np.zeros_like(step)))
    first, second = sums.first.copy(), sums.second.copy()
    high, low = high.copy(), low.copy()
    high[off], low[off] = moved
    first[off], second[off] = again.sum(axis=1), _squares(again)
    return Sums(sums.rows, (high, low), first, second)


def _extremes(values: Numbers, missing: Mask | None) -> tuple[FloatArray, FloatArray]:
    """Minimum and maximum per row; +inf and -inf where nothing is present."""
    if missing is None:
        return values.min(axis=1).astype(np.float64), values.max(axis=1).astype(np.float64)
    values = values.astype(np.float64, copy=False)
    return (
        np.where(missing, np.inf, values).min(axis=1),
        np.where(missing, -np.inf, values).max(axis=1),
    )


def pooled(batches: Moments, axis: int = 0) -> Moments:
    """Moments of all mini-batches along ``axis`` together: two passes over their means.

    Source: Chan, Golub & LeVeque 1983, the pairwise formula for more than two groups.
    """
    # numpy adds pairwise only along a contiguous axis; along another it drifts.
    count, pivot, mean, m2, m2_low, low, high = (
        np.ascontiguousarray(np.moveaxis(array, axis, -1)) for array in batches.arrays()
    )
    rows, present = count.astype(np.float64), count > 0
    total = np.maximum(rows.sum(axis=-1, keepdims=True), 1.0)
    chosen = np.argmax(present, axis=-1, keepdims=True)
    start = np.take_along_axis(pivot, chosen, axis=-1)
    with np.errstate(over="ignore", invalid="ignore"):
        far = np.where(present, pivot - start, 0.0)
        centre = start + (rows * far).sum(axis=-1, keepdims=True) / total
        off = np.where(present, (pivot - centre) + mean, 0.0)
        first = (rows * off).sum(axis=-1)
        step = first / total[..., 0]
        between = np.maximum((rows * off * off).sum(axis=-1) - first * step, 0.0)
        middle = exact.two_sum(centre[..., 0], step)
        within, error = exact.two_sum(m2.sum(axis=-1), between)
        spread = exact.quick_two_sum(within, error + m2_low.sum(axis=-1))
    return Moments(count.sum(axis=-1), *middle, *spread, low.min(axis=-1), high.max(axis=-1))


def _moments(sums: Sums, low: FloatArray, high: FloatArray) -> Moments:
    rows = np.maximum(sums.rows, 1).astype(np.float64)
    step = sums.first / rows
    pivot, mean = exact.add(sums.pivot, (step, np.zeros_like(step)))
    m2 = np.maximum(sums.second - sums.first * step, 0.0)
    return Moments(sums.rows, pivot, mean, m2, np.zeros_like(m2), low, high)
