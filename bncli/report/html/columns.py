"""One column of the report: its row of the table, and its section with the charts."""

from __future__ import annotations

from dataclasses import dataclass

from bncli.report import cells, words
from bncli.report.html import bars
from bncli.report.html.axis import Axis
from bncli.report.html.functions import (
    Functions,
    Pairs,
    distribution_functions,
    quantile_pairs,
)
from bncli.report.html.histogram import Histogram, histogram_of, outline
from bncli.report.machine import ordered
from bncli.report.sparkline import folded
from bncli.shift.model import Column, Measured, ShiftReport
from bncli.shift.severity import RANK, Severity

# A picture beside a row, in units of its drawing.
PICTURE_WIDTH, PICTURE_HEIGHT = 96, 24
_PICTURE_CELLS = 24

_QUARTERS = ("minimum", "25 %", "median", "75 %", "maximum")


@dataclass(frozen=True, slots=True)
class Head:
    """A field of the table. name: of the measure, which explains it; wide: left out on a phone."""

    title: str
    name: str
    wide: bool = True


HEADS = (
    Head("location", "location"),
    Head("scale", "scale"),
    Head("KS", "ks", wide=False),
    Head("PSI", "psi", wide=False),
    Head("JS", "js"),
    Head("W1/sd", "w1_sd"),
    Head("removable", "removable"),
    Head("missing", "missing"),
    Head("unseen", "unseen"),
)

_SHOW = {
    "location": cells.signed,
    "scale": cells.signed,
    "removable": cells.percent,
    "unseen": cells.percent,
}


@dataclass(frozen=True, slots=True)
class Figure:
    """A field of a row. key: what it is sorted by, None where it is absent; severity: of its
    effect."""

    text: str
    key: float | None
    severity: Severity
    wide: bool


@dataclass(frozen=True, slots=True)
class Row:
    """state: the severity, or ``too few`` rows for one; rank: of the severity; train, test:
    outlines of the small histograms."""

    label: str
    state: str
    rank: int
    train: str
    test: str
    figures: tuple[Figure, ...]


@dataclass(frozen=True, slots=True)
class Fact:
    """The same of both sides, in words."""

    name: str
    train: str
    test: str


@dataclass(frozen=True, slots=True)
class Section:
    """All that is known of a column. measures: names and figures."""

    label: str
    state: str
    reasons: tuple[str, ...]
    notes: tuple[str, ...]
    histogram: Histogram | None
    functions: Functions | None
    quantiles: Pairs | None
    parts: tuple[bars.Part, ...]
    removable: str | None
    missing: bars.PairedBars | None
    values: tuple[bars.PairedBars, ...]
    facts: tuple[Fact, ...]
    measures: tuple[tuple[str, str], ...]
    detectable: str | None


def row(column: Column) -> Row:
    train, test = _picture(column.measured)
    figures = tuple(_figure(column, head) for head in HEADS)
    return Row(column.label, words.state(column), RANK[column.severity], train, test, figures)


def _figure(column: Column, head: Head) -> Figure:
    severities = {one.measure: one.severity for one in column.effects}
    severity = severities.get(head.name, "none")
    if head.name == "missing":
        train, test = (column.measures.get(f"missing_{side}") for side in ("train", "test"))
        key = None if train is None or test is None else abs(test - train)
        return Figure(cells.change(train, test, "→"), key, severity, head.wide)
    value = column.measures.get(head.name)
    return Figure(_SHOW.get(head.name, cells.number)(value), value, severity, head.wide)


def _picture(measured: Measured) -> tuple[str, str]:
    picture = measured.picture
    if picture is None:
        return "", ""
    sides = [list(side) for side in (picture.train, picture.test)]
    if picture.labels:  # neighbouring categories are no neighbours: never added up
        sides = [side[:_PICTURE_CELLS] for side in sides]
    joined = [folded(side, _PICTURE_CELLS) for side in sides]
    height = Axis(0.0, max(max(side, default=0.0) for side in joined) or 1.0, PICTURE_HEIGHT, 1)
    train, test = (outline(side, height, 0, PICTURE_WIDTH) for side in joined)
    return train, test


def section(column: Column, report: ShiftReport) -> Section:
    measured, removable = column.measured, column.measures.get("removable")
    return Section(
        column.label,
        words.state(column),
        column.reasons,
        _notes(column, report),
        histogram_of(measured),
        distribution_functions(measured),
        quantile_pairs(measured),
        bars.of_w2(column),
        None if removable is None else _removable(removable),
        bars.missing(column),
        bars.values(measured),
        _facts(column),
        _measures(column),
        _detectable(measured),
    )


def _notes(column: Column, report: ShiftReport) -> tuple[str, ...]:
    blind = (words.why_too_few(column, report),) if column.too_few_rows else ()
    return (*blind, *words.told(column))


def _removable(share: float) -> str:
    if share < 0.0:
        return (
            f"standardizing the test side again would move it {-share:.0%} further: "
            "it is narrower, and stretching it magnifies its shape"
        )
    goes = f"{cells.percent(share)} of the shift goes"
    return f"{goes} when the test side is standardized again, with its own statistics"


def _detectable(measured: Measured) -> str | None:
    smallest = ", ".join(f"{name} {v:.2g}" for name, v in measured.min_detectable.items())
    return (
        f"Smallest effect that so many rows can tell from chance: {smallest}." if smallest else None
    )


def _facts(column: Column) -> tuple[Fact, ...]:
    measured = column.measured
    missing = (column.measures.get(f"missing_{side}") for side in ("train", "test"))
    found = [
        Fact("values", cells.count(measured.n_train), cells.count(measured.n_test)),
        Fact("missing", *(cells.ABSENT if one is None else cells.tenths(one) for one in missing)),
    ]
    for name, both in (("mean", measured.means), ("sd", measured.sds)):
        if both is not None:
            found.append(Fact(name, *map(_value, both)))
    ours, theirs = measured.spans
    if ours or theirs:
        found.append(Fact("first", ours.first if ours else "", theirs.first if theirs else ""))
        found.append(Fact("last", ours.last if ours else "", theirs.last if theirs else ""))
    curves = measured.curves
    if curves is not None:
        last = len(curves.shares) - 1
        for quarter, name in enumerate(_QUARTERS):
            at = quarter * last // 4
            found.append(Fact(name, _value(curves.train[at]), _value(curves.test[at])))
    return tuple(found)


def _value(value: float) -> str:
    return f"{value + 0.0:.6g}"


def _measures(column: Column) -> tuple[tuple[str, str], ...]:
    """Every figure by its documented name, as --json has them."""
    found = [(name, _precise(name, column.measures[name])) for name in ordered(column)]
    return (*found, ("p_adjusted", _precise("p_adjusted", column.p_adjusted)))


def _precise(name: str, value: float) -> str:
    if isinstance(value, int):
        return cells.count(value)
    if name.endswith(("_p", "p_adjusted")):
        return "< 1e-300" if value < 1e-300 else f"{value:.2g}"
    return f"{value + 0.0:.4g}"
