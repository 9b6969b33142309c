"""The parts of the Markdown report beyond single columns: jointly, by group, and over time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bncli.report import cells, groupwise, overtime, words
from bncli.report.escape import code_span, plain
from bncli.shift.by_group import ByGroup, GroupShift
from bncli.shift.model import ShiftReport
from bncli.shift.wholes import Joint

MARKS = {
    "major": "🔴 **major**",
    "minor": "🟡 **minor**",
    "none": "⚪ none",
    "too few": "⚪ too few rows",
}
_PAIRS = 5
_SAYINGS = 20
_GROUPS = 20


def joint(report: ShiftReport) -> Iterator[Sequence[str]]:
    """The distance over all columns at once, its parts, and the correlations that moved most."""
    found, absent = report.joint, words.joint_absent(report)
    if absent:
        yield [f"**Jointly**: not compared: {plain(absent)}"]
    if found is None:
        return
    yield [f"**Jointly** ({len(found.columns)} columns): {_figures(found)}"]
    pairs = [one for one in found.pairs if one.noticeable][:_PAIRS]
    if pairs:
        yield [
            "| correlation of | and | training | test |",
            "| :-- | :-- | --: | --: |",
            *(
                f"| {code_span(one.first)} | {code_span(one.second)} "
                f"| {cells.signed(one.train)} | {cells.signed(one.test)} |".replace("~", "≈")
                for one in pairs
            ),
        ]


def _figures(found: Joint) -> str:
    text = ". ".join(line[:1].upper() + line[1:] for line in words.joint_figures(found))
    return text.replace("<", "&lt;").replace("~", "≈")


def groups(report: ShiftReport) -> Iterator[Sequence[str]]:
    """A row for each group, worst first, and what was not compared one by one."""
    found = report.groups
    if found is None:
        return
    compared, moved = groupwise.summary(found)
    yield [f"**By {code_span(found.by)}:** {compared.removeprefix(f'by {found.by}: ')}; {moved}"]
    if found.groups:
        yield list(_group_rows(found))
    beside = [f"- {title}: {plain(named)}" for title, named in groupwise.beside(found)]
    lines = [*beside, *(f"- {plain(note)}" for note in found.notes)]
    if lines:
        yield lines


def timeline(report: ShiftReport) -> Iterator[Sequence[str]]:
    """Since when each column has moved."""
    found = report.timeline
    if found is None:
        return
    cut, moved = overtime.summary(found)
    yield [f"**Over time:** {plain(cut.removeprefix('over time: '))}; {plain(moved)}"]
    said = list(overtime.sayings(found))
    lines = [f"- {code_span(one.column)}: {plain(one.text)}" for one in said[:_SAYINGS]]
    if len(said) > _SAYINGS:
        lines.append(f"- … and {len(said) - _SAYINGS} more")
    if lines:
        yield lines


def _group_rows(found: ByGroup) -> Iterator[str]:
    yield "| shift | group | rows | moved | worst column |"
    yield "| :-- | :-- | --: | --: | :-- |"
    for one in found.groups[:_GROUPS]:
        yield f"| {' | '.join(_group_cells(one))} |"
    rest = len(found.groups) - _GROUPS
    if rest > 0:
        yield f"| | … and {rest:,} more groups | | | |"


def _group_cells(one: GroupShift) -> Iterator[str]:
    yield MARKS[groupwise.state(one)]
    yield code_span(one.key)
    yield " → ".join(map(cells.count, one.rows))
    yield groupwise.moved(one)
    yield plain(groupwise.telling(one)) if one.shifted else ""
