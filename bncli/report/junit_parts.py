"""The JUnit suites beyond single columns: jointly, and over time; and what all suites are made of.

Jointly, nothing fails: these figures raise no severity. They are properties of their suite, named
as in JSON, beside a case whose output says them in words. Over time, a case per column fails with
the sentence that the other formats say of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from xml.etree import ElementTree as Xml

from bncli.report import cells, overtime, words
from bncli.report.escape import printable
from bncli.shift.model import ShiftReport
from bncli.shift.wholes import Joint, Timeline

JOINT = "bncli.shift.joint"
TIMELINE = "bncli.shift.timeline"
_LONGEST = 200
_LONGEST_LINE = 2_000
_FIGURES = {
    "auc_linear": "auc_linear",
    "auc_expected": "auc_expected",
    "auc_linear_restandardized": "auc_restandardized",
    "frechet": "frechet",
    "frechet_mean": "frechet_mean",
    "frechet_variance": "frechet_variance",
    "frechet_correlation": "frechet_correlation",
    "frechet_expected": "frechet_expected",
    "frechet_restandardized": "frechet_restandardized",
}
"""By their names in JSON: the fields of ``Joint``."""


def parts(report: ShiftReport) -> list[Xml.Element]:
    """The suites of what was asked for."""
    found = []
    absent = words.joint_absent(report)
    if report.joint is not None:
        found.append(_jointly(report.joint))
    elif absent:
        found.append(suite(JOINT, [skipped(JOINT, "jointly", absent)]))
    if report.timeline is not None:
        found.append(_over_time(report.timeline))
    return found


def _jointly(found: Joint) -> Xml.Element:
    figures = {name: getattr(found, field) for name, field in _FIGURES.items()}
    ours, theirs = map(cells.count, found.rows)
    told = {"rows": f"{ours} and {theirs} complete rows", "columns": ", ".join(found.columns)}
    told |= {name: f"{value:.6g}" for name, value in figures.items() if value is not None}
    one = case(JOINT, "jointly")
    pairs = (
        f"correlation of {pair.first} and {pair.second}: "
        f"{cells.signed(pair.train)} to {cells.signed(pair.test)}"
        for pair in found.pairs
        if pair.noticeable
    )
    left_out = (f"without {name}: {reason}" for name, reason in found.left_out)
    lines = [*words.joint_figures(found), *pairs, *found.notes, *left_out]
    Xml.SubElement(one, "system-out").text = "\n".join(map(text, lines))
    return suite(JOINT, [one], told)


def _over_time(found: Timeline) -> Xml.Element:
    said = {one.column: one for one in overtime.sayings(found)}
    cases = []
    for column in found.columns:
        one = case(TIMELINE, column)
        if column in said:
            severity, message = said[column].severity, text(said[column].text)
            Xml.SubElement(one, "failure", {"type": severity, "message": message})
        cases.append(one)
    cut, moved = overtime.summary(found)
    told = {"cut": cut.removeprefix("over time: "), "moved": moved}
    return suite(TIMELINE, cases, told | {f"note {at}": n for at, n in enumerate(found.notes, 1)})


def suite(
    name: str, cases: Sequence[Xml.Element], told: Mapping[str, str] | None = None
) -> Xml.Element:
    """told: its properties."""

    def count(tag: str) -> str:
        return str(sum(one.find(tag) is not None for one in cases))

    counts = {"failures": count("failure"), "errors": "0", "skipped": count("skipped")}
    whole = Xml.Element("testsuite", {"name": name, "tests": str(len(cases)), **counts})
    if told:
        whole.append(_properties(told))
    whole.extend(cases)
    return whole


def _properties(told: Mapping[str, str]) -> Xml.Element:
    found = Xml.Element("properties")
    for name, value in told.items():
        shown = printable(value, most=_LONGEST_LINE)
        Xml.SubElement(found, "property", {"name": name, "value": shown})
    return found


def case(suite: str, name: str) -> Xml.Element:
    # A case without a name is refused by some readers.
    return Xml.Element("testcase", {"classname": suite, "name": text(name) or "(empty)"})


def skipped(suite: str, name: str, reason: str) -> Xml.Element:
    """A case that says why nothing is said."""
    one = case(suite, name)
    Xml.SubElement(one, "skipped", {"message": text(reason)})
    return one


def text(untrusted: str) -> str:
    """Without what XML cannot hold: control characters and lone surrogates are written out."""
    return printable(untrusted, most=_LONGEST)
