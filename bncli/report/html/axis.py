"""Straight scales from column units to whole units of a drawing, and the marks on them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

LETTER = 6.5  # width of a digit of the drawing's text, in its units
_GAP = 14


@dataclass(frozen=True, slots=True)
class Tick:
    """at: in units of the drawing."""

    at: int
    text: str


@dataclass(frozen=True, slots=True)
class Axis:
    """low, high: column units, finite, low < high; start, stop: where they are drawn."""

    low: float
    high: float
    start: int
    stop: int

    @classmethod
    def over(cls, low: float, high: float, start: int, stop: int) -> Self:
        """From ``low`` to ``high``, or around them where they are one value."""
        if low < high:
            return cls(low, high, start, stop)
        room = abs(low) * 0.01 or 1.0
        return cls(low - room, high + room, start, stop)

    def at(self, value: float) -> int:
        """Where the value is drawn; what lies outside, at the end nearest to it."""
        # Halves first: the difference of two ends may be as large as a float gets.
        share = (value / 2 - self.low / 2) / (self.high / 2 - self.low / 2)
        return round(self.start + min(max(share, 0.0), 1.0) * (self.stop - self.start))

    def holds(self, value: float) -> bool:
        return self.low <= value <= self.high

    def ticks(self) -> tuple[Tick, ...]:
        """At round numbers, as many as have room beside each other."""
        room = abs(self.stop - self.start)
        for most in (5, 4, 3, 2):
            found = self._round(most)
            widest = max((len(tick.text) for tick in found), default=0)
            if len(found) * (widest * LETTER + _GAP) <= room:
                return found
        return ()

    def _round(self, most: int) -> tuple[Tick, ...]:
        step = nice_step((self.high - self.low) / most)
        if not 0.0 < step < math.inf:
            return ()
        first, last = math.ceil(self.low / step), math.floor(self.high / step)
        values = [number * step for number in range(first, last + 1)]
        texts = labels(values, step)
        return tuple(Tick(self.at(v), text) for v, text in zip(values, texts, strict=True))


def nice_step(least: float) -> float:
    """The smallest of 1, 2 and 5 times a power of ten that is at least so large."""
    if not 0.0 < least < math.inf:
        return 0.0
    power = 10.0 ** math.floor(math.log10(least))
    return next((m * power for m in (1, 2, 5) if m * power >= least), 10 * power)


def labels(values: Sequence[float], step: float) -> list[str]:
    """Each value with as many digits as tell it from the next, ``step`` away."""
    largest = max((abs(value) for value in values), default=0.0)
    place = math.floor(math.log10(step) + 1e-9)
    if 1e-4 <= largest < 1e6:
        return [f"{value + 0.0:.{max(0, -place)}f}" for value in values]
    digits = math.floor(math.log10(largest)) - place + 1 if largest else 1
    return [_short(f"{value:.{min(max(digits, 1), 17)}g}") for value in values]


def _short(text: str) -> str:
    return text.replace("e+0", "e").replace("e-0", "e-").replace("e+", "e")


def line(points: Iterator[tuple[int, int]]) -> str:
    """A path through the points, in whole steps from one to the next; none is drawn twice."""
    found, last = [], None
    for x, y in points:
        if last is None:
            found.append(f"M{x} {y}")
        elif (x, y) != last:
            found.append(_step(x - last[0], y - last[1]))
        last = (x, y)
    return "".join(found)


def _step(right: int, down: int) -> str:
    if not down:
        return f"h{right}"
    return f"l{right} {down}" if right else f"v{down}"
