"""Both sides of one column as overlaid histograms, or as pairs of bars; outlines are paths."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from bncli.report import cells
from bncli.report.html.axis import LETTER, Axis, Tick
from bncli.report.html.canvas import BASE, LEFT, RIGHT, TOP, across
from bncli.report.html.times import clock, time_ticks
from bncli.report.sparkline import folded
from bncli.shift.model import Measured, Picture

_SPAN = RIGHT - LEFT

_CELLS = ((20_000, 48), (200, 24), (0, 12))
"""Rows of the smaller side, and the cells that so many rows fill without mere noise."""


@dataclass(frozen=True, slots=True)
class Histogram:
    """train, test: outlines; top: the share that the highest cell has."""

    train: str
    test: str
    top: str
    ticks: tuple[Tick, ...]


def histogram_of(measured: Measured) -> Histogram | None:
    """Overlaid steps; where a column takes few values, a pair of bars for each."""
    picture = measured.picture
    if picture is None or picture.low is None or picture.high is None:
        return None
    if picture.values:
        train, test, top = _bars(picture.train, picture.test)
        return Histogram(train, test, top, _value_ticks(picture.values, measured))
    smaller = min(measured.n_train, measured.n_test)
    cells_ = next(cells_ for rows, cells_ in _CELLS if smaller >= rows)
    train, test, top = _steps(picture, cells_)
    axis = across(picture)
    ticks = time_ticks(axis, measured) if measured.kind == "temporal" else axis.ticks()
    return Histogram(train, test, top, ticks)


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


def _value_ticks(values: Sequence[float], measured: Measured) -> tuple[Tick, ...]:
    """The values themselves, as many as have room."""
    timed = clock(values[-1] - values[0], measured) if measured.kind == "temporal" else None
    texts = [timed(value) if timed else f"{value:.6g}" for value in values]
    room = _SPAN / len(values)
    every = max(1, math.ceil((max(map(len, texts)) * LETTER + 8) / room))
    return tuple(
        Tick(round(LEFT + (at + 0.5) * room), texts[at]) for at in range(0, len(values), every)
    )
