"""The timeline in words and as JSON: since when each column has moved, in every format alike.

Plain text: the formats escape it where they show it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from bncli.shift.severity import Severity, worst
from bncli.shift.wholes import Cell, Onset, Timeline

_NAMED = 2  # runs of a column that are named one by one


@dataclass(frozen=True, slots=True)
class Saying:
    """Since when one column has moved. severity: the worst it reaches."""

    column: str
    severity: Severity
    text: str


def summary(timeline: Timeline) -> tuple[str, str]:
    """How the test side was cut, and when any column moved first."""
    cut = f"over time: {len(timeline.slices):,} slices, {timeline.by}{_sizes(timeline)}"
    if timeline.first is None:
        return cut, "no column moved in any slice"
    moved = len({onset.column for onset in timeline.onsets})
    since = _in(timeline, timeline.first, timeline.first + 1)
    return cut, f"{moved} of {len(timeline.columns)} columns moved, the first {since}"


def sayings(timeline: Timeline) -> Iterator[Saying]:
    """One for each column that moved, worst first."""
    peaks = _peaks(timeline)
    for column, found in groupby(timeline.onsets, key=lambda onset: onset.column):
        own = list(found)
        text = ", ".join((*_lasting(timeline, own), *_ended(timeline, own)))
        if len(own) > 1 or own[0].until - own[0].at > 2:
            text += f"; worst {_in(timeline, peaks[column], peaks[column] + 1)}"
        yield Saying(column, worst(onset.severity for onset in own), text)


def _peaks(timeline: Timeline) -> dict[str, int]:
    """The place of the largest effect of each column, among the slices where it moved."""
    shifted = [cell for cell in timeline.cells if cell.severity != "none"]
    rising = sorted(shifted, key=lambda cell: (cell.score, -cell.at))
    return {cell.column: cell.at for cell in rising}


def _sizes(timeline: Timeline) -> str:
    """Rows of the slices, where they are cut over a column."""
    rows = [piece.rows for piece in timeline.slices]
    if timeline.over is None or not rows:
        return ""
    low, high = f"{min(rows):,}", f"{max(rows):,}"
    return f", {low if low == high else f'{low} to {high}'} rows each"


def _lasting(timeline: Timeline, own: Sequence[Onset]) -> Iterator[str]:
    for onset in own:
        if onset.lasts:
            piece = timeline.slices[onset.at]
            since = piece.label if timeline.over is not None else f"row {piece.start}"
            yield f"{onset.severity} from {since} on"


def _ended(timeline: Timeline, own: Sequence[Onset]) -> Iterator[str]:
    """Runs that came to an end, by severity; many of them only as their number."""
    severities: tuple[Severity, ...] = ("major", "minor")
    for severity in severities:
        runs = [onset for onset in own if onset.severity == severity and not onset.lasts]
        if len(runs) > _NAMED:
            yield f"{severity} {len(runs)} times {_in(timeline, runs[0].at, runs[-1].until)}"
        elif runs:
            spans = " and ".join(_in(timeline, run.at, run.until) for run in runs)
            yield f"{severity} {spans}"


def _in(timeline: Timeline, at: int, until: int) -> str:
    """``in 2013-01``, ``from 2013-01 to 2013-03``, ``in rows 90-129``."""
    first, last = timeline.slices[at], timeline.slices[until - 1]
    if timeline.over is None:
        return f"in rows {first.start}-{last.stop - 1}"
    return f"in {first.label}" if first == last else f"from {first.label} to {last.label}"


def cells_json(timeline: Timeline | None) -> list[dict[str, Any]] | None:
    """One object a cell, the worst column first and its slices in order."""
    if timeline is None:
        return None
    return [_cell(timeline, cell) for cell in timeline.cells]


def _cell(timeline: Timeline, cell: Cell) -> dict[str, Any]:
    piece = timeline.slices[cell.at]
    return {
        "from": piece.start,
        "to": piece.stop - 1,
        "label": piece.label,
        "rows": piece.rows,
        "column": cell.column,
        "measures": dict(cell.measures),
        "severity": cell.severity,
        "reasons": list(cell.reasons),
        "p_adjusted": cell.p_adjusted,
        "too_few_rows": cell.too_few_rows,
    }


def onsets_json(timeline: Timeline | None) -> list[dict[str, Any]] | None:
    """One object a run of shifted slices; ``to`` is its last row, null where it lasts."""
    if timeline is None:
        return None
    return [_onset(timeline, onset) for onset in timeline.onsets]


def _onset(timeline: Timeline, onset: Onset) -> dict[str, Any]:
    first, last = timeline.slices[onset.at], timeline.slices[onset.until - 1]
    return {
        "column": onset.column,
        "severity": onset.severity,
        "from": first.start,
        "to": None if onset.lasts else last.stop - 1,
        "label": first.label,
        "last_label": None if onset.lasts else last.label,
    }


def about_json(timeline: Timeline | None) -> dict[str, Any] | None:
    """How the test side was cut, and what is to be known of it."""
    if timeline is None:
        return None
    return {
        "by": timeline.by,
        "over": timeline.over,
        "slices": len(timeline.slices),
        "notes": list(timeline.notes),
    }
