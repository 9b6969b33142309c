"""Names and values that a stranger chose, through every verb and every output.

The names go through the whole command line; the page itself is opened in a browser by
tests/test_report_browser.py.
"""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
from xml.etree import ElementTree

import polars as pl
import pytest
from isolated import Worker

pytestmark = pytest.mark.thorough

NAMES = {
    "script": "<script>alert(1)</script>",
    "attribute": "\" onmouseover='alert(1)' x=\"",
    "comment": "--><img src=x onerror=alert(1)><!--",
    "island": "</script><script>alert(2)</script>",
    "cdata": "]]><system-out>&lol;",
    "markdown": "[x](javascript:alert(1))|`@user` #1 **b**",
    "lines": "one\ntwo\r\nthree\u2028four\x85five",
    "rtl": "user\u202etxt.exe\u202c\u2066x\u2069",
    "ansi": "\x1b[31mred\x1b[0m\x1b]0;title\x07\x9b1m",
    "nul": "a\0b",
    "long": "n" * 100_000,
    "formula": '=HYPERLINK("http://x","y")',
    "minus": "-1+1|cmd",
    "quote": "'; drop table t; --",
    "braces": "{{7*7}}{%x%}${7*7}%s%n",
    "glob": "*",
    "pattern": "^.*$",
    "blank": " ",
    "noncharacter": "\ufffe\ufdd0",
    "emoji": "\U0001f469\u200d\U0001f52c",
}
ROWS = 40


@pytest.fixture(scope="module")
def worker():
    with Worker() as worker:
        yield worker


@pytest.fixture(scope="module")
def folder(tmp_path_factory, worker):
    """Two tables whose names and text cells are hostile, and what was fitted on the first."""
    folder = tmp_path_factory.mktemp("hostile")
    for name, step in {"train": 1.0, "test": 3.0}.items():
        numbers = {
            text: [at * step + len(key) for at in range(ROWS)] for key, text in NAMES.items()
        }
        words = {"text " + NAMES["script"]: [list(NAMES.values())[at % 20] for at in range(ROWS)]}
        pl.DataFrame({**numbers, **words, "y": [at % 2 for at in range(ROWS)]}).write_parquet(
            folder / f"{name}.parquet"
        )
    made = worker.run(["fit", "train.parquet", "-o", "s.json"], folder)
    assert (made.code, made.faults()) == (0, [])
    return folder


def raw(text: str) -> set[str]:
    """What a terminal would obey, or a reader be fooled by, in what was printed."""
    kinds = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
    return {c for c in text if unicodedata.category(c) in kinds} - set("\n\u200c\u200d")


PRINTED = {
    "fit": ["fit", "train.parquet"],
    "inspect": ["inspect", "s.json"],
    "shift": ["shift", "train.parquet", "test.parquet"],
    "markdown": ["shift", "s.json", "test.parquet", "--markdown", "-"],
    "timeline": ["shift", "s.json", "test.parquet", "--by-batch", "16"],
    "adapt": ["adapt", "test.parquet", "-s", "s.json"],
    "wrong column": ["fit", "train.parquet", "--column", NAMES["ansi"] + "x"],
    "wrong key": ["fit", "train.parquet", "--by", NAMES["rtl"] + "x"],
    "learn": ["learn", "train.parquet", "--target", "y", "-s", "s.json", "--steps", "3"],
}


@pytest.mark.parametrize("what", PRINTED)
def test_nothing_that_a_terminal_obeys_is_printed(what, folder, worker):
    outcome = worker.run(PRINTED[what], folder)
    assert outcome.faults() == []
    assert outcome.code in ((2, 3) if what.startswith("wrong") else (0,))
    assert raw(outcome.out) == raw(outcome.err) == set()
    assert len(max(outcome.err.splitlines(), default="", key=len)) <= 700


