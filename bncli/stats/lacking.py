"""Rows grouped by the columns in which they lack a value.

A row lacking a column that is nearly always there costs little when it is left out; a column that
is often missing would take most rows with it. So the complete rows make a group, always, and so
do rows that lack the same columns, where they are at least one in ``SHARE``; others are in none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bncli.stats.integers import Mask

SHARE = 16
Labels: TypeAlias = NDArray[np.int8]


class Groups(NamedTuple):
    """lacking: per group a set of columns, bit ``i`` for place ``i``; labels: the group of every
    row, negative for none, shape (rows,); None where every row is of the one group."""

    lacking: list[int]
    labels: Labels | None


def grouped(masks: Sequence[Mask | None], rows: int) -> Groups:
    """masks: per column where it has no value, shape (rows,), or None where it always has one."""
    counts = [0 if mask is None else int(np.count_nonzero(mask)) for mask in masks]
    if not any(counts):
        return Groups([0], None)
    least = -(-rows // SHARE)
    rare = np.zeros(rows, dtype=np.bool_)
    for mask, count in zip(masks, counts, strict=True):
        if mask is not None and 0 < count < least:
            rare |= mask
    lacking, labels = [0], -rare.astype(np.int8)
    for place, count in enumerate(counts):
        mask = masks[place]
        if mask is not None and count >= least:
            lacking, labels = _split(lacking, labels, place, mask, least)
    return Groups(lacking, labels)


def _split(
    lacking: list[int], labels: Labels, place: int, mask: Mask, least: int
) -> tuple[list[int], Labels]:
    """Every group in two, by whether ``place`` is lacking, without those grown too small.

    So there are never more than ``SHARE`` and the complete rows, however many columns follow.
    """
    codes = 2 * labels + mask  # of a row in no group: -2 or -1
    halves = [each | (bit << place) for each in lacking for bit in (0, 1)]
    counts = np.bincount(codes[codes >= 0], minlength=len(halves)).tolist()
    kept = [at for at, count in enumerate(counts) if count and (count >= least or not halves[at])]
    names = np.full(len(halves) + 2, -1, dtype=np.int8)
    names[kept] = range(len(kept))  # the last two are those that -2 and -1 point at
    return [halves[at] for at in kept], names[codes]
