"""What a measure is, for people: as text on a screen, and as the page ``docs/measures.md``."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import TextWrapper

from bncli.shift.measures import Explanation, explained

_PAGE = """\
# The measures of a shift report

Made by `python3 dev docs` from the docstrings of the functions that compute them; in a shell,
`bncli shift --explain psi` prints one and `bncli shift --explain` lists all. *F* is the training
side, *G* the test side, *n* and *k* their numbers of present values, *sd* the population standard
deviation. [shift.md](shift.md) says how a verdict comes of them.

| measure | what it is | minor | major |
| --- | --- | --- | --- |
"""


def as_text(one: Explanation, width: int = 80) -> str:
    """One figure, explained in lines of at most ``width`` letters."""
    rows = {
        "definition": one.definition,
        "range": one.range,
        "reading": one.reading,
        "thresholds": _thresholds(one),
        "source": one.source,
    }
    wrapper = TextWrapper(max(width, 40), subsequent_indent=" " * 14, break_on_hyphens=False)
    lines = [f"{one.name}: {one.title}", ""]
    for head, text in rows.items():
        wrapper.initial_indent = f"  {head:<12}"
        lines += wrapper.wrap(text)
    return "\n".join(lines) + "\n"


def listed() -> str:
    """All names with their titles."""
    known = explained()
    width = max(len(one.name) for one in known) + 2
    lines = (f"  {one.name:<{width}}{one.title}" for one in known)
    return "\n".join([*lines, "", "bncli shift --explain NAME explains one.", ""])


def page() -> str:
    """``docs/measures.md``."""
    known = explained()
    table = (f"| [{_code(one.name)}](#{one.name}) | {one.title} {_limits(one)}" for one in known)
    return _PAGE + "\n".join(table) + "\n" + "".join(map(_section, known))


def _section(one: Explanation) -> str:
    return "\n".join(("", f"## {one.name}", "", f"{one.title}.", "", *_points(one), ""))


def _points(one: Explanation) -> Iterator[str]:
    yield f"- *Definition*: {_escaped(one.definition)}"
    yield f"- *Range*: {_escaped(one.range)}"
    yield f"- *Reading*: {_escaped(one.reading)}"
    yield f"- *Thresholds*: {_thresholds(one)}"
    yield f"- *Source*: {_escaped(one.source)}"


def _thresholds(one: Explanation) -> str:
    if one.thresholds is None:
        return "none: it raises no severity"
    minor, major = one.thresholds
    return f"minor from {minor:g}, major from {major:g} (--threshold {one.name}=MINOR,MAJOR)"


def _limits(one: Explanation) -> str:
    minor, major = one.thresholds or ("", "")
    return f"| {minor} | {major} |"


def _code(name: str) -> str:
    return f"`{name}`"


def _escaped(text: str) -> str:
    """Nothing of a formula may pass for Markdown."""
    for mark in ("\\", "|", "*", "_", "^", "<"):
        text = text.replace(mark, f"\\{mark}")
    return text
