"""``render``: a shift report as a text for a file, and such files written whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from bncli.data.atomic import atomic_file

if TYPE_CHECKING:
    from bncli.shift.model import ShiftReport


def render(report: ShiftReport, to: str) -> str:
    """The report as ``json``, ``markdown``, ``junit`` or ``html``; the same report, the same text.

    Write it to a file in UTF-8. Raises UsageError where ``to`` is no report format.
    """
    from bncli.report.formats import render

    return render(report, to)


def write_reports(texts: Mapping[str, str], *, overwrite: bool = False) -> None:
    """Write each text to the file it is named for, in UTF-8.

    Raises OutputExists, UsageError, DataError.
    """
    for path, text in texts.items():
        # Appending: what a shell opened for bncli is not cut off; a draft is empty anyway.
        with atomic_file(path, overwrite) as draft, draft.open("ab") as stream:
            stream.write(text.encode())
