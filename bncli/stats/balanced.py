"""Merging many neighbours as a balanced tree, all merges of one depth at once.

The tree splits a run of parts in its middle, the first half being the longer one. Which additions
happen depends on the number of parts alone, and each is the same as if it were done by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

from bncli.stats.tree import A

T = TypeVar("T")


def merged_tree(states: A) -> A:
    """The merge of all entries of the first axis, of which there is at least one.

    states: shape (parts, channels); the result has shape (channels,).
    """
    for sizes in reversed(_depths(states.shape[0])):
        starts = np.cumsum([0, *(min(size, 2) for size in sizes[:-1])])
        paired = np.array(sizes) > 1
        left = states[starts]
        both = left[paired].merge(states[starts[paired] + 1])
        states = left.with_rows(paired, both)
    return states[0]


def folded(parts: Sequence[T], merge: Callable[[T, T], T]) -> T:
    """The same tree over parts that merge one by one."""
    if len(parts) == 1:
        return parts[0]
    middle = _middle(len(parts))
    return merge(folded(parts[:middle], merge), folded(parts[middle:], merge))


def _depths(count: int) -> list[list[int]]:
    """How many parts each node holds, depth by depth, down to where all hold two at most."""
    depths = [[count]]
    while max(depths[-1]) > 2:
        halves: list[int] = []
        for size in depths[-1]:
            middle = _middle(size)
            halves += [middle, size - middle] if size > 1 else [1]
        depths.append(halves)
    return depths


def _middle(count: int) -> int:
    return (count + 1) // 2
