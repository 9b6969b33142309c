"""Merging neighbours: the states of one owner after the other, all owners at once."""

from __future__ import annotations

import numpy as np

from bncli.stats.exact import IntArray
from bncli.stats.tree import A


def merged_by(states: A, owners: IntArray) -> tuple[A, IntArray]:
    """One state per owner, its own merged in order, and whose it is.

    states: shape (states, channels); owners: of each state, those of one owner side by side. Takes
    log2 of the longest run in vectorized merges: neighbours merge with neighbours.
    """
    while (owners[1:] == owners[:-1]).any():
        left = np.flatnonzero(_places(owners) % 2 == 0)
        right = np.minimum(left + 1, owners.size - 1)
        paired = (right > left) & (owners[right] == owners[left])
        both = states[left[paired]].merge(states[right[paired]])
        states, owners = states[left].with_rows(paired, both), owners[left]
    return states, owners


def _places(owners: IntArray) -> IntArray:
    """Of each entry its place among those of its owner."""
    new = np.ones(owners.size, dtype=np.bool_)
    new[1:] = owners[1:] != owners[:-1]
    starts = np.flatnonzero(new)
    places: IntArray = np.arange(owners.size) - np.repeat(starts, np.diff([*starts, owners.size]))
    return places
