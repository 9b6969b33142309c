"""What is left to compare where a side kept no quantiles: means, spreads and ranges."""

from __future__ import annotations

from bncli.shift import distances, power, significance
from bncli.shift.finding import Finding
from bncli.shift.sides import NumericSide, gap_of_means, location_and_scale


def moments_only(train: NumericSide, test: NumericSide, alpha: float) -> Finding:
    """Location and scale, and the range as far as it is known."""
    bare = [name for name, side in (("training", train), ("test", test)) if not side.quantiles]
    note = f"no quantiles on the {' and '.join(bare)} side: moments only"
    measures = location_and_scale(train, test) | _outside(train, test)
    p = significance.means_p(
        gap_of_means(train, test), train.variance, train.worth, test.variance, test.worth
    )
    # W1/sd is never smaller than the distance of the means, so its thresholds hold here.
    effects, smallest = {}, {}
    if "location" in measures:
        sds = train.sd, test.sd
        effects["location"] = abs(measures["location"])
        smallest["location"] = power.smallest_location(train.worth, test.worth, sds, alpha)
    if train.sd == 0.0 and "out_of_range" in measures:
        effects["out_of_range"] = measures["out_of_range"]
    return Finding(measures, effects, {"distribution": p}, (note,), smallest)


def _outside(train: NumericSide, test: NumericSide) -> dict[str, float]:
    """Out of range, where the test side's own ends or its quantiles can tell."""
    low, high = train.ends
    if low <= test.ends[0] and test.ends[1] <= high:
        return {"out_of_range": 0.0}
    if test.ends[1] < low or test.ends[0] > high:
        return {"out_of_range": 1.0}
    if test.quantiles:
        return {"out_of_range": distances.out_of_range(test.quantiles, low, high)}
    return {}
