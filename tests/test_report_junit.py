"""The JUnit report, read by two readers: a parser of JUnit files and one of XML."""

from __future__ import annotations

from xml.etree import ElementTree as Xml

import numpy as np
import pytest
from junitparser import Failure, JUnitXml, Skipped
from profiles import side_of
from shift_reports import HOSTILE, hostile, penguins

from bncli.report.escape import printable
from bncli.report.junit import COLUMNS, GATE, to_junit
from bncli.shift.compare import ShiftReport, compare


def suites(report: ShiftReport) -> dict[str, list]:
    read = JUnitXml.fromstring(to_junit(report).encode())
    return {suite.name: list(suite) for suite in read}


def test_a_case_per_column_fails_when_it_moved():
    report = penguins()
    cases = suites(report)[COLUMNS]
    assert [case.name for case in cases] == [column.label for column in report.columns]
    assert [case.is_failure for case in cases] == [
        column.severity != "none" for column in report.columns
    ]
    assert {case.classname for case in cases} == {COLUMNS}


def test_a_failure_says_severity_reasons_and_measures():
    (worst, *_) = penguins().columns
    (failure,) = suites(penguins())[COLUMNS][0].result
    assert isinstance(failure, Failure)
    assert failure.type == worst.severity
    assert failure.message == f"{worst.severity} shift: {', '.join(worst.reasons)}"
    measures = dict(line.split(": ") for line in failure.text.splitlines() if "value" not in line)
    assert float(measures["psi"]) == pytest.approx(worst.measures["psi"], rel=1e-5)


def test_what_was_not_compared_is_skipped_with_the_reason():
    train = side_of({"id": list("abcdefgh"), "gone": np.ones(8), "t": ["a"] * 8})
    test = side_of({"id": list("abcdefgh"), "new": np.ones(8), "t": np.ones(8)})
    cases = suites(compare(train, test))[COLUMNS]
    reasons = {case.name: case.result[0].message for case in cases}
    assert all(isinstance(case.result[0], Skipped) for case in cases)
    assert reasons == {
        "id": "looks like an identifier",
        "gone": "only in training",
        "new": "only in test",
        "t": "type changed: String to Float64",
    }


def test_the_gate_is_a_suite_of_its_own_with_a_case_per_rule():
    cases = suites(penguins(fail_on=("major", "psi=99")))[GATE]
    assert [(case.name, case.is_failure) for case in cases] == [("major", True), ("psi=99", False)]
    assert cases[0].result[0].message == "reached: major"
    assert GATE not in suites(penguins())


@pytest.mark.parametrize("report", [hostile(), penguins(fail_on=("major",)), penguins()])
def test_the_counts_are_those_of_the_cases(report):
    whole = JUnitXml.fromstring(to_junit(report).encode())
    stated = [(suite.tests, suite.failures, suite.skipped, suite.errors) for suite in whole]
    total = (whole.tests, whole.failures, whole.errors)
    whole.update_statistics()
    assert [(s.tests, s.failures, s.skipped, s.errors) for s in whole] == stated
    assert (whole.tests, whole.failures, whole.errors) == total


def test_the_sides_and_the_verdict_are_properties():
    (suite, *_) = JUnitXml.fromstring(to_junit(penguins()).encode())
    assert {one.name: one.value for one in suite.properties()} == {
        "verdict": "major",
        "train": "torgersen.csv (52 rows)",
        "test": "biscoe.csv (168 rows)",
    }


def test_hostile_names_stay_names():
    report = hostile()
    root = Xml.fromstring(to_junit(report).encode())
    assert {element.tag for element in root.iter()} == {
        *("testsuites", "testsuite", "properties", "property"),
        *("testcase", "failure", "skipped", "system-out"),
    }
    names = [case.attrib["name"] for case in root.iter("testcase")]
    expected = [printable(column.label, most=200) or "(empty)" for column in report.columns]
    assert names[: len(expected)] == expected
    assert {printable(f"only {text}", most=200) for text in HOSTILE} <= set(names)


def test_it_says_its_encoding_and_holds_it():
    text = to_junit(hostile())
    assert text.startswith('<?xml version="1.0" encoding="UTF-8"?>\n<testsuites ')
    assert "温度" in text


def test_nothing_compared_has_no_case():
    assert suites(compare(side_of({}), side_of({}))) == {COLUMNS: []}
