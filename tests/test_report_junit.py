"""The JUnit report, read by two readers: a parser of JUnit files and one of XML."""

from __future__ import annotations

import io
from html import unescape
from xml.etree import ElementTree as Xml

import numpy as np
import polars as pl
import pytest
from junitparser import Failure, JUnitXml, Skipped
from profiles import side_of
from rich.console import Console
from shift_reports import HOSTILE, hostile, penguins, whole

import bncli
from bncli.report.escape import printable
from bncli.report.html import to_html
from bncli.report.junit import COLUMNS, GATE, to_junit
from bncli.report.junit_parts import JOINT, TIMELINE
from bncli.report.machine import to_json
from bncli.report.markdown import to_markdown
from bncli.report.overtime import sayings, summary
from bncli.report.terminal import print_shift
from bncli.report.words import joint_figures
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


@pytest.mark.parametrize(
    "report", [hostile(), whole(hostile()), penguins(fail_on=("major",)), penguins()]
)
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


def test_the_joint_figures_are_properties_and_a_case_that_cannot_fail():
    report = penguins()
    (suite,) = (s for s in JUnitXml.fromstring(to_junit(report).encode()) if s.name == JOINT)
    told = {one.name: one.value for one in suite.properties()}
    assert float(told["auc_linear"]) == pytest.approx(report.joint.auc_linear, rel=1e-5)
    assert float(told["frechet"]) == pytest.approx(report.joint.frechet, rel=1e-5)
    squares = [float(told[f"frechet_{part}"]) for part in ("mean", "variance", "correlation")]
    assert sum(squares) == pytest.approx(float(told["frechet"]) ** 2, rel=1e-4)
    assert told["columns"] == ", ".join(report.joint.columns)
    assert set(told) <= {*to_json(report)["joint"], "rows", "columns"}
    (case,) = suite
    assert (case.name, case.is_passed) == ("jointly", True)
    assert case.system_out.splitlines()[: len(list(joint_figures(report.joint)))] == list(
        joint_figures(report.joint)
    )


def test_why_there_are_no_joint_figures_is_said_and_where_none_were_asked_for_nothing_is():
    train = side_of({"x": np.arange(9.0), "y": np.arange(9.0)}, profile=False)
    test = side_of({"x": np.arange(9.0), "y": np.arange(9.0)})
    absent = compare(train, test)
    (case,) = suites(absent)[JOINT]
    assert absent.joint_absent
    assert case.result[0].message == absent.joint_absent
    assert JOINT not in suites(penguins(joint=0))


def test_over_time_each_column_fails_with_the_sentence_that_every_format_says():
    report = whole(penguins())
    said = {one.column: one for one in sayings(report.timeline)}
    cases = suites(report)[TIMELINE]
    assert [case.name for case in cases] == list(report.timeline.columns)
    assert {case.name for case in cases if case.is_failure} == set(said)
    assert 0 < len(said) < len(cases)
    for case in cases:
        if case.is_failure:
            (failure,) = case.result
            assert (failure.type, failure.message) == (
                said[case.name].severity,
                said[case.name].text,
            )
    (suite,) = (s for s in JUnitXml.fromstring(to_junit(report).encode()) if s.name == TIMELINE)
    told = {one.name: one.value for one in suite.properties()}
    cut, moved = summary(report.timeline)
    assert (f"over time: {told['cut']}", told["moved"]) == (cut, moved)
    screen = io.StringIO()
    print_shift(report, Console(file=screen, width=200), most=None)
    shown = {
        "terminal": screen.getvalue(),
        "markdown": to_markdown(report),
        "html": unescape(to_html(report)),
    }
    for one in said.values():
        assert [name for name, text in shown.items() if one.text not in text] == []


def test_no_timeline_no_suite():
    assert TIMELINE not in suites(penguins())


def test_blocks_are_told_with_the_sides():
    rng = np.random.default_rng(0)
    sides = [pl.DataFrame({"x": rng.normal(size=200)}) for _ in range(2)]
    (suite, *_) = JUnitXml.fromstring(to_junit(bncli.shift(*sides, block=20)).encode())
    told = {one.name: one.value for one in suite.properties()}
    assert (
        "permutations of whole blocks of 20 rows, 10 in training and 10 in test" in told["chance"]
    )


def test_hostile_names_stay_names():
    report = whole(hostile())
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
