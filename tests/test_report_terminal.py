"""The terminal report: what stands where, at which width, and what never reaches the screen."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import numpy as np
import pytest
from profiles import side_of
from rich.console import Console

from bncli.report import cells
from bncli.report.escape import printable
from bncli.report.sparkline import ASCII, BLOCKS, sparkline
from bncli.report.terminal import print_shift
from bncli.shift.compare import ShiftOptions, ShiftReport, compare
from bncli.shift.model import NotCompared

EVIL = "\x1b[31m[bold]\u202eevil\n\x07"


def report(columns: int = 2, **options) -> ShiftReport:
    rng = np.random.default_rng(0)
    train = {f"x{at}": rng.normal(size=200) for at in range(columns)}
    test = {name: values + 1.0 for name, values in train.items()}
    train |= {"city": ["Oslo", "Rome"] * 100}
    test |= {"city": ["Oslo"] * 150 + ["Bern"] * 50}
    settings = ShiftOptions(**options)
    return compare(side_of(train, "old.csv"), side_of(test, "new.csv"), settings)


def printed(
    shift: ShiftReport, width: int = 80, encoding: str = "utf-8", colour: bool = False, **given
) -> str:
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding=encoding, newline="")
    console = Console(file=file, width=width, force_terminal=colour, _environ={})
    print_shift(shift, console, **given)
    file.flush()
    return raw.getvalue().decode(encoding)


def line_with(text: str, start: str) -> str:
    return next(line for line in text.splitlines() if line.startswith(start))


def test_the_verdict_is_the_first_line():
    assert printed(report()).splitlines()[:2] == [
        "major shift: 3 of 3 columns moved (3 major)",
        "old.csv (200 rows) → new.csv (200 rows)",
    ]


def test_no_shift_says_so():
    side = side_of({"x": np.arange(500.0)})
    assert printed(compare(side, side)).startswith("no shift: 1 column compared, none moved\n")


def test_too_few_rows_are_no_silent_none():
    side = side_of({"x": np.arange(30.0)})
    text = printed(compare(side, side))
    assert text.startswith("too few rows: 1 column compared, no shift could have been told\n")
    assert line_with(text, "x").split()[1:3] == ["too", "few"]
    why = (
        "x: the smallest that 30 and 30 rows can tell from chance is ks 0.40 (major: 0.2), psi 1.35"
    )
    assert why in " ".join(text.split())


def test_some_columns_with_too_few_rows_are_counted_beside_the_verdict():
    few = np.where(np.arange(900) < 20, np.arange(900.0), np.nan)
    side = side_of({"x": np.arange(900.0), "few": few})
    first = printed(compare(side, side)).splitlines()[0]
    assert first == "no shift: 2 columns compared, none moved; 1 with too few rows to tell"


def test_nothing_to_compare_says_so():
    assert printed(compare(side_of({}), side_of({}))).startswith("nothing compared: ")


@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "cp1252"])
def test_no_line_is_wider_than_the_screen(width, encoding):
    text = printed(report(), width, encoding)
    assert max(map(len, text.splitlines())) <= width


def test_a_wide_screen_shows_every_measure():
    heads = line_with(printed(report(), 200), "column").split()
    assert heads == ["column", "shift", "train", "test", "PSI", "JS", "TV", "V", "unseen", "gone",
                     "missing", "moved", "most"]  # fmt: skip
    numeric = printed(report(), 200).split("column ")[2].splitlines()[0].split()
    assert numeric == ["shift", "train", "test", "location", "scale", "KS", "PSI", "W1/sd",
                       "removable", "missing"]  # fmt: skip


def test_a_narrow_screen_drops_the_lesser_measures_first():
    numeric = printed(report(), 80).split("column ")[2].splitlines()[0].split()
    assert {"location", "KS", "PSI", "removable"} < set(numeric)
    assert "W1/sd" not in numeric


def test_each_row_has_two_pictures_on_one_axis():
    row = line_with(printed(report(), 120), "x0")
    train, test = row.split("major  ")[1].split("  ")[0], row.rstrip()
    assert set(train) <= set(BLOCKS)
    assert sum(character in BLOCKS[1:] for character in test) > 12


def test_ascii_pictures_where_blocks_cannot_be_shown():
    text = printed(report(), 120, "ascii")
    assert text.isascii()
    assert "@" in line_with(text, "x0")
    assert "->" in text.splitlines()[1]


def test_categories_show_what_moved_most():
    assert "Rome 50→0%" in line_with(printed(report(), 120), "city")


def test_the_table_with_the_worst_column_comes_first():
    text = printed(report(), 120)
    assert text.index("\ncity") < text.index("\nx0")


def test_a_long_table_is_cut_with_a_count_of_the_rest():
    text = printed(report(30), most=20)
    assert "and 11 more columns: 11 major (--all shows them)" in text
    assert "more columns" not in printed(report(30), most=None)


def moved_together(columns: int = 4, name: str = "x") -> ShiftReport:
    """Columns with one factor in common, that the test side has lost."""
    rng = np.random.default_rng(0)
    train = rng.normal(size=(columns, 900)) + 2 * rng.normal(size=900)
    test = np.array([rng.permutation(column) for column in train])
    sides = [
        {f"{name}{at}": column for at, column in enumerate(table)} | {"flat": np.ones(900)}
        for table in (train, test)
    ]
    return compare(*map(side_of, sides))


def test_all_columns_jointly_are_told_in_a_few_lines_and_a_small_table():
    lines = printed(moved_together()).split("\njointly: ", 1)[1].splitlines()
    assert lines[0] == "4 numeric columns, 900 → 900 complete rows"
    assert re.fullmatch(
        r"  Frechet distance 1\.\d\d \(chance 0\.\d\d\): means 0%, spreads 0%, correlations 100%",
        lines[1],
    )
    assert re.fullmatch(
        r"  linear AUC 0\.50 \(chance 0\.5\d\); restandardized: "
        r"Frechet 1\.\d\d, linear AUC 0\.50",
        lines[2],
    )
    assert lines[3].split() == ["correlation", "of", "and", "train", "test"]
    assert re.fullmatch(r"  x\d +x\d +\+0\.\d\d +[+-~]0\.\d\d", lines[5])
    assert lines[10] == "  without flat: constant in training"


def test_no_pair_is_told_where_no_correlation_moved():
    side = side_of({"x": np.arange(50.0), "y": np.arange(50.0) % 7})
    text = printed(compare(side, side))
    assert "jointly: 2 numeric columns" in text
    assert "correlation of" not in text


@pytest.mark.parametrize("width", [40, 60, 80, 200])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_long_and_hostile_names_stay_in_the_lines_of_the_joint_table(width, encoding):
    text = printed(moved_together(name=EVIL + "long" * 50), width, encoding)
    assert max(map(len, text.splitlines())) <= width
    part = text.split("\njointly: ", 1)[1]
    assert not {"\x1b", "\u202e", "\x07"} & set(part)
    assert "+0." in part


def test_columns_that_could_not_be_compared_jointly_are_told_with_the_reason():
    side = side_of({"x": np.arange(50.0), "y": np.arange(50.0)}, profile=False)
    shift = compare(side, side)
    told = "jointly: not compared: no covariance is kept on the training and test side\n"
    assert told in printed(shift)
    assert "jointly" not in printed(compare(side, side, ShiftOptions(joint=0)))
    one = side_of({"x": np.arange(50.0)}, profile=False)
    assert "jointly" not in printed(compare(one, one))


def test_the_gate_is_told():
    assert "gate reached: major" in printed(report(fail_on=("major", "schema")))
    assert "gate passed: schema" in printed(report(fail_on=("schema",)))


def test_the_footer_says_what_the_numbers_mean():
    text = " ".join(printed(report()).split())
    assert "with the training statistics takes away none of it" in text
    assert "floored at 0.0001" in text
    assert "sketch" not in text


def test_a_sketch_is_said_with_its_error():
    x = np.random.default_rng(0).normal(size=5000)
    text = printed(compare(side_of({"x": x}, sketch=500), side_of({"x": x})))
    assert "sketch" in text
    assert "0.10% (99 % confidence)" in " ".join(text.split())


def test_what_was_not_compared_is_listed():
    train = side_of({"id": list("abcdefgh"), "gone": np.ones(8), "t": ["a"] * 8})
    test = side_of({"id": list("abcdefgh"), "new": np.ones(8), "t": np.ones(8)})
    text = printed(compare(train, test))
    for line in ("  id: looks like an identifier", "  gone", "  new", "  t (String → Float64)"):
        assert line in text.splitlines()


def test_a_long_entry_of_a_list_goes_on_below_its_own_words():
    reason = "a reason of so many words that a line of a narrow screen cannot hold it whole"
    left_out = (NotCompared("first", reason), NotCompared("second", "short"))
    lines = printed(replace(report(), not_compared=left_out), 60).splitlines()
    (at,) = (at for at, line in enumerate(lines) if line.startswith("  first: "))
    assert lines[at + 1].startswith("    ")
    assert lines[at + 2] == "  second: short"
    assert " ".join(f"{lines[at]} {lines[at + 1]}".split()) == f"first: {reason}"


@pytest.mark.parametrize("colour", [False, True])
def test_no_name_or_value_reaches_the_terminal_raw(colour):
    train = side_of(
        {EVIL: np.arange(90.0), "c": [EVIL, "b"] * 45, f"only{EVIL}": np.ones(90)}, EVIL
    )
    test = side_of({EVIL: np.arange(90.0) + 50, "c": [f"2{EVIL}", "b"] * 45}, EVIL)
    text = printed(compare(train, test), 200, colour=colour)
    assert "\x1b[31m[" not in text
    assert not {"\u202e", "\x07"} & set(text)
    assert "\\x1b[31m[bold]\\u202eevil\\x0a\\x07" in text  # shown, not obeyed, not markup


def test_names_that_the_encoding_lacks_are_written_out():
    side = side_of({"温度": np.arange(50.0)})
    assert "\\u6e29\\u5ea6" in printed(compare(side, side), encoding="ascii")
    assert "温度" in printed(compare(side, side))


def test_colour_only_where_asked_for():
    assert "\x1b[" not in printed(report())
    assert "\x1b[1;31mmajor" in printed(report(), colour=True)


def test_no_color_is_honoured():
    console = Console(file=io.StringIO(), force_terminal=True, width=80, _environ={"NO_COLOR": "1"})
    print_shift(report(), console)
    assert "31m" not in console.file.getvalue()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain name", "plain name"),
        ("tab\tbell\x07", "tab\\x09bell\\x07"),
        ("\u2028\ud800\U000e0001", "\\u2028\\ud800\\U000e0001"),
        ("naïve 温度 👩‍🚀", "naïve 温度 👩‍🚀"),
    ],
)
def test_printable_shows_what_cannot_be_seen(text, shown):
    assert printable(text) == shown


def test_printable_cuts_with_an_ellipsis():
    assert printable("abcdefgh", most=5) == "abcd…"
    assert printable("abcdefgh", "ascii", 5) == "ab..."


def test_a_cell_that_holds_anything_is_never_blank():
    assert sparkline([0.0, 1e-9, 0.5, 1.0], 4) == " ▁▄█"
    assert sparkline([0.0, 1e-9, 0.5, 1.0], 4, ASCII) == " .=@"
    assert sparkline([0.0, 0.0], 2) == "  "
    assert sparkline([], 8) == ""


def test_cells_are_joined_evenly():
    assert sparkline([1.0, 1.0, 0.0, 0.0], 2) == "█ "
    assert sparkline([1.0] * 19, 8) == "█" * 8


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, "-"), (0.0, "0.00"), (-0.0, "0.00"), (0.001, "~0"), (-0.004, "~0"), (0.97, "0.97"),
     (17.32, "17.3"), (456.7, "457"), (1.5e7, "1.5e7")],
)  # fmt: skip
def test_numbers_are_short(value, shown):
    assert cells.number(value) == shown


@pytest.mark.parametrize(
    ("share", "shown"), [(None, "-"), (0.0, "0%"), (0.001, "<1%"), (0.998, ">99%"), (1.0, "100%")]
)
def test_a_percent_never_looks_like_none_or_all(share, shown):
    assert cells.percent(share) == shown
