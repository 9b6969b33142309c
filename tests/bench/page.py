"""Sizes and loading times of the HTML report: ``python tests/bench/page.py``.

Opens the weather report, and ones of 100 and of 1,000 numeric columns, in Chromium, in turns; the
time is from the start of the navigation to the first frame after loading, the median of five.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from conftest import ROOT
from playwright.sync_api import sync_playwright
from shift_reports import wide
from test_report_browser import QUIET, program

import bncli

RUNS = 5
UNTIL_SHOWN = """() => new Promise(done => requestAnimationFrame(() => setTimeout(
  () => done([performance.now(), document.querySelectorAll("*").length]))))"""


def pages(folder: Path) -> dict[str, Path]:
    sides = (str(ROOT / "sample_data" / f"weather_{half}.parquet") for half in ("winter", "summer"))
    reports = {
        "weather": bncli.shift(*sides),
        "100 columns": wide(100),
        "1,000 columns": wide(1000),
    }
    found = {}
    for name, report in reports.items():
        found[name] = folder / f"{len(found)}.html"
        found[name].write_text(bncli.render(report, "html"), encoding="utf-8")
    return found


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program(), args=list(QUIET))
        files = pages(Path(folder))
        times: dict[str, list[list[float]]] = {name: [] for name in files}
        for _ in range(RUNS):
            for name, file in files.items():
                page = browser.new_page()
                page.goto(file.as_uri())
                times[name].append(page.evaluate(UNTIL_SHOWN))
                page.close()
        browser.close()
        print("report         kB  shown after ms  elements")
        for name, file in files.items():
            shown = statistics.median(time for time, _ in times[name])
            size = file.stat().st_size / 1000
            print(f"{name:<13} {size:>5.0f} {shown:>15.0f} {times[name][0][1]:>9.0f}")


if __name__ == "__main__":
    main()
