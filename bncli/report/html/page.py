"""The page: the report's parts laid out by templates, with a policy that lets nothing else in."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any

from bncli.report import cells, words
from bncli.report.escape import printable
from bncli.report.html import canvas, columns
from bncli.report.html.answers import answers
from bncli.report.html.grouped import grouped
from bncli.report.html.heat import heat
from bncli.report.html.provenance import provenance
from bncli.report.html.together import together
from bncli.shift.measures import MEASURES, Explanation, explain
from bncli.shift.model import ShiftReport
from bncli.shift.options import THRESHOLDS

if TYPE_CHECKING:
    from jinja2 import Environment

LONGEST = 160
"""Letters of a name that are shown; a stranger may give it a hundred thousand."""

LONGEST_NOTE = 2_000
MOST_LISTED = 50

OPEN = 3
"""Sections that stand open at first: the worst columns', where they moved."""


def to_html(report: ShiftReport) -> str:
    """The report as one HTML file that asks for nothing else; the same report, the same text."""
    environment = _environment()
    style, script = (environment.get_template(f"report.{kind}").render() for kind in ("css", "js"))
    page = environment.get_template("report.html.j2")
    return page.render(style=style, script=script, policy=_policy(style, script), **_parts(report))


def _parts(report: ShiftReport) -> dict[str, Any]:
    return {
        "verdict": words.verdict(report),
        "state": "too few" if words.too_few(report) == report.compared > 0 else report.verdict,
        "report": report,
        "answers": answers(report),
        "heads": [(head, explain(head.name).title) for head in columns.HEADS],
        "rows": [columns.row(column) for column in report.columns],
        "sections": [columns.section(column, report) for column in report.columns],
        "open": min(OPEN, report.shifted),
        "left_out": _left_out(report),
        "most_listed": MOST_LISTED,
        "limits": {name: report.options.limits(name) for name in THRESHOLDS},
        "heat": heat(report.timeline),
        "grouped": grouped(report.groups),
        "together": together(report.joint),
        "together_absent": words.joint_absent(report),
        "cautions": list(words.too_small(report, report.columns)),
        "meaning": list(words.meaning(report, report.columns)),
        "glossary": _glossary(report),
        "provenance": list(provenance(report)),
        "picture": (columns.PICTURE_WIDTH, columns.PICTURE_HEIGHT),
    }


def _left_out(report: ShiftReport) -> list[tuple[str, list[tuple[str, str]]]]:
    """Columns that no figure tells of, by why; a name and a reason each."""
    schema = report.schema
    lists = {
        "Could not be compared": [(one.name, one.reason) for one in report.not_compared],
        "Only in training": [(name, "") for name in schema.only_train],
        "Only in test": [(name, "") for name in schema.only_test],
        "Of another type": [
            (one.name, f"{one.train} in training, {one.test} in test")
            for one in schema.type_changed
        ],
    }
    return [(title, entries) for title, entries in lists.items() if entries]


def _glossary(report: ShiftReport) -> list[Explanation]:
    """What every figure of this report means."""
    names = {name for column in report.columns for name in column.measures}
    names |= {head.name for head in columns.HEADS} | {"p_adjusted", "min_detectable"}
    return [explain(name) for name in MEASURES if name in names]


def _policy(style: str, script: str) -> str:
    """A Content-Security-Policy: this style, this script, and no request of any kind."""
    sources = f"style-src {_hash(style)}; script-src {_hash(script)}"
    return f"default-src 'none'; {sources}; base-uri 'none'; form-action 'none'"


def _hash(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"


def _environment() -> Environment:
    """Everything that a template prints is made printable, cut, and then escaped."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        autoescape=True,
        loader=PackageLoader("bncli.report.html"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        keep_trailing_newline=True,
        finalize=_shown,
    )
    environment.globals["canvas"] = canvas
    environment.filters |= {
        "name": _name,
        "cut": lambda text: printable(text, most=LONGEST_NOTE),
        "count": cells.count,
        "key": lambda number: f"{number:.6g}",
        "capitalised": lambda text: text[:1].upper() + text[1:],
    }
    return environment


def _name(text: str) -> str:
    """A name cut to what a page has room for; one that shows nothing is said to."""
    shown = printable(text, most=LONGEST)
    return shown if shown.strip() else "(blank)" if shown else "(empty)"


def _shown(value: Any) -> Any:
    """Plain texts only: markup is what a template made itself."""
    return printable(value) if type(value) is str else value
