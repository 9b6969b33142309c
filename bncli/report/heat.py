"""The timeline on a terminal: a row a column, a field a slice, and since when each one moved.

Severity shows in the character itself, so that it reads without colour: a dot for none, a light
block for minor, darker ones for major. How dark is relative to the largest effect of the same
column, since the question is when it moved, and a drop must stand out of a slow drift.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.text import Text

from bncli.report import overtime
from bncli.report.escape import holds
from bncli.report.table import STYLES, Screen
from bncli.shift.severity import RANK, Severity
from bncli.shift.wholes import Cell, Slice, Timeline

_GAP = 2
_SHADES = (0.2, 0.5)
"""Shares of a column's largest effect from which a major field is darker, and darkest."""


@dataclass(frozen=True, slots=True)
class Marks:
    """The characters of the fields. major: faint, strong and strongest."""

    none: str
    minor: str
    major: tuple[str, str, str]
    few: str = "?"
    absent: str = " "

    @property
    def legend(self) -> str:
        major = "".join(self.major)
        return (
            f"{self.none} none  {self.minor} minor  {major} major, darkest at the column's worst"
            f"  {self.few} too few rows"
        )


_BLOCKS = Marks("·", "░", ("▒", "▓", "█"))
_ASCII = Marks(".", "+", ("x", "X", "#"))


def over_time(timeline: Timeline, screen: Screen, most: int | None) -> Iterator[Text]:
    """All that the terminal says of a timeline, line by line, at most ``most`` columns."""
    shown = timeline.columns[:most]
    cut, moved = overtime.summary(timeline)
    yield Text(screen.text(cut), "bold")
    yield Text(screen.text(moved))
    if shown and timeline.slices:
        yield from Heat(timeline, shown, screen).lines()
    rest = len(timeline.columns) - len(shown)
    if rest:
        yield Text(f"and {rest} more columns (--all shows them)")
    yield from _sayings(timeline, screen, most)
    yield from (Text(f"note: {screen.text(note)}") for note in timeline.notes)


def _sayings(timeline: Timeline, screen: Screen, most: int | None) -> Iterator[Text]:
    found = list(overtime.sayings(timeline))
    for one in found[:most]:
        line = Text(f"{_name(one.column, screen)}: ")
        yield line.append(screen.text(one.text), STYLES[one.severity])
    if most is not None and len(found) > most:
        yield Text(f"and {len(found) - most} more columns that moved")


def _name(column: str, screen: Screen) -> str:
    return screen.text(column, max(12, screen.width // 5))


@dataclass(frozen=True, slots=True)
class Heat:
    """The map of some columns on one screen. Slices that do not fit share a field, which shows
    the worst of them."""

    timeline: Timeline
    columns: Sequence[str]
    screen: Screen

    @property
    def marks(self) -> Marks:
        blocks = "".join((_BLOCKS.none, _BLOCKS.minor, *_BLOCKS.major))
        return _BLOCKS if holds(self.screen.encoding, blocks) else _ASCII

    @property
    def margin(self) -> int:
        """Cells that the names take, and the gap behind them."""
        return _GAP + max(cell_len(_name(column, self.screen)) for column in self.columns)

    @property
    def room(self) -> int:
        return max(1, self.screen.width - self.margin)

    @property
    def joined(self) -> int:
        """Slices per field."""
        return -(-len(self.timeline.slices) // self.room)

    @property
    def fields(self) -> int:
        return -(-len(self.timeline.slices) // self.joined)

    @property
    def width(self) -> int:
        """Cells of a field: as many as fit, and no more than its label needs."""
        longest = max(len(_short(piece, self.timeline)) for piece in self.timeline.slices)
        return max(1, min(longest + _GAP, self.room // self.fields))

    def lines(self) -> Iterator[Text]:
        yield Text("")
        yield Text(" " * self.margin + self._axis(), "dim")
        cells = self._cells()
        for column in self.columns:
            yield self._row(column, cells[column])
        yield Text(self.marks.legend, "dim")
        if self.joined > 1:
            yield Text(f"each field is {self.joined} slices and shows the worst of them", "dim")
        yield Text("")

    def _axis(self) -> str:
        """The labels that fit, each above the field that it begins."""
        axis = ""
        for field in range(self.fields):
            label = self.screen.text(
                _short(self.timeline.slices[field * self.joined], self.timeline)
            )
            at = field * self.width
            if (not axis or at >= len(axis) + _GAP) and at + len(label) <= self.room:
                axis = axis.ljust(at) + label
        return axis

    def _cells(self) -> dict[str, dict[int, Cell]]:
        found: dict[str, dict[int, Cell]] = {column: {} for column in self.columns}
        for cell in self.timeline.cells:
            if cell.column in found:
                found[cell.column][cell.at] = cell
        return found

    def _row(self, column: str, cells: Mapping[int, Cell]) -> Text:
        name = _name(column, self.screen)
        row = Text(name + " " * (self.margin - cell_len(name)))
        largest = max(
            (cell.score for cell in cells.values() if cell.severity == "major"), default=0
        )
        for field in range(self.fields):
            places = range(field * self.joined, (field + 1) * self.joined)
            cell = _worst([cells[at] for at in places if at in cells])
            mark, style = self._mark(cell, largest)
            gap = " " if self.width >= 3 and field else ""
            filled = self.width if self.width < 3 else self.width - 1
            row.append(gap).append(mark * filled, style)
        return row

    def _mark(self, cell: Cell | None, largest: float) -> tuple[str, str]:
        """The character of a field and its style."""
        if cell is None:
            return self.marks.absent, ""
        if cell.too_few_rows:
            return self.marks.few, "dim"
        if cell.severity == "major":
            shade = sum(cell.score >= share * largest for share in _SHADES)
            return self.marks.major[shade], "bold red" if shade == 2 else "red"
        if cell.severity == "minor":
            return self.marks.minor, STYLES["minor"]
        return self.marks.none, "dim"


def _worst(cells: Sequence[Cell]) -> Cell | None:
    """The one that a field shows: one that can tell, the most severe, the largest effect."""
    return max(cells, key=_severity, default=None)


def _severity(cell: Cell) -> tuple[bool, int, float]:
    severity: Severity = cell.severity
    return not cell.too_few_rows, RANK[severity], cell.score


def _short(piece: Slice, timeline: Timeline) -> str:
    """A label for the axis: of a slice of rows, its first one."""
    return str(piece.start) if timeline.over is None else piece.label
