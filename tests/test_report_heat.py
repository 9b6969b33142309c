"""The timeline on a terminal, in words and as JSON."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import numpy as np
import pytest
from profiles import side_of
from rich.cells import cell_len
from rich.console import Console

from bncli.report.heat import over_time
from bncli.report.machine import to_json, to_text
from bncli.report.overtime import sayings, summary
from bncli.report.table import Screen
from bncli.report.terminal import print_shift
from bncli.shift.compare import ShiftReport, compare
from bncli.shift.severity import RANK, Severity
from bncli.shift.timeline import onsets
from bncli.shift.wholes import Cell, Slice, Timeline

EVIL = "\x1b[31m[bold]\u202eevil\n\x07"
SEVERITIES: dict[str, tuple[Severity, float, bool]] = {
    ".": ("none", 0.1, False),
    "-": ("minor", 0.5, False),
    "1": ("major", 1.0, False),
    "4": ("major", 4.0, False),
    "9": ("major", 9.0, False),
    "?": ("none", 2.0, True),
}


def timeline(
    rows: dict[str, str], over: str | None = "day", notes: tuple[str, ...] = ()
) -> Timeline:
    """Columns as a character a slice: severity, or the score of a major one; blank: absent."""
    count = max(map(len, rows.values()))
    labels = [f"2024-01-{at + 1:02}" for at in range(count)]
    if over is None:
        labels = [f"{at * 20}-{at * 20 + 19}" for at in range(count)]
    slices = tuple(Slice(label, at * 20, at * 20 + 20, 20) for at, label in enumerate(labels))
    cells = {
        column: [
            Cell(column, at, severity, {"ks": score / 10}, 0.5, score, (), few)
            for at, mark in enumerate(marks)
            if mark != " "
            for severity, score, few in (SEVERITIES[mark],)
        ]
        for column, marks in rows.items()
    }
    return Timeline(
        f"'{over}' every 1d" if over else "20 rows each",
        slices,
        tuple(rows),
        tuple(cell for own in cells.values() for cell in own),
        tuple(onset for own in cells.values() for onset in onsets(own)),
        notes,
        over,
    )


def lines(found: Timeline, width: int = 80, encoding: str = "utf-8", most: int | None = 20):
    return [str(text) for text in over_time(found, Screen(width, encoding), most)]


def fields(found: Timeline, column: str, **screen) -> str:
    """What stands behind a column's name in the map."""
    line = next(line for line in lines(found, **screen) if line.startswith(f"{column}  "))
    return line[len(column) :].strip(" ")


def squeezed(text: str) -> str:
    """One character a field: neighbours within one are the same, a blank parts them."""
    return "".join(field[0] for field in text.split())


def test_severity_and_strength_have_characters_of_their_own():
    found = timeline({"x": "..-149?."})
    assert squeezed(fields(found, "x")) == "··░▒▓█?·"
    assert squeezed(fields(found, "x", encoding="ascii")) == "..+xX#?."


def test_strength_is_relative_to_the_column_itself():
    found = timeline({"x": "14", "y": "11"})
    assert [squeezed(fields(found, name)) for name in "xy"] == ["▓█", "██"]


def test_a_slice_where_nothing_was_compared_is_blank():
    assert fields(timeline({"x": "- -"}), "x") == "░" * 11 + " " * 13 + "░" * 11


def test_slices_that_do_not_fit_share_a_field_which_shows_the_worst():
    marks = list("." * 200)
    marks[150], marks[151], marks[10] = "9", "-", "?"
    shown = fields(timeline({"x": "".join(marks)}, over=None), "x", width=43)
    assert len(shown) == 40
    assert (shown.count("█"), shown[30]) == (1, "█")
    assert "?" not in shown
    assert "each field is 5 slices and shows the worst of them" in lines(
        timeline({"x": "." * 200}, over=None), width=43
    )


@pytest.mark.parametrize("width", [40, 80, 200])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "cp1252"])
@pytest.mark.parametrize("count", [1, 12, 53, 1000])
def test_the_map_is_no_wider_than_the_screen(width, encoding, count):
    found = timeline(
        {"a rather long name of a column": "." * (count - 1) + "9", "日本": "." * count}
    )
    head, *rest = [line for line in lines(found, width, encoding) if line.endswith(("█", "#", "·"))]
    assert all(cell_len(line) <= width for line in (head, *rest))


def test_a_wide_screen_labels_every_slice_and_a_narrow_one_those_that_fit():
    found = timeline({"x": "." * 12})
    axis = {width: lines(found, width)[3].split() for width in (80, 200)}
    assert axis[200] == [piece.label for piece in found.slices]
    assert axis[80] == [f"2024-01-{day:02}" for day in range(1, 12, 2)]


