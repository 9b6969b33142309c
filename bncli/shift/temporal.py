"""Everything told of one date or time column: range, gaps, share outside the training range.

Only its missing values are judged. New data is later than training data in nearly every use, so a
time outside the training range is the normal case and no shift of a feature; whoever wants to be
stopped by it knows the dates better than a threshold does.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bncli.shift.finding import Finding, missing, nothing_but_missing
from bncli.shift.model import Measured, Span
from bncli.shift.picture import numeric_picture
from bncli.stats.quantiles import Quantiles
from bncli.stats.temporal import DAY, SECOND, Temporal

_WORDS = {1_000: "millisecond", SECOND: "second", 60 * SECOND: "minute", 3_600 * SECOND: "hour"}
_WORDS |= {DAY: "day", 7 * DAY: "week", 364 * DAY: "year of 52 weeks"}


def measure_temporal(
    name: str, kinds: tuple[str, str], train: Temporal, test: Temporal, alpha: float
) -> Measured:
    """Compare one column; both sides must have rows. kinds: its types by polars' names; alpha:
    that the p-value of the missing values is held against.
    """
    rows = (train.count + train.missing, test.count + test.missing)
    found = missing(train.missing, rows[0], test.missing, rows[1], alpha)
    whole = Measured(name, 0, name, "temporal", train.count, test.count, {}, {}, {})
    if not (train.count and test.count):
        found += nothing_but_missing(train.count)
    measures = {}
    if train.count and test.count:
        measures["out_of_range"] = test.outside(train.first, train.last)
        whole = replace(whole, picture=numeric_picture(_points(train), _points(test)))
    for side, state in (("train", train), ("test", test)):
        if state.cells.size > 1:
            measures |= {f"step_{side}": step(state), f"gap_{side}": gap(state)}
    found += Finding(measures, notes=_rounded(train, test))
    spans = _span(train, kinds[0]), _span(test, kinds[1])
    return found.added_to(replace(whole, spans=spans))


def step(side: Temporal) -> float:
    """Typical step.

    Definition: the median time from one distinct time of the column to the next, in seconds.
    Range: above 0; absent where a side has less than two different times. Rounded where there are
        more than 16,384 of them: a note says to what.
    Reading: 3600 is an hourly column, 86400 a daily one. Gaps are read against it.
    Source: plain counting.
    """
    return float(np.median(side.steps())) / SECOND


def gap(side: Temporal) -> float:
    """Longest gap.

    Definition: the longest time from one distinct time of the column to the next, in seconds.
    Range: step and up; absent and rounded as step is.
    Reading: equal to step where nothing is missing in between; larger where rows were lost, or
        never written. Told, never judged.
    Source: plain counting.
    """
    return float(side.steps().max()) / SECOND


def _rounded(*sides: Temporal) -> tuple[str, ...]:
    width = max(side.width for side in sides)
    if width == 1:
        return ()
    word = _WORDS.get(width, "century")
    return (f"more times than are kept apart: steps and gaps are rounded to the {word}",)


def _points(side: Temporal) -> Quantiles:
    """Rows per cell as weighted points, in seconds."""
    points = np.multiply(side.cells, side.width / SECOND, dtype=np.float64)
    rows = side.rows.astype(np.float64)
    return Quantiles(points, rows, side.count, float(points[0]), float(points[-1]))


def _span(side: Temporal, kind: str) -> Span | None:
    return Span(_text(side.first, kind), _text(side.last, kind)) if side.count else None


def _text(time: int, kind: str) -> str:
    """ISO 8601; a time zone's times are told in UTC."""
    seconds, rest = divmod(time % DAY, SECOND)
    clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    clock += f".{rest:06}".rstrip("0") if rest else ""
    if kind == "Time":
        return clock
    day = str(np.datetime64(time // DAY, "D"))
    if kind == "Date":
        return day
    return f"{day}T{clock}{'' if 'time_zone=None' in kind else 'Z'}"
