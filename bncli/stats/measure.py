"""From the values of columns to sums per piece, vectorized over pieces and channels.

A *piece* is a mini-batch, or 8192 rows of a long one. Per piece a pivot near its mean is
subtracted, then plain sums are taken. A piece whose pivot came out far from the mean (more than
half a standard deviation), or that a few values dominate, so that their roundings do not average
out, is summed again with more care. Everything is computed per piece, so the same piece gives the
same bits wherever the data is cut.

Within this module a matrix is turned: a piece is a column. Long pieces, and those of whole runs,
are turned by a view, other short ones by a copy, so that numpy always runs along many values at
once.

Source: the shifted and the corrected two-pass algorithms of Chan, Golub & LeVeque 1983.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from bncli.stats import exact, integers
from bncli.stats.exact import FloatArray, IntArray
from bncli.stats.integers import Mask, Numbers
from bncli.stats.pairwise import pairwise_sum
from bncli.stats.squares import (
    PIECE,
    RUN,
    SHORT,
    exact_squares,
    partial_squares,
    side_by_side,
    total,
)

_SAMPLES = 32
_NARROW = 16
"""Pieces so short are always summed with care: in them nothing averages out."""
_FEW = 3
"""A value that makes up more than one part in so many dominates a piece."""


class Sums(NamedTuple):
    """All of shape (pieces, channels): rows present, pivot (a double-double), sums of
    ``x - pivot`` and of its square, extremes of x (+inf and -inf where nothing is present)."""

    rows: IntArray
    pivot: FloatArray
    pivot_low: FloatArray
    first: FloatArray
    second: FloatArray
    low: FloatArray
    high: FloatArray


class Pieces(NamedTuple):
    """One channel: values float64, int64 or uint64, shape (width, pieces), and where there is
    none; values marked missing may hold anything."""

    values: Numbers
    missing: Mask | None

    @classmethod
    def of(cls, values: Numbers, missing: Mask | None = None) -> Pieces:
        """From matrices of shape (pieces, width)."""
        return cls(_turned(values), None if missing is None else _turned(missing))

    def some(self, chosen: Mask) -> Pieces:
        missing = None if self.missing is None else self.missing[:, chosen]
        return Pieces(self.values[:, chosen], missing)


def piece_sums(channels: Sequence[Pieces]) -> Sums:
    """Sums of every piece of every channel, all of one width.

    They overflow to inf or NaN without a warning.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        pivots = _pivots(channels)
        parts = [_measured(*pair) for pair in zip(channels, pivots, strict=True)]
        stacked = [np.stack(same, axis=-1) for same in zip(*parts, strict=True)]
        rows, pivot, pivot_low, first, squares, low, high = stacked
        sums = Sums(rows, pivot, pivot_low, first, pairwise_sum(squares), low, high)
        doubtful = _doubtful(sums, len(channels[0].values))
        for channel in np.flatnonzero(doubtful.any(axis=0)).tolist():
            _sum_again(sums, channels[channel], pivots[channel], doubtful[:, channel], channel)
    return sums


def _turned(matrix: Numbers) -> Numbers:
    return np.ascontiguousarray(matrix.T) if side_by_side(matrix.shape[1]) else matrix.T


def _pivots(channels: Sequence[Pieces]) -> list[Numbers]:
    """A value near the mean of every piece and never beyond its extremes: (1, pieces) each."""
    pivots: dict[int, Numbers] = {}
    kinds = [channel.values.dtype for channel in channels]
    for kind in dict.fromkeys(kinds):
        places = [place for place, other in enumerate(kinds) if other == kind]
        samples = np.stack([_sample(channels[place]) for place in places], axis=-1)
        near = _near if kind == np.float64 else integers.near
        pivots |= dict(zip(places, np.moveaxis(near(samples), -1, 0), strict=True))
    return [pivots[place] for place in range(len(channels))]


