"""Every figure of a report can be explained, from one place, and the docs say the same."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import numpy as np
import pytest
from conftest import ROOT
from profiles import side_of

from bncli.cli import app
from bncli.cli.process import Process
from bncli.errors import UsageError
from bncli.report import explained
from bncli.shift.compare import compare
from bncli.shift.measures import MEASURES, explain
from bncli.shift.options import THRESHOLDS

SECTIONS = ("definition", "range", "reading", "source")


@pytest.fixture
def bncli(capfd):
    def run(*args):
        code = app.run(Process(), ["shift", *args])
        return code, *capfd.readouterr()

    return run


@pytest.mark.parametrize("name", list(MEASURES))
def test_every_measure_says_what_it_is_its_range_its_reading_and_its_source(name):
    found = explain(name)
    assert found.title
    assert all(len(getattr(found, section)) > 5 for section in SECTIONS)
    assert "``" not in "".join(getattr(found, section) for section in SECTIONS)
    assert found.thresholds == THRESHOLDS.get(name)


def test_every_figure_of_a_report_is_a_registered_measure():
    rng = np.random.default_rng(0)
    train = {"x": rng.normal(size=90), "c": ["a", "b", "c"] * 30}
    test = {"x": rng.normal(size=80), "c": ["a", "b", "d", "d"] * 20}
    found = {
        name for one in compare(side_of(train), side_of(test)).columns for name in one.measures
    }
    assert found <= set(MEASURES)
    assert len(found) > 20


def test_whatever_has_a_threshold_can_be_explained():
    assert set(THRESHOLDS) <= set(MEASURES)


@pytest.mark.parametrize(
    ("asked", "name"), [("PSI", "psi"), ("W1/sd", "w1_sd"), ("V", "cramers_v"), ("ks-p", "ks_p")]
)
def test_a_measure_answers_to_the_name_that_the_table_gives_it(asked, name):
    assert explain(asked).name == name


def test_an_unknown_measure_is_told_with_the_nearest_name():
    with pytest.raises(UsageError, match="did you mean 'removable'"):
        explain("removeable")


def test_explain_needs_neither_side(bncli):
    code, out, err = bncli("--explain", "psi")
    assert (code, err) == (0, "")
    assert out.startswith("psi: Population stability index\n")
    assert "(q - p) ln(q / p)" in out
    assert "minor from 0.1, major from 0.25" in out
    assert max(map(len, out.splitlines())) <= 100


@pytest.mark.parametrize("args", [("--explain",), ("--explain", "all"), ("--explain", "--json")])
def test_explain_without_a_name_lists_them_all(bncli, args):
    code, out, _ = bncli(*args)
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()[: len(list(MEASURES))]] == list(MEASURES)


def test_explain_of_an_unknown_name_is_wrong_usage(bncli):
    code, out, err = bncli("--explain", "pis")
    assert (code, out) == (2, "")
    assert err == "error: no measure named 'pis'\n  did you mean 'psi'?\n"


def test_a_python_without_docstrings_says_so():
    command = [sys.executable, "-OO", "-m", "bncli", "shift", "--explain", "psi"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 2
    assert "-OO" in done.stderr


def pages() -> dict:
    spec = importlib.util.spec_from_file_location("make", ROOT / "docs" / "make.py")
    make = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(make)
    return make.PAGES


@pytest.mark.parametrize("name", list(pages()))
def test_a_page_made_from_the_program_is_the_one_that_is_kept(name):
    kept = (ROOT / "docs" / name).read_text(encoding="utf-8")
    assert kept == pages()[name](), "remake it with: python3 dev docs"


def test_formulas_are_no_markdown():
    page = explained.page()
    assert r"2 sd\_F sd\_G (1 - rho)" in page
    assert page.count("\n## ") == len(list(MEASURES))
