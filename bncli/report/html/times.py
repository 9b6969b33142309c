"""Dates and times, which a picture holds as seconds since 1970, as short texts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from bncli.report.html.axis import Axis, Tick
from bncli.shift.model import Measured

_PLACES = (0.15, 0.5, 0.85)
_DAY_S = 86_400.0


def time_ticks(axis: Axis, measured: Measured) -> tuple[Tick, ...]:
    """Three marks; none where a time is beyond the calendar."""
    show = clock(axis.high - axis.low, measured)
    values = [axis.low + place * (axis.high - axis.low) for place in _PLACES]
    found = tuple(Tick(axis.at(value), show(value)) for value in values)
    return found if all(tick.text for tick in found) else ()


def clock(span_s: float, measured: Measured) -> Callable[[float], str]:
    """What shows a time of this column by that which tells it from others ``span_s`` around."""
    first = next((span.first for span in measured.spans if span is not None), "")
    if "-" not in first.lstrip("-"):  # a time of day
        pattern = "%H:%M"
    else:
        pattern = "%Y-%m-%d" if span_s >= 3 * _DAY_S else "%m-%d %H:%M"

    def show(value_s: float) -> str:
        try:
            moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=value_s)
        except OverflowError:
            return ""
        return moment.strftime(pattern)

    return show
