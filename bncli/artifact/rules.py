"""The rules that tie fields of a well-shaped record to each other."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np

from bncli.artifact.parse import shortened
from bncli.artifact.shape import MAX_INTEGER, Problems
from bncli.registry import Registry
from bncli.stats.exact import FloatArray
from bncli.stats.layout import Layout
from bncli.stats.running import POLICIES
from bncli.stats.state import Record
from bncli.stats.temporal import CAPACITY, WIDTHS, repeated

_ROUNDING = 1e-9
_NEEDED = {"exponential": ("momentum", "initial"), "adapted": ("prior", "pooled")}
# 3*12 stands for twelve threes.
_WHOLE = re.compile(r"-?[0-9]{1,19}(?:\*[0-9]{1,5})?(?: -?[0-9]{1,19}(?:\*[0-9]{1,5})?)*")


def check(record: Record, problems: Problems) -> None:
    """Tell ``problems`` about every rule that a well-shaped record breaks."""
    _check_rows(record, problems)
    _check_policy(record["running"], POLICIES, problems)
    _check_unique(record, problems)
    _check_tensors(record, problems)
    if not _all_in_order(record):
        for at, channel in enumerate(record["channels"]):
            _check_channel(channel, f"channels[{at}]", record, problems)
    for at, column in enumerate(record["categories"]):
        _check_categories(column, f"categories[{at}]", record["rows"], problems)
    for at, column in enumerate(record["temporal"]):
        _check_temporal(column, f"temporal[{at}]", record["rows"], problems)
    if not isinstance(record["fit"], dict):
        problems.add("fit", "must be an object")
    _check_profile(record, problems)


def _check_rows(record: Record, problems: Problems) -> None:
    rows, batches, size = record["rows"], record["batches"], record["batch_size"]
    # A ragged tail may be a mini-batch of its own, or make the last one up to 2 * size - 1 long.
    if not math.ceil(rows / (2 * size - 1)) <= batches <= rows:
        problems.add("batches", f"is {batches}, which cannot be of {rows} rows in {size}s")


def _check_policy(running: Record, policies: Registry, problems: Problems) -> None:
    policy = running["policy"]
    if policy not in policies:
        known = ", ".join(policies)
        problems.add("running.policy", f"is {shortened(policy)}, and must be one of {known}")
    for name in _NEEDED.get(policy, ()):
        if running[name] is None:
            problems.add(f"running.{name}", f"must be given for the {policy} policy")


def _check_unique(record: Record, problems: Problems) -> None:
    seen: set[tuple[str, int]] = set()
    for at, channel in enumerate(record["channels"]):
        key = (channel["feature"], channel["channel"])
        if key in seen:
            problems.add(f"channels[{at}]", f"is {shortened(key[0])}, {key[1]} once more")
        seen.add(key)
    features = {feature for feature, _ in seen}
    for part in ("categories", "temporal", "others"):
        for at, column in enumerate(record[part]):
            if column["feature"] in features:
                told = f"is {shortened(column['feature'])} once more"
                problems.add(f"{part}[{at}].feature", told)
            features.add(column["feature"])


def _all_in_order(record: Record) -> bool:
    """Whether every plain channel without a sketch keeps the rules of ``_check_channel``.

    Looks at all of them at once, and says no where it cannot tell.
    """
    channels = record["channels"]
    states = [channel["state"] for channel in channels]
    if any(each["layout"] is not None or each["quantiles"] is not None for each in channels):
        return False
    if any(each["channel"] for each in channels) or any(states[0]["running"]):
        return False
    read = [[each[name] for each in channels] for name in ("min", "mean", "max", "variance")]
    counts = [each["count"] for each in channels]
    if min(counts) < 1 or any(None in column for column in read):
        return False
    low, mean, high = (np.array(column) for column in read[:3])
    slack = _ROUNDING * np.maximum(np.abs(low), np.abs(high))
    ends = (low <= high) & (low - slack <= mean) & (mean <= high + slack)
    whole = max(each["count"] + each["missing"] for each in channels) <= record["rows"]
    squares = all(abs(each["moments"]["m2"][1]) <= each["moments"]["m2"][0] for each in states)
    pairs = [0 if each["lag"] is None else each["lag"]["pairs"] for each in states]
    lags = all(many < count for many, count in zip(pairs, counts, strict=True))
    return bool(ends.all()) and whole and squares and lags


def _check_channel(channel: Record, path: str, record: Record, problems: Problems) -> None:
    count, missing = channel["count"], channel["missing"]
    positions = _positions(channel, path, problems)
    if count + missing > record["rows"] * positions:
        problems.add(f"{path}.count", f"and missing are more than {record['rows']} rows")
    read = ("mean", "variance", "min", "max")
    wrong = [name for name in read if (channel[name] is None) != (count == 0)]
    for name in wrong:
        problems.add(f"{path}.{name}", f"must be null if and only if count is 0, and it is {count}")
    if count and not wrong:
        _check_ends(channel, path, problems)
    high, low = channel["state"]["moments"]["m2"]
    if abs(low) > high:
        problems.add(f"{path}.state.moments.m2", "must be a large part and a small one")
    means, variances = _batches_seen(channel["state"]["running"])
    if not (means <= record["batches"] and variances <= means):
        problems.add(f"{path}.state.running", "counts more mini-batches than there are")
    lag = channel["state"]["lag"]
    if lag is not None and lag["pairs"] >= count:
        problems.add(f"{path}.state.lag.pairs", f"must be below count, which is {count}")
    if channel["quantiles"] is not None:
        _check_sketch(channel["quantiles"], f"{path}.quantiles", count, problems)


def _positions(channel: Record, path: str, problems: Problems) -> int:
    """Values in a row, of a channel whose layout is in order."""
    if channel["layout"] is None:
        if channel["channel"]:
            problems.add(f"{path}.channel", "is not 0, and there is no layout")
        return 1
    try:
        layout = Layout.parse(channel["layout"])
    except ValueError as error:
        problems.add(f"{path}.layout", f"is no layout: {error}")
        return 1
    if channel["channel"] >= layout.channels:
        problems.add(f"{path}.channel", f"is {channel['channel']} of {layout.channels} channels")
    return int(layout.positions)


def _check_tensors(record: Record, problems: Problems) -> None:
    """Every channel of a tensor is there, and all say the same of how it is laid out."""
    layouts: dict[str, list[str | None]] = {}
    for channel in record["channels"]:
        layouts.setdefault(channel["feature"], []).append(channel["layout"])
    for feature, said in layouts.items():
        if said == [None]:
            continue
        if len(set(said)) > 1:
            problems.add("channels", f"say two things of how {shortened(feature)} is laid out")
        elif said[0] is not None and _channels_of(said[0]) not in (None, len(said)):
            problems.add("channels", f"are {len(said)} of {shortened(feature)}, not all of them")


def _channels_of(layout: str) -> int | None:
    try:
        return Layout.parse(layout).channels
    except ValueError:
        return None  # told where the channel is checked


def _check_ends(channel: Record, path: str, problems: Problems) -> None:
    low, mean, high = channel["min"], channel["mean"], channel["max"]
    slack = _ROUNDING * max(abs(low), abs(high))
    if not (low <= high and low - slack <= mean <= high + slack):
        problems.add(f"{path}.mean", f"must be from min {low} to max {high}, and is {mean}")


def _batches_seen(running: Record) -> tuple[float, float]:
    """How many mini-batches the sums of a running policy stand for; 0 where it has none."""
    sums = len(running.get("mean", ())) == 3
    return (running["mean"][0], running["variance"][0]) if sums else (0, 0)


def _check_sketch(sketch: Record, path: str, count: int, problems: Problems) -> None:
    points, weights = sketch["points"], sketch["weights"]
    if weights.size == 1:
        weights = np.full(points.size, weights[0])
    ends = (sketch["minimum"], sketch["maximum"])
    if sketch["count"] != count:
        problems.add(f"{path}.count", f"must be the channel's {count}, and is {sketch['count']}")
    elif count == 0:
        if points.size or weights.size or ends != (None, None):
            problems.add(path, "must be empty where count is 0")
    elif weights.size != points.size:
        problems.add(f"{path}.weights", f"are {weights.size}, and points are {points.size}")
    elif None in ends or not points.size:
        problems.add(path, "has no points, no minimum or no maximum, though count is not 0")
    else:
        _check_points(points, weights, sketch, path, problems)


def _check_points(
    points: FloatArray, weights: FloatArray, sketch: Record, path: str, problems: Problems
) -> None:
    low, high, count = sketch["minimum"], sketch["maximum"], sketch["count"]
    if (points[1:] < points[:-1]).any():
        problems.add(f"{path}.points", "must be sorted")
    if not low <= points[0] <= points[-1] <= high:
        problems.add(f"{path}.points", f"must be from minimum {low} to maximum {high}")
    if (weights <= 0).any():
        problems.add(f"{path}.weights", "must be positive")
    if not math.isclose(math.fsum(weights), count, rel_tol=_ROUNDING):
        problems.add(f"{path}.weights", f"must add up to count {count}")


def _check_categories(column: dict[str, Any], path: str, rows: int, problems: Problems) -> None:
    count, values = column["count"], column["values"]
    total = sum(number for _, number in values)
    if count + column["missing"] > rows:
        problems.add(f"{path}.count", f"and missing are more than {rows} rows")
    if len({value for value, _ in values}) != len(values):
        problems.add(f"{path}.values", "names a value twice")
    if len(values) > column["capacity"]:
        problems.add(f"{path}.values", f"are more than capacity {column['capacity']}")
    if column["exact"] != (column["bound"] == 0):
        problems.add(f"{path}.exact", f"does not agree with bound {column['bound']}")
    elif total > count or (column["exact"] and total != count):
        problems.add(f"{path}.values", f"add up to {total}, and count is {count}")


def _check_temporal(column: dict[str, Any], path: str, rows: int, problems: Problems) -> None:
    count, width, ends = column["count"], column["width"], (column["first"], column["last"])
    steps, counts = (_integers(column[name], f"{path}.{name}", problems) for name in _CELLS)
    if count + column["missing"] > rows:
        problems.add(f"{path}.count", f"and missing are more than {rows} rows")
    if width not in WIDTHS:
        problems.add(f"{path}.width", "is no width of a cell")
    elif steps is None or counts is None:
        return
    elif count == 0:
        if steps or counts or ends != (None, None):
            problems.add(path, "must be empty where count is 0")
    elif len(steps) != len(counts) or not 0 < len(steps) <= CAPACITY:
        problems.add(f"{path}.steps", f"must be as many as rows, and from 1 to {CAPACITY}")
    elif min(steps[1:], default=1) < 1:
        problems.add(f"{path}.steps", "must be positive after the first")
    elif min(counts) < 1 or sum(counts) != count:
        problems.add(f"{path}.rows", f"must be positive and add up to count {count}")
    elif None in ends or not _are_in(ends, steps[0] * width, sum(steps) * width, width):
        problems.add(path, "has ends that are not in its first and last cell")


_CELLS = ("steps", "rows")


def _are_in(ends: tuple[int, int], lowest: int, highest: int, width: int) -> bool:
    """Whether the ends lie in the cells that start at ``lowest`` and ``highest``, in order."""
    first, last = ends
    inside = 0 <= first - lowest < width and 0 <= last - highest < width
    return inside and first <= last and max(abs(lowest), abs(highest)) <= MAX_INTEGER


def _integers(text: str, path: str, problems: Problems) -> list[int] | None:
    """Whole numbers, or number*times, parted by spaces; None, and a problem told, otherwise."""
    if text and not _WHOLE.fullmatch(text):
        problems.add(path, "must be whole numbers parted by single spaces")
        return None
    found = list(repeated(text))
    if any(abs(value) > MAX_INTEGER for value in found):
        problems.add(path, "must be of 64 bits")
        return None
    return found


def _check_profile(record: Record, problems: Problems) -> None:
    """Sketches are there for every channel, or for none."""
    kept = {channel["quantiles"] is not None for channel in record["channels"]}
    if len(kept) > 1 or record["profile"] not in (None, *kept):
        problems.add("profile", "must be true if every channel has quantiles, false if none has")
