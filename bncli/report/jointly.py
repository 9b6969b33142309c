"""All numeric columns jointly, on a terminal: the figures, and the correlations that moved."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from bncli.report import cells, words
from bncli.report.table import Screen
from bncli.shift.model import ShiftReport
from bncli.shift.wholes import Joint, PairMoved

_PAIRS = 5
_LISTED = 5
_FIGURES = 26  # cells that the figures of a pair take, and what parts them from its names


def jointly(report: ShiftReport, screen: Screen) -> Iterator[RenderableType]:
    """Nothing where it was not asked for, one line where it could not be done."""
    found, absent = report.joint, words.joint_absent(report)
    if absent:
        yield Text("")
        yield Text(f"jointly: not compared: {screen.text(absent)}")
    if found is None:
        return
    rows = f" {screen.arrow} ".join(map(cells.count, found.rows))
    yield Text("")
    yield Text(f"jointly: {len(found.columns)} numeric columns, {rows} complete rows", "bold")
    yield from (Text(f"  {line}") for line in words.joint_figures(found))
    pairs = [one for one in found.pairs if one.noticeable][:_PAIRS]
    if pairs:
        yield _pairs(pairs, screen)
    yield from _left_out(found, screen)


def _pairs(pairs: Sequence[PairMoved], screen: Screen) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    table.add_column("  correlation of", no_wrap=True, overflow="crop")
    table.add_column("and", no_wrap=True, overflow="crop")
    table.add_column("train", justify="right", no_wrap=True)
    table.add_column("test", justify="right", no_wrap=True)
    most = max(6, (screen.width - _FIGURES) // 2)
    for one in pairs:
        first, second = (Text(screen.text(name, most)) for name in (one.first, one.second))
        first = Text("  ").append(first)
        table.add_row(first, second, cells.signed(one.train), cells.signed(one.test))
    return table


def _left_out(found: Joint, screen: Screen) -> Iterator[Text]:
    """What is not in the figures; reasons that many columns share are told once."""
    lines = [*found.notes]
    for reason in dict.fromkeys(reason for _, reason in found.left_out):
        names = [name for name, why in found.left_out if why == reason]
        rest = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
        shown = ", ".join(screen.text(name, 40) for name in names[:_LISTED])
        lines.append(f"without {shown}{rest}: {reason}")
    for line in lines[:_LISTED]:
        yield Text(f"  {screen.text(line, 300)}")
    if len(lines) > _LISTED:
        yield Text(f"  and {len(lines) - _LISTED} more columns or groups left out")
