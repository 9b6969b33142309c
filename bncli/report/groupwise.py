"""The groups of a report in words, the same in every format.

Plain text: the formats escape it where they show it.
"""

from __future__ import annotations

from collections.abc import Iterator

from bncli.report import cells, words
from bncli.shift.by_group import ByGroup, GroupShift

_NAMED = 5


def summary(found: ByGroup) -> tuple[str, str]:
    """What was compared, and how many groups moved."""
    compared = len(found.groups)
    if not compared:
        return f"by {found.by}: no group is on both sides", "nothing compared"
    together = next((one.together for one in found.groups if one.together > 1), 0)
    alone = compared - 1 if together else compared
    by = f"by {found.by}: {_counted(alone + together, 'group')} on both sides"
    if together:
        by += f", {alone:,} of them compared one by one and {together:,} smaller ones together"
    moved = f"{found.shifted} of {compared}" if found.shifted else "none"
    behind = f" ({words.severities(found.groups)})" if found.shifted else ""
    few = sum(one.too_few_rows for one in found.groups)
    return by, f"{moved} moved{behind}" + (f"; {few:,} with too few rows to tell" if few else "")


def state(group: GroupShift) -> str:
    """The severity in a word, or that there were too few rows for one: ``too few``."""
    return "too few" if group.too_few_rows else group.severity


def moved(group: GroupShift) -> str:
    """How many columns moved, of how many."""
    return f"{group.shifted} of {len(group.columns)}"


def telling(group: GroupShift) -> str:
    """The worst column of a group, and why; "" where none moved."""
    worst = next((one for one in group.columns if one.severity != "none"), None)
    return "" if worst is None else f"{worst.label}: {', '.join(worst.reasons[:2])}"


def beside(found: ByGroup) -> Iterator[tuple[str, str]]:
    """What was not compared one by one: a title and the groups, the first ones by name."""
    for title, groups in (
        ("only in training", found.only_train),
        ("only in test", found.only_test),
    ):
        if groups:
            named = [f"{key} ({cells.count(rows)} rows)" for key, rows in groups[:_NAMED]]
            rest = len(groups) - _NAMED
            more = [f"and {rest:,} more"] if rest > 0 else []
            yield f"{_counted(len(groups), 'group')} {title}", ", ".join([*named, *more])
    if any(found.keyless):
        ours, theirs = map(cells.count, found.keyless)
        yield "rows of no group", f"{ours} in training, {theirs} in test have no '{found.by}'"


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
