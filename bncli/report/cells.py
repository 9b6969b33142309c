"""One number as a short text, for a cell of a table."""

from __future__ import annotations

ABSENT = "-"


def number(value: float | None) -> str:
    """Three significant digits or two decimals, whichever is shorter to read: 0.04, 4.46, 17.3."""
    if value is None:
        return ABSENT
    if 0 < abs(value) < 0.005:
        return "~0"
    if abs(value) >= 1000:
        return f"{value:.1e}".replace("e+0", "e").replace("e+", "e")
    if abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.3g}" if abs(value) >= 10 else f"{value + 0.0:.2f}"


def guide(value: float) -> str:
    """One significant digit, for what is only roughly so."""
    return f"{value:.1g}"


def signed(value: float | None) -> str:
    """As ``number``, with the direction."""
    shown = number(value)
    return f"+{shown}" if value is not None and value > 0 and shown != "~0" else shown


def percent(share: float | None) -> str:
    """A share as whole percent; what is neither 0 nor 100 % never looks so."""
    if share is None:
        return ABSENT
    if 0 < share < 0.005:
        return "<1%"
    if 0.995 <= share < 1:
        return ">99%"
    return f"{share * 100:.0f}%"


def change(train: float | None, test: float | None, arrow: str) -> str:
    """A share before and after: ``70→89%``; one figure where both look the same."""
    ours, theirs = percent(train), percent(test)
    if {ours, theirs} == {"0%", "<1%"}:
        return "<1%"
    return ours if ours == theirs else f"{ours.rstrip('%')}{arrow}{theirs}"


def tenths(share: float) -> str:
    """A share in percent with one decimal."""
    return f"{share * 100:.1f}%"


def fine_change(train: float, test: float, arrow: str) -> str:
    """As ``change``, with a decimal where whole percents would hide it."""
    show = percent if abs(train - test) >= 0.02 else tenths
    return f"{show(train).rstrip('%')}{arrow}{show(test)}"


def duration(seconds: float | None) -> str:
    """In the largest unit of which there is at least one: 14 d, 2.5 h."""
    if seconds is None:
        return ABSENT
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.3g} s"


def moment(time: str) -> str:
    """An ISO time without what goes without saying: 2013-07-01 04:00."""
    return time.replace("T", " ").removesuffix("Z").removesuffix(":00")


def count(rows: int) -> str:
    """Rows with thousands apart."""
    return f"{rows:,}"