MACHINE = {
    "fit": ["fit", "train.parquet", "--json"],
    "inspect": ["inspect", "s.json", "--json"],
    "shift": ["shift", "s.json", "test.parquet", "--json"],
    "adapt": ["adapt", "test.parquet", "-s", "s.json", "--json"],
}


@pytest.mark.parametrize("what", MACHINE)
def test_json_names_the_columns_as_they_are(what, folder, worker):
    outcome = worker.run(MACHINE[what], folder)
    assert (outcome.code, outcome.faults()) == (0, [])
    record = json.loads(outcome.out)
    entries = record.get("channels") or record["columns"]
    found = {entry.get("feature", entry.get("name")) for entry in entries}
    assert set(NAMES.values()) <= found


def test_junit_is_xml_with_every_column(folder, worker):
    args = ["shift", "s.json", "test.parquet", "--junit", "r.xml", "--fail-on", "major"]
    outcome = worker.run(args, folder)
    assert outcome.code in (0, 4)
    text = (folder / "r.xml").read_text("utf-8")
    root = ElementTree.fromstring(text)
    assert len(list(root.iter("testcase"))) >= len(NAMES)
    assert raw(text) == set()
    assert root.find(".//system-out") is None or "&lol;" not in text


def test_html_holds_no_markup_of_a_name(folder, worker):
    outcome = worker.run(["shift", "s.json", "test.parquet", "--html", "r.html"], folder)
    assert (outcome.code, outcome.faults()) == (0, [])
    page = (folder / "r.html").read_text("utf-8")
    assert "Content-Security-Policy" in page
    for bad in ("<script>alert", "<img src=x", " onmouseover='alert"):
        assert bad not in page
    assert raw(page) - {"\t"} == set()


def test_tables_give_names_and_values_back_as_they_were(folder, worker):
    for target in ("o.ndjson", "o.csv"):
        args = ["transform", "train.parquet", "-s", "s.json", "-o", target, "--overwrite"]
        outcome = worker.run(args, folder)
        assert (outcome.code, outcome.faults()) == (0, [])
    before = pl.read_parquet(folder / "train.parquet")
    lines = (folder / "o.ndjson").read_text("utf-8").split("\n")[:-1]
    assert [list(json.loads(line)) for line in lines] == [before.columns] * ROWS
    with (folder / "o.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == before.columns
    words = before.columns.index("text " + NAMES["script"])
    assert [row[words] for row in rows[1:]] == before.to_series(words).to_list()


def test_csv_safe_leaves_no_formula(folder, worker):
    args = ["transform", "train.parquet", "-s", "s.json", "-o", "-", "--to", "csv", "--csv-safe"]
    done = worker.alone(args, folder)
    assert (done.code, done.faults()) == (0, [])
    rows = list(csv.reader(io.StringIO(done.out, newline="")))
    texts = [*rows[0], *(row[rows[0].index("text " + NAMES["script"])] for row in rows[1:])]
    assert not [text for text in texts if re.match(r"[=+\-@\t\r]", text)]
    assert "'" + NAMES["formula"] in rows[0]
    assert "'" + NAMES["minus"] in texts[len(rows[0]) :]
    number = rows[0].index(NAMES["script"])
    assert float(rows[1][number]) < 0, "numbers stay as they are"


def test_csv_safe_is_for_csv(folder, worker):
    args = ["transform", "train.parquet", "-s", "s.json", "-o", "x.parquet", "--csv-safe"]
    assert worker.run(args, folder).code == 2


@pytest.mark.parametrize("to", ["sql", "python", "json-schema"])
def test_exports_hold_the_names_as_text(to, folder, worker):
    outcome = worker.run(["export", "s.json", "--to", to, "-o", f"x.{to}"], folder)
    assert outcome.code in (0, 2, 3)
    assert outcome.faults() == []
    if to == "python" and outcome.code == 0:
        compile((folder / f"x.{to}").read_text("utf-8"), "exported", "exec")
