"""Sums of squares per piece, and plain sums, for matrices in which a piece is a column."""

from __future__ import annotations

import numpy as np

from bncli.stats.exact import FloatArray
from bncli.stats.pairwise import pairwise_sum

PIECE = 8192
"""Longest piece in rows: with its shifted copy it stays in a core's cache."""
SHORT = 512
"""Longer pieces lie one after another in memory, and so do shorter ones of whole runs."""
RUN = 32


def in_runs(width: int) -> bool:
    """Whether pieces are summed by runs: short dot products, added pairwise."""
    return width % RUN == 0 and width >= 4 * RUN


def side_by_side(width: int) -> bool:
    """Whether pieces lie side by side in memory, so that numpy runs along many of them."""
    return width < SHORT and not in_runs(width)


def total(shifted: FloatArray) -> FloatArray:
    """Sum of every column of ``shifted``, shape (width, pieces)."""
    if side_by_side(len(shifted)):
        return pairwise_sum(shifted)
    # Along contiguous rows numpy adds pairwise itself, and faster.
    sums: FloatArray = np.add.reduce(np.ascontiguousarray(shifted.T), axis=1)
    return sums


def partial_squares(shifted: FloatArray) -> FloatArray:
    """Sums of squares of parts of every column, shape (parts, pieces), for ``pairwise_sum``.

    The dot products of short runs will do, for only a long one drifts. Short pieces of another
    width are added pairwise, and long ones summed exactly.
    """
    width = len(shifted)
    if in_runs(width):
        runs = np.ascontiguousarray(shifted.T).reshape(shifted.shape[1], -1, RUN)
        parts: FloatArray = np.vecdot(runs, runs).T
        return parts
    return (pairwise_sum(shifted * shifted) if width < SHORT else exact_squares(shifted))[None]


def exact_squares(high: FloatArray, low: FloatArray | None = None) -> FloatArray:
    """Sum of squares of every column of ``high + low``, exact but for the last rounding.

    low: what is left of the values below the digits of ``high``; None for nothing. The squares of
    the first digits, cut off on one grid, add up without rounding; what is left is too small for
    its rounding to matter. Source: Rump, Ogita & Oishi 2008 (ExtractVector).
    """
    _, exponent = np.frexp(np.abs(high).max(axis=0))
    bits = (52 - len(high).bit_length()) // 2
    grid = np.ldexp(1.5, exponent + 52 - bits)
    first = high + grid
    first -= grid
    rest = high - first
    small = _dot(rest, first + high)
    if low is not None:
        small += 2.0 * _dot(high, low)
    return _dot(first, first) + small


def _dot(a: FloatArray, b: FloatArray) -> FloatArray:
    if side_by_side(len(a)):
        return pairwise_sum(a * b)
    sums: FloatArray = np.vecdot(np.ascontiguousarray(a.T), np.ascontiguousarray(b.T))
    return sums
