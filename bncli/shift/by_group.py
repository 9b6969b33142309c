"""What a shift report says of groups of rows: each group's columns, compared one group at a time.

Decisions. A group is compared as a dataset of its own, and all columns of all groups are judged
together: Benjamini-Hochberg runs over columns times groups, so a thousand groups raise no more
false alarms than one does. Groups on one side only are named and not compared; whether the mix of
groups moved is told of the key itself, which is compared as a category.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import median

from bncli.shift.compare import measure
from bncli.shift.dependence import STRONG
from bncli.shift.model import Column, Measured, Side
from bncli.shift.options import ShiftOptions
from bncli.shift.schema import pair
from bncli.shift.severity import RANK, Severity, worst
from bncli.shift.verdict import by_effect, judged

_NAMED = 3

Rows = tuple[int, int]
"""Of the training and of the test side."""


@dataclass(frozen=True, slots=True)
class GroupShift:
    """A group that both sides have. rows: of both sides; columns: worst first; together: how many
    groups it stands for, 1 for a group of its own."""

    key: str
    rows: Rows
    columns: tuple[Column, ...]
    together: int = 1

    @property
    def severity(self) -> Severity:
        return worst(column.severity for column in self.columns)

    @property
    def shifted(self) -> int:
        """Columns that are minor or major."""
        return sum(column.severity != "none" for column in self.columns)

    @property
    def too_few_rows(self) -> bool:
        """Whether no shift of any column could have been told."""
        return bool(self.columns) and all(column.too_few_rows for column in self.columns)


@dataclass(frozen=True, slots=True)
class ByGroup:
    """The groups of both sides. by: the key's column; groups: those compared, worst first;
    only_train, only_test: groups of one side with their rows, the largest first; keyless: rows
    that belong to no group."""

    by: str
    groups: tuple[GroupShift, ...]
    only_train: tuple[tuple[str, int], ...] = ()
    only_test: tuple[tuple[str, int], ...] = ()
    keyless: Rows = (0, 0)
    notes: tuple[str, ...] = ()

    @property
    def verdict(self) -> Severity:
        return worst(group.severity for group in self.groups)

    @property
    def shifted(self) -> int:
        """Groups in which a column is minor or major."""
        return sum(group.severity != "none" for group in self.groups)

    @property
    def columns(self) -> list[Column]:
        """Of all groups."""
        return [column for group in self.groups for column in group.columns]


def measure_group(train: Side, test: Side, options: ShiftOptions) -> tuple[Measured, ...]:
    """Every column of one group that can be compared. Pictures are left out: there are thousands
    of these."""
    pairing = pair(train.profile, test.profile)
    found = measure(train, test, pairing, replace(options, sparing=True))
    return tuple(
        replace(one, picture=None, curves=None, moved=one.moved[:1])
        for one in found
        if isinstance(one, Measured)
    )


def judge_groups(
    measured: Sequence[tuple[GroupShift, Sequence[Measured]]], options: ShiftOptions
) -> tuple[GroupShift, ...]:
    """Judge the columns of all groups together; worst groups first, and worst columns in each.

    measured: of each group, whose columns are not filled in yet.
    """
    columns = iter(judged([one for _, many in measured for one in many], options))
    groups = (
        replace(group, columns=by_effect(next(columns) for _ in many)) for group, many in measured
    )
    return tuple(sorted(groups, key=_rank))


def notes_of(groups: Sequence[GroupShift]) -> Iterator[str]:
    """What is to be known of all groups."""
    few = sum(group.too_few_rows for group in groups)
    if few:
        share = "all" if few == len(groups) else f"{few:,} of {len(groups):,}"
        yield f"{share} groups have too few rows to tell a shift from chance"
    columns = [column for group in groups for column in group.columns]
    yield from _alike(column.measured for column in columns)
    error = max((column.measured.rank_error for column in columns), default=0.0)
    if error:
        yield f"quantiles come from sketches: KS in a group is off by at most {error:.2%}"


def _rank(group: GroupShift) -> tuple[int, int, float]:
    """Worst first: by severity, then by how many columns have it, then by the largest effect."""
    peers = [column for column in group.columns if column.severity == group.severity]
    largest = max((column.score for column in peers), default=0.0)
    return -RANK[group.severity], -len(peers) if group.shifted else 0, -largest


def _alike(measured: Iterable[Measured]) -> Iterator[str]:
    """Names the columns whose rows depend on each other inside groups, on either side."""
    found: dict[str, list[float]] = {}
    for one in measured:
        own = found.setdefault(one.label, [])
        own.append(max(one.measures.get(f"lag1_{side}", 0.0) for side in ("train", "test")))
    alike = [label for label, lags in found.items() if median(lags) >= STRONG]
    if alike:
        rest = f" and {len(alike) - _NAMED} more" if len(alike) > _NAMED else ""
        yield (
            f"neighbouring rows of a group are alike in {', '.join(alike[:_NAMED])}{rest} (lag-1 "
            "autocorrelation): their p-values are too small"
        )
