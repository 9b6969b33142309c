"""What adapting did: how far each channel's statistics moved, and what is left of its shift.

Standardizing new data with adapted statistics and reading the result in training units is one
map per channel, ``x -> (x - mean_after) * spread_before / spread_after + mean_before``. So what
is left of a shift is told from the two profiles, without the data: the report of the new side
mapped that way. By W2 squared, what is left after pure re-estimation is one minus the removable
share that the shift report gave beforehand.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from bncli.shift.compare import compare
from bncli.shift.model import Column, ShiftReport, Side
from bncli.shift.options import ShiftOptions
from bncli.shift.severity import Severity
from bncli.standardize.standardizer import Standardizer
from bncli.stats.adapted import Adapted, Training
from bncli.stats.exact import FloatArray
from bncli.stats.lag import Lag
from bncli.stats.moments import Moments
from bncli.stats.profile import Profile
from bncli.stats.quantiles import Quantiles


@dataclass(frozen=True, slots=True)
class Move:
    """One channel. Figures are None where they do not apply.

    count: present values of the new data; weight: w, their part in the mixed mean. location: how
    far the mean moved, in standard deviations from before; scale: standard deviation after over
    before. before, after: the severity of the shift, and of what is left of it; removable: the
    share of W2 squared that re-estimation takes away; left: the share that is left now.
    """

    name: str
    channel: int
    label: str
    count: int
    weight: float
    location: float | None
    scale: float | None
    before: Severity | None
    after: Severity | None
    removable: float | None
    left: float | None


@dataclass(frozen=True, slots=True)
class Adaptation:
    """All channels, in the order of the artifact, and the verdicts over the numeric columns."""

    before: Severity
    after: Severity
    moves: tuple[Move, ...]


def adaptation(
    before: Standardizer, after: Standardizer, options: ShiftOptions | None = None
) -> Adaptation:
    """Compare a standardizer with what adapting made of it; its profile is of the new data."""
    train = Side("training", before.profile.rows, _numeric(before.profile))
    new = Side("new data", after.profile.rows, _numeric(after.profile))
    mapped = Side("what is left", after.profile.rows, _mapped(before, after))
    shifted, left = compare(train, new, options), compare(train, mapped, options)
    return Adaptation(shifted.verdict, left.verdict, tuple(_moves(before, after, shifted, left)))


def _numeric(profile: Profile) -> Profile:
    return replace(
        profile,
        categories={},
        category_types={},
        covariance=None,
        lag=Lag.empty(0),
        temporal={},
        other_types={},
    )


def _moves(
    before: Standardizer, after: Standardizer, shifted: ShiftReport, left: ShiftReport
) -> Iterator[Move]:
    first, second = _columns(shifted), _columns(left)
    places, ratios = _apart(before, after)
    policy, state = after.policy, after.profile.running
    assert isinstance(policy, Adapted)
    assert isinstance(state, Training)
    weights = policy.weight(state, after.profile.moments).tolist()
    counts = after.profile.moments.count.tolist()
    # What was constant has no scale to read the new values on.
    emptied = (before.constant & ~after.constant).tolist()
    for at, channel in enumerate(after.channels):
        key = (channel.feature, channel.channel)
        was, rest = first.get(key), second.get(key)
        yield Move(
            channel.feature,
            channel.channel,
            channel.label,
            counts[at],
            weights[at],
            places[at],
            ratios[at],
            was.severity if was else None,
            None if rest is None or emptied[at] else rest.severity,
            was.measures.get("removable") if was else None,
            _left(was, rest),
        )


def _columns(report: ShiftReport) -> dict[tuple[str, int], Column]:
    return {(column.measured.name, column.measured.channel): column for column in report.columns}


def _left(was: Column | None, rest: Column | None) -> float | None:
    """The share of W2 squared that is left, where a share means anything."""
    if was is None or rest is None or "removable" not in was.measures:
        return None
    w2, left = was.measures["w2"], rest.measures.get("w2")
    return None if left is None or w2 <= 0 else (left / w2) ** 2


def _apart(
    before: Standardizer, after: Standardizer
) -> tuple[list[float | None], list[float | None]]:
    """Per channel: distance of the means in training sd, ratio of the standard deviations."""
    with np.errstate(all="ignore"):
        sd = np.sqrt(before.variance)
        places = (after.mean - before.mean) / sd
        ratios = np.sqrt(after.variance) / sd
    return _finite(places), _finite(ratios)


def _finite(values: FloatArray) -> list[float | None]:
    return [value if math.isfinite(value) else None for value in values.tolist()]


def _mapped(before: Standardizer, after: Standardizer) -> Profile:
    """The new profile as its rows would look, standardized by ``after`` and back by ``before``.

    Gamma and beta are the same in both and cancel.
    """
    new = _numeric(after.profile)
    flat = after.constant | before.constant | ~(after.spread > 0)
    with np.errstate(all="ignore"):
        ratio = np.where(flat, 0.0, before.spread / after.spread)
        maps = [
            _Map(*each)
            for each in zip(ratio.tolist(), after.mean.tolist(), before.mean.tolist(), strict=True)
        ]
        moments = [one(new.moments[at : at + 1]) for at, one in enumerate(maps)]
        quantiles = tuple(one.points(kept) for one, kept in zip(maps, new.quantiles, strict=False))
    return replace(new, moments=Moments.stack(moments), quantiles=quantiles)


@dataclass(frozen=True, slots=True)
class _Map:
    """``x -> (x - centre) * ratio + target`` for one channel; the ends of nothing stay infinite."""

    ratio: float
    centre: float
    target: float

    def values(self, x: FloatArray) -> FloatArray:
        gap = np.where(np.isfinite(x), x - self.centre, x)
        return gap * self.ratio + self.target if self.ratio else np.full(x.shape, self.target)

    def __call__(self, moments: Moments) -> Moments:
        if not moments.count.any():
            return moments
        square = self.ratio * self.ratio
        return replace(
            moments,
            pivot=self.values(moments.pivot),
            mean=moments.mean * self.ratio,
            m2=moments.m2 * square,
            m2_low=moments.m2_low * square,
            min=self.values(moments.min),
            max=self.values(moments.max),
        )

    def points(self, kept: Quantiles) -> Quantiles:
        if not kept.count:
            return kept
        low, high = self.values(np.array([kept.minimum, kept.maximum])).tolist()
        return replace(kept, points=self.values(kept.points), minimum=low, maximum=high)
