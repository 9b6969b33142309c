"""Reports for tests: of real data, of hostile names and values, and with every part filled in."""

from __future__ import annotations

import functools
import itertools
from dataclasses import replace

import numpy as np
import polars as pl
from conftest import ROOT
from profiles import frame_side, side_of

from bncli.shift.by_group import ByGroup, GroupShift
from bncli.shift.compare import ShiftOptions, ShiftReport, compare
from bncli.shift.model import Column
from bncli.shift.wholes import Cell, Joint, Onset, PairMoved, Slice, Timeline

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</script><script>alert(1)</script>",
    "</style></title></textarea><svg onload=alert(1)>",
    "' onmouseover='alert(1)",
    "<!-- --> ]]> <![CDATA[",
    "two\nlines\r\n\r\n# and a heading",
    "nul\x00 and bell\x07",
    "\u202eright to left\u2066",
    "\x1b[31mred\x1b]0;title\x07\x9b1m",
    "long" * 25_000,
    "javascript:alert(1)",
    "=cmd|'/c calc'!A1",
    "a|b||c",
    "a\\|b \\",
    "`tick` ``two``",
    "[link](https://evil.example) ![image](https://evil.example/x.png)",
    "https://evil.example/path www.evil.example",
    "@everyone someone@evil.example",
    "#1 GH-1 org/repo#2",
    "__bold__ *em* ~~gone~~ :+1:",
    "&lt;b&gt; &#60;i&#62; &amp;",
    "- [ ] task",
    "{{ 7 * 7 }} {% raw %} ${7*7}",
    "\ud800 lone \u2028 line",
    "عمود",
    "温度 👩‍🚀",
    "__proto__",
    "",
    " ",
)
"""Column names, values and file names as a stranger may choose them."""


@functools.cache
def penguins(**options) -> ShiftReport:
    """Real birds: those of one island against those of another."""
    birds = pl.read_parquet(ROOT / "sample_data" / "penguins.parquet")
    sides = (
        frame_side(birds.filter(pl.col("island") == island), f"{island.lower()}.csv")
        for island in ("Torgersen", "Biscoe")
    )
    return compare(*sides, ShiftOptions(**options))


@functools.cache
def hostile() -> ShiftReport:
    """Every hostile text as a numeric column, as a value, and as a column of one side."""
    rng = np.random.default_rng(0)
    rows = 200
    train = {text: rng.normal(size=rows) for text in HOSTILE}
    test = {text: rng.normal(1 + at / 9, size=rows) for at, text in enumerate(HOSTILE)}
    train |= {f"values {at}": [text, "b"] * 9 for at, text in enumerate(HOSTILE)}
    test |= {f"values {at}": ["b", "b", text] * 6 for at, text in enumerate(HOSTILE)}
    train |= {f"only {text}": np.ones(9) for text in HOSTILE} | {f"t{HOSTILE[0]}": ["a"] * 9}
    test |= {f"new {text}": np.ones(9) for text in HOSTILE} | {f"t{HOSTILE[0]}": np.ones(9)}
    train |= {f"id {text}": [f"{at}" for at in range(9)] for text in HOSTILE}
    test |= {f"id {text}": [f"{at}" for at in range(9)] for text in HOSTILE}
    settings = ShiftOptions(fail_on=("major",), draws=100)
    return compare(side_of(train, HOSTILE[0]), side_of(test, HOSTILE[3]), settings)


@functools.cache
def wide(columns: int) -> ShiftReport:
    """As many numeric columns, half of them moved, by more and more; worst first, as always."""
    few = min(columns, 40)  # the others are these again, by other names
    rng = np.random.default_rng(0)
    train = {f"x{at}": rng.normal(size=200) for at in range(few)}
    test = {
        name: values + 2 * max(0, at - few // 2) / few
        for at, (name, values) in enumerate(train.items())
    }
    report = compare(side_of(train, "old.parquet"), side_of(test, "new.parquet"))
    found = [_named(report.columns[at * few // columns], f"x{at:04}") for at in range(columns)]
    return replace(report, columns=tuple(found))


def _named(column: Column, name: str) -> Column:
    return replace(column, measured=replace(column.measured, name=name, label=name))


def whole(report: ShiftReport, slices: int = 6) -> ShiftReport:
    """The report with a joint part, groups and a timeline, made by hand."""
    labels = [column.label for column in report.columns]
    parts = {"joint": joint(labels), "timeline": timeline(labels, slices)}
    return replace(report, **parts, groups=groups(report.columns))


def groups(columns: tuple[Column, ...]) -> ByGroup:
    """Groups called like the columns: in each all of them are compared, from its own one on."""
    return ByGroup(
        columns[0].label if columns else "key",
        tuple(
            GroupShift(column.label, (90 - at, 80 + at), columns[at:], together=1 + (at == 5))
            for at, column in enumerate(columns[:40])
        ),
        tuple((column.label, 7) for column in columns[:9]),
        tuple((column.label, 5) for column in columns[:2]),
        (3, 4),
        ("a note on groups",),
    )


def joint(labels: list[str]) -> Joint:
    pairs = [
        PairMoved(first, second, 0.1, 0.1 + 0.8 / (at + 1))
        for at, (first, second) in enumerate(itertools.pairwise(labels))
    ]
    return Joint(
        (300, 280),
        tuple(labels),
        tuple((label, "constant in training") for label in labels[:1]),
        5.0,
        16.0,
        4.0,
        5.0,
        0.93,
        0.61,
        tuple(pairs),
        ("a note",),
    )


def timeline(labels: list[str], slices: int) -> Timeline:
    """Each column moves a slice later than the one before it, and one comes back."""
    cells = [
        Cell(
            label, at, "major" if late > 1 else "minor", {"psi": late / 4}, 0.01, late / 2, ("psi",)
        )
        if (late := at - index) > 0
        else Cell(label, at, "none", {"psi": 0.01}, 0.9, 0.04)
        for index, label in enumerate(labels)
        for at in range(slices)
    ]
    onsets = [
        Onset(label, "major", at + 1, slices, lasts=True)
        for at, label in enumerate(labels[: slices - 2])
    ]
    if onsets:
        onsets[-1] = replace(onsets[-1], until=slices - 1, lasts=False)
    cut = tuple(Slice(f"2013-0{at + 1}", at * 100, at * 100 + 100, 100) for at in range(slices))
    return Timeline(
        "time_hour every 1mo", cut, tuple(labels), tuple(cells), tuple(onsets), over="time_hour"
    )
