"""The rules that tie the statistics per group to each other, and to the rest of a record."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bncli.artifact.by import MISSING, MOMENTS, positions, spread
from bncli.artifact.shape import Problems
from bncli.stats.groups import MOST_CELLS
from bncli.stats.state import Record

_ROUNDING = 1e-9


def check(record: Record, problems: Problems) -> None:
    """The rules that tie ``by`` to the rest of a record whose channels are in order."""
    by = record["by"]
    if by is None:
        return
    if record["running"]["policy"] == "adapted":
        problems.add("by", "cannot be where statistics were adapted")
    keys, channels = by["groups"], record["channels"]
    if len(set(keys)) != len(keys):
        problems.add("by.groups", "names a group twice")
    if by["column"] in {channel["feature"] for channel in channels}:
        problems.add("by.column", "is one of the channels")
    if len(by["channels"]) != len(channels):
        told = f"are {len(by['channels'])}, and the artifact has {len(channels)}"
        problems.add("by.channels", told)
    elif len(keys) * len(channels) > MOST_CELLS:
        problems.add("by.groups", f"times the channels are more than {MOST_CELLS:,}")
    elif _have_one_length(by, problems):
        _check_rows(by, record, problems)
        initial = record["running"]["initial"]
        for at, (mine, channel) in enumerate(zip(by["channels"], channels, strict=True)):
            _check_channel(mine, by, channel, initial, f"by.channels[{at}]", problems)


def _have_one_length(by: Record, problems: Problems) -> bool:
    """Whether every text holds a number for each group, or one for all."""
    count, fine = len(by["groups"]), True
    holders = [("by", by), *((f"by.channels[{at}]", c) for at, c in enumerate(by["channels"]))]
    holders += [(f"{path}.running", c["running"]) for path, c in holders[1:]]
    for path, holder in holders:
        for name, values in holder.items():
            if isinstance(values, np.ndarray) and values.size not in {count, min(1, count)}:
                fine = False
                problems.add(f"{path}.{name}", f"are {values.size}, and groups are {count}")
    return fine


def _check_rows(by: Record, record: Record, problems: Problems) -> None:
    count, size = len(by["groups"]), record["batch_size"]
    rows, batches = spread(by["rows"], count), spread(by["batches"], count)
    # As Python's integers, which do not wrap around.
    if sum(rows.tolist()) > record["rows"]:
        problems.add("by.rows", f"add up to more than {record['rows']} rows")
    # A ragged tail may be a mini-batch of its own, or make the last one up to 2 * size - 1 long.
    elif ((batches > rows) | (batches.astype(float) * (2.0 * size - 1) < rows * (1 - 1e-12))).any():
        problems.add("by.batches", f"cannot be of so many rows in {size}s")


def _check_channel(
    mine: Record,
    by: Record,
    channel: Record,
    initial: tuple[float, float],
    path: str,
    problems: Problems,
) -> None:
    count = len(by["groups"])
    values = {name: spread(mine[name], count) for name in mine if name != "running"}
    limit = spread(by["rows"], count).astype(np.float64) * positions(channel)
    gone = sum(values[name].astype(np.float64) for name in MISSING)
    if not ((limit < 2.0**62) & (gone <= limit)).all():
        problems.add(f"{path}.nulls", "and nans and infinite are more than there are rows")
        return
    seen = gone < limit
    if (values["min"] > values["max"]).any():
        problems.add(f"{path}.min", "is above max")
    slack = _ROUNDING * np.maximum(np.abs(values["min"]), np.abs(values["max"]))
    mean = values["mean"]
    if ((mean < values["min"] - slack) | (mean > values["max"] + slack)).any():
        problems.add(f"{path}.mean", "must be from min to max")
    for high, low in (("mean", "mean_low"), ("m2", "m2_low")):
        if (np.abs(values[low]) > np.abs(values[high])).any():
            problems.add(f"{path}.{low}", f"must be smaller than {high}")
    if any(values[name][~seen].any() for name in ("min", "max", *MOMENTS)):
        problems.add(path, "must be 0 where a group has no value")
    running = {name: spread(values, count) for name, values in mine["running"].items()}
    if "means" in running:
        _check_sums(running, spread(by["batches"], count), path, problems)
    elif "add_mean" in running:
        _check_maps(running, initial, path, problems)


def _check_sums(running: Record, batches: NDArray[Any], path: str, problems: Problems) -> None:
    means, variances = running["means"], running["variances"]
    whole = (means % 1.0 == 0.0) & (variances % 1.0 == 0.0)
    if not (whole & (means <= batches) & (variances <= means)).all():
        problems.add(f"{path}.running", "counts mini-batches that there are not")


def _check_maps(
    running: Record, initial: tuple[float, float], path: str, problems: Problems
) -> None:
    with np.errstate(over="ignore"):
        means = running["keep_mean"] * initial[0] + running["add_mean"]
        variances = running["keep_variance"] * initial[1] + running["add_variance"]
    if not (np.isfinite(means) & np.isfinite(variances)).all():
        problems.add(f"{path}.running", "has values that do not fit a float64")