def test_labels_stand_above_the_fields_that_they_begin():
    found = timeline({"x": "." * 12})
    axis, row = lines(found, 80)[3:5]
    assert axis.index("2024-01-03") - axis.index("2024-01-01") == 2 * 6
    assert row[axis.index("2024-01-03") - 1 :].startswith(" ·····")


@pytest.mark.parametrize(
    ("marks", "over", "said"),
    [
        ("..99", "day", "major from 2024-01-03 on"),
        (".--99", "day", "minor from 2024-01-02 on, major from 2024-01-04 on; worst in 2024-01-04"),
        ("..9..", "day", "major in 2024-01-03"),
        (".999.", "day", "major from 2024-01-02 to 2024-01-04; worst in 2024-01-02"),
        (".9.9..", None, "major in rows 20-39 and in rows 60-79; worst in rows 20-39"),
        (".9.1.9.", None, "major 3 times in rows 20-119; worst in rows 20-39"),
        ("..99", None, "major from row 40 on"),
        ("-..", "day", "minor in 2024-01-01"),
    ],
)
def test_each_column_that_moved_says_since_when(marks, over, said):
    assert [one.text for one in sayings(timeline({"x": marks}, over))] == [said]


def test_the_summary_says_how_it_was_cut_and_when_it_began():
    found = timeline({"x": "..9.", "y": ".--.", "z": "...."})
    assert summary(found) == (
        "over time: 4 slices, 'day' every 1d, 20 rows each",
        "2 of 3 columns moved, the first in 2024-01-02",
    )
    assert summary(timeline({"x": "..."}, None)) == (
        "over time: 3 slices, 20 rows each",
        "no column moved in any slice",
    )


def test_only_the_worst_columns_are_shown_and_the_rest_counted():
    found = timeline({f"x{at}": "9." for at in range(25)})
    shown = lines(found, most=5)
    assert sum(line.startswith("x") and "█" in line for line in shown) == 5
    assert "and 20 more columns (--all shows them)" in shown
    assert "and 20 more columns that moved" in shown
    assert not any("more columns" in line for line in lines(found, most=None))


def report(rows: dict[str, str], notes: tuple[str, ...] = ()) -> ShiftReport:
    side = side_of({name: np.arange(50.0) for name in rows}, "data.csv")
    return replace(compare(side, side), timeline=timeline(rows, None, notes))


def printed(found: ShiftReport, colour: bool, width: int = 80) -> str:
    file = io.StringIO()
    environment = {} if colour else {"NO_COLOR": "1"}
    console = Console(file=file, width=width, force_terminal=colour, _environ=environment)
    print_shift(found, console)
    return file.getvalue()


def test_the_map_stands_in_the_report_with_colour_and_without():
    found = report({"x": "..9-"}, ("a note",))
    plain, coloured = printed(found, False), printed(found, True)
    assert "over time: 4 slices, 20 rows each\n" in plain
    assert "x: major from row 40 on" not in plain
    assert "note: a note\n" in plain
    assert "\x1b[" not in plain
    assert "\x1b[1;31m█" in coloured
    assert "\x1b[33m░" in coloured


def test_hostile_names_reach_no_screen_raw():
    text = printed(report({EVIL: "..9."}), False)
    assert not {"\x1b", "\u202e", "\x07"} & set(text)
    assert "[bold]" in text


def test_json_has_a_record_for_every_cell_and_onset():
    found = report({"x": "..99", "y": "-.? "}, ("a note",))
    record = to_json(found)
    assert record["timeline"][2] == {
        "from": 40,
        "to": 59,
        "label": "40-59",
        "rows": 20,
        "column": "x",
        "measures": {"ks": 0.9},
        "severity": "major",
        "reasons": [],
        "p_adjusted": 0.5,
        "too_few_rows": False,
    }
    assert len(record["timeline"]) == 7
    assert record["onsets"] == [
        {"column": "x", "severity": "major", "from": 40, "to": None,
         "label": "40-59", "last_label": None},
        {"column": "y", "severity": "minor", "from": 0, "to": 19,
         "label": "0-19", "last_label": "0-19"},
    ]  # fmt: skip
    assert record["over_time"] == {
        "by": "20 rows each", "over": None, "slices": 4, "notes": ["a note"],
    }  # fmt: skip
    assert json.loads(to_text(found)) == record


def test_json_without_a_timeline_says_null():
    side = side_of({"x": np.arange(9.0)})
    record = to_json(compare(side, side))
    assert (record["timeline"], record["onsets"], record["over_time"]) == (None, None, None)


def test_every_severity_is_spelled():
    assert {severity for severity, _, _ in SEVERITIES.values()} == set(RANK)
