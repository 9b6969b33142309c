"""Folding one column in memory, cut as a test wants it."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from bncli.stats.batches import Column
from bncli.stats.fold import Block, Fold, Plan
from bncli.stats.profile import Channel
from bncli.stats.running import Pooled

POOLED = Pooled()


def fold(column: np.ndarray, size: int, policy=POOLED, cuts=(), sketches=False) -> Fold:
    """Fold one column in mini-batches of ``size``, in segments cut before the batches ``cuts``."""
    plan = Plan((Channel("x"),), size, policy, sketches=sketches)
    batches = -(-column.size // size)
    total = Fold.empty(plan)
    bounds = [0, *sorted(cuts), batches]
    for start, stop in pairwise(bounds):
        segment = Fold.empty(plan)
        at = start
        while at < stop:
            end = min(stop, (at // plan.group + 1) * plan.group)
            rows = column[at * size : end * size]
            sizes = [size] * (len(rows) // size) + ([len(rows) % size] if len(rows) % size else [])
            block = Block(at, tuple(sizes), [Column(rows)])
            segment = segment.merge(Fold.of(plan, block)[0])
            at = end
        total = total.merge(segment)
    return total


def bits(state) -> list[bytes]:
    return [array.tobytes() for array in state.arrays()]
