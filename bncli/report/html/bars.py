"""Shares as bars: parts of a whole in one bar, and both sides of a share as a pair of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bncli.report import cells
from bncli.shift.model import Column, Measured, Moved
from bncli.shift.wholes import Joint

MOST_VALUES = 12


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a bar that is 100 wide: where it starts, how wide it is, and both in words."""

    name: str
    start: float
    width: float
    text: str


@dataclass(frozen=True, slots=True)
class PairedBars:
    """A share on both sides: widths out of 100, and the figures in words."""

    label: str
    train: float
    test: float
    texts: tuple[str, str]


def parts(shares: Mapping[str, float]) -> tuple[Part, ...]:
    """Pieces side by side, in proportion; none where there is nothing to divide."""
    total = sum(shares.values())
    if not total > 0.0:
        return ()
    found, start = [], 0.0
    for name, value in shares.items():
        width = 100.0 * value / total
        found.append(Part(name, round(start, 2), round(width, 2), cells.percent(value / total)))
        start += width
    return tuple(found)


def of_w2(column: Column) -> tuple[Part, ...]:
    """What W2 squared is made of."""
    names = ("location", "scale", "shape")
    return parts({name: column.measures.get(f"w2_{name}", 0.0) for name in names})


def of_frechet(joint: Joint) -> tuple[Part, ...]:
    """What the Frechet distance squared is made of."""
    return parts(
        {
            "means": joint.frechet_mean,
            "spreads": joint.frechet_variance,
            "correlations": joint.frechet_correlation,
        }
    )


def missing(column: Column) -> PairedBars | None:
    """None where both sides are as good as complete: there is nothing to see."""
    train, test = (column.measures.get(f"missing_{side}", 0.0) for side in ("train", "test"))
    return _paired("missing", train, test, 1.0) if max(train, test) >= 0.01 else None


def values(measured: Measured) -> tuple[PairedBars, ...]:
    """The values that moved most, then the most frequent others."""
    picture = measured.picture
    if picture is None or not picture.labels:
        return ()
    named = {one.value for one in measured.moved}
    others = [
        Moved(value, train, test)
        for value, train, test in zip(picture.labels, picture.train, picture.test, strict=True)
        if value not in named
    ]
    shown = [*measured.moved, *others][:MOST_VALUES]
    most = max((share for one in shown for share in (one.train, one.test)), default=0.0)
    return tuple(_paired(one.value, one.train, one.test, most) for one in shown)


def _paired(label: str, train: float, test: float, most: float) -> PairedBars:
    first, second = (round(100.0 * share / most, 1) if most else 0.0 for share in (train, test))
    show = cells.tenths if 0.0 < abs(train - test) < 0.02 else cells.percent
    return PairedBars(label, first, second, (show(train), show(test)))
