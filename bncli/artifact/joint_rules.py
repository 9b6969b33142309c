"""The rules that a well-shaped record's ``covariance`` must keep."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from bncli.artifact.shape import Problems
from bncli.stats.state import Record

_ROUNDING = 1e-6
_UNDERFLOW = 1e-290  # squares of values near 1e-160 lose their digits before products do


def check(record: Record, problems: Problems) -> None:
    """Tell ``problems`` about every rule that the covariance breaks, where there is one."""
    found = record["covariance"]
    if found is None:
        return
    _check_channels(found["channels"], record["channels"], problems)
    if found["rows"] > record["rows"]:
        problems.add("covariance.rows", f"must be at most {record['rows']}, and is {found['rows']}")
    counted = sum(group["count"] for group in found["groups"])
    if counted > found["rows"]:
        problems.add("covariance.groups", f"count {counted} rows, and there are {found['rows']}")
    if len({tuple(group["lacking"]) for group in found["groups"]}) < len(found["groups"]):
        problems.add("covariance.groups", "name the same lacking channels twice")
    for at, group in enumerate(found["groups"]):
        _check_group(group, f"covariance.groups[{at}]", len(found["channels"]), problems)


def _check_channels(chosen: list[int], channels: list[Any], problems: Problems) -> None:
    if any(second <= first for first, second in pairwise(chosen)):
        problems.add("covariance.channels", "must be ascending")
    elif chosen and chosen[-1] >= len(channels):
        problems.add("covariance.channels", f"names channel {chosen[-1]} of {len(channels)}")


def _check_group(group: Record, path: str, width: int, problems: Problems) -> None:
    lacking = group["lacking"]
    if lacking != sorted(set(lacking)) or (lacking and lacking[-1] >= width):
        problems.add(f"{path}.lacking", f"must be ascending places of {width} channels")
        return
    present = width - len(lacking)
    sizes = {"pivot": present, "mean": present, "m2": present * (present + 1) // 2}
    for name, size in sizes.items():
        if group[name].size != size:
            problems.add(f"{path}.{name}", f"must be {size} numbers, and is {group[name].size}")
            return
    _check_squares(group["m2"], present, f"{path}.m2", problems)


def _check_squares(triangle: Any, size: int, path: str, problems: Problems) -> None:
    """Sums of squares are not negative, and no product is beyond what its squares allow."""
    rows, columns = np.tril_indices(size)
    squares = triangle[rows == columns]
    if (squares < 0).any():
        problems.add(path, "must have no negative sum of squares")
        return
    roots = np.sqrt(squares + _UNDERFLOW)
    if (np.abs(triangle) > roots[rows] * roots[columns] * (1 + _ROUNDING)).any():
        problems.add(path, "holds a product larger than its sums of squares allow")
