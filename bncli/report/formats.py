"""Every format that a report can be written in, by name: a new one is a module and a line here."""

from __future__ import annotations

from bncli.registry import Registry
from bncli.shift.model import ShiftReport

FORMATS = Registry(
    "report format",
    json="bncli.report.machine:to_text",
    markdown="bncli.report.markdown:to_markdown",
    junit="bncli.report.junit:to_junit",
    html="bncli.report.html:to_html",
)
"""Name -> a function from a report to text, meant for a file in UTF-8."""


def render(report: ShiftReport, name: str) -> str:
    """The report in the format called so. Raises UsageError when there is none."""
    return str(FORMATS[name](report))
