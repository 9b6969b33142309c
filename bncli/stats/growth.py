"""How moments and running statistics grow into the canonical tree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

from bncli.stats.moments import Moments
from bncli.stats.pooling import pooled
from bncli.stats.tree import A, Forest, Loose, grown, pairwise


@dataclass(frozen=True, slots=True)
class MomentsGrowth:
    """Leaves are grains: ``group`` mini-batches, pooled in one step."""

    group: int

    def join(self, first: Moments, later: Moments) -> Moments:
        return Moments.stack([first, later])

    def seal(self, leaves: Moments, index: int) -> Moments:
        return pooled(leaves) if leaves.shape[0] > 1 else leaves[0]

    def merge(self, first: Moments, later: Moments, level: int, index: int) -> Moments:
        return first.merge(later)

    def lingers(self, start: int, leaves: Moments) -> bool:
        return False

    def plant(self, first: int, leaves: Moments) -> Forest[Moments, Moments]:
        """The forest of mini-batches from ``first`` on, all in one grain: (batches, channels)."""
        return Forest((grown(Loose(first, first + leaves.shape[0], leaves), self),))


@dataclass(frozen=True, slots=True)
class PairGrowth:
    """Every mini-batch is a leaf: states that merge cheaply, such as running statistics."""

    group = 1

    def join(self, first: A, later: A) -> A:
        return type(first).stack([first, later])

    def seal(self, leaves: A, index: int) -> A:
        return leaves[0]

    def merge(self, first: A, later: A, level: int, index: int) -> A:
        return first.merge(later)

    def lingers(self, start: int, leaves: A) -> bool:
        return False

    def plant(self, first: int, leaves: A) -> Forest[A, A]:
        return Forest(tuple(pairwise(first, leaves)))


def merged(states: Sequence[A], empty: A) -> A:
    """All states in order as one."""
    return reduce(lambda first, later: first.merge(later), states, empty)
