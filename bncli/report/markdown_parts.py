"""The parts of the Markdown report that stand beyond single columns: jointly, and over time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bncli.report import cells, overtime
from bncli.report.escape import code_span, plain
from bncli.shift.model import ShiftReport
from bncli.shift.wholes import Joint

_PAIRS = 5
_SAYINGS = 20


def joint(report: ShiftReport) -> Iterator[Sequence[str]]:
    """The distance over all columns at once, its parts, and the correlations that moved most."""
    found = report.joint
    if found is None:
        return
    yield [f"**Jointly** ({len(found.columns)} columns): {_distances(found)}"]
    if found.pairs:
        yield [
            "| correlation of | and | training | test |",
            "| :-- | :-- | --: | --: |",
            *(
                f"| {code_span(one.first)} | {code_span(one.second)} "
                f"| {cells.signed(one.train)} | {cells.signed(one.test)} |".replace("~", "≈")
                for one in found.pairs[:_PAIRS]
            ),
        ]


def _distances(found: Joint) -> str:
    square = found.frechet**2
    parts = {
        "mean": found.frechet_mean,
        "variance": found.frechet_variance,
        "correlation": found.frechet_correlation,
    }
    text = f"Frechet distance {cells.number(found.frechet)}"
    if square > 0:
        text += (
            f" ({', '.join(f'{name} {cells.percent(v / square)}' for name, v in parts.items())})"
        )
    text += f"; linear AUC {cells.number(found.auc_linear)}"
    text += f", {cells.number(found.auc_restandardized)} once both sides are standardized again"
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
