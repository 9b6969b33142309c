"""The HTML report in a real browser: it opens, asks for nothing, sorts, searches and prints.

Needs Chromium, which ``python3 dev test`` installs on Debian; skipped, with the reason, where
there is none.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from profiles import side_of
from shift_reports import HOSTILE, hostile, penguins, whole, wide
from test_report_html import name

from bncli.report.html import to_html
from bncli.shift.compare import ShiftReport, compare

# One browser for the whole session: these tests stay on one worker.
pytestmark = pytest.mark.xdist_group("browser")

QUIET = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True}
REPORTS = {
    "birds": lambda: whole(penguins(fail_on=("major",))),
    "hostile": lambda: whole(hostile()),
    "five": lambda: wide(5),
    "nothing": lambda: compare(side_of({}), side_of({})),
}


def program() -> str | None:
    """The browser on this machine, if there is one."""
    known = ("chromium", "chromium-browser", "google-chrome")
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, known)), None)


@pytest.fixture(scope="module")
def browser():
    if program() is None:
        pytest.skip("no Chromium here: apt-get install chromium, or name one in CHROMIUM")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program(), args=list(QUIET))
        yield running
        running.close()


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Writes a report once, and gives its place."""
    folder, kept = tmp_path_factory.mktemp("pages"), {}

    def file(key: str, report: ShiftReport | None = None) -> Path:
        if key not in kept:
            kept[key] = folder / f"{key}.html"
            kept[key].write_text(to_html(report or REPORTS[key]()), encoding="utf-8")
        return kept[key]

    return file


class Opened:
    """A page with everything that it said, asked for and complained of."""

    def __init__(self, browser: Browser, file: Path, hash_: str = "", **options) -> None:
        self.context = browser.new_context(**options)
        self.page: Page = self.context.new_page()
        self.said, self.requests, self.dialogs = [], [], []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on(
            "dialog", lambda dialog: (self.dialogs.append(dialog.message), dialog.dismiss())
        )
        self.address = file.as_uri()
        self.page.goto(self.address + hash_)


@pytest.fixture
def show(browser, files):
    opened: list[Opened] = []

    def open_(key: str, hash_: str = "", report: ShiftReport | None = None, **options) -> Opened:
        opened.append(Opened(browser, files(key, report), hash_, **options))
        return opened[-1]

    yield open_
    for one in opened:
        one.context.close()


def names(page: Page) -> list[str]:
    """The columns that the table shows, from top to bottom."""
    return page.evaluate(
        "[...document.querySelectorAll('#table tbody tr:not([hidden]) th')].map(e => e.textContent)"
    )


def head(page: Page, title: str):
    return page.locator("#table").get_by_role("columnheader", name=title, exact=True)


def open_all(page: Page) -> None:
    page.get_by_role("button", name="Open all").click()


@pytest.mark.parametrize("key", list(REPORTS))
def test_it_opens_from_a_file_without_a_word_or_a_request(show, key):
    opened = show(key)
    if key != "nothing":
        open_all(opened.page)
    opened.page.wait_for_load_state("networkidle")
    assert (opened.said, opened.dialogs) == ([], [])
    assert opened.requests == [opened.address]


def test_no_script_of_a_stranger_runs(show):
    opened = show("hostile")
    page, report = opened.page, hostile()
    open_all(page)
    assert page.evaluate("document.scripts.length") == 1
    assert page.locator("img, iframe, object, embed, link, base, [style]").count() == 0
    assert page.evaluate(
        "[...document.querySelectorAll('*')].every(e => [...e.attributes].every("
        "a => !a.name.startsWith('on') && (a.name !== 'href' || a.value.startsWith('#'))))"
    )
    # As it is written, not as it is laid out: names of blanks and line breaks are there too.
    written = page.evaluate(
        "[...document.querySelectorAll('details.column h3')].map(e => e.textContent)"
    )
    assert written == [name(column.label) for column in report.columns]
    values = page.evaluate("[...document.querySelectorAll('.values bdi')].map(e => e.textContent)")
    assert {name(text) for text in HOSTILE} <= set(values)
    page.locator("#search").fill("<script>")
    assert names(page)
    assert opened.dialogs == []


def test_the_policy_is_in_force(show):
    opened = show("birds")
    broken = opened.page.evaluate(
        """async () => {
          const broken = [];
          addEventListener("securitypolicyviolation", e => broken.push(e.effectiveDirective));
          const script = document.createElement("script");
          script.textContent = "window.ran = true";
          document.body.append(script);
          const image = new Image();
          image.src = "https://example.org/x.png";
          document.body.append(image);
          document.body.setAttribute("style", "color: red");
          await fetch("https://example.org/").catch(() => {});
          await new Promise(done => setTimeout(done, 50));
          return [window.ran === true, broken.sort()];
        }"""
    )
    assert broken == [
        False,
        ["connect-src", "img-src", "script-src-elem", "style-src-attr"],
    ]


