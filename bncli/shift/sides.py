"""One channel of one side, by itself, and what two of them say by their moments."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

from bncli.shift import decompose
from bncli.shift.finding import same_share
from bncli.stats.lag import Lag
from bncli.stats.moments import Moments
from bncli.stats.profile import Profile
from bncli.stats.quantiles import Quantiles


@dataclass(frozen=True, slots=True, eq=False)
class NumericSide:
    """One channel of a profile, by itself. quantiles: None where the profile kept none; lag: None
    where it is of an older program; positions: values in a row.
    """

    moments: Moments
    missing: int
    quantiles: Quantiles | None
    lag: Lag | None = None
    positions: int = 1

    @classmethod
    def of(cls, profile: Profile, at: int) -> Self:
        kept = profile.quantiles[at] if profile.quantiles else None
        lag = profile.lag[at] if profile.lag.shape == profile.moments.shape else None
        missing, positions = int(profile.missing.total[at]), profile.channels[at].positions
        return cls(profile.moments[at], missing, kept, lag, positions)

    @property
    def count(self) -> int:
        return int(self.moments.count)

    @property
    def worth(self) -> float:
        """Independent rows that its present values are worth: those of one row count as one."""
        return self.count / self.positions

    @property
    def lost(self) -> tuple[float, float]:
        """Missing values, and all, in such independent rows."""
        return self.missing / self.positions, self.rows / self.positions

    @property
    def rows(self) -> int:
        """Present and missing values: rows, times positions for a tensor's channel."""
        return self.count + self.missing

    @property
    def variance(self) -> float:
        return float(self.moments.variance())

    @property
    def sd(self) -> float:
        """Population standard deviation; NaN where the moments overflowed."""
        return math.nan if self.moments.overflowed else math.sqrt(self.variance)

    @property
    def middle(self) -> float:
        """The mean; NaN of no values."""
        return float(self.moments.value())

    @property
    def ends(self) -> tuple[float, float]:
        return float(self.moments.min), float(self.moments.max)


def constant_on_both(train: NumericSide, test: NumericSide) -> str | None:
    """Why there is nothing to compare: one and the same value everywhere, as often missing."""
    if not (train.moments.constant and test.moments.constant) or gap_of_means(train, test) != 0.0:
        return None
    if not same_share(train.missing, train.rows, test.missing, test.rows):
        return None
    return f"constant on both sides: {train.ends[0]:g}"


def gap_of_means(train: NumericSide, test: NumericSide) -> float:
    """Test mean less training mean, from both words of each, so that offsets cancel."""
    ours, theirs = train.moments, test.moments
    return float((theirs.pivot - ours.pivot) + (theirs.mean - ours.mean))


def location_and_scale(train: NumericSide, test: NumericSide) -> dict[str, float]:
    found = {}
    if train.sd > 0.0:
        found["location"] = decompose.location(gap_of_means(train, test), train.sd)
        if test.sd > 0.0:
            found["scale"] = decompose.scale(train.sd, test.sd)
    return found
