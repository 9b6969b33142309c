"""Sums of squares per piece, and plain sums, for matrices in which a piece is a column."""

from __future__ import annotations

import numpy as np

from bncli.stats.exact import FloatArray
from bncli.stats.pairwise import pairwise_sum

PIECE = 8192
"""Longest piece in rows: with its shifted copy it stays in a core's cache."""
SHORT = 512
"""Shorter pieces lie side by side in memory, longer ones one after another."""
RUN = 64


def total(shifted: FloatArray) -> FloatArray:
    """Sum of every column of ``shifted``, shape (width, pieces)."""
    if len(shifted) < SHORT:
        return pairwise_sum(shifted)
    # Along contiguous rows numpy adds pairwise itself, and faster.
    sums: FloatArray = np.add.reduce(np.ascontiguousarray(shifted.T), axis=1)
    return sums


def partial_squares(shifted: FloatArray) -> FloatArray:
    """Sums of squares of parts of every column, shape (parts, pieces), for ``pairwise_sum``.

    A full piece is one of many in long data: the dot products of short runs will do, for only a
    long one drifts. Short pieces are added pairwise; what lies between is summed exactly.
    """
    if len(shifted) < SHORT:
        return pairwise_sum(shifted * shifted)[None]
    if len(shifted) < PIECE:
        return exact_squares(shifted)[None]
    runs = np.ascontiguousarray(shifted.T).reshape(shifted.shape[1], -1, RUN)
    parts: FloatArray = np.vecdot(runs, runs).T
    return parts


def exact_squares(shifted: FloatArray) -> FloatArray:
    """Sum of squares of every column, exact but for the last rounding.

    The squares of the high parts, cut off on one grid, add up without rounding; what is left is
    too small for its rounding to matter. Source: Rump, Ogita & Oishi 2008 (ExtractVector).
    """
    _, exponent = np.frexp(np.abs(shifted).max(axis=0))
    bits = (52 - len(shifted).bit_length()) // 2
    grid = np.ldexp(1.5, exponent + 52 - bits)
    high = shifted + grid
    high -= grid
    low = shifted - high
    return _dot(high, high) + _dot(low, np.add(shifted, high, out=high))


def _dot(a: FloatArray, b: FloatArray) -> FloatArray:
    if len(a) < SHORT:
        return pairwise_sum(a * b)
    sums: FloatArray = np.vecdot(np.ascontiguousarray(a.T), np.ascontiguousarray(b.T))
    return sums