def _sample(pieces: Pieces) -> Numbers:
    """Some values of each piece, present ones where there are any, the first among them."""
    values, missing = pieces
    step = max(1, len(values) // _SAMPLES)
    if missing is None:
        return values[::step]
    start = values[np.argmin(missing, axis=0), np.arange(values.shape[1])][None]
    start[:, missing.all(axis=0)] = 0
    some = np.where(missing[::step], start, values[::step])
    some[0] = start
    return some


def _near(samples: FloatArray) -> FloatArray:
    """About the mean of each piece, on a grid of some 256 steps to the spread of its samples.

    A value less a pivot of few digits is mostly exact, which a mean's own digits would prevent.
    """
    low, high = samples.min(axis=0), samples.max(axis=0)
    start = samples[:1]
    near: FloatArray = start + pairwise_sum(samples - start) / len(samples)
    _, exponent = np.frexp(high - low)
    rounder = np.ldexp(1.5, np.minimum(exponent + 44, 1023))
    near += rounder
    near -= rounder
    np.maximum(near, low, out=near)
    np.minimum(near, high, out=near)
    return near


def _measured(pieces: Pieces, pivot: Numbers) -> tuple[Numbers, ...]:
    """The fields of ``Sums`` of one channel, the squares still in parts."""
    values, shifted, high, low = _shifted(pieces, pivot)
    rows = np.full(values.shape[1], len(values))
    lowest = np.minimum.reduce(values, axis=0).astype(np.float64, copy=False)
    highest = np.maximum.reduce(values, axis=0).astype(np.float64, copy=False)
    if pieces.missing is not None:
        rows -= _counted(pieces.missing)
        lowest[rows == 0], highest[rows == 0] = np.inf, -np.inf
    return rows, high, low, total(shifted), partial_squares(shifted), lowest, highest


def _counted(missing: Mask) -> IntArray:
    """How many are missing in every piece."""
    if len(missing) < SHORT:
        short: IntArray = missing.sum(axis=0)
        return short
    # Quicker on one contiguous piece than along an axis.
    return np.array([np.count_nonzero(piece) for piece in missing.T])


def _shifted(pieces: Pieces, pivot: Numbers) -> tuple[Numbers, FloatArray, FloatArray, FloatArray]:
    """The values with the missing ones filled in, less their pivot; and that pivot, a pair.

    A missing value becomes the pivot, which lies among the values: it adds nothing to a sum of
    differences, and is no extreme.
    """
    values, missing = pieces
    if missing is not None:
        values = np.where(missing, pivot, values)
    if values.dtype == np.float64:
        return values, values - pivot, pivot[0], np.zeros(pivot.size)
    return values, *integers.shifted(values, pivot, missing)


def _doubtful(sums: Sums, width: int) -> Mask:
    """Pieces that need more care: see the module's docstring."""
    if width <= _NARROW:
        return sums.rows > 1
    off: Mask = sums.first * sums.first > 0.25 * sums.rows * sums.second
    farthest = np.maximum(sums.high - sums.pivot, sums.pivot - sums.low)
    few = RUN if width >= PIECE else _FEW
    return off | (farthest * farthest * few > sums.second)


def _sum_again(sums: Sums, pieces: Pieces, pivot: Numbers, where: Mask, channel: int) -> None:
    """Move the pivot of some pieces of a channel to their mean, and sum exactly."""
    place = where, channel
    if not where.all():
        pieces, pivot = pieces.some(where), pivot[:, where]
    values, shifted, high, low = _shifted(pieces, pivot)
    step = sums.first[place] / np.maximum(sums.rows[place], 1)
    centred, rest = exact.two_sum(shifted, -step)
    if values.dtype == np.float64:
        rest += exact.two_sum(values, -pivot)[1]
    if pieces.missing is not None:
        centred[pieces.missing] = rest[pieces.missing] = 0.0
    sums.pivot[place], sums.pivot_low[place] = exact.add((high, low), (step, np.zeros_like(step)))
    sums.first[place] = total(centred) + total(rest)
    sums.second[place] = exact_squares(centred, rest)
