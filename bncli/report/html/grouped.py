"""The groups as a map: a row per group, the worst first, a field per column."""

from __future__ import annotations

from dataclasses import dataclass

from bncli.report import cells, groupwise
from bncli.report.html.heat import Field
from bncli.shift.by_group import ByGroup, GroupShift
from bncli.shift.model import Column
from bncli.shift.severity import RANK, Severity

MOST_ROWS, MOST_COLUMNS = 50, 16
_SHADES = (2.0, 4.0)
"""Effects over their major threshold from which a major field is darker, and darkest."""

_MARKS: dict[Severity, str] = {"major": "▲", "minor": "◆", "none": ""}


@dataclass(frozen=True, slots=True)
class GroupRow:
    """state: the severity, or ``too few``; telling: the worst column, and why."""

    label: str
    rows: tuple[str, str]
    state: str
    moved: str
    telling: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Grouped:
    """compared, moved: the whole in two sentences; heads: the columns that have a field, those
    first that moved in most groups; hidden, hidden_columns: how many more there are."""

    by: str
    compared: str
    moved: str
    heads: tuple[str, ...]
    rows: tuple[GroupRow, ...]
    hidden: int
    hidden_columns: int
    beside: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]


def grouped(found: ByGroup | None) -> Grouped | None:
    if found is None:
        return None
    compared, moved = groupwise.summary(found)
    labels = _labels(found)
    heads = tuple(labels[:MOST_COLUMNS])
    return Grouped(
        found.by,
        compared,
        moved,
        heads,
        tuple(_row(group, heads) for group in found.groups[:MOST_ROWS]),
        max(0, len(found.groups) - MOST_ROWS),
        max(0, len(labels) - MOST_COLUMNS),
        tuple(groupwise.beside(found)),
        found.notes,
    )


def _labels(found: ByGroup) -> list[str]:
    """The columns by how often, and how far, they moved."""
    weights: dict[str, int] = {}
    for column in found.columns:
        weights[column.label] = weights.get(column.label, 0) + RANK[column.severity]
    return sorted(weights, key=lambda label: -weights[label])


def _row(group: GroupShift, heads: tuple[str, ...]) -> GroupRow:
    own = {column.label: column for column in group.columns}
    ours, theirs = map(cells.count, group.rows)
    return GroupRow(
        group.key,
        (ours, theirs),
        groupwise.state(group),
        groupwise.moved(group),
        groupwise.telling(group),
        tuple(_field(own.get(label), label) for label in heads),
    )


def _field(column: Column | None, label: str) -> Field:
    if column is None:
        return Field(None, "", f"{label}: not compared")
    if column.too_few_rows:
        return Field(None, "?", f"{label}: too few rows")
    reasons = f": {column.reasons[0]}" if column.reasons else ""
    darker = sum(column.score >= shade for shade in _SHADES) if column.severity == "major" else 0
    level = RANK[column.severity] + darker
    return Field(level, _MARKS[column.severity], f"{label}: {column.severity}{reasons}")
