"""Tables of columns: what each shows, and what gives way where the screen is narrow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from rich import box
from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from bncli.report import cells, words
from bncli.report.escape import holds, printable
from bncli.report.sparkline import ASCII, BLOCKS, sparkline
from bncli.shift.model import Column
from bncli.shift.severity import Severity

STYLES: dict[Severity, str] = {"major": "bold red", "minor": "yellow", "none": "green"}

_GAP = 2
_PICTURES = (24, 16, 12, 8)  # widths that divide a picture's cells
_NARROWEST_REST = 22


@dataclass(frozen=True, slots=True)
class Screen:
    """What the terminal can do. width: in cells; encoding: of its output; picture: cells a side."""

    width: int
    encoding: str
    picture: int = 16

    @property
    def levels(self) -> str:
        return BLOCKS if holds(self.encoding, BLOCKS) else ASCII

    @property
    def arrow(self) -> str:
        return "→" if holds(self.encoding, "→") else "->"

    @property
    def dots(self) -> str:
        return "…" if holds(self.encoding, "…") else ".."

    def text(self, untrusted: str, most: int | None = None) -> str:
        return printable(untrusted, self.encoding, most)


Cell = Callable[[Column, Screen], str]


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a table. effect: the measure whose severity colours it; keep: dropped later
    the higher; rest: takes what width is left."""

    head: str
    cell: Cell
    keep: int
    effect: str | None = None
    justify: Literal["left", "right"] = "right"
    style: str = ""
    rest: bool = False


def _measure(name: str, show: Callable[[float | None], str]) -> Cell:
    return lambda column, _: show(column.measures.get(name))


def _name(column: Column, screen: Screen) -> str:
    return screen.text(column.label, max(12, screen.width // 5))


def _picture(side: Literal["train", "test"]) -> Cell:
    def draw(column: Column, screen: Screen) -> str:
        picture = column.measured.picture
        if picture is None:
            return ""
        shares = picture.train if side == "train" else picture.test
        if picture.labels:  # neighbouring categories are no neighbours: never added up
            shares = shares[: screen.picture]
        return sparkline(shares, screen.picture, screen.levels)

    return draw


def _missing(column: Column, screen: Screen) -> str:
    found = column.measures
    return cells.change(found.get("missing_train"), found.get("missing_test"), screen.arrow)


def _moved(column: Column, screen: Screen) -> str:
    return ", ".join(
        f"{screen.text(one.value, 20)} {cells.fine_change(one.train, one.test, screen.arrow)}"
        for one in column.measured.moved
        if cells.tenths(one.train) != cells.tenths(one.test)
    )


def _span(side: int) -> Cell:
    def show(column: Column, screen: Screen) -> str:
        span = column.measured.spans[side]
        if span is None:
            return cells.ABSENT
        return f"{cells.moment(span.first)} {screen.dots} {cells.moment(span.last)}"

    return show


def _gap(column: Column, screen: Screen) -> str:
    ours, theirs = (cells.duration(column.measures.get(f"gap_{side}")) for side in _SIDES)
    return ours if ours == theirs else f"{ours}{screen.arrow}{theirs}"


_SIDES = ("train", "test")
_SHARED = (
    Field("column", _name, 99, justify="left"),
    Field("shift", lambda column, _: words.state(column), 99, "severity", justify="left"),
    Field("train", _picture("train"), 98, justify="left", style="cyan"),
    Field("test", _picture("test"), 98, justify="left", style="magenta"),
)
_LAST = Field("missing", _missing, 60, "missing")

NUMERIC = (
    *_SHARED,
    Field("location", _measure("location", cells.signed), 70, "location"),
    Field("scale", _measure("scale", cells.signed), 30),
    Field("KS", _measure("ks", cells.number), 90, "ks"),
    Field("PSI", _measure("psi", cells.number), 80, "psi"),
    Field("W1/sd", _measure("w1_sd", cells.number), 20, "w1_sd"),
    Field("removable", _measure("removable", cells.percent), 75),
    _LAST,
)

CATEGORICAL = (
    *_SHARED,
    Field("PSI", _measure("psi", cells.number), 90, "psi"),
    Field("JS", _measure("js", cells.number), 65, "js"),
    Field("TV", _measure("tv", cells.number), 40),
    Field("V", _measure("cramers_v", cells.number), 30),
    Field("unseen", _measure("unseen", cells.percent), 70, "unseen"),
    Field("gone", lambda column, _: _whole(column.measures.get("vanished")), 35),
    _LAST,
    Field("moved most", _moved, 85, justify="left", rest=True),
)

TEMPORAL = (
    *_SHARED,
    Field("training range", _span(0), 85, justify="left"),
    Field("test range", _span(1), 90, justify="left"),
    Field("longest gap", _gap, 70),
    Field("out of range", _measure("out_of_range", cells.percent), 80),
    _LAST,
)


def _whole(value: float | None) -> str:
    return cells.ABSENT if value is None else cells.count(int(value))


def columns_table(fields: Sequence[Field], columns: Sequence[Column], screen: Screen) -> Table:
    """The columns as a table no wider than the screen: lesser fields go, pictures shrink."""
    fields, screen = fitted(fields, columns, screen)
    # The box itself adds one blank between fields.
    table = Table(box=box.SIMPLE_HEAD, padding=(0, _GAP - 1, 0, 0), pad_edge=False, show_edge=False)
    for field in fields:
        table.add_column(field.head, justify=field.justify, no_wrap=True, overflow="crop")
    spare = screen.width - sum(_widths(_fixed(fields), columns, screen))
    for column in columns:
        table.add_row(*(_cell(field, column, screen, spare) for field in fields))
    return table


def fitted(
    fields: Sequence[Field], columns: Sequence[Column], screen: Screen
) -> tuple[Sequence[Field], Screen]:
    """The fields that fit, most telling first, and the screen with the widest pictures that do."""
    kept = list(fields)
    while True:
        for width in _PICTURES:
            narrowed = replace(screen, picture=width)
            if _needed(kept, columns, narrowed) <= screen.width:
                return kept, narrowed
        least = min(kept, key=lambda field: field.keep)
        if least.keep >= 98:
            return kept, replace(screen, picture=_PICTURES[-1])
        kept.remove(least)


def _needed(fields: Sequence[Field], columns: Sequence[Column], screen: Screen) -> int:
    rest = _NARROWEST_REST if any(field.rest for field in fields) else 0
    widths = sum(_widths(_fixed(fields), columns, screen)) + rest
    return widths if rest else widths - _GAP  # nothing follows the last


def _fixed(fields: Sequence[Field]) -> list[Field]:
    return [field for field in fields if not field.rest]


def _widths(fields: Sequence[Field], columns: Sequence[Column], screen: Screen) -> list[int]:
    """Cells each field takes with the gap behind it."""
    return [
        _GAP + max(cell_len(text) for text in (field.head, *_texts(field, columns, screen)))
        for field in fields
    ]


def _texts(field: Field, columns: Sequence[Column], screen: Screen) -> list[str]:
    return [field.cell(column, screen) for column in columns]


def _cell(field: Field, column: Column, screen: Screen, spare: int) -> Text:
    """A ``Text``, so that nothing in a name is read as markup."""
    text = field.cell(column, screen)
    if field.rest:
        text = printable(text, screen.encoding, max(0, spare))
    return Text(text, style=_style(field, column))


def _style(field: Field, column: Column) -> str:
    if field.effect == "severity":
        return "dim" if column.too_few_rows else STYLES[column.severity]
    for effect in column.effects:
        if effect.measure == field.effect and effect.severity != "none":
            return STYLES[effect.severity]
    return field.style
