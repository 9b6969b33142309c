"""The parts of the Markdown report that stand beyond single columns: jointly, and over time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bncli.report import cells, overtime, words
from bncli.report.escape import code_span, plain
from bncli.shift.model import ShiftReport
from bncli.shift.wholes import Joint

_PAIRS = 5
_SAYINGS = 20


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
