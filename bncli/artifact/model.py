"""The artifact's record, and the standardizer: one to the other without losing a bit.

A record is made of plain JSON values, its fields and their order as CONTRACTS.md fixes them.
What is written beside the states for people (mean, variance, running values) is read back
only to be compared with them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, fields
from functools import lru_cache
from typing import Any

import numpy as np

from bncli.artifact import by, learned
from bncli.artifact.check import checked
from bncli.artifact.migrate import FORMAT, VERSION, migrated
from bncli.artifact.shape import Problems
from bncli.errors import ArtifactError
from bncli.standardize.standardizer import Standardizer
from bncli.stats.categories import Categories
from bncli.stats.covariance import Covariance
from bncli.stats.exact import FloatArray
from bncli.stats.lag import Lag
from bncli.stats.missing import Missing
from bncli.stats.moments import Moments
from bncli.stats.profile import Channel, Profile, Source
from bncli.stats.quantiles import Quantiles
from bncli.stats.running import POLICIES, Policy
from bncli.stats.state import Record
from bncli.stats.temporal import Temporal
from bncli.version import __version__

_AGREEMENT = 1e-9
_NAMES = tuple(field.name for field in fields(Channel))


def to_record(standardizer: Standardizer) -> dict[str, Any]:
    """All of a standardizer as plain JSON values.

    Raises ArtifactError when a number in it is not finite.
    """
    profile = standardizer.profile
    record: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "created_by": f"bncli {__version__}",
        "rows": profile.rows,
        "batches": profile.batches,
        "batch_size": profile.batch_size,
        "eps": float(standardizer.eps),
        "eps_relative": standardizer.eps_relative,
        "running": standardizer.policy.to_record(),
        "sources": [asdict(source) for source in standardizer.sources],
        "channels": _channels(standardizer),
        "categories": [
            {"feature": feature, "type": profile.category_types[feature], **state.to_record()}
            for feature, state in (profile.categories or {}).items()
        ],
        "fit": dict(standardizer.fit),
        "profile": bool(profile.quantiles),
        **_dates(profile),
        **learned.to_records(standardizer),
    }
    if profile.covariance is not None:
        record["covariance"] = profile.covariance.to_record()
    if profile.groups is not None:
        record["by"] = by.to_record(profile.groups)
    for path, value in () if _is_finite(record) else _not_finite(record, ""):
        raise ArtifactError(f"{path} is {value}, which no artifact can hold")
    return record


def from_record(record: Any, name: str = "the record") -> Standardizer:
    """The standardizer that a record, of any origin and of any known version, describes.

    Raises ArtifactError, with ``name``, when the record is not in order.
    """
    clean = checked(migrated(record, name), name)
    standardizer = _built(clean)
    problems = Problems()
    _compare(_derived(standardizer), clean["channels"], problems)
    problems.raise_if_any(name)
    return standardizer


def _dates(profile: Profile) -> dict[str, Any]:
    """Dates and times, and what is not measured; absent where there are none."""
    types = profile.other_types
    temporal = [
        {"feature": name, "type": types[name], **state.to_record()}
        for name, state in profile.temporal.items()
    ]
    others = [
        {"feature": name, "type": kind}
        for name, kind in types.items()
        if name not in profile.temporal
    ]
    parts = {"temporal": temporal, "others": others}
    return {name: part for name, part in parts.items() if part}


def _channels(standardizer: Standardizer) -> list[dict[str, Any]]:
    profile = standardizer.profile
    quantiles: list[Record | None] = [sketch.to_record() for sketch in profile.quantiles]
    return [
        {
            **{name: getattr(channel, name) for name in _NAMES},
            **derived,
            "state": {
                "moments": moments,
                "missing": missing,
                "running": running,
                **({} if lag is None else {"lag": lag}),
            },
            "quantiles": sketch,
        }
        for channel, derived, moments, missing, running, lag, sketch in zip(
            profile.channels,
            _rows(_derived(standardizer)),
            profile.moments.to_records(),
            profile.missing.to_records(),
            profile.running.to_records(),
            profile.lag.to_records() or [None] * len(profile.channels),
            quantiles or [None] * len(profile.channels),
            strict=True,
        )
    ]


def _derived(standardizer: Standardizer) -> dict[str, list[Any]]:
    """What a person reads of each channel, all computed from its states: a column each."""
    moments, channels = standardizer.profile.moments, len(standardizer.channels)
    seen = moments.count > 0
    with np.errstate(over="ignore", invalid="ignore"):
        return {
            "count": moments.count.tolist(),
            "missing": standardizer.profile.missing.total.tolist(),
            "min": _nullable(np.where(seen, moments.min, np.nan)),
            "max": _nullable(np.where(seen, moments.max, np.nan)),
            "mean": _nullable(moments.value()),
            "variance": _nullable(moments.variance()),
            "running_mean": _nullable(standardizer.mean),
            "running_variance": _nullable(standardizer.variance),
            "gamma": _given(standardizer.gamma, channels, 1.0),
            "beta": _given(standardizer.beta, channels, 0.0),
            "constant": moments.constant.tolist(),
        }


def _rows(columns: dict[str, list[Any]]) -> Iterator[dict[str, Any]]:
    for row in zip(*columns.values(), strict=True):
        yield dict(zip(columns, row, strict=True))


def _nullable(values: FloatArray) -> list[float | None]:
    return [None if math.isnan(value) else value for value in values.tolist()]


def _given(values: FloatArray, channels: int, default: float) -> list[float]:
    """Gamma or beta of every channel; an empty array stands for the default."""
    given: list[float] = (values if values.size else np.full(channels, default)).tolist()
    return given


def _is_finite(value: Any) -> bool:
    """Whether all numbers in it are; quicker than naming those that are not."""
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, dict):
        return all(map(_is_finite, value.values()))
    return all(map(_is_finite, value)) if isinstance(value, list) else True


def _not_finite(value: Any, path: str) -> Iterator[tuple[str, float]]:
    if isinstance(value, float) and not math.isfinite(value):
        yield path, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _not_finite(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for at, item in enumerate(value):
            yield from _not_finite(item, f"{path}[{at}]")


def _built(record: Record) -> Standardizer:
    """The standardizer of a checked record."""
    channels, running = record["channels"], record["running"]
    policy = policy_of(running)
    states = [channel["state"] for channel in channels]
    ends = [{name: channel[name] for name in ("count", "min", "max")} for channel in channels]
    moments = [{**state["moments"], **end} for state, end in zip(states, ends, strict=True)]
    sketches = [channel["quantiles"] for channel in channels]
    columns = record["categories"]
    covariance = record["covariance"]
    profile = Profile(
        tuple(
            _channel(channel["feature"], channel["channel"], channel["type"], channel["layout"])
            for channel in channels
        ),
        record["rows"],
        record["batches"],
        record["batch_size"],
        Moments.from_records(moments),
        Missing.from_records([state["missing"] for state in states]),
        policy.restore([state["running"] for state in states]),
        tuple(Quantiles.from_record(sketch) for sketch in sketches if sketch is not None),
        {column["feature"]: Categories.from_record(column) for column in columns},
        {column["feature"]: column["type"] for column in columns},
        None if covariance is None else Covariance.from_record(covariance),
        Lag.from_records([state["lag"] for state in states]),
        {column["feature"]: Temporal.from_record(column) for column in record["temporal"]},
        {column["feature"]: column["type"] for column in record["temporal"] + record["others"]},
        by.from_record(record, policy),
    )
    return Standardizer(
        profile,
        policy,
        record["eps"],
        record["eps_relative"],
        np.array([channel["gamma"] for channel in channels]),
        np.array([channel["beta"] for channel in channels]),
        tuple(Source(**source) for source in record["sources"]),
        record["fit"],
        learned.head_of(record["head"]),
        record["learned"],
    )


@lru_cache(1 << 14)
def _channel(feature: str, channel: int, type: str, layout: str | None) -> Channel:
    """The same object for the same channel of many artifacts: they compare at a glance."""
    return Channel(feature, channel, type, layout)


def policy_of(running: Record) -> Policy:
    """The running policy that an artifact's ``running`` object names."""
    kind = POLICIES[running["policy"]]
    values = {field.name: running[field.name] for field in fields(kind)}
    pairs = ((key, tuple(v) if isinstance(v, list) else v) for key, v in values.items())
    policy: Policy = kind(**dict(pairs))
    return policy


def _compare(
    derived: dict[str, list[Any]], written: list[dict[str, Any]], problems: Problems
) -> None:
    """What is written for people must agree with the states, or an edit would be ignored."""
    if all(ours == [each[name] for each in written] for name, ours in derived.items()):
        return
    for at, (mine, theirs) in enumerate(zip(_rows(derived), written, strict=True)):
        for name, value in mine.items():
            if not _agree(value, theirs[name]):
                told = f"is {theirs[name]}, and the channel's state says {value}"
                problems.add(f"channels[{at}].{name}", told)


def _agree(ours: Any, theirs: Any) -> bool:
    if not isinstance(ours, float) or not isinstance(theirs, float):
        return bool(ours == theirs)
    return math.isclose(ours, theirs, rel_tol=_AGREEMENT)