def test_a_click_on_a_head_sorts_and_another_turns_it_round(show):
    page, report = show("birds").page, penguins()
    assert head(page, "Shift").get_attribute("aria-sort") == "descending"
    assert names(page) == [column.label for column in report.columns]
    head(page, "KS").get_by_role("button").click()
    by_ks = sorted(
        (column for column in report.columns if "ks" in column.measures),
        key=lambda column: -column.measures["ks"],
    )
    absent = [column.label for column in report.columns if "ks" not in column.measures]
    assert names(page) == [*(column.label for column in by_ks), *absent]
    assert head(page, "KS").get_attribute("aria-sort") == "descending"
    assert head(page, "Shift").get_attribute("aria-sort") is None
    head(page, "KS").get_by_role("button").click()
    # What a column does not have stays last either way.
    assert names(page) == [*(column.label for column in reversed(by_ks)), *absent]
    assert head(page, "KS").get_attribute("aria-sort") == "ascending"


def test_the_keyboard_reaches_and_works_everything(show):
    page = show("birds").page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the columns"
    page.locator("#search").focus()
    page.keyboard.type("bill")
    assert names(page) == ["bill_length_mm", "bill_depth_mm"]
    page.keyboard.press("Enter")  # sends no form
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "severity"
    page.keyboard.press("Tab")  # the table itself scrolls
    assert page.evaluate("document.activeElement.getAttribute('role')") == "region"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Column"
    page.keyboard.press("Enter")
    assert names(page) == ["bill_depth_mm", "bill_length_mm"]
    page.keyboard.press("Space")
    assert names(page) == ["bill_length_mm", "bill_depth_mm"]
    assert head(page, "Column").get_attribute("aria-sort") == "descending"


def test_focus_can_be_seen(show):
    page = show("birds").page
    page.locator("#search").focus()
    for _ in range(12):
        page.keyboard.press("Tab")
        outline = page.evaluate(
            "(s => [s.outlineStyle, parseFloat(s.outlineWidth)])"
            "(getComputedStyle(document.activeElement))"
        )
        assert outline[0] == "solid"
        assert outline[1] >= 2


def test_search_and_severity_narrow_the_table_and_the_sections(show):
    page = show("birds").page
    found = page.get_by_role("status")
    assert found.inner_text() == "8 of 8 columns"
    page.get_by_label("Search").fill("  BILL_l")
    assert names(page) == ["bill_length_mm"]
    assert found.inner_text() == "1 of 8 columns"
    assert page.locator("details.column:visible h3").all_inner_texts() == ["bill_length_mm"]
    page.get_by_label("Search").fill("")
    page.get_by_label("Show").select_option("moved")
    assert names(page) == [one.label for one in penguins().columns if one.severity != "none"]
    page.get_by_label("Search").fill("nowhere")
    assert (names(page), found.inner_text()) == ([], "0 of 8 columns")


def test_a_name_leads_to_its_section_opens_it_and_takes_the_focus_there(show):
    page = show("birds").page
    last = penguins().columns[-1].label
    section = page.locator("details.column").last
    assert section.get_attribute("open") is None
    page.locator("#table").get_by_role("link", name=last, exact=True).click()
    section.locator("figure").first.wait_for(state="visible")
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
    assert last in page.evaluate("document.activeElement.textContent")
    page.get_by_role("link", name="Back to the table").last.click()
    assert page.url.endswith("#columns")
    page.go_back()
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"


def test_a_link_from_outside_opens_what_it_names(show):
    page = show("birds", "#c7").page
    assert page.locator("#c7 figure").first.is_visible()
    page = show("birds", "#m-psi").page
    assert page.locator("#m-psi").is_visible()
    assert show("birds", "#%3Cscript%3E").said == []


def test_a_column_that_the_search_hides_is_shown_when_a_link_asks_for_it(show):
    page = show("birds").page
    page.get_by_label("Search").fill("nowhere")
    page.locator(".answers a").first.click()
    assert page.locator("#c0").is_visible()


@pytest.mark.thorough
def test_a_thousand_columns_render_and_stay_usable(show):
    opened = show("thousand", report=wide(1000))
    page = opened.page
    assert len(names(page)) == 1000
    # Only what is open is built.
    assert page.evaluate("document.querySelectorAll('*').length") < 40_000
    page.get_by_label("Search").fill("x0999")
    assert names(page) == ["x0999"]
    page.get_by_label("Search").fill("")
    page.locator("#table thead button", has_text="PSI").click()
    psi = [column.measures["psi"] for column in wide(1000).columns]
    shown = page.evaluate("document.querySelector('#table tbody tr').cells[6].dataset.v")
    assert float(shown) == pytest.approx(max(psi), rel=1e-5)
    page.evaluate("location.hash = '#c700'")
    page.wait_for_selector("#c700 figure svg")
    assert page.evaluate("document.querySelectorAll('#c700 figure svg').length") == 3
    assert opened.said == []


