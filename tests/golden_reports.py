"""Remake tests/golden/shift_penguins.*: ``python3 dev report-goldens``, never by hand.

The files show a small real comparison in the formats that people read in a diff.
"""

from __future__ import annotations

from conftest import ROOT
from shift_reports import penguins

from bncli.report.formats import render

GOLDEN = ROOT / "tests" / "golden"
FILES = {"shift_penguins.md": "markdown", "shift_penguins.xml": "junit"}


def made() -> dict[str, bytes]:
    """File name -> what it should hold."""
    report = penguins(fail_on=("major", "share=0.9"))
    return {file: render(report, name).encode() for file, name in FILES.items()}


if __name__ == "__main__":
    for file, content in made().items():
        (GOLDEN / file).write_bytes(content)
        print(f"wrote tests/golden/{file}")
