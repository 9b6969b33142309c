"""Everything measured on one numeric channel."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

import numpy as np

from bncli.shift import decompose, dependence, distances, resampling, significance
from bncli.shift.finding import Finding, finite, missing, nothing_but_missing, same_share
from bncli.shift.model import Measured
from bncli.shift.options import ShiftOptions
from bncli.shift.picture import numeric_curves, numeric_picture
from bncli.shift.ties import aligned
from bncli.stats.lag import Lag
from bncli.stats.moments import Moments
from bncli.stats.profile import Channel, Profile
from bncli.stats.quantiles import Quantiles

FAMILIES = 3  # distribution, binned, missing


@dataclass(frozen=True, slots=True, eq=False)
class NumericSide:
    """One channel of a profile, by itself. quantiles: None where the profile kept none; lag: None
    where it is of an older program.
    """

    moments: Moments
    missing: int
    quantiles: Quantiles | None
    lag: Lag | None = None

    @classmethod
    def of(cls, profile: Profile, at: int) -> Self:
        kept = profile.quantiles[at] if profile.quantiles else None
        lag = profile.lag[at] if profile.lag.shape == profile.moments.shape else None
        return cls(profile.moments[at], int(profile.missing.total[at]), kept, lag)

    @property
    def count(self) -> int:
        return int(self.moments.count)

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


def measure_numeric(
    channel: Channel,
    train: NumericSide,
    test: NumericSide,
    options: ShiftOptions,
    rng: np.random.Generator,
) -> Measured:
    """Compare one channel by all that both sides keep of it; both must have rows."""
    found = missing(train.missing, train.rows, test.missing, test.rows)
    ours, theirs = train.quantiles, test.quantiles
    rank_error, detectable, picture, curves = 0.0, {}, None, None
    if not (train.count and test.count):
        found += nothing_but_missing(train.count)
    elif ours is None or theirs is None:
        found += _moments_only(train, test)
    else:
        found += _distribution(train, test, (ours, theirs), options, rng)
        rank_error = ours.rank_error + theirs.rank_error
        alpha = options.alpha / FAMILIES
        smallest = significance.smallest_ks(train.count, test.count, alpha, rank_error)
        detectable = {"ks": smallest}
        if not options.sparing:
            picture, curves = numeric_picture(ours, theirs), numeric_curves(ours, theirs)
    found += Finding(dependence.lags(train, test))
    return Measured(
        channel.feature,
        channel.channel,
        channel.label,
        "numeric",
        train.count,
        test.count,
        finite(found.measures),
        finite(found.effects),
        found.chances,
        rank_error,
        detectable,
        found.notes,
        picture,
        curves=curves,
        means=_both(train.middle, test.middle),
        sds=_both(train.sd, test.sd),
        cautions=dependence.cautions(train, test),
    )


def _both(train: float, test: float) -> tuple[float, float] | None:
    """None where a side is empty or overflowed: a report holds numbers only."""
    return (train, test) if math.isfinite(train) and math.isfinite(test) else None


def gap_of_means(train: NumericSide, test: NumericSide) -> float:
    """Test mean less training mean, from both words of each, so that offsets cancel."""
    ours, theirs = train.moments, test.moments
    return float((theirs.pivot - ours.pivot) + (theirs.mean - ours.mean))


def _location_and_scale(train: NumericSide, test: NumericSide) -> dict[str, float]:
    found = {}
    if train.sd > 0.0:
        found["location"] = decompose.location(gap_of_means(train, test), train.sd)
        if test.sd > 0.0:
            found["scale"] = decompose.scale(train.sd, test.sd)
    return found


def _distribution(
    train: NumericSide,
    test: NumericSide,
    kept: tuple[Quantiles, Quantiles],
    options: ShiftOptions,
    rng: np.random.Generator,
) -> Finding:
    """All that the two distributions say. A constant training side is judged by KS and range."""
    ours, theirs = kept
    # Ranks and bins see the smallest step beside a value that repeats; distances in units do not.
    ranked = aligned(theirs, ours)
    found = Finding(_location_and_scale(train, test))
    found += _points(ours, theirs, ranked, train.sd, options.negligible_p)
    found += _bins(ours, ranked, options, rng)
    found += Finding(_w2(train, ours, test, theirs))
    outside = distances.out_of_range(ranked, *train.ends)
    found += Finding({"out_of_range": outside})
    if train.sd != 0.0:
        return found
    # One bin edge cannot see what falls below a constant; KS and the range can.
    effects = {"ks": found.effects["ks"], "out_of_range": outside}
    chances = {"distribution": found.chances["distribution"]}
    return Finding(found.measures, effects, chances, (*found.notes, "constant in training"))


def _points(
    ours: Quantiles, theirs: Quantiles, ranked: Quantiles, sd: float, negligible: float
) -> Finding:
    """The registered distances between distribution functions, and the family's p-value."""
    registry = distances.POINT_DISTANCES
    measures = {name: registry[name](ours, theirs) for name in registry}
    measures["ks"] = registry["ks"](ours, ranked)
    p = significance.ks_p(ours, ranked, measures["ks"], negligible)
    effects = {"ks": measures["ks"]}
    if sd != 0.0:
        measures["w1_sd"] = effects["w1_sd"] = distances.w1_sd(measures["w1"], sd)
    return Finding({**measures, "ks_p": p}, effects, {"distribution": p})


