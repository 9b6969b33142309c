"""The shift report for a pull request or an issue: ``shift --markdown``, as GitHub renders it.

The verdict, the gate and the worst columns stand open, the rest is folded. Whatever comes from
the data is code, in which no markup, link or mention works. Stays below the 65,536 characters
that a comment may have: columns that do not fit are counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from bncli.report import cells, words
from bncli.report.escape import code_span, plain
from bncli.report.markdown_parts import MARKS, groups, joint, timeline
from bncli.shift.model import Column, Origin, ShiftReport

WORST = 10
MOST_CHARACTERS = 60_000
_LISTED = 30

Block: TypeAlias = Sequence[str]


def to_markdown(report: ShiftReport) -> str:
    """The report as Markdown text that ends in a line break; the same report, the same text."""
    open_, rest = report.columns[:WORST], report.columns[WORST:]
    before = [*_head(report), *_worst(open_)]
    after = [*joint(report), *groups(report), *timeline(report), *_lists(report), *_reading(report)]
    spare = MOST_CHARACTERS - len(_joined([*before, *after]))
    return _joined([*before, *_folded_columns(rest, spare), *after])


def _joined(blocks: Sequence[Block]) -> str:
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def _head(report: ShiftReport) -> Iterator[Block]:
    verdict = words.verdict(report)
    yield [f"### {verdict[:1].upper()}{verdict[1:]}"]
    yield [f"{_side(report.train)} → {_side(report.test)}"]
    gate = report.gate
    if gate.failed:
        yield [f"❌ **Gate reached:** {', '.join(map(code_span, gate.failed))}"]
    elif gate.rules:
        yield [f"✅ **Gate passed:** {', '.join(map(code_span, gate.rules))}"]


def _side(side: Origin) -> str:
    return f"{code_span(side.name)} ({cells.count(side.rows)} rows)"


@dataclass(frozen=True, slots=True)
class Field:
    """One column of the table. text: left aligned."""

    head: str
    cell: Callable[[Column], str]
    text: bool = False


def _measure(name: str, show: Callable[[float | None], str]) -> Callable[[Column], str]:
    return lambda column: show(column.measures.get(name))


def _missing(column: Column) -> str:
    found = column.measures
    return cells.change(found.get("missing_train"), found.get("missing_test"), "→")


def _telling(column: Column) -> str:
    """The worst reason, of categories the values that moved most, of times their ranges."""
    moved = (
        f"{code_span(one.value, 24)} {cells.fine_change(one.train, one.test, '→')}"
        for one in column.measured.moved[:2]
        if cells.tenths(one.train) != cells.tenths(one.test)
    )
    ranges = [f"{span.first} … {span.last}" for span in column.measured.spans if span]
    return ", ".join(
        (*map(plain, column.reasons[:1]), *moved, *[" → ".join(ranges)] * bool(ranges))
    )


def _mark(column: Column) -> str:
    return MARKS[words.state(column)]


FIELDS = (
    Field("shift", _mark, text=True),
    Field("column", lambda column: code_span(column.label), text=True),
    Field("location", _measure("location", cells.signed)),
    Field("scale", _measure("scale", cells.signed)),
    Field("KS", _measure("ks", cells.number)),
    Field("PSI", _measure("psi", cells.number)),
    Field("removable", _measure("removable", cells.percent)),
    Field("missing", _missing),
    Field("most telling", _telling, text=True),
)


def _worst(columns: Sequence[Column]) -> Iterator[Block]:
    if columns:
        yield [*_table_head(), *map(_row, columns)]


def _table_head() -> list[str]:
    heads = " | ".join(field.head for field in FIELDS)
    rules = " | ".join(":--" if field.text else "--:" for field in FIELDS)
    return [f"| {heads} |", f"| {rules} |"]


def _row(column: Column) -> str:
    return f"| {' | '.join(_literal(field.cell(column)) for field in FIELDS)} |"


def _literal(figure: str) -> str:
    """``<1%`` opens no tag and ``~0`` strikes nothing through, as GitHub has it for now."""
    return figure if "`" in figure else figure.replace("<", "&lt;").replace("~", "≈")


def _folded_columns(columns: Sequence[Column], spare: int) -> Iterator[Block]:
    """The columns beyond the worst ones, as many rows as the rest leaves room for."""
    if not columns:
        return
    rows: list[str] = []
    spare -= 1_000  # the head, the summary, and the line about those left out
    for row in map(_row, columns):
        spare -= len(row) + 1
        if spare < 0:
            break
        rows.append(row)
    left_out = columns[len(rows) :]
    word = "column" if len(columns) == 1 else "columns"
    yield [f"<details><summary>{len(columns)} more {word}: {words.severities(columns)}</summary>"]
    yield [*_table_head(), *rows]
    if left_out:
        yield [f"… and {len(left_out)} more: {words.severities(left_out)}"]
    yield ["</details>"]


def _lists(report: ShiftReport) -> Iterator[Block]:
    """What stands beside the table, folded, each list cut with a count of the rest."""
    schema = report.schema
    notes = [
        f"{code_span(column.label)}: {'; '.join(map(plain, told))}"
        for column in report.columns
        if (told := words.told(column))
    ]
    blind = [
        f"{code_span(column.label)}: {words.why_too_few(column, report)}"
        for column in report.columns
        if column.too_few_rows
    ]
    cautions = [
        f"{code_span(column.label)}: {'; '.join(map(plain, column.measured.cautions))}"
        for column in words.cautioned(report.columns)
    ]
    reasons = [f"{code_span(one.name)}: {plain(one.reason)}" for one in report.not_compared]
    changed = [
        f"{code_span(one.name)}: {code_span(one.train)} → {code_span(one.test)}"
        for one in schema.type_changed
    ]
    yield from _folded("Notes", notes)
    yield from _folded("Too few rows", blind)
    yield from _folded(words.repeating(report).capitalize(), cautions)
    yield from _folded("Not compared", reasons)
    yield from _folded("Only in training", list(map(code_span, schema.only_train)))
    yield from _folded("Only in test", list(map(code_span, schema.only_test)))
    yield from _folded("Type changed", changed)


def _folded(title: str, entries: Sequence[str]) -> Iterator[Block]:
    if not entries:
        return
    yield [f"<details><summary>{title} ({len(entries)})</summary>"]
    lines = [f"- {entry}" for entry in entries[:_LISTED]]
    if len(entries) > _LISTED:
        lines.append(f"- … and {len(entries) - _LISTED} more")
    yield lines
    yield ["</details>"]


def _reading(report: ShiftReport) -> Iterator[Block]:
    lines = [f"- {_literal(line)}" for line in words.meaning(report, report.columns)]
    if report.columns:
        yield ["<details><summary>How to read this</summary>"]
        yield lines
        yield ["</details>"]
