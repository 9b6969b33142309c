"""Everything measured on one numeric channel."""

from __future__ import annotations

import math

import numpy as np

from bncli.shift import decompose, dependence, distances, power, resampling, significance
from bncli.shift.finding import Finding, missing, nothing_but_missing
from bncli.shift.model import Measured
from bncli.shift.moments_only import moments_only
from bncli.shift.options import ShiftOptions
from bncli.shift.picture import numeric_curves, numeric_picture
from bncli.shift.sides import NumericSide, gap_of_means, location_and_scale
from bncli.shift.ties import aligned
from bncli.stats.profile import Channel
from bncli.stats.quantiles import Quantiles

FAMILIES = 3  # distribution, binned, missing


def measure_numeric(
    channel: Channel,
    train: NumericSide,
    test: NumericSide,
    options: ShiftOptions,
    rng: np.random.Generator,
) -> Measured:
    """Compare one channel by all that both sides keep of it; both must have rows."""
    alpha = options.alpha / FAMILIES
    found = missing(*train.lost, *test.lost, alpha)
    ours, theirs = train.quantiles, test.quantiles
    rank_error, picture, curves = 0.0, None, None
    if not (train.count and test.count):
        found += nothing_but_missing(train.count)
    elif ours is None or theirs is None:
        found += moments_only(train, test, alpha)
    else:
        found += _distribution(train, test, (ours, theirs), options, rng)
        rank_error = ours.rank_error + theirs.rank_error
        if not options.sparing:
            picture, curves = numeric_picture(ours, theirs), numeric_curves(ours, theirs)
    found += Finding(dependence.lags(train, test))
    whole = Measured(
        channel.feature,
        channel.channel,
        channel.label,
        "numeric",
        train.count,
        test.count,
        {},
        {},
        {},
        rank_error,
        picture=picture,
        curves=curves,
        means=_both(train.middle, test.middle),
        sds=_both(train.sd, test.sd),
        cautions=dependence.cautions(train, test),
    )
    return found.added_to(whole)


def _both(train: float, test: float) -> tuple[float, float] | None:
    """None where a side is empty or overflowed: a report holds numbers only."""
    return (train, test) if math.isfinite(train) and math.isfinite(test) else None


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
    found = Finding(location_and_scale(train, test))
    found += _points(train, test, kept, ranked, options)
    found += _bins(train, test, (ours, ranked), options, rng)
    found += _parts(train, test, kept, options)
    outside = distances.out_of_range(ranked, *train.ends)
    found += Finding({"out_of_range": outside})
    if train.sd != 0.0:
        return found
    # One bin edge cannot see what falls below a constant; KS and the range can.
    effects = {"ks": found.effects["ks"], "out_of_range": outside}
    chances = {"distribution": found.chances["distribution"]}
    notes = (*found.notes, "constant in training")
    return Finding(found.measures, effects, chances, notes, {"ks": found.smallest["ks"]})


def _points(
    train: NumericSide,
    test: NumericSide,
    kept: tuple[Quantiles, Quantiles],
    ranked: Quantiles,
    options: ShiftOptions,
) -> Finding:
    """The registered distances between distribution functions, and the family's p-value."""
    ours, theirs = kept
    registry, others = distances.POINT_DISTANCES, {"ks": ranked}
    measures = {name: registry[name](ours, others.get(name, theirs)) for name in registry}
    p = significance.ks_p(ours, ranked, measures["ks"], options.negligible_p, train.positions)
    effects = {"ks": measures["ks"]}
    if train.sd != 0.0:
        measures["w1_sd"] = effects["w1_sd"] = distances.w1_sd(measures["w1"], train.sd)
    off, alpha = ours.rank_error + theirs.rank_error, options.alpha / FAMILIES
    smallest = {"ks": power.smallest_ks(train.worth, test.worth, alpha, off)}
    return Finding({**measures, "ks_p": p}, effects, {"distribution": p}, smallest=smallest)


def _bins(
    train: NumericSide,
    test: NumericSide,
    kept: tuple[Quantiles, Quantiles],
    options: ShiftOptions,
    rng: np.random.Generator,
) -> Finding:
    """The distances over bins of the training side's making, and their chance."""
    ours, theirs = kept
    rows = distances.binned(ours, theirs, options.binning_policy.edges(ours))
    n = significance.worth_rows(train.worth, ours.rank_error)
    k = significance.worth_rows(test.worth, theirs.rank_error)
    counted = significance.scaled(rows, n, k)
    p = resampling.binned_p(counted, options.psi_floor, rng, options.draws)
    found = distances.share_distances(rows, options.psi_floor)
    by_chance = distances.psi_expected(rows.train.size, n, k)
    return Finding(
        {**found, "psi_p": p, "psi_expected": by_chance},
        {"psi": found["psi"], "js": found["js"]},
        {"binned": p},
        smallest={"psi": power.smallest_psi(n, k, rows.train.size, options.alpha / FAMILIES)},
    )


def _parts(
    train: NumericSide,
    test: NumericSide,
    kept: tuple[Quantiles, Quantiles],
    options: ShiftOptions,
) -> Finding:
    """W2 by its parts, and what of the shift standardizing again would leave."""
    ours, theirs = kept
    rest = decompose.one_minus_rho(ours, theirs)
    parts = decompose.decompose(gap_of_means(train, test), train.sd, test.sd, rest)
    found = {
        "w2": parts.w2,
        "w2_location": parts.location,
        "w2_scale": parts.scale,
        "w2_shape": parts.shape,
    }
    share = decompose.removable(parts, train.sd)
    if share is None or decompose.is_discrete(ours, theirs):
        return Finding(found)
    found["removable"] = share
    if not test.sd > 0.0:
        return Finding(found)
    sides = (train.middle, test.middle), (train.sd, test.sd)
    left = found["ks_left"] = decompose.ks_left(ours, theirs, *sides)
    off = ours.rank_error + theirs.rank_error
    by_chance = power.smallest_ks(train.worth, test.worth, options.alpha / FAMILIES, off)
    if left < options.limits("ks")[0] or left <= by_chance:
        return Finding(found)
    return Finding(found, notes=(f"standardizing again leaves a shift in shape: ks {left:.3g}",))
