"""``shift --by``: both sides split by a key column, and every group compared on its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from bncli.data.dataset import Dataset
from bncli.data.retyping import with_retyping
from bncli.engine.fitting import FitTask, fold_dataset
from bncli.engine.keyed import ByKey, KeyCounts, count_keys
from bncli.engine.slicing import Sliced, Slicer
from bncli.errors import UsageError
from bncli.stats.categories import DEFAULT_CAPACITY, Categories
from bncli.stats.groups import Groups
from bncli.stats.profile import Profile

if TYPE_CHECKING:
    from bncli.shift.by_group import ByGroup, GroupShift
    from bncli.shift.model import Measured
    from bncli.shift.options import ShiftOptions
    from bncli.shift.places import Places

Done = Callable[[Sliced], None]
Opened = Dataset | Profile
"""A side: data, or the profile of an artifact."""


@dataclass(frozen=True, slots=True)
class Counted:
    """The rows of a side by key, and those that have none."""

    rows: Mapping[str, int]
    keyless: int = 0


@dataclass(slots=True, eq=False)
class Groupwise:
    """Takes in the training side, then the test side, and measures each group once both are there.

    train, test: the rows of both by key, None of a pipe, which can be read only once.
    """

    by: str
    options: ShiftOptions
    train: Counted | None
    test: Counted | None
    _places: Places | None = None
    _kept: dict[int, Profile] = field(default_factory=dict)
    _measured: dict[int, tuple[GroupShift, tuple[Measured, ...]]] = field(default_factory=dict)

    @classmethod
    def of(cls, by: str, train: Opened, test: Opened, options: ShiftOptions) -> Groupwise:
        """Counts the groups of both. Raises ColumnMissing, DataError, UsageError."""
        first, second = _counted(by, train, "TRAIN"), _counted(by, test, "TEST")
        if first is None and second is None:
            raise UsageError(
                "--by counts the groups before it compares them, and a pipe can be read only once",
                fix="save one side to a file first",
            )
        return cls(by, options, first, second)

    def fold_train(self, task: FitTask) -> Profile:
        """The profile of the whole training side; its groups' are kept."""
        self._choose(len(task.plan.channels) + len(task.plan.categories))
        self._kept.clear()
        profile, counts = self._fold(task, None, self._keep)
        self.train = counts
        return _with_key(profile, self.by, counts)

    def fold_test(self, task: FitTask) -> Profile:
        """The profile of the whole test side; its groups are measured on the way."""
        self._measured.clear()
        whole = None if self.test is None else self.places.rows(self.test.rows)
        profile, counts = self._fold(task, whole, self._measure)
        self.test = counts
        return _with_key(profile, self.by, counts)

    def take_train(self, profile: Profile) -> Profile:
        """As ``fold_train``, of an artifact."""
        from bncli.shift.places import profiles_of

        self._choose(len(profile.channels))
        self._kept = profiles_of(profile, self.places)
        return _with_key(profile, self.by, self.train)

    def take_test(self, profile: Profile) -> Profile:
        """As ``fold_test``, of an artifact."""
        from bncli.shift.places import profiles_of

        for place, group in profiles_of(profile, self.places).items():
            self._add(place, group)
        return _with_key(profile, self.by, self.test)

    @property
    def places(self) -> Places:
        assert self._places is not None
        return self._places

    def result(self, notes: Iterable[str] = ()) -> ByGroup:
        """notes: to be said of it, beside what it says itself."""
        from bncli.shift.by_group import ByGroup, judge_groups, notes_of
        from bncli.shift.places import one_sided

        assert self.train is not None
        assert self.test is not None
        ours, theirs = self.train.rows, self.test.rows
        groups = judge_groups([self._measured[at] for at in sorted(self._measured)], self.options)
        return ByGroup(
            self.by,
            groups,
            one_sided(ours, theirs),
            one_sided(theirs, ours),
            (self.train.keyless, self.test.keyless),
            (*notes_of(groups), *notes),
        )

    def _choose(self, columns: int) -> None:
        from bncli.shift.places import chosen

        known = self.train or self.test
        assert known is not None
        ours, theirs = self.train or known, self.test or known
        self._places = chosen(ours.rows, theirs.rows, columns)
        if self._places.rest and (self.train is None or self.test is None):
            raise UsageError(
                f"more than {len(self._places.keys):,} groups are more than are compared one by "
                "one, and of a pipe it is not known beforehand which they are",
                fix="save it to a file first",
            )

    def _fold(
        self, task: FitTask, whole: Mapping[int, int] | None, done: Done
    ) -> tuple[Profile, Counted]:
        from bncli.data.keys import Key

        counts = KeyCounts(Key.of(task.dataset, self.by), task.dataset)
        cut = ByKey(counts, self.places.of_keys, self.places.labels, whole)
        slicer = Slicer(task, cut, done)
        profile = fold_dataset(replace(task, onlookers=(slicer,)))
        slicer.finish()
        return profile, Counted(counts.rows, counts.keyless)

    def _keep(self, sliced: Sliced) -> None:
        self._kept[sliced.place] = sliced.profile

    def _measure(self, sliced: Sliced) -> None:
        self._add(sliced.place, sliced.profile)

    def _add(self, place: int, profile: Profile) -> None:
        """Measure a group of the test side, if the training side has it."""
        from bncli.shift.by_group import GroupShift, measure_group
        from bncli.shift.model import Side

        ours = self._kept.get(place)  # kept: a guessed type may make the test side start again
        if ours is None:
            return
        label = self.places.labels[place]
        sides = Side(label, ours.rows, ours), Side(label, profile.rows, profile)
        found = tuple(one for one in measure_group(*sides, self.options) if one.name != self.by)
        rows = (ours.rows, profile.rows)
        group = GroupShift(label, rows, (), self.places.together(place))
        self._measured[place] = (group, found)


def _counted(by: str, side: Opened, name: str) -> Counted | None:
    """The groups of a side; None of a pipe."""
    if isinstance(side, Profile):
        groups = _groups_of(by, side, name)
        rows = dict(zip(groups.keys, groups.rows.tolist(), strict=True))
        return Counted(rows, side.rows - sum(rows.values()))
    if not side.rewindable:
        return None
    counts: KeyCounts = with_retyping(side, lambda dataset: count_keys(dataset, by), (by,))
    return Counted(counts.rows, counts.keyless)


def _groups_of(by: str, profile: Profile, name: str) -> Groups:
    groups = profile.groups
    if groups is None or groups.column != by:
        has = "statistics of all rows only" if groups is None else f"groups by '{groups.column}'"
        fix = f"fit it with --by {by}" if groups is None else f"--by {groups.column}"
        raise UsageError(f"{name} is an artifact with {has}, and --by asks for '{by}'", fix=fix)
    return groups


def _with_key(profile: Profile, by: str, counts: Counted | None) -> Profile:
    """The profile with its key as a category, counted exactly: whether the mix of groups moved."""
    assert counts is not None
    kept = Categories(
        sum(counts.rows.values()),
        counts.keyless,
        dict(counts.rows),
        capacity=max(DEFAULT_CAPACITY, len(counts.rows)),
    )
    others = {name: kind for name, kind in profile.other_types.items() if name != by}
    times = {name: state for name, state in profile.temporal.items() if name != by}
    return replace(
        profile,
        categories={**profile.categories, by: kept},
        category_types={**profile.category_types, by: "String"},
        temporal=times,
        other_types=others,
    )
