"""What every registered report format keeps: all of them meet these the day they are registered."""

from __future__ import annotations

import unicodedata
from dataclasses import replace

import pytest
from conftest import ROOT
from profiles import side_of
from shift_reports import HOSTILE, hostile, penguins, whole, wide
from typer.main import get_command

import bncli
from bncli.cli import app
from bncli.errors import UsageError
from bncli.report.formats import FORMATS, render
from bncli.shift.compare import compare
from bncli.shift.model import Origin


def raw(text: str) -> str:
    """The characters that no reader sees; a joiner is part of how emoji are written."""
    return "".join(filter(lambda one: unicodedata.category(one) in ("Cc", "Cf", "Cs"), text))


pytestmark = pytest.mark.parametrize("name", list(FORMATS))


def test_the_same_comparison_gives_the_same_text(name):
    first = render(whole(penguins(fail_on=("major",))), name)
    penguins.cache_clear()
    assert render(whole(penguins(fail_on=("major",))), name) == first
    assert first.endswith("\n")


def test_the_answer_is_in_it(name):
    report = penguins(fail_on=("share=0.01",))
    text = render(report, name)
    for column in report.columns:
        assert column.label in text
    assert report.verdict in text.lower()
    assert "share=0.01" in text


def test_nothing_compared_is_a_report_too(name):
    assert render(compare(side_of({}), side_of({})), name)


def test_parts_of_a_report_may_be_there_or_not(name):
    report = penguins()
    assert render(whole(report), name)
    assert render(whole(compare(side_of({}), side_of({}))), name)


def test_no_name_or_value_is_there_raw(name):
    assert set(raw(render(hostile(), name))) <= {"\n", "\u200d"}


@pytest.mark.parametrize("at", range(len(HOSTILE)))
def test_a_file_of_any_name_is_reported(name, at):
    report = replace(penguins(), train=Origin(HOSTILE[at], 9), test=Origin(HOSTILE[-at], 1))
    assert set(raw(render(report, name))) <= {"\n", "\u200d"}


def test_a_thousand_columns_are_reported(name):
    assert len(render(wide(1000), name)) > 10_000


def test_a_format_has_its_option(name):
    forms = {
        form for param in get_command(app.program()).commands["shift"].params for form in param.opts
    }
    assert f"--{name}" in forms


def test_a_format_has_its_line_in_the_guide(name):
    assert f"\n| `--{name}" in (ROOT / "docs" / "reports.md").read_text(encoding="utf-8")


def test_from_python_it_is_the_same(name):
    report = penguins()
    assert bncli.render(report, name) == render(report, name)
    with pytest.raises(UsageError, match=f"did you mean '{name}'"):
        bncli.render(report, name[:-1])
