"""The Markdown report, read by the engine that GitHub renders comments with."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import cmarkgfm
import numpy as np
import pytest
from cmarkgfm.cmark import Options
from golden_reports import GOLDEN, made
from profiles import side_of
from shift_reports import HOSTILE, hostile, penguins, whole, wide

from bncli.report.escape import code_span, plain, printable
from bncli.report.markdown import MOST_CHARACTERS, to_markdown
from bncli.shift.compare import ShiftReport, compare
from bncli.shift.model import NotCompared

OURS = {
    *("h3", "p", "strong", "code", "ul", "li", "details", "summary"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}


class Page(HTMLParser):
    """What a reader would see: the tags, and the cells of each table row as text."""

    def __init__(self, markdown: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.rows: list[list[str]] = []
        self.codes: list[str] = []
        self._open: list[str] = []
        # Raw HTML passes, and the filter that would disarm the worst of it is off.
        self.feed(
            cmarkgfm.markdown_to_html_with_extensions(
                markdown,
                Options.CMARK_OPT_UNSAFE,
                extensions=["table", "autolink", "strikethrough", "tasklist"],
            )
        )

    def handle_starttag(self, tag, attrs):
        assert all(name == "align" for name, _ in attrs), attrs
        self.tags.add(tag)
        self._open.append(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")
        elif tag == "code":
            self.codes.append("")

    def handle_endtag(self, tag):
        self._open.remove(tag)

    def handle_comment(self, data):
        raise AssertionError(data)

    def handle_data(self, data):
        if {"td", "th"} & set(self._open):
            self.rows[-1][-1] += data
        if "code" in self._open:
            self.codes[-1] += data


def shown(text: str) -> str:
    """A name as a reader sees it. Markdown cannot hold a bar after a backslash in a table."""
    return (printable(text, most=80) or "(empty)").replace("\\|", "\\\\x7c")


def test_the_golden_report_is_what_the_birds_give():
    """Remade by ``python3 dev report-goldens``."""
    for file, content in made().items():
        assert (GOLDEN / file).read_bytes() == content, file


def test_verdict_sides_and_gate_stand_first():
    lines = to_markdown(penguins(fail_on=("major", "psi=99"))).splitlines()
    assert lines[0] == "### Major shift: 6 of 8 columns moved (6 major)"
    assert lines[2] == "`torgersen.csv` (52 rows) → `biscoe.csv` (168 rows)"
    assert lines[4] == "❌ **Gate reached:** `major`"


def test_a_gate_that_held_is_told():
    assert "✅ **Gate passed:** `psi=99`" in to_markdown(penguins(fail_on=("psi=99",)))
    assert "Gate" not in to_markdown(penguins())


def test_the_ten_worst_stand_open_and_the_rest_is_folded():
    text = to_markdown(wide(30))
    open_, _, folded = text.partition("<details><summary>20 more columns: ")
    names = [column.label for column in wide(30).columns]
    assert re.findall(r"`(x\d+)`", open_) == names[:10]
    assert re.findall(r"\| `(x\d+)`", folded) == names[10:]


@pytest.mark.parametrize("columns", [1, 11, 1000])
def test_a_comment_holds_it(columns):
    text = to_markdown(whole(wide(columns)))
    assert len(text.encode()) <= 65_536
    assert text.count("<details>") == text.count("</details>")


def test_columns_that_do_not_fit_are_counted():
    report = wide(1000)
    rows = [row for row in Page(to_markdown(report)).rows if row[1].startswith("x")]
    (left_out,) = re.findall(r"… and (\d+) more: ", to_markdown(report))
    assert len(rows) + int(left_out) == 1000
    assert len(to_markdown(report)) > MOST_CHARACTERS - 2_000


def test_every_table_row_has_its_cells_and_the_name_whole():
    report = hostile()
    rows = [row for row in Page(to_markdown(report)).rows if row[0] != "shift"]
    assert {len(row) for row in rows} == {9}
    assert [row[1] for row in rows] == [shown(column.label) for column in report.columns]


def test_hostile_names_and_values_make_no_markup_no_link_and_no_mention():
    page = Page(to_markdown(whole(hostile())))
    assert page.tags <= OURS
    assert {shown(text) for text in HOSTILE} <= set(page.codes)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_code_span_shows_the_text_itself(text):
    for markdown in (f"a {code_span(text)} b", f"|h|h|\n|-|-|\n|{code_span(text)}|c|\n"):
        page = Page(markdown)
        (code,) = page.codes
        # Outside a table the backslash before a bar is seen too.
        assert code.replace("\\|", "|") == shown(text)
        assert page.tags <= OURS
    assert page.rows[1][1] == "c"


@pytest.mark.parametrize(
    "text", [*HOSTILE, "_a_", "ftp://x", "a * b", "> quoted", "1 < 2", "x" * 999]
)
def test_free_text_is_code_unless_it_is_only_words(text):
    html = cmarkgfm.github_flavored_markdown_to_html(f"- note: {plain(text)}")
    page = Page(f"- note: {plain(text)}")
    assert page.tags <= OURS
    assert "code" in page.tags or text in html


@pytest.mark.parametrize(
    "text", ["looks like an identifier", "psi 2.1 >= 0.25", "w1/sd 0.3 >= 0.1"]
)
def test_words_stay_words(text):
    assert plain(text) == text


def test_what_was_not_compared_is_folded_with_its_reason():
    report = replace(
        penguins(), not_compared=tuple(NotCompared(f"id{at}", "looks like one") for at in range(40))
    )
    text = to_markdown(report)
    assert "<details><summary>Not compared (40)</summary>\n\n- `id0`: looks like one\n" in text
    assert "- … and 10 more\n" in text


def test_schema_changes_are_told():
    train = side_of({"gone": np.ones(8), "t": ["a"] * 8})
    text = to_markdown(compare(train, side_of({"new": np.ones(8), "t": np.ones(8)})))
    for line in ("- `gone`", "- `new`", "- `t`: `String` → `Float64`"):
        assert line in text.splitlines()


def test_joint_and_timeline_are_told():
    text = to_markdown(whole(wide(4)))
    assert (
        "**Jointly** (4 columns): Frechet distance 5.00: means 64%, spreads 16%, correlations 20%. "
        "Linear AUC 0.93; restandardized: linear AUC 0.61" in text
    )
    assert "| `x0000` | `x0001` | +0.10 | +0.90 |" in text
    assert "**Over time:** `6 slices, time_hour every 1mo, 100 rows each`; 4 of 4 columns" in text
    assert "- `x0000`: major from 2013-02 on; worst in 2013-06" in text
    assert "- `x0003`: major in 2013-05" in text


def test_nothing_compared_has_no_table():
    report: ShiftReport = compare(side_of({}), side_of({}))
    assert to_markdown(report).splitlines()[0].startswith("### Nothing compared: ")
    assert not Page(to_markdown(report)).rows
