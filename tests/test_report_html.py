"""The HTML report as text: what a browser is given, and that no stranger's text gets to speak."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
from profiles import side_of
from shift_reports import HOSTILE, hostile, penguins, whole, wide

from bncli.report.escape import printable
from bncli.report.html import to_html
from bncli.report.html.heat import heat
from bncli.report.html.page import LONGEST
from bncli.shift.compare import ShiftOptions, compare
from bncli.shift.measures import explain

VOID = {"meta", "link", "input", "br", "hr", "img"}
# Everything that could run, load or submit something.
ATTRIBUTES = {
    *(
        "class",
        "id",
        "href",
        "title",
        "content",
        "charset",
        "name",
        "lang",
        "role",
        "type",
        "hidden",
    ),
    *("scope", "tabindex", "value", "open", "data-v", "data-rank", "data-first", "autocomplete"),
    *("spellcheck", "http-equiv", "aria-label", "aria-hidden", "aria-sort"),
    *("d", "x", "y", "cx", "cy", "r", "width", "height", "viewbox", "preserveaspectratio"),
}


class Page(HTMLParser):
    """The page as a browser without scripts sees it: elements in order, each with its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.html = html
        self.elements: list[tuple[str, dict, list[str]]] = []
        self._open: list[tuple[str, dict, list[str]]] = []
        self.feed(html)
        assert not self._open, [tag for tag, *_ in self._open]

    def handle_starttag(self, tag, attrs):
        element = (tag, dict(attrs), [])
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs), []))

    def handle_endtag(self, tag):
        opened, *_ = self._open.pop()
        assert opened == tag

    def handle_comment(self, data):
        raise AssertionError(data)

    def handle_data(self, data):
        for _, _, text in self._open:
            text.append(data)

    def all(self, tag: str, **wanted: str) -> list[tuple[dict, str]]:
        """Attributes and text of each such element; class_ asks for one of its classes."""
        return [
            (attrs, "".join(text))
            for name, attrs, text in self.elements
            if name == tag
            and all(
                value in (attrs.get(key.rstrip("_")) or "").split() for key, value in wanted.items()
            )
        ]

    def texts(self, tag: str, **wanted: str) -> list[str]:
        return [text for _, text in self.all(tag, **wanted)]


def name(text: str) -> str:
    """A name as the page shows it."""
    shown = printable(text, most=LONGEST)
    return shown if shown.strip() else "(blank)" if shown else "(empty)"


def test_the_answer_stands_on_top():
    page = Page(to_html(penguins(fail_on=("major", "psi=99"))))
    (heading,) = page.texts("h1")
    assert heading.strip("▲ \n") == "Major shift: 6 of 8 columns moved (6 major)"
    (sides,) = page.texts("p", class_="sides")
    assert sides.split() == [*("torgersen.csv", "(52", "rows)", "→", "biscoe.csv", "(168", "rows)")]
    assert page.texts("p", class_="gate") == ["✗ Gate reached: major"]
    assert Page(to_html(penguins(fail_on=("psi=99",)))).texts("p", class_="gate") == [
        "✓ Gate passed: psi=99"
    ]


def test_every_column_has_a_row_that_leads_to_its_section():
    report = penguins()
    page = Page(to_html(report))
    links = [
        (attrs["href"], text) for attrs, text in page.all("a") if attrs["href"].startswith("#c")
    ]
    sections = [(f"#{attrs['id']}", text) for attrs, text in page.all("details", class_="column")]
    for at, column in enumerate(report.columns):
        assert (f"#c{at}", column.label) in links
    assert [place for place, _ in sections] == [f"#c{at}" for at in range(len(report.columns))]
    for (_, text), column in zip(sections, report.columns, strict=True):
        assert column.label in text
        assert all(reason in text for reason in column.reasons)


def test_a_field_is_sorted_by_the_figure_and_not_by_its_text():
    report = penguins()
    keys = re.findall(r'data-v="([^"]+)">([^<]+)</td>', to_html(report))
    psi = {f"{column.measures['psi']:.6g}" for column in report.columns}
    assert psi <= {key for key, _ in keys}
    assert any(key != text for key, text in keys)


def test_links_lead_to_something_on_the_page():
    page = Page(to_html(whole(penguins(fail_on=("major",)))))
    places = {f"#{attrs['id']}" for _, attrs, _ in page.elements if "id" in attrs}
    assert {attrs["href"] for attrs, _ in page.all("a")} <= places


def test_every_figure_is_explained():
    page = Page(to_html(penguins()))
    text = " ".join(page.texts("dl")[-2].split())
    for measure in ("psi", "ks", "cramers_v", "removable", "missing"):
        assert explain(measure).title in text
        assert " ".join(explain(measure).definition.split()) in text


