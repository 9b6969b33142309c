"""Folding columns in memory, cut as a test wants it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from bncli.stats.batches import Column
from bncli.stats.covariance import Covariance
from bncli.stats.fold import Block, Fold, Plan
from bncli.stats.profile import Channel
from bncli.stats.running import Pooled

POOLED = Pooled()


def fold(column: np.ndarray, size: int, policy=POOLED, cuts=(), sketches=False) -> Fold:
    """Fold one column in mini-batches of ``size``, in segments cut before the batches ``cuts``."""
    plan = Plan((Channel("x"),), size, policy, sketches=sketches)
    return fold_table([column], plan, cuts)


def jointly(table: Sequence[np.ndarray], size: int, cuts=()) -> Covariance:
    """The covariance of columns folded in mini-batches of ``size``."""
    channels = tuple(Channel(f"x{at}") for at in range(len(table)))
    plan = Plan(channels, size, sketches=False, joint=tuple(range(len(table))))
    found = fold_table(table, plan, cuts).profile().covariance
    assert found is not None
    return found


def fold_table(table: Sequence[np.ndarray], plan: Plan, cuts=()) -> Fold:
    """Fold columns of one length, in segments cut before the mini-batches ``cuts``."""
    size = plan.batch_size
    batches = -(-len(table[0]) // size)
    total = Fold.empty(plan)
    bounds = [0, *sorted(cuts), batches]
    for start, stop in pairwise(bounds):
        segment = Fold.empty(plan)
        at = start
        while at < stop:
            end = min(stop, (at // plan.group + 1) * plan.group)
            rows = [column[at * size : end * size] for column in table]
            count = len(rows[0])
            sizes = [size] * (count // size) + ([count % size] if count % size else [])
            block = Block(at, tuple(sizes), [Column(each) for each in rows])
            segment = segment.merge(Fold.of(plan, block)[0])
            at = end
        total = total.merge(segment)
    return total


def joint_bits(state: Covariance) -> dict:
    """Every bit of a covariance, and nothing else."""
    return {
        "rows": (state.channels, state.rows),
        **{
            key: (each.count, *(part.tobytes() for part in (each.pivot, each.mean, each.m2)))
            for key, each in state.groups.items()
        },
    }


def bits(state) -> list[bytes]:
    return [array.tobytes() for array in state.arrays()]
