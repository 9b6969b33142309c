"""The canonical tree: one order of merging, whatever the cut.

Mini-batches are numbered from the dataset's start. Groups of them are sealed into the leaves
of a binary tree, and a node merges only with its sibling, so which additions happen depends on
the numbers of the mini-batches alone: one segment or sixty-four give the same bits.

A ``Forest`` holds the part of that tree that some run of mini-batches has filled: nodes whose
sibling is not there yet, and at either end the mini-batches of a group that is not complete.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from bncli.stats.arrays import Arrays

L = TypeVar("L")
"""Mini-batches not sealed yet."""
N = TypeVar("N")
"""A node: the sealed state of an aligned run of groups."""
A = TypeVar("A", bound=Arrays)


class Growth(Protocol[L, N]):
    """How one kind of state grows into a tree."""

    @property
    def group(self) -> int:
        """Mini-batches per leaf of the tree."""

    def join(self, first: L, later: L) -> L:
        """Put two neighbouring runs of mini-batches together."""

    def seal(self, leaves: L, index: int) -> N:
        """Turn the mini-batches of group ``index`` (perhaps not all of them) into a leaf."""

    def merge(self, first: N, later: N, level: int, index: int) -> N:
        """Merge siblings into node ``index`` of ``level``."""

    def lingers(self, start: int, leaves: L) -> bool:
        """Whether a complete group, of mini-batches from ``start`` on, may stay unsealed for as
        long as it is all there is."""


@dataclass(frozen=True, slots=True)
class Loose(Generic[L]):
    """Mini-batches ``start`` to ``stop`` of one group, not all of it."""

    start: int
    stop: int
    leaves: L


@dataclass(frozen=True, slots=True)
class Node(Generic[N]):
    """Groups ``index << level`` to ``(index + 1) << level``, sealed and merged."""

    level: int
    index: int
    state: N


@dataclass(frozen=True, slots=True)
class Forest(Generic[L, N]):
    """What a contiguous run of mini-batches has filled of the tree, in order."""

    entries: tuple[Loose[L] | Node[N], ...] = ()

    def merge(self, later: Forest[L, N], growth: Growth[L, N]) -> Forest[L, N]:
        """Join with the run that comes right after, merging every pair of siblings."""
        if not self.entries or not later.entries:
            return later if later.entries else self
        stack = list(self.entries)
        for entry in later.entries:
            stack.append(entry)
            while len(stack) > 1:
                stack[-2:] = (_closed(each, growth) for each in stack[-2:])
                joined = _joined(stack[-2], stack[-1], growth)
                if joined is None:
                    break
                stack[-2:] = [joined]
        return Forest(tuple(stack))

    def sealed(self, growth: Growth[L, N]) -> list[N]:
        """The states of all entries in order, incomplete groups sealed as they are."""
        return [
            entry.state
            if isinstance(entry, Node)
            else growth.seal(entry.leaves, entry.start // growth.group)
            for entry in self.entries
        ]


def _joined(
    first: Loose[L] | Node[N], later: Loose[L] | Node[N], growth: Growth[L, N]
) -> Loose[L] | Node[N] | None:
    """The one entry that two neighbours make, or None where they must wait."""
    if isinstance(first, Loose) and isinstance(later, Loose):
        if first.start // growth.group != later.start // growth.group:
            return None
        leaves = growth.join(first.leaves, later.leaves)
        return grown(Loose(first.start, later.stop, leaves), growth)
    if isinstance(first, Node) and isinstance(later, Node):
        siblings = first.level == later.level and first.index ^ 1 == later.index
        if siblings and first.index < later.index:
            level, index = first.level + 1, first.index >> 1
            return Node(level, index, growth.merge(first.state, later.state, level, index))
    return None


def grown(loose: Loose[L], growth: Growth[L, N]) -> Loose[L] | Node[N]:
    """A leaf of the tree where the group is complete, else the mini-batches as they are."""
    return loose if growth.lingers(loose.start, loose.leaves) else _closed(loose, growth)


def _closed(entry: Loose[L] | Node[N], growth: Growth[L, N]) -> Loose[L] | Node[N]:
    if isinstance(entry, Node) or entry.stop - entry.start < growth.group:
        return entry
    index = entry.start // growth.group
    return Node(0, index, growth.seal(entry.leaves, index))


def pairwise(first: int, states: A) -> Iterable[Node[A]]:
    """Merge the leaves ``first``, ``first + 1``, ... as far as they are siblings.

    states: arrays of shape (leaves, channels); one vectorized step per level.
    """
    left: list[Node[A]] = []
    right: list[Node[A]] = []
    level = 0
    while states.shape[0]:
        if first & 1:
            left.append(Node(level, first, states[0]))
            states, first = states[1:], first + 1
        if states.shape[0] & 1:
            right.append(Node(level, first + states.shape[0] - 1, states[-1]))
            states = states[:-1]
        states = states[0::2].merge(states[1::2])
        first, level = first >> 1, level + 1
    return [*left, *reversed(right)]
