"""The covariance of the numeric channels, as a mergeable state.

A covariance is taken over rows that have a value in each of its channels. Which channels these
should be is not known before the last row: one that is missing in nine of ten rows would leave a
tenth of them, an empty one none. So the state keeps co-moments *per set of lacking channels* (see
``lacking.py``), and choosing the channels is left to who reads it: ``complete`` merges the groups
whose rows have them all.

Over all channels that is every complete row, exactly; and so it is without channels that are
often missing. Without others it may be short of some: a row that lacks a rare set of channels is
in no group, and counted in ``rows`` alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Any, Self

import numpy as np

from bncli.stats.batches import Column
from bncli.stats.comoments import CoMoments
from bncli.stats.gram import co_moments
from bncli.stats.lacking import grouped
from bncli.stats.state import Record
from bncli.stats.tree import Forest, Loose, grown

DEFAULT_CHANNELS = 64
MOST_CHANNELS = 512
MOST_GROUPS = 16
_GROUP_VALUES = 1 << 16
_FEWEST_GROUPS = 4


@dataclass(frozen=True, slots=True, eq=False)
class Covariance:
    """channels: indices of numeric channels, ascending; rows: all that were seen.

    groups: co-moments of the rows that lack the same channels, by the set of these (bit ``i``
    stands for ``channels[i]``), over the channels that they do not lack.
    """

    channels: tuple[int, ...]
    rows: int = 0
    groups: Mapping[int, CoMoments] = field(default_factory=dict)

    @classmethod
    def of(cls, channels: tuple[int, ...], columns: Sequence[Column]) -> Self:
        """Of rows in memory; columns: one per channel, their masks filled in."""
        rows = columns[0].values.size
        lacking, labels = grouped([column.missing for column in columns], rows)
        present = [_places(~each, len(channels)) for each in lacking]
        found = co_moments(columns, present, labels)
        groups = {key: state for key, state in zip(lacking, found, strict=True) if state.count}
        return cls(channels, rows, groups)._limited()

    def merge(self, later: Self) -> Self:
        """Merge with the rows that come after, over the same channels.

        Only so many groups are kept, the largest ones and the complete rows.
        """
        merged = type(self)(self.channels, self.rows + later.rows, _joined((self, later)))
        return merged._limited()

    def _limited(self) -> Self:
        most = max(_FEWEST_GROUPS, min(MOST_GROUPS, _GROUP_VALUES // len(self.channels) ** 2))
        if len(self.groups) <= most:
            return self
        ranked = sorted(self.groups, key=lambda key: (key != 0, -self.groups[key].count, key))
        kept = {key: self.groups[key] for key in sorted(ranked[:most])}
        return type(self)(self.channels, self.rows, kept)

    def complete(self, channels: Sequence[int]) -> CoMoments:
        """Co-moments of the rows that have a value in each of some channels, in their order."""
        places = [self.channels.index(channel) for channel in channels]
        wanted = sum(1 << place for place in places)
        states = [
            state.select([_rank(key, place) for place in places])
            for key, state in self.groups.items()
            if not key & wanted
        ]
        return reduce(CoMoments.merge, states, CoMoments.empty(len(places)))

    def select(self, channels: Sequence[int], named: Sequence[int] | None = None) -> Self:
        """Of some channels only, in this order; named: what they are called from then on."""
        places = [self.channels.index(channel) for channel in channels]
        groups: dict[int, CoMoments] = {}
        for key, state in self.groups.items():
            new = sum(1 << at for at, place in enumerate(places) if key >> place & 1)
            kept = state.select([_rank(key, place) for place in places if not key >> place & 1])
            groups[new] = groups[new].merge(kept) if new in groups else kept
        called = channels if named is None else named
        return type(self)(tuple(called), self.rows, dict(sorted(groups.items())))

    def finite(self) -> Self:
        """Without channels whose squares overflow a float64."""
        bad: set[int] = set()
        for key, state in self.groups.items():
            present = _places(~key, len(self.channels))
            bad.update(present[at] for at in np.flatnonzero(~state.fits).tolist())
        if not bad:
            return self
        return self.select([each for at, each in enumerate(self.channels) if at not in bad])

    def to_record(self) -> dict[str, Any]:
        """Plain JSON values, exact to the bit."""
        groups = [
            {"lacking": _places(key, len(self.channels)), **state.to_record()}
            for key, state in self.groups.items()
        ]
        return {"channels": list(self.channels), "rows": self.rows, "groups": groups}

    @classmethod
    def from_record(cls, record: Record) -> Self:
        """Inverse of ``to_record``."""
        groups = {
            sum(1 << place for place in group["lacking"]): CoMoments.from_record(group)
            for group in record["groups"]
        }
        return cls(tuple(record["channels"]), record["rows"], groups)


def _joined(parts: Iterable[Covariance]) -> dict[int, CoMoments]:
    groups: dict[int, CoMoments] = {}
    for part in parts:
        for key, state in part.groups.items():
            groups[key] = groups[key].merge(state) if key in groups else state
    return dict(sorted(groups.items()))


def _places(bits: int, width: int) -> list[int]:
    """Which of the first ``width`` bits are set."""
    return [place for place in range(width) if bits >> place & 1]


def _rank(lacking: int, place: int) -> int:
    """Where a channel that is not lacking stands among those that are not."""
    return place - (lacking & ((1 << place) - 1)).bit_count()


Rows = tuple[Column, ...]
"""Mini-batches of one grain as they are, a column per channel."""


@dataclass(frozen=True, slots=True)
class CovarianceGrowth:
    """Leaves of the tree are whole grains of ``group`` mini-batches, measured in one step."""

    group: int
    channels: tuple[int, ...]

    def plant(
        self, first: int, batches: int, columns: Sequence[Column]
    ) -> Forest[Rows, Covariance]:
        """The forest of mini-batches ``first`` to ``first + batches``, which lie in one grain."""
        if not self.channels:
            return Forest()
        chosen = tuple(columns[channel] for channel in self.channels)
        return Forest((grown(Loose(first, first + batches, chosen), self),))

    def join(self, first: Rows, later: Rows) -> Rows:
        pairs = zip(first, later, strict=True)
        return tuple(column.followed_by(other) for column, other in pairs)

    def seal(self, leaves: Rows, index: int) -> Covariance:
        return Covariance.of(self.channels, leaves)

    def merge(self, first: Covariance, later: Covariance, level: int, index: int) -> Covariance:
        return first.merge(later)

    def lingers(self, start: int, leaves: Rows) -> bool:
        return False

    def finish(self, forest: Forest[Rows, Covariance]) -> Covariance | None:
        """The state of all rows; None where no channel was asked for."""
        if not self.channels:
            return None
        found = reduce(Covariance.merge, forest.sealed(self), Covariance(self.channels))
        return found.finite()
