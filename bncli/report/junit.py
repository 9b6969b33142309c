"""The shift report as a JUnit file: ``shift --junit``, for the test view of a CI system.

A case per column: it fails when the column has moved, and is skipped when it was not compared. So
does a case per group, where groups were compared.
A case per gate rule: it fails when the rule was reached. A build that should only stop at the
gate reads the exit code, or the suite ``bncli.shift.gate``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from xml.etree import ElementTree as Xml

from bncli.report import cells, groupwise, words
from bncli.report.escape import printable
from bncli.report.machine import ordered
from bncli.shift.by_group import ByGroup, GroupShift
from bncli.shift.model import Column, ShiftReport

COLUMNS = "bncli.shift.columns"
GROUPS = "bncli.shift.groups"
GATE = "bncli.shift.gate"
_LONGEST = 200


def to_junit(report: ShiftReport) -> str:
    """The report as XML text that ends in a line break; the same report, the same text."""
    suites = [_suite(COLUMNS, [*map(_column, report.columns), *_not_compared(report)])]
    suites[0].insert(0, _properties(report))
    if report.groups is not None:
        suites.append(_suite(GROUPS, [*map(_group, report.groups.groups), *_alone(report.groups)]))
    if report.gate.rules:
        failed = set(report.gate.failed)
        suites.append(_suite(GATE, [_rule(rule, rule in failed) for rule in report.gate.rules]))
    whole = Xml.Element("testsuites", {"name": "bncli shift", **_summed(suites)})
    whole.extend(suites)
    Xml.indent(whole)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + Xml.tostring(whole, "unicode") + "\n"


def _suite(name: str, cases: Sequence[Xml.Element]) -> Xml.Element:
    def count(tag: str) -> str:
        return str(sum(case.find(tag) is not None for case in cases))

    counts = {"failures": count("failure"), "errors": "0", "skipped": count("skipped")}
    suite = Xml.Element("testsuite", {"name": name, "tests": str(len(cases)), **counts})
    suite.extend(cases)
    return suite


def _summed(suites: Sequence[Xml.Element]) -> dict[str, str]:
    """What the root counts; it has no attribute for skipped cases."""
    names = ("tests", "failures", "errors")
    return {name: str(sum(int(suite.attrib[name]) for suite in suites)) for name in names}


def _properties(report: ShiftReport) -> Xml.Element:
    found = Xml.Element("properties")
    values = {
        "verdict": report.verdict,
        "train": f"{report.train.name} ({cells.count(report.train.rows)} rows)",
        "test": f"{report.test.name} ({cells.count(report.test.rows)} rows)",
    }
    for name, value in values.items():
        Xml.SubElement(found, "property", {"name": name, "value": _text(value)})
    return found


def _case(suite: str, name: str) -> Xml.Element:
    # A case without a name is refused by some readers.
    return Xml.Element("testcase", {"classname": suite, "name": _text(name) or "(empty)"})


def _column(column: Column) -> Xml.Element:
    case = _case(COLUMNS, column.label)
    if column.severity != "none":
        message = _text(f"{column.severity} shift: {', '.join(column.reasons)}")
        failure = Xml.SubElement(case, "failure", {"type": column.severity, "message": message})
        failure.text = "\n".join(_details(column))
        return case
    if column.too_few_rows:
        Xml.SubElement(case, "skipped", {"message": "too few rows to tell a shift"})
    if words.told(column):
        Xml.SubElement(case, "system-out").text = _text("; ".join(words.told(column)))
    return case


def _details(column: Column) -> list[str]:
    """The measures by their documented names, then what moved, then the notes."""
    measures = column.measures
    lines = [f"{name}: {measures[name]:.6g}" for name in ordered(column)]
    lines += [
        f"value {_text(one.value)}: {cells.fine_change(one.train, one.test, ' to ')}"
        for one in column.measured.moved
    ]
    return lines + [_text(note) for note in words.told(column)]


def _not_compared(report: ShiftReport) -> list[Xml.Element]:
    """What was left out, with the columns that only one side has."""
    schema = report.schema
    reasons = [
        *((one.name, one.reason) for one in report.not_compared),
        *((name, "only in training") for name in schema.only_train),
        *((name, "only in test") for name in schema.only_test),
        *((one.name, f"type changed: {one.train} to {one.test}") for one in schema.type_changed),
    ]
    cases = []
    for name, reason in reasons:
        case = _case(COLUMNS, name)
        Xml.SubElement(case, "skipped", {"message": _text(reason)})
        cases.append(case)
    return cases


def _group(group: GroupShift) -> Xml.Element:
    case = _case(GROUPS, group.key)
    if group.shifted:
        message = _text(f"{group.severity} shift: {groupwise.moved(group)} columns moved")
        failure = Xml.SubElement(case, "failure", {"type": group.severity, "message": message})
        lines = (f"{one.label}: {', '.join(one.reasons)}" for one in group.columns if one.reasons)
        failure.text = "\n".join(map(_text, lines))
    elif group.too_few_rows:
        Xml.SubElement(case, "skipped", {"message": "too few rows to tell a shift"})
    return case


def _alone(found: ByGroup) -> Iterator[Xml.Element]:
    """The groups of one side."""
    sides = (("only in training", found.only_train), ("only in test", found.only_test))
    for reason, groups in sides:
        for key, _ in groups:
            case = _case(GROUPS, key)
            Xml.SubElement(case, "skipped", {"message": reason})
            yield case


def _rule(rule: str, failed: bool) -> Xml.Element:
    case = _case(GATE, rule)
    if failed:
        Xml.SubElement(case, "failure", {"type": "gate", "message": _text(f"reached: {rule}")})
    return case


def _text(untrusted: str) -> str:
    """Without what XML cannot hold: control characters and lone surrogates are written out."""
    return printable(untrusted, most=_LONGEST)
