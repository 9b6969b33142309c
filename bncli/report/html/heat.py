"""The timeline as a map: a row per column, a field per slice, marked by how far it moved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from bncli.shift.severity import RANK, Severity
from bncli.shift.wholes import Cell, Onset, Timeline

_FAR = 2.0
MOST_ROWS, MOST_FIELDS, MOST_LABELS = 40, 60, 20


@dataclass(frozen=True, slots=True)
class Field:
    """level: 0 to 3, None where nothing could be compared; first: the onset's."""

    level: int | None
    severity: Severity
    words: str
    first: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    label: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Since:
    """When a column's shift began, and when it ended if it did."""

    label: str
    severity: Severity
    since: str
    until: str | None


@dataclass(frozen=True, slots=True)
class Heat:
    """heads: the label of each field, empty where it would not fit; joined: slices a field;
    hidden: rows beyond those shown."""

    by: str
    heads: tuple[str, ...]
    rows: tuple[Row, ...]
    joined: int
    hidden: int
    onsets: tuple[Since, ...]
    notes: tuple[str, ...]


def heat(timeline: Timeline | None) -> Heat | None:
    if timeline is None:
        return None
    joined = max(1, -(-len(timeline.slices) // MOST_FIELDS))
    shown = timeline.columns[:MOST_ROWS]
    groups = _groups(len(timeline.slices), joined)
    return Heat(
        timeline.by,
        _heads(timeline, groups),
        tuple(_row(timeline, label, groups) for label in shown),
        joined,
        len(timeline.columns) - len(shown),
        tuple(_since(timeline, onset) for onset in timeline.onsets),
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
    return Row(label, tuple(_field(timeline, found, starts, group) for group in groups))


def _field(timeline: Timeline, found: dict[int, Cell], starts: set[int], group: range) -> Field:
    """The worst of the slices that a field stands for."""
    cells_ = [found[at] for at in group if at in found]
    when = timeline.slices[group[0]].label
    if not cells_:
        return Field(None, "none", f"{when}: not compared")
    worst = max(cells_, key=lambda cell: (RANK[cell.severity], cell.score))
    reasons = f": {', '.join(worst.reasons)}" if worst.reasons else ""
    when = timeline.slices[worst.at].label
    return Field(
        _level(worst),
        worst.severity,
        f"{when}: {worst.severity}{reasons}",
        not starts.isdisjoint(group),
    )


def _level(cell: Cell) -> int:
    """0 for what did not move, 1 minor, 2 major, 3 twice as far as major or further."""
    return RANK[cell.severity] + (cell.severity == "major" and cell.score >= _FAR)


def _since(timeline: Timeline, onset: Onset) -> Since:
    ended = onset.until < len(timeline.slices)
    return Since(
        onset.column,
        onset.severity,
        timeline.slices[onset.at].label,
        timeline.slices[onset.until - 1].label if ended else None,
    )
