"""The groups on a terminal: a table, the worst first, and what stands beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich import box
from rich.cells import cell_len
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from bncli.report import cells, groupwise
from bncli.report.table import STYLES, Screen
from bncli.shift.by_group import ByGroup, GroupShift

_GAP = 2
_LEAST_REASON = 12


def by_group(found: ByGroup | None, screen: Screen, most: int | None) -> Iterator[RenderableType]:
    """All that the terminal says of groups, at most ``most`` of them."""
    if found is None:
        return
    compared, moved = groupwise.summary(found)
    yield Text("")
    yield Text(screen.text(compared), "bold")
    yield Text(screen.text(moved))
    shown = found.groups[:most]
    if shown:
        yield Text("")
        yield _table(shown, found.by, screen)
    rest = len(found.groups) - len(shown)
    if rest:
        yield Text(f"and {rest:,} more groups (--all shows them)")
    for title, named in groupwise.beside(found):
        yield Text(f"{title}: {screen.text(named, 300)}")
    yield from (Text(f"note: {screen.text(note)}") for note in found.notes)


def _table(groups: Sequence[GroupShift], by: str, screen: Screen) -> Table:
    """No wider than the screen: the reasons take what is left, or are left out."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, _GAP - 1, 0, 0), pad_edge=False, show_edge=False)
    name = max(12, screen.width // 5)
    rows = [_row(group, screen, name) for group in groups]
    heads = (screen.text(by, name), "rows", "shift", "moved", "worst column")
    widths = [
        _GAP + max(cell_len(text) for text in column) for column in zip(heads, *rows, strict=True)
    ]
    spare = screen.width - sum(widths[:-1])
    kept = 5 if spare >= _LEAST_REASON else 4
    for at, head in enumerate(heads[:kept]):
        right = at in (1, 3)
        justify = "right" if right else "left"
        table.add_column(head, justify=justify, no_wrap=True, overflow="crop")  # type: ignore[arg-type]
    for group, row in zip(groups, rows, strict=True):
        style = "dim" if group.too_few_rows else STYLES[group.severity]
        *most, worst = row
        texts = [*most, screen.text(worst, max(0, spare))]
        styled = zip(texts[:kept], ("", "", style, "", ""), strict=False)
        table.add_row(*(Text(text, style=each) for text, each in styled))
    return table


def _row(group: GroupShift, screen: Screen, name: int) -> tuple[str, ...]:
    return (
        screen.text(group.key, name) if group.together == 1 else group.key,
        f" {screen.arrow} ".join(map(cells.count, group.rows)),
        groupwise.state(group),
        groupwise.moved(group),
        screen.text(groupwise.telling(group)),
    )
