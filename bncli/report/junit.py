"""The shift report as a JUnit file: ``shift --junit``, for the test view of a CI system.

A case per column: it fails when the column has moved, and is skipped when it was not compared. So
does a case per group, where groups were compared.
What is said jointly and over time has suites of its own (``junit_parts.py``).
A case per gate rule: it fails when the rule was reached. A build that should only stop at the
gate reads the exit code, or the suite ``bncli.shift.gate``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from xml.etree import ElementTree as Xml

from bncli.report import cells, groupwise, words
from bncli.report.junit_parts import case, parts, skipped, suite, text
from bncli.report.machine import ordered
from bncli.shift.by_group import ByGroup, GroupShift
from bncli.shift.model import Column, ShiftReport

COLUMNS = "bncli.shift.columns"
GROUPS = "bncli.shift.groups"
GATE = "bncli.shift.gate"


def to_junit(report: ShiftReport) -> str:
    """The report as XML text that ends in a line break; the same report, the same text."""
    cases = [*map(_column, report.columns), *_not_compared(report)]
    suites = [suite(COLUMNS, cases, _told(report)), *parts(report)]
    if report.groups is not None:
        suites.append(suite(GROUPS, [*map(_group, report.groups.groups), *_alone(report.groups)]))
    if report.gate.rules:
        failed = set(report.gate.failed)
        suites.append(suite(GATE, [_rule(rule, rule in failed) for rule in report.gate.rules]))
    whole = Xml.Element("testsuites", {"name": "bncli shift", **_summed(suites)})
    whole.extend(suites)
    Xml.indent(whole)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + Xml.tostring(whole, "unicode") + "\n"


def _summed(suites: Sequence[Xml.Element]) -> dict[str, str]:
    """What the root counts; it has no attribute for skipped cases."""
    names = ("tests", "failures", "errors")
    return {name: str(sum(int(each.attrib[name]) for each in suites)) for name in names}


def _told(report: ShiftReport) -> dict[str, str]:
    told = {
        "verdict": report.verdict,
        "train": f"{report.train.name} ({cells.count(report.train.rows)} rows)",
        "test": f"{report.test.name} ({cells.count(report.test.rows)} rows)",
    }
    return told if report.blocks is None else told | {"chance": words.chance(report)}


def _column(column: Column) -> Xml.Element:
    one = case(COLUMNS, column.label)
    if column.severity != "none":
        message = text(f"{column.severity} shift: {', '.join(column.reasons)}")
        failure = Xml.SubElement(one, "failure", {"type": column.severity, "message": message})
        failure.text = "\n".join(_details(column))
        return one
    if column.too_few_rows:
        Xml.SubElement(one, "skipped", {"message": "too few rows to tell a shift"})
    if words.told(column):
        Xml.SubElement(one, "system-out").text = text("; ".join(words.told(column)))
    return one


def _details(column: Column) -> list[str]:
    """The measures by their documented names, then what moved, then the notes."""
    measures = column.measures
    lines = [f"{name}: {measures[name]:.6g}" for name in ordered(column)]
    lines += [
        f"value {text(one.value)}: {cells.fine_change(one.train, one.test, ' to ')}"
        for one in column.measured.moved
    ]
    return lines + [text(note) for note in words.told(column)]


def _not_compared(report: ShiftReport) -> list[Xml.Element]:
    """What was left out, with the columns that only one side has."""
    schema = report.schema
    reasons = [
        *((one.name, one.reason) for one in report.not_compared),
        *((name, "only in training") for name in schema.only_train),
        *((name, "only in test") for name in schema.only_test),
        *((one.name, f"type changed: {one.train} to {one.test}") for one in schema.type_changed),
    ]
    return [skipped(COLUMNS, name, reason) for name, reason in reasons]


def _group(group: GroupShift) -> Xml.Element:
    one = case(GROUPS, group.key)
    if group.shifted:
        message = text(f"{group.severity} shift: {groupwise.moved(group)} columns moved")
        failure = Xml.SubElement(one, "failure", {"type": group.severity, "message": message})
        lines = (f"{one.label}: {', '.join(one.reasons)}" for one in group.columns if one.reasons)
        failure.text = "\n".join(map(text, lines))
    elif group.too_few_rows:
        Xml.SubElement(one, "skipped", {"message": "too few rows to tell a shift"})
    return one


def _alone(found: ByGroup) -> Iterator[Xml.Element]:
    """The groups of one side."""
    sides = (("only in training", found.only_train), ("only in test", found.only_test))
    for reason, groups in sides:
        for key, _ in groups:
            yield skipped(GROUPS, key, reason)


def _rule(rule: str, failed: bool) -> Xml.Element:
    one = case(GATE, rule)
    if failed:
        Xml.SubElement(one, "failure", {"type": "gate", "message": text(f"reached: {rule}")})
    return one
