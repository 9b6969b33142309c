"""The timeline as a map: a row per column, a field per slice, marked by how far it moved.

How dark a field is, is relative to the largest effect of its column, as in the terminal: the
question is when it moved.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from bncli.report import overtime
from bncli.report.overtime import Saying
from bncli.shift.severity import RANK, Severity
from bncli.shift.wholes import Cell, Timeline

MOST_ROWS, MOST_FIELDS, MOST_LABELS = 40, 60, 20
_SHADES = (0.2, 0.5)
"""Shares of a column's largest effect from which a major field is darker, and darkest."""


@dataclass(frozen=True, slots=True)
class Field:
    """level: 0 not moved, 1 minor, 2 to 4 major; None where nothing can be said. mark: for eyes
    that see no colour; first: a shift begins here."""

    level: int | None
    mark: str
    words: str
    first: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    label: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Heat:
    """cut, moved: the whole in two sentences; heads: the label of each field, empty where it
    would not fit; joined: slices a field; hidden: rows beyond those shown."""

    cut: str
    moved: str
    heads: tuple[str, ...]
    rows: tuple[Row, ...]
    joined: int
    hidden: int
    sayings: tuple[Saying, ...]
    notes: tuple[str, ...]


def heat(timeline: Timeline | None) -> Heat | None:
    if timeline is None:
        return None
    joined = max(1, -(-len(timeline.slices) // MOST_FIELDS))
    shown = timeline.columns[:MOST_ROWS]
    groups = _groups(len(timeline.slices), joined)
    cut, moved = overtime.summary(timeline)
    return Heat(
        cut.removeprefix("over time: "),
        moved,
        _heads(timeline, groups),
        tuple(_row(timeline, label, groups) for label in shown),
        joined,
        len(timeline.columns) - len(shown),
        tuple(overtime.sayings(timeline)),
        timeline.notes,
    )


def _groups(slices: int, joined: int) -> list[range]:
    edges = [*range(0, slices, joined), slices]
    return [range(start, stop) for start, stop in pairwise(edges)]


def _heads(timeline: Timeline, groups: Sequence[range]) -> tuple[str, ...]:
    every = max(1, -(-len(groups) // MOST_LABELS))
    return tuple(
        timeline.slices[group[0]].label if at % every == 0 else ""
        for at, group in enumerate(groups)
    )


def _row(timeline: Timeline, label: str, groups: Sequence[range]) -> Row:
    found = {cell.at: cell for cell in timeline.cells if cell.column == label}
    starts = {onset.at for onset in timeline.onsets if onset.column == label}
    largest = max((cell.score for cell in found.values() if cell.severity == "major"), default=0.0)
    fields = (
        _field(timeline, [found[at] for at in group if at in found], group, largest, starts)
        for group in groups
    )
    return Row(label, tuple(fields))


def _field(
    timeline: Timeline, cells: Sequence[Cell], group: range, largest: float, starts: set[int]
) -> Field:
    """The worst of the slices that a field stands for."""
    if not cells:
        return Field(None, "", f"{timeline.slices[group[0]].label}: not compared")
    worst = max(cells, key=_told)
    when = timeline.slices[worst.at].label
    if worst.too_few_rows:
        return Field(None, "?", f"{when}: too few rows")
    marks: dict[Severity, str] = {"major": "▲", "minor": "◆", "none": ""}
    reasons = f": {', '.join(worst.reasons)}" if worst.reasons else ""
    return Field(
        _level(worst, largest),
        marks[worst.severity],
        f"{when}: {worst.severity}{reasons}",
        not starts.isdisjoint(group),
    )


def _told(cell: Cell) -> tuple[bool, int, float]:
    return not cell.too_few_rows, RANK[cell.severity], cell.score


def _level(cell: Cell, largest: float) -> int:
    darker = sum(cell.score >= share * largest for share in _SHADES)
    return RANK[cell.severity] + (darker if cell.severity == "major" else 0)
