"""The questions a report answers, each in a figure and a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bncli.report import words
from bncli.shift.model import ShiftReport

_WORST = 3


@dataclass(frozen=True, slots=True)
class Answer:
    """names: columns that the sentence ends with, each with its place in the report."""

    question: str
    figure: str
    sentence: str
    names: tuple[tuple[int, str], ...] = ()


def answers(report: ShiftReport) -> tuple[Answer, ...]:
    """In the order people ask."""
    if not report.compared:
        return ()
    parts = (_what, _in_groups, _mendable, _when, _together)
    return tuple(answer for part in parts for answer in part(report))


def _what(report: ShiftReport) -> Iterator[Answer]:
    shifted = [one for one in report.columns if one.severity != "none"]
    figure = f"{report.shifted} of {report.compared}"
    blind = words.too_few(report)
    sentence = words.severities(report.columns) + (f"; {blind} with too few rows" if blind else "")
    sentence += "; worst:" if shifted else ""
    names = tuple(enumerate(one.label for one in shifted[:_WORST]))
    yield Answer("Columns that moved", figure, sentence, names)


def _in_groups(report: ShiftReport) -> Iterator[Answer]:
    found = report.groups
    if found is None or not found.groups:
        return
    shifted = [one for one in found.groups if one.shifted]
    sentence = words.severities(found.groups) + ("; worst:" if shifted else "")
    names = tuple((-1, one.key) for one in shifted[:_WORST])
    yield Answer("Groups that moved", f"{found.shifted} of {len(found.groups)}", sentence, names)


def _mendable(report: ShiftReport) -> Iterator[Answer]:
    """Of the columns that moved and have a removable share: how many lose the most of it."""
    shares = [
        one.measures["removable"]
        for one in report.columns
        if one.severity != "none" and "removable" in one.measures
    ]
    if not shares:
        return
    most = sum(share >= 0.5 for share in shares)
    worse = sum(share < 0.0 for share in shares)
    columns = "columns lose" if len(shares) > 1 else "column loses"
    sentence = f"moved {columns} at least half of the shift by it"
    if worse:
        sentence += f"; {worse} would move further"
    yield Answer("Would standardizing again remove it?", f"{most} of {len(shares)}", sentence)


def _when(report: ShiftReport) -> Iterator[Answer]:
    timeline = report.timeline
    if timeline is None:
        return
    if timeline.first is None:
        yield Answer("Since when?", "never", "no column moved in any slice")
        return
    first = min(timeline.onsets, key=lambda onset: onset.at)
    places = {column.label: at for at, column in enumerate(report.columns)}
    name = (places.get(first.column, -1), first.column)
    yield Answer(
        "Since when?", timeline.slices[first.at].label, "the first slice with a shift:", (name,)
    )


def _together(report: ShiftReport) -> Iterator[Answer]:
    joint = report.joint
    if joint is None:
        return
    sentence = (
        "how well a linear classifier tells the sides apart (0.5: not at all); "
        f"{joint.auc_restandardized:.2f} once both are standardized again"
    )
    yield Answer("All columns together", f"AUC {joint.auc_linear:.2f}", sentence)
