"""Which groups are compared one by one, and which together; those of an artifact as profiles.

Decision. At most ``MOST_GROUPS`` groups are compared one by one, and at most ``MOST_CELLS`` columns
of groups: those with most rows on the side that has fewer of them, of at least ``LEAST_ROWS``. The
others are put together and compared as one, so that memory is bounded and no row is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bncli.stats.profile import Profile
from bncli.stats.segmented import merged_by

MOST_GROUPS = 1000
MOST_CELLS = 20_000
"""Columns of groups that are compared: 1,000 groups of 20 columns, 200 of 100."""

LEAST_ROWS = 10
"""Rows of a group on either side below which it is not compared on its own."""


@dataclass(frozen=True, slots=True)
class Places:
    """Which groups are compared, and as what. keys: one by one; rest: put together, at the place
    after theirs."""

    keys: tuple[str, ...]
    rest: tuple[str, ...] = ()

    @property
    def of_keys(self) -> dict[str, int]:
        """The place of every group that is compared."""
        own = {key: at for at, key in enumerate(self.keys)}
        return own | dict.fromkeys(self.rest, len(self.keys))

    @property
    def labels(self) -> tuple[str, ...]:
        rest = (f"{len(self.rest):,} smaller groups together",) if self.rest else ()
        return (*self.keys, *rest)

    def together(self, place: int) -> int:
        """How many groups share a place."""
        return 1 if place < len(self.keys) else len(self.rest)

    def rows(self, counts: Mapping[str, int]) -> dict[int, int]:
        """The rows of every place. counts: by key."""
        found: dict[int, int] = {}
        for key, place in self.of_keys.items():
            found[place] = found.get(place, 0) + counts.get(key, 0)
        return found


def chosen(train: Mapping[str, int], test: Mapping[str, int], columns: int) -> Places:
    """The places of the groups that both sides have. train, test: rows by key."""
    shared = [key for key in train if key in test]
    most = max(1, min(MOST_GROUPS, MOST_CELLS // max(1, columns)))
    rows = {key: min(train[key], test[key]) for key in shared}
    largest = sorted(shared, key=lambda key: (-rows[key], key))
    own = [key for key in largest[:most] if rows[key] >= LEAST_ROWS]
    if len(own) + 1 == len(largest):
        own = largest  # one alone is no more together
    return Places(tuple(own), tuple(largest[len(own) :]))


def one_sided(ours: Mapping[str, int], theirs: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    """The groups of ``ours`` that the other side lacks, with their rows, largest first."""
    alone = [(key, rows) for key, rows in ours.items() if key not in theirs]
    return tuple(sorted(alone, key=lambda one: (-one[1], one[0])))


def profiles_of(profile: Profile, places: Places) -> dict[int, Profile]:
    """The groups of an artifact by their place: their moments, which are all it keeps of them."""
    groups = profile.groups
    assert groups is not None
    at = places.of_keys
    owners = np.array([at.get(key, -1) for key in groups.keys], dtype=np.int64)
    order = np.argsort(owners, kind="stable")[np.count_nonzero(owners < 0) :]
    moments, present = merged_by(groups.moments[order], owners[order])
    missing, _ = merged_by(groups.missing[order], owners[order])
    rows = np.bincount(owners[order], weights=groups.rows[order], minlength=1)
    return {
        place: Profile(
            profile.channels,
            int(rows[place]),
            1,
            profile.batch_size,
            moments[row],
            missing[row],
            groups.running[0],
        )
        for row, place in enumerate(present.tolist())
    }
