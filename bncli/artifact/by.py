"""Statistics per group in a record: ``by``, an object of its own beside ``channels``.

Decision. Ten thousand groups of twenty channels are two million numbers. One text of numbers per
channel and field, parted by spaces in the order of the groups, loads in a second and keeps the
file readable line by line; one number alone stands for all groups. Nothing is written that could
contradict the rest: a count is ``rows`` (times the positions of a tensor) less what is missing,
``mean`` is the mean as a float64 (``mean_low`` what it lacks), and ``m2`` over the count is the
variance.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields as fields_of
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bncli.artifact.numbers import as_text, floats, integers
from bncli.artifact.shape import Checker, fields, items, text
from bncli.errors import ArtifactError
from bncli.stats.groups import MOST_CELLS, Groups
from bncli.stats.layout import Layout
from bncli.stats.missing import Missing
from bncli.stats.moments import Moments
from bncli.stats.running import POLICIES, Policy
from bncli.stats.state import Record

MISSING = ("nulls", "nans", "infinite")
MOMENTS = {"mean": "pivot", "mean_low": "mean", "m2": "m2", "m2_low": "m2_low"}
_POSITIVE = frozenset({"means", "variances", "variance_sum", "add_variance"})
_SHARES = frozenset({"keep_mean", "keep_variance"})


def checker(policy: Any) -> Checker:
    """The shape of ``by`` under a running policy, whose name may be anything still."""
    known = isinstance(policy, str) and policy in POLICIES and policy != "adapted"
    running = {
        name: _domain(name) for name in (_running_names(POLICIES[policy]()) if known else ())
    }
    channel = fields(
        **dict.fromkeys(MISSING, integers()),
        **dict.fromkeys(("min", "max", "mean", "mean_low", "m2_low"), floats()),
        m2=floats(0.0),
        running=fields(**running),
    )
    return fields(
        column=text(),
        type=text(1000),
        groups=items(text(), 0, MOST_CELLS),
        rows=integers(1),
        batches=integers(1),
        channels=items(channel),
    )


def to_record(groups: Groups) -> dict[str, Any]:
    """Raises ArtifactError when a number is not finite."""
    return {
        "column": groups.column,
        "type": groups.type,
        "groups": list(groups.keys),
        "rows": as_text(groups.rows),
        "batches": as_text(groups.batches),
        "channels": [_channel(groups, at) for at in range(groups.moments.shape[1])],
    }


def from_record(record: Record, policy: Policy) -> Groups | None:
    """The groups of a checked record."""
    by = record["by"]
    if by is None:
        return None
    count = len(by["groups"])

    def column(name: str) -> NDArray[Any]:
        return _stacked([each[name] for each in by["channels"]], count)

    missing = Missing(*(column(name) for name in MISSING))
    rows = spread(by["rows"], count)
    values = np.array([positions(channel) for channel in record["channels"]])
    present = rows[:, None] * values - missing.total
    ends = (
        np.where(present > 0, column(name), empty)
        for name, empty in (("min", np.inf), ("max", -np.inf))
    )
    moments = Moments(present, *(column(name) for name in MOMENTS), *ends)
    running = [
        _stacked([each["running"][name] for each in by["channels"]], count)
        for name in _running_names(policy)
    ]
    empty = policy.empty(count, len(by["channels"]))
    state = type(empty)(*running) if running else empty
    return Groups(
        by["column"],
        by["type"],
        tuple(by["groups"]),
        rows,
        spread(by["batches"], count),
        moments,
        missing,
        state,
    )


def _channel(groups: Groups, at: int) -> dict[str, Any]:
    moments, missing, running = groups.moments[:, at], groups.missing[:, at], groups.running[:, at]
    seen = moments.count > 0
    columns = {
        **{name: getattr(missing, name) for name in MISSING},
        "min": np.where(seen, moments.min, 0.0),
        "max": np.where(seen, moments.max, 0.0),
        **{name: getattr(moments, field) for name, field in MOMENTS.items()},
    }
    state = {name: getattr(running, name) for name in _state_names(running)}
    for name, values in {**columns, **state}.items():
        if not np.isfinite(values).all():
            raise ArtifactError(f"by.channels[{at}].{name} holds what no artifact can")
    texts: dict[str, Any] = {name: as_text(values) for name, values in columns.items()}
    return {**texts, "running": {name: as_text(values) for name, values in state.items()}}


def _running_names(policy: Policy) -> tuple[str, ...]:
    return _state_names(policy.empty(0))


def _state_names(state: Any) -> tuple[str, ...]:
    return tuple(field.name for field in fields_of(state) if field.name != "nothing")


def _domain(name: str) -> Checker:
    return floats(0.0, 1.0) if name in _SHARES else floats(0.0) if name in _POSITIVE else floats()


def positions(channel: Mapping[str, Any]) -> int:
    layout = channel["layout"]
    return 1 if layout is None else Layout.parse(layout).positions


def spread(values: NDArray[Any], count: int) -> NDArray[Any]:
    """One value for all groups, or one for each."""
    return np.broadcast_to(values, count).copy() if values.size == 1 else values


def _stacked(columns: list[NDArray[Any]], count: int) -> NDArray[Any]:
    """Shape (groups, channels)."""
    return np.stack([spread(column, count) for column in columns], axis=1)