def test_where_the_figures_come_from_is_told():
    x = np.random.default_rng(0).normal(size=5000)
    settings = ShiftOptions(bins=7, psi_floor=0.003, alpha=0.01, seed=5, fail_on=("psi=0.9",))
    report = compare(side_of({"x": x}, "old", sketch=500), side_of({"x": x}, "new"), settings)
    (text,) = Page(to_html(report)).texts("dl", class_="provenance")
    for part in ("old, 5,000 rows", "new, 5,000 rows", "7 bins", "0.003", "0.01", "seed 5",
                 "psi=0.9", "0.10%", "bncli 0.1.0", "numpy "):  # fmt: skip
        assert part in text
    assert "every quantile is exact" in Page(to_html(penguins())).texts("dl")[-1]


def test_the_policy_allows_this_style_and_this_script_and_nothing_else():
    page = Page(to_html(whole(hostile())))
    (policy,) = (attrs["content"] for attrs, _ in page.all("meta") if attrs.get("http-equiv"))
    (style,), (script,) = page.texts("style"), page.texts("script")
    parts = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert parts == {
        "default-src": "'none'",
        "style-src": sha256(style),
        "script-src": sha256(script),
        "base-uri": "'none'",
        "form-action": "'none'",
    }


def sha256(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_hostile_names_and_values_stay_text():
    report = whole(hostile())
    page = Page(to_html(report))
    # The parser has checked that every element is closed where it should be.
    assert {tag for tag, *_ in page.elements}.isdisjoint(
        {"img", "iframe", "object", "base", "link"}
    )
    for _, attrs, _ in page.elements:
        assert set(attrs) <= ATTRIBUTES
        assert attrs.get("href", "#").startswith("#")
    expected = [name(column.label) for column in report.columns]
    assert page.texts("h3")[-len(expected) :] == expected
    shown = {text for tag in ("b", "bdi", "th") for text in page.texts(tag)}
    assert {name(text) for text in HOSTILE} <= shown
    assert {name(f"only {text}") for text in HOSTILE} <= shown


def test_a_name_of_any_length_takes_little_room():
    html = to_html(hostile())
    assert "longlonglong" in html
    assert max(map(len, re.findall(r"(?:long)+", html))) < LONGEST


def test_a_hundred_columns_with_everything_stay_below_a_megabyte():
    rng = np.random.default_rng(0)
    train = {
        f"a_column_with_a_name_{at}": rng.lognormal(3, 1, 1100) * 10 ** (at % 9 - 4)
        for at in range(80)
    }
    test = {key: values * 1.2345 for key, values in train.items()}
    words = [f"value {at}" for at in range(200)]
    train |= {f"city {at}": [*rng.choice(words, 1100)] for at in range(20)}
    test |= {f"city {at}": [*rng.choice(words[50:], 1100)] for at in range(20)}
    report = compare(side_of(train), side_of(test), ShiftOptions(draws=20))
    html = to_html(replace(whole(report, 60), groups=None))  # a timeline or groups, never both
    assert len(html.encode()) < 1_000_000


def test_without_a_joint_part_and_a_timeline_the_page_has_no_place_for_them():
    assert 'id="together"' in to_html(penguins())
    html = to_html(penguins(joint=0))
    assert 'id="time"' not in html
    assert 'id="together"' not in html


def test_joint_figures_stand_beside_what_chance_brings():
    report = whole(penguins())
    joint = replace(
        report.joint, frechet_expected=0.31, auc_expected=0.53, frechet_restandardized=2.5
    )
    (section,) = Page(to_html(replace(report, joint=joint))).texts("section", id="together")
    text = " ".join(section.split())
    assert "Frechet distance 5.00 chance 0.31" in text
    assert "AUC 0.93 chance 0.53" in text
    assert "own statistics: distance 2.50, AUC 0.61." in text


def test_why_nothing_is_said_of_the_columns_together_is_said():
    report = replace(penguins(), joint=None, joint_absent="not kept by an artifact")
    (section,) = Page(to_html(report)).texts("section", id="together")
    assert "Not compared: not kept by an artifact." in section


def fields(page: Page, slice_: str) -> list[dict]:
    return [attrs for attrs, _ in page.all("td") if attrs.get("title", "").startswith(slice_)]


def test_the_timeline_is_a_map_with_marks_and_onsets():
    page = Page(to_html(whole(penguins(), slices=6)))
    assert [len(fields(page, f"2013-0{at + 1}")) for at in range(6)] == [8] * 6
    (first, *_) = [attrs for attrs, _ in page.all("td", class_="first")]
    assert first["title"] == "2013-02: minor: psi"
    (section,) = page.texts("section", id="time")
    text = " ".join(section.replace("▲", " ").split())
    assert "6 slices, time_hour every 1mo, 100 rows each; each against the whole" in text
    assert "4 of 8 columns moved, the first in 2013-02." in text
    assert f"major {penguins().columns[0].label} : major from 2013-02 on".replace(" :", ":") in text


def test_a_major_field_is_the_darker_the_nearer_it_is_to_its_column_s_worst():
    report = whole(penguins(), slices=14)
    label = report.columns[0].label
    (row,) = (row for row in heat(report.timeline).rows if row.label == label)
    assert [field.level for field in row.fields] == [0, 1, 2, 3, 3, 3, 3, *[4] * 7]
    assert [field.mark for field in row.fields] == ["", "◆", *["▲"] * 12]


def test_a_field_that_says_nothing_is_marked_so():
    timeline = whole(penguins()).timeline
    (first, second, *rest) = timeline.cells
    few = replace(second, too_few_rows=True, severity="none", reasons=())
    found = heat(replace(timeline, cells=(few, *rest))).rows[0].fields
    assert [(field.level, field.mark) for field in found[:2]] == [(None, ""), (None, "?")]
    assert [field.words for field in found[:2]] == [
        f"{timeline.slices[first.at].label}: not compared",
        f"{timeline.slices[second.at].label}: too few rows",
    ]


def test_a_long_timeline_joins_slices_and_shows_the_worst_of_them():
    report = whole(wide(60), slices=200)
    page, heads = Page(to_html(report)), heat(report.timeline).heads
    assert [head for head in heads if head] == [f"2013-0{at + 1}" for at in range(0, 200, 12)]
    (text,) = (text for text in page.texts("p") if "slices" in text)
    assert text.startswith("200 slices, ")
    assert "A field stands for 4 slices and shows the worst of them." in " ".join(text.split())
    assert "20 more columns are not shown" in page.html


def test_the_joint_part_shows_its_parts_and_the_correlations():
    page = Page(to_html(whole(penguins())))
    (section,) = (text for attrs, text in page.all("section", id="together"))
    text = " ".join(section.split())
    for part in ("Frechet distance 5.00", "means 64%", "spreads 16%", "correlations 20%",
                 "AUC 0.93", "own statistics: AUC 0.61.", "constant in training",
                 "+0.10+0.90"):  # fmt: skip
        assert part in text


def test_what_was_not_compared_is_listed_with_the_reason():
    train = side_of({"id": list("abcdefgh"), "gone": np.ones(8), "t": ["a"] * 8})
    test = side_of({"id": list("abcdefgh"), "new": np.ones(8), "t": np.ones(8)})
    page = Page(to_html(compare(train, test)))
    assert page.texts("li")[:4] == [
        "id: looks like an identifier",
        "gone",
        "new",
        "t: String in training, Float64 in test",
    ]
    assert "No column could be compared." in page.texts("p")


def test_a_shift_that_standardizing_magnifies_is_said_so():
    rng = np.random.default_rng(0)
    # A narrow test side of another shape: stretching it to the training spread makes it worse.
    train, test = rng.normal(size=3000), rng.exponential(size=3000) * 0.4 - 0.4
    report = compare(side_of({"x": train}), side_of({"x": test}))
    share = report.columns[0].measures["removable"]
    text = " ".join(" ".join(Page(to_html(report)).texts("p")).split())
    assert (share < 0) == ("would move it" in text)
    report = replace(report, columns=(with_measure(report.columns[0], "removable", -0.25),))
    text = " ".join(" ".join(Page(to_html(report)).texts("p")).split())
    assert "would move it 25% further" in text
    assert "; 1 would move further" in text


def with_measure(column, measure, value):
    measures = {**column.measures, measure: value}
    return replace(column, measured=replace(column.measured, measures=measures))


def test_cautions_and_times_are_told():
    measured = penguins().columns[0].measured
    column = replace(penguins().columns[0], measured=replace(measured, cautions=("rows repeat",)))
    html = to_html(replace(penguins(), columns=(column,)))
    assert '<p class="note">rows repeat</p>' in html
    assert "In 1 shifted column consecutive rows repeat each other" in html


def test_too_few_rows_is_no_all_clear():
    train, test = np.array([1.0, 2.0, 3.0]), np.array([2.0, 4.0, 9.0])
    page = Page(to_html(compare(side_of({"x": train}), side_of({"x": test}))))
    (attrs, _), *_ = page.all("header")
    assert "few" in attrs["class"].split()
    assert (
        page.texts("h1")[0].strip()
        == "? Too few rows: 1 column compared, no shift could have been told"
    )
    assert set(page.texts("span", class_="badge")) == {"?too few"}
    assert any("rows can tell from chance" in text for text in page.texts("p", class_="note"))