def _bins(
    ours: Quantiles, theirs: Quantiles, options: ShiftOptions, rng: np.random.Generator
) -> Finding:
    """The distances over bins of the training side's making, and their chance."""
    rows = distances.binned(ours, theirs, options.binning_policy.edges(ours))
    n = significance.worth_rows(ours.count, ours.rank_error)
    k = significance.worth_rows(theirs.count, theirs.rank_error)
    counted = significance.scaled(rows, n, k)
    p = resampling.binned_p(counted, options.psi_floor, rng, options.draws)
    found = distances.share_distances(rows, options.psi_floor)
    by_chance = distances.psi_expected(rows.train.size, n, k)
    return Finding(
        {**found, "psi_p": p, "psi_expected": by_chance},
        {"psi": found["psi"], "js": found["js"]},
        {"binned": p},
    )


def _w2(
    train: NumericSide, ours: Quantiles, test: NumericSide, theirs: Quantiles
) -> dict[str, float]:
    rest = decompose.one_minus_rho(ours, theirs)
    parts = decompose.decompose(gap_of_means(train, test), train.sd, test.sd, rest)
    found = {
        "w2": parts.w2,
        "w2_location": parts.location,
        "w2_scale": parts.scale,
        "w2_shape": parts.shape,
    }
    share = decompose.removable(parts, train.sd)
    if share is not None and not decompose.is_discrete(ours, theirs):
        found["removable"] = share
    return found


def _moments_only(train: NumericSide, test: NumericSide) -> Finding:
    """What is left where a side kept no quantiles: the means, the spreads and the ranges."""
    bare = [name for name, side in (("training", train), ("test", test)) if not side.quantiles]
    note = f"no quantiles on the {' and '.join(bare)} side: moments only"
    measures = _location_and_scale(train, test) | _range(train, test)
    p = significance.means_p(
        gap_of_means(train, test), train.variance, train.count, test.variance, test.count
    )
    # W1/sd is never smaller than the distance of the means, so its thresholds hold here.
    effects = {"location": abs(measures["location"])} if "location" in measures else {}
    if train.sd == 0.0 and "out_of_range" in measures:
        effects["out_of_range"] = measures["out_of_range"]
    return Finding(measures, effects, {"distribution": p}, (note,))


def _range(train: NumericSide, test: NumericSide) -> dict[str, float]:
    """Out of range, where the test side's own ends or its quantiles can tell."""
    low, high = train.ends
    if low <= test.ends[0] and test.ends[1] <= high:
        return {"out_of_range": 0.0}
    if test.ends[1] < low or test.ends[0] > high:
        return {"out_of_range": 1.0}
    if test.quantiles:
        return {"out_of_range": distances.out_of_range(test.quantiles, low, high)}
    return {}
