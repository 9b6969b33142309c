"""The statistics of groups while rows come in, all groups at once. No row is kept.

The rows of a group come in pieces, its mini-batches are counted in its own rows. So per group the
moments of its open mini-batch are kept beside the states of the complete ones. Rows must come in
dataset order: a mini-batch that spans two runs of rows needs to know where it stands.

Decision. Unlike a ``Fold`` this grows in place. A state of ten thousand groups is 50 MB, and
copying it for every block of rows would cost more than the arithmetic.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from bncli.stats.batches import Column
from bncli.stats.exact import IntArray
from bncli.stats.groups import Groups, in_order
from bncli.stats.missing import Missing
from bncli.stats.moments import Moments
from bncli.stats.portions import Portions
from bncli.stats.running import Policy, Pooled
from bncli.stats.segmented import merged_by
from bncli.stats.tree import A


class Absent(NamedTuple):
    """Missing values of one channel per row, shape (rows,) each; None where there are none."""

    nulls: IntArray | None = None
    nans: IntArray | None = None
    infinite: IntArray | None = None


@dataclass(slots=True, eq=False)
class Grouping:
    """States of shape (groups, channels), where there is room for more groups than there are.

    whole: of complete mini-batches; open: of the rows after them; last: the moments of the last
    complete one, which ``running`` does not hold yet, since a ragged one may be joined to it.
    """

    channels: int
    batch_size: int
    policy: Policy = field(default_factory=Pooled)
    rows: IntArray = field(init=False)
    whole: Moments = field(init=False)
    open: Moments = field(init=False)
    last: Moments = field(init=False)
    missing: Missing = field(init=False)
    open_missing: Missing = field(init=False)
    running: Any = field(init=False)

    def __post_init__(self) -> None:
        shape = (0, self.channels)
        self.rows = np.zeros(0, dtype=np.int64)
        self.whole = self.open = self.last = Moments.empty(*shape)
        self.missing = self.open_missing = Missing.empty(*shape)
        self.running = self.policy.empty(*shape)

    def add(self, groups: IntArray, columns: Sequence[Column], absent: Sequence[Absent]) -> None:
        """Take in rows that follow those before.

        groups: number of the group of each row, new ones numbered on, shape (rows,). columns: one
        per channel, finite where not missing, masks filled in; absent: of each what is missing.
        """
        if not groups.size:
            return
        self._make_room(int(groups.max()) + 1)
        portions = Portions.of(groups, self.rows % self.batch_size, self.batch_size)
        moments, missing = portions.measured(columns), _missing(portions, absent)
        heads = np.flatnonzero(portions.continues)
        begun = portions.group[heads]
        moments = moments.with_rows(heads, self.open[begun].merge(moments[heads]))
        missing = missing.with_rows(heads, self.open_missing[begun].merge(missing[heads]))
        _put(self.open, begun, Moments.empty(begun.size, self.channels))
        _put(self.open_missing, begun, Missing.empty(begun.size, self.channels))
        rest = ~portions.whole
        _put(self.open, portions.group[rest], moments[rest])
        _put(self.open_missing, portions.group[rest], missing[rest])
        self._close(portions.group[portions.whole], moments[portions.whole])
        _merge_in(self.missing, missing[portions.whole], portions.group[portions.whole])
        self.rows += np.bincount(groups, minlength=self.rows.size)

    def groups(self, column: str, type: str, keys: Sequence[str], tail: str = "keep") -> Groups:
        """Everything, in the order of the keys. keys: of the groups by number; tail: what becomes
        of a ragged last mini-batch of a group: kept, merged into the one before, dropped. A group
        of which nothing is left is left out.
        """
        count = len(keys)
        whole, ragged = np.divmod(self.rows[:count], self.batch_size)
        states: Any = (self.whole[:count], self.missing[:count], self._read(tail)[:count])
        rows = self.rows[:count]
        if tail == "drop":
            rows = whole * self.batch_size
        else:
            states = (
                states[0].merge(self.open[:count]),
                states[1].merge(self.open_missing[:count]),
                states[2],
            )
        alone = (ragged > 0) & ((whole == 0) | (tail == "keep")) & (tail != "drop")
        found = Groups(column, type, tuple(keys), rows, whole + alone, *states)
        places = {key: at for at, key in enumerate(keys) if rows[at]}
        return found.ordered(np.array([places[key] for key in in_order(places)], dtype=np.int64))

    def _read(self, tail: str) -> Any:
        """The running statistics, with what was held back."""
        if isinstance(self.policy, Pooled):
            return self.running
        if tail == "merge":
            return self.running.merge(self.policy.of_batches(self.last.merge(self.open)))
        running = self.running.merge(self.policy.of_batches(self.last))
        return running if tail == "drop" else running.merge(self.policy.of_batches(self.open))

    def _close(self, groups: IntArray, batches: Moments) -> None:
        """Take in complete mini-batches, those of one group side by side and in order."""
        _merge_in(self.whole, batches, groups)
        if isinstance(self.policy, Pooled) or not groups.size:
            return
        # The one held back comes before; of a group that had none it is empty and changes nothing.
        present = np.unique(groups)
        owners = np.concatenate((present, groups))
        order = np.argsort(owners, kind="stable")
        owners, batches = owners[order], Moments.stack([self.last[present], batches])[order]
        final = np.append(owners[1:] != owners[:-1], True)
        _put(self.last, present, batches[final])
        _merge_in(self.running, self.policy.of_batches(batches[~final]), owners[~final])

    def _make_room(self, groups: int) -> None:
        room = self.rows.size
        if groups <= room:
            return
        more = max(groups, 2 * room) - room
        self.rows = np.concatenate((self.rows, np.zeros(more, dtype=np.int64)))
        shape = (more, self.channels)
        for name in ("whole", "open", "last"):
            setattr(self, name, Moments.stack([getattr(self, name), Moments.empty(*shape)]))
        for name in ("missing", "open_missing"):
            setattr(self, name, Missing.stack([getattr(self, name), Missing.empty(*shape)]))
        self.running = type(self.running).stack([self.running, self.policy.empty(*shape)])


def _missing(portions: Portions, absent: Sequence[Absent]) -> Missing:
    """Shape (portions, channels)."""
    counts = np.zeros((3, portions.group.size, len(absent)), dtype=np.int64)
    for channel, kinds in enumerate(absent):
        for kind, per_row in enumerate(kinds):
            if per_row is not None:
                counts[kind, :, channel] = portions.sums(per_row)
    return Missing(*counts)


def _merge_in(state: A, later: A, owners: IntArray) -> None:
    """Merge states into those of their owners, in place; owners: sorted."""
    if owners.size:
        merged, groups = merged_by(later, owners)
        _put(state, groups, state[groups].merge(merged))


def _put(state: A, rows: Any, values: A) -> None:
    for mine, theirs in zip(state.arrays(), values.arrays(), strict=True):
        mine[rows] = theirs
