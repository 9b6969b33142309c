"""Statistics per group of rows: each group as if it were a dataset of its own.

Decisions. A group is named by the text of its key, so that the same store is the same group
whether a file holds it as a number or as text. Whole numbers come first, in their order, then
other keys by their text. Mini-batches of a group that was fitted in two parts stay as they were,
as those of two datasets do. Gamma and beta belong to the channels, not to the groups.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from bncli.stats.exact import IntArray
from bncli.stats.missing import Missing
from bncli.stats.moments import Moments
from bncli.stats.running import Running
from bncli.stats.tree import A

MOST_CELLS = 1 << 21
"""Groups times channels at most: about 400 MB while fitting, 250 MB as an artifact."""

_WHOLE = re.compile(r"0|-?[1-9][0-9]{0,18}")


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """The statistics of every group.

    column: whose values are the keys; type: its type by polars' name; keys: of the groups, as
    text, all different; rows, batches: shape (groups,); moments, missing, running: states of
    shape (groups, channels).
    """

    column: str
    type: str
    keys: tuple[str, ...]
    rows: IntArray
    batches: IntArray
    moments: Moments
    missing: Missing
    running: Running

    def __len__(self) -> int:
        return len(self.keys)

    def merge(self, later: Self) -> Self:
        """The groups of both, those with the same key merged; ``later`` has the rows after."""
        ours = {key: at for at, key in enumerate(self.keys)}
        keys = in_order({*self.keys, *later.keys})
        theirs = {key: len(self) + at for at, key in enumerate(later.keys)}
        alone = np.array([ours.get(key, theirs.get(key, -1)) for key in keys], dtype=np.int64)
        shared = np.array([at for at, key in enumerate(keys) if key in ours and key in theirs])
        pairs = [(ours[keys[at]], theirs[keys[at]] - len(self)) for at in shared.tolist()]
        first, second = np.array(pairs, dtype=np.int64).reshape(-1, 2).T

        def joined(mine: A, other: A) -> A:
            together = type(mine).stack([mine, other])[alone]
            return together.with_rows(shared.astype(np.int64), mine[first].merge(other[second]))

        def added(mine: IntArray, other: IntArray) -> IntArray:
            together = np.concatenate((mine, other))[alone]
            together[shared.astype(np.int64)] += other[second]
            return together

        return type(self)(
            self.column,
            self.type,
            keys,
            added(self.rows, later.rows),
            added(self.batches, later.batches),
            joined(self.moments, later.moments),
            joined(self.missing, later.missing),
            joined(self.running, later.running),  # type: ignore[type-var]
        )

    def of_channels(self, order: Sequence[int]) -> Self:
        """The same with the channels in another order."""
        states: Iterable[Any] = (self.moments, self.missing, self.running)
        named = (self.column, self.type, self.keys, self.rows, self.batches)
        return type(self)(*named, *(state[:, order] for state in states))

    def ordered(self, chosen: IntArray) -> Self:
        """Some of the groups, in this order."""
        states: Iterable[Any] = (self.rows, self.batches, self.moments, self.missing, self.running)
        keys = tuple(self.keys[at] for at in chosen.tolist())
        return type(self)(self.column, self.type, keys, *(state[chosen] for state in states))


def in_order(keys: Iterable[str]) -> tuple[str, ...]:
    """Whole numbers by their size, then other keys by their text."""
    return tuple(sorted(keys, key=_rank))


def _rank(key: str) -> tuple[bool, int, str]:
    whole = _WHOLE.fullmatch(key) is not None
    return not whole, int(key) if whole else 0, key
