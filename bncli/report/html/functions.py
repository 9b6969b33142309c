"""Both distribution functions with their widest gap, and both quantile functions as pairs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bncli.report import cells
from bncli.report.html.axis import Axis, Tick, line
from bncli.report.html.canvas import BASE, LEFT, RIGHT, TOP, across
from bncli.shift.model import Curves, Measured


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


def distribution_functions(measured: Measured) -> Functions | None:
    """None where the column has no quantiles."""
    picture, curves = measured.picture, measured.curves
    if picture is None or curves is None:
        return None
    x, y = across(picture), Axis(0.0, 1.0, BASE, TOP)
    if picture.values:
        paths = [line(_jumps(picture.values, side, x, y)) for side in (picture.train, picture.test)]
    else:
        paths = [line(_rising(curves.shares, side, x, y)) for side in (curves.train, curves.test)]
    gap = curves.gap
    marked = (x.at(gap.at), y.at(gap.train), y.at(gap.test))
    words = f"KS {cells.number(abs(gap.train - gap.test))} at {gap.at:.5g}"
    return Functions(paths[0], paths[1], marked, words, x.ticks())


def _rising(
    shares: Sequence[float], quantiles: Sequence[float], x: Axis, y: Axis
) -> Iterator[tuple[int, int]]:
    """Through the quantiles that the axis holds, level beyond them."""
    inside = [at for at, quantile in enumerate(quantiles) if x.holds(quantile)]
    below = sum(quantile < x.low for quantile in quantiles)
    yield x.start, y.at(shares[below - 1] if below else 0.0)
    if inside and not below:
        yield x.at(quantiles[0]), y.start
    for at in inside:
        yield x.at(quantiles[at]), y.at(shares[at])
    if inside:
        yield x.stop, y.at(shares[inside[-1]])


def _jumps(
    values: Sequence[float], shares: Sequence[float], x: Axis, y: Axis
) -> Iterator[tuple[int, int]]:
    """The steps themselves, where a column takes few values."""
    total = 0.0
    yield x.start, y.start
    for value, share in zip(values, shares, strict=True):
        yield x.at(value), y.at(total)
        total += share
        yield x.at(value), y.at(total)
    yield x.stop, y.at(total)


def quantile_pairs(measured: Measured) -> Pairs | None:
    """None where the column has no quantiles."""
    picture, curves = measured.picture, measured.curves
    if picture is None or curves is None:
        return None
    x = across(picture)
    y = Axis(x.low, x.high, BASE, TOP)
    same = f"M{LEFT} {BASE}L{RIGHT} {TOP}"
    return Pairs(_dots(curves, x, y), same, _fitted(measured, x, y), x.ticks(), y.ticks())


def _dots(curves: Curves, x: Axis, y: Axis) -> str:
    """Strokes of no length with round ends, which take few letters."""
    spots = dict.fromkeys(
        (x.at(train), y.at(test))
        for train, test in zip(curves.train, curves.test, strict=True)
        if x.holds(train) and y.holds(test)
    )
    return "".join(f"M{right} {down}h0" for right, down in spots)


def _fitted(measured: Measured, x: Axis, y: Axis) -> str | None:
    """The line that standardizing the test side again turns into the diagonal, cut to the sheet."""
    means, sds = measured.means, measured.sds
    if means is None or sds is None or not min(sds) > 0.0:
        return None
    slope = sds[1] / sds[0]
    if not 0.0 < slope < math.inf:
        return None
    reached = (means[0] + (level - means[1]) / slope for level in (y.low, y.high))
    low, high = max(x.low, next(reached)), min(x.high, next(reached))
    ends = [(value, means[1] + slope * (value - means[0])) for value in (low, high)]
    if not low < high or not all(math.isfinite(level) for _, level in ends):
        return None
    return line((x.at(value), y.at(level)) for value, level in ends)