def test_five_columns_have_three_charts_each(show):
    page = show("five").page
    open_all(page)
    for at in range(5):
        assert page.locator(f"#c{at} figure svg:visible").count() == 3
    page.get_by_role("button", name="Close all").click()
    assert page.locator("details.column[open]").count() == 0


def test_without_scripts_everything_essential_is_there(show):
    page = show("birds", java_script_enabled=False).page
    assert names(page) == [column.label for column in penguins().columns]
    assert page.locator("input, button, select").locator("visible=true").count() == 0
    assert page.locator("#table thead button").count() == 0
    last = page.locator("details.column").last
    last.locator("summary").click()
    assert last.locator("svg").first.is_visible()
    assert last.locator("a[href='#m-p_adjusted']").is_visible()


def test_on_paper_what_is_folded_is_open_and_controls_are_gone(show):
    page = show("birds").page
    page.get_by_label("Show").select_option("major")
    closed = page.locator("details:not([open])").count()
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details.column:not([hidden]):not([open])").count() == 0
    assert page.locator("details.column:not([hidden]) figure").count() >= 6
    assert page.locator(".controls:visible, nav:visible, .back:visible").count() == 0
    assert page.evaluate("getComputedStyle(document.querySelector('.scroll')).maxHeight") == "none"
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("details:not([open])").count() == closed


@pytest.mark.thorough
def test_it_prints(show):
    for scripts in (True, False):
        page = show("birds", java_script_enabled=scripts).page
        closed = page.pdf(format="A4")
        assert closed.startswith(b"%PDF")
        # Eight sections with their charts, two or three a page, and the rest.
        assert closed.count(b"/Type /Page\n") >= 4


def test_dark_and_light_follow_the_system_and_can_be_read(show):
    for scheme in ("light", "dark"):
        page = show("birds", color_scheme=scheme).page
        open_all(page)
        background = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (luminance(rgb(background)) < 0.1) == (scheme == "dark")
        for text, ground in page.evaluate(TEXTS):
            assert contrast(rgb(text), rgb(ground)) >= 4.5, (scheme, text, ground)


TEXTS = """() => {
  const ground = e => {
    for (; e; e = e.parentElement) {
      const color = getComputedStyle(e).backgroundColor;
      if (color !== "rgba(0, 0, 0, 0)") return color;
    }
  };
  const found = new Set();
  for (const e of document.querySelectorAll("body *")) {
    const own = [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
    if (!own || !e.checkVisibility() || ["SCRIPT", "NOSCRIPT"].includes(e.tagName)) continue;
    const style = getComputedStyle(e);
    const color = e.namespaceURI.endsWith("svg") ? style.fill : style.color;
    found.add(color + "|" + ground(e));
  }
  return [...found].map(pair => pair.split("|"));
}"""


def rgb(text: str) -> tuple[float, ...]:
    numbers = text[text.index("(") + 1 : -1].split(",")
    assert len(numbers) == 3, text
    return tuple(float(number) / 255 for number in numbers)


def luminance(color) -> float:
    """Relative luminance. Source: Web Content Accessibility Guidelines 2.2."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in color]
    return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))


def contrast(one, other) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("key", ["birds", "hostile", "nothing"])
def test_on_a_phone_nothing_scrolls_sideways(show, key):
    page = show(key, **PHONE).page
    if key != "nothing":
        open_all(page)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert page.evaluate("innerWidth") == 390


def test_on_a_phone_the_table_shows_what_matters(show):
    page = show("birds", **PHONE).page
    shown = page.locator("#table thead th:visible").all_inner_texts()
    assert [text for text in shown if text.strip()] == ["Column", "Shift", "KS", "PSI"]
    table = page.locator("#table").bounding_box()
    assert table["width"] <= 390


def test_nothing_is_told_by_colour_alone(show):
    page = show("birds").page
    for severity, mark in (("major", "▲"), ("none", "✓")):
        badges = page.locator(f"#table .badge.{severity}").all_inner_texts()
        assert set(badges) == {f"{mark}{severity}"}
    marks = page.locator(".heat td:not(.h0)").all_inner_texts()
    assert set(marks) == {"◆", "▲"}
    # Training is filled, test is an outline; one line is whole, the other dashed.
    style = "e => { const s = getComputedStyle(e); return [s.fill, s.stroke, s.strokeDasharray]; }"
    figure = page.locator("details.column", has=page.locator(".line.test")).first
    filled = figure.locator(".fill.train").first.evaluate(style)
    outline = figure.locator(".edge.test").first.evaluate(style)
    assert (filled[0] != "none", filled[1], outline[0]) == (True, "none", "none")
    assert figure.locator(".line.train").evaluate(style)[2] == "none"
    assert figure.locator(".line.test").evaluate(style)[2] != "none"
