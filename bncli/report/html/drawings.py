"""What the charts of one numeric column look like, as paths: histogram, functions, quantiles.

All share one axis of values, the outer percents of both sides, and so can be read together.
Units are those of a drawing of ``WIDTH`` x ``HEIGHT``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bncli.report import cells
from bncli.report.html.axis import Axis, Tick, line
from bncli.report.sparkline import folded
from bncli.shift.model import Curves, Measured, Picture

WIDTH, HEIGHT = 320, 170
LEFT, RIGHT, TOP, BASE = 36, 312, 8, 146
_SPAN = RIGHT - LEFT

_CELLS = ((1000, 48), (100, 24), (0, 12))
"""Rows of the smaller side, and the cells that so many rows fill without mere noise."""


@dataclass(frozen=True, slots=True)
class Histogram:
    """train, test: outlines; top: the share that the highest cell has."""

    train: str
    test: str
    top: str
    ticks: tuple[Tick, ...]


@dataclass(frozen=True, slots=True)
class Functions:
    """train, test: distribution functions; gap: where they are furthest apart, as x, y and y."""

    train: str
    test: str
    gap: tuple[int, int, int]
    words: str
    ticks: tuple[Tick, ...]


@dataclass(frozen=True, slots=True)
class Pairs:
    """dots: quantiles of both sides at the same shares; fitted: where they would lie were the
    shift one of location and scale only, None where a side has no spread."""

    dots: str
    same: str
    fitted: str | None
    ticks: tuple[Tick, ...]
    rows: tuple[Tick, ...]


def histogram(measured: Measured) -> Histogram | None:
    """Overlaid steps; where a column takes few values, a pair of bars for each."""
    picture = measured.picture
    if picture is None or picture.low is None or picture.high is None:
        return None
    if picture.values:
        train, test, top = _bars(picture.train, picture.test)
        return Histogram(train, test, top, _value_ticks(picture.values))
    smaller = min(measured.n_train, measured.n_test)
    cells_ = next(cells_ for rows, cells_ in _CELLS if smaller >= rows)
    train, test, top = _steps(picture, cells_)
    return Histogram(train, test, top, _values(picture).ticks())


def _values(picture: Picture) -> Axis:
    return Axis.over(picture.low or 0.0, picture.high or 0.0, LEFT, RIGHT)


def _steps(picture: Picture, cells_: int) -> tuple[str, str, str]:
    joined = len(picture.train) // cells_
    sides = [folded(side, cells_) for side in (picture.train, picture.test)]
    most = max(map(max, sides)) or 1.0
    height = Axis(0.0, most, BASE, TOP)
    first, second = (outline(side, height, LEFT, RIGHT) for side in sides)
    return first, second, cells.percent(most * joined)


def outline(shares: Sequence[float], height: Axis, left: int, right: int) -> str:
    """Steps over the cells from ``left`` to ``right``; a run of empty cells is not drawn."""
    count = len(shares)
    edges = [round(left + (right - left) * at / count) for at in range(count + 1)]
    path, level = [], height.start
    for at, share in enumerate([*shares, 0.0]):
        # A cell that holds anything is never flat.
        top = min(height.at(share), height.start - 1) if share > 0.0 else height.start
        if top != level:
            begins = level == height.start
            path.append(f"M{edges[at]} {level}V{top}" if begins else f"H{edges[at]}V{top}")
        level = top
    return "".join(path)


def _bars(train: Sequence[float], test: Sequence[float]) -> tuple[str, str, str]:
    most = max((*train, *test)) or 1.0
    height = Axis(0.0, most, BASE, TOP)
    room = _SPAN / len(train)
    wide = max(1, round(min(room * 0.38, 24)))
    middles = [LEFT + (at + 0.5) * room for at in range(len(train))]
    first = "".join(
        _bar(round(m) - wide, wide, height, s) for m, s in zip(middles, train, strict=True)
    )
    second = "".join(_bar(round(m), wide, height, s) for m, s in zip(middles, test, strict=True))
    return first, second, cells.percent(most)


def _bar(left: int, wide: int, height: Axis, share: float) -> str:
    if share <= 0.0:
        return ""
    return f"M{left} {BASE}V{min(height.at(share), BASE - 1)}h{wide}V{BASE}"


def _value_ticks(values: Sequence[float]) -> tuple[Tick, ...]:
    """The values themselves, as many as have room."""
    texts = [f"{value:.6g}" for value in values]
    room = _SPAN / len(values)
    every = max(1, -(-round(max(map(len, texts)) * 6.5 + 8) // max(1, round(room))))
    return tuple(
        Tick(round(LEFT + (at + 0.5) * room), texts[at]) for at in range(0, len(values), every)
    )


def functions(measured: Measured) -> Functions | None:
    picture, curves = measured.picture, measured.curves
    if picture is None or curves is None or picture.low is None:
        return None
    across, up = _values(picture), Axis(0.0, 1.0, BASE, TOP)
    gap = curves.gap
    sides = (picture.train, curves.train), (picture.test, curves.test)
    first, second = (
        line(_jumps(picture.values, shares, across, up))
        if picture.values
        else line(_rising(curves.shares, quantiles, across, up))
        for shares, quantiles in sides
    )
    words = f"KS {cells.number(abs(gap.train - gap.test))} at {gap.at:.5g}"
    marked = (across.at(gap.at), up.at(gap.train), up.at(gap.test))
    return Functions(first, second, marked, words, across.ticks())


def _rising(
    shares: Sequence[float], quantiles: Sequence[float], across: Axis, up: Axis
) -> Iterator[tuple[int, int]]:
    """Through the quantiles; what lies outside the axis is not drawn on its edge."""
    yield (
        across.start,
        up.at(
            max((s for s, q in zip(shares, quantiles, strict=True) if q < across.low), default=0.0)
        ),
    )
    inside = [(s, q) for s, q in zip(shares, quantiles, strict=True) if across.holds(q)]
    if inside and inside[0][0] == 0.0:
        yield across.at(inside[0][1]), up.start
    for share, quantile in inside:
        yield across.at(quantile), up.at(share)
    if inside:
        yield across.stop, up.at(inside[-1][0])


def _jumps(
    values: Sequence[float], shares: Sequence[float], across: Axis, up: Axis
) -> Iterator[tuple[int, int]]:
    """The steps themselves, where a column takes few values."""
    total = 0.0
    yield across.start, up.start
    for value, share in zip(values, shares, strict=True):
        yield across.at(value), up.at(total)
        total += share
        yield across.at(value), up.at(total)
    yield across.stop, up.at(total)


def quantile_pairs(measured: Measured) -> Pairs | None:
    picture, curves = measured.picture, measured.curves
    if picture is None or curves is None or picture.low is None:
        return None
    across = _values(picture)
    up = Axis(across.low, across.high, BASE, TOP)
    return Pairs(
        _dots(curves, across, up),
        f"M{LEFT} {BASE}L{RIGHT} {TOP}",
        _fitted(measured, across, up),
        across.ticks(),
        up.ticks(),
    )


def _dots(curves: Curves, across: Axis, up: Axis) -> str:
    """Strokes of no length with round ends: a dot takes six letters."""
    spots = dict.fromkeys(
        (across.at(first), up.at(second))
        for first, second in zip(curves.train, curves.test, strict=True)
        if across.holds(first) and up.holds(second)
    )
    return "".join(f"M{x} {y}h0" for x, y in spots)


def _fitted(measured: Measured, across: Axis, up: Axis) -> str | None:
    """The line that standardizing the test side anew turns into the diagonal, cut to the chart."""
    if measured.means is None or measured.sds is None or not measured.sds[0] * measured.sds[1]:
        return None
    slope = measured.sds[1] / measured.sds[0]

    def there(value: float) -> float:
        return measured.means[1] + slope * (value - measured.means[0])  # type: ignore[index]

    def back(value: float) -> float:
        return measured.means[0] + (value - measured.means[1]) / slope  # type: ignore[index]

    low, high = max(across.low, back(up.low)), min(across.high, back(up.high))
    if not low < high:
        return None
    ends = ((across.at(value), up.at(there(value))) for value in (low, high))
    return line(ends)
