"""What a record of version 1 must look like, before anything is built from it.

First the shape: every field of CONTRACTS.md, its type and its domain. Then the rules that tie
fields to each other (``rules.py``). What is derived from the states (mean, variance, running
values) is compared with them after building (``model.py``).
"""

from __future__ import annotations

import warnings
from functools import cache
from typing import Any

from bncli.artifact import by, by_rules, joint_rules, learned, rules
from bncli.artifact.migrate import FORMAT, VERSION
from bncli.artifact.numbers import sequence
from bncli.artifact.plain import plain, plain_schemas
from bncli.artifact.shape import (
    MAX_INTEGER,
    Checker,
    Problems,
    entries,
    fields,
    flag,
    integer,
    items,
    nullable,
    number,
    text,
)
from bncli.errors import BncliWarning
from bncli.stats.categories import DEFAULT_CAPACITY
from bncli.stats.covariance import MOST_CHANNELS, MOST_GROUPS
from bncli.stats.running import POLICIES

MAX_CHANNELS = 1_000_000
_MAX_NUMBERS = 100_000_000  # characters of a sketch's numbers: bounded by the file already

_RUNNING = fields(
    {"prior": None, "pooled": None},
    policy=text(100),
    momentum=nullable(number(0, 1)),
    ddof=integer(0, 1),
    initial=nullable(entries(number(), number(0))),
    prior=nullable(number(0)),
    pooled=nullable(flag),
)
_SOURCE = fields(name=text(), bytes=integer(), rows=nullable(integer()), fingerprint=text(1000))

_SKETCH = fields(
    count=integer(),
    points=sequence(_MAX_NUMBERS),
    weights=sequence(_MAX_NUMBERS),
    spread=number(0),
    drift=number(0),
    minimum=nullable(number()),
    maximum=nullable(number()),
)
_CATEGORIES = fields(
    {"bound": 0, "capacity": DEFAULT_CAPACITY},
    feature=text(),
    type=text(),
    count=integer(),
    missing=integer(),
    values=items(entries(text(), integer(1))),
    exact=flag,
    bound=integer(),
    capacity=integer(1),
)
_GROUP = fields(
    lacking=items(integer(0, MOST_CHANNELS - 1), 0, MOST_CHANNELS),
    count=integer(1),
    **dict.fromkeys(("pivot", "mean", "m2"), sequence(_MAX_NUMBERS)),
)
_COVARIANCE = fields(
    channels=items(integer(0, MAX_CHANNELS - 1), 1, MOST_CHANNELS),
    rows=integer(),
    groups=items(_GROUP, 0, MOST_GROUPS),
)
_TEMPORAL = fields(
    feature=text(),
    type=text(),
    count=integer(),
    missing=integer(),
    first=nullable(integer(-MAX_INTEGER)),
    last=nullable(integer(-MAX_INTEGER)),
    width=integer(1),
    steps=text(_MAX_NUMBERS),
    rows=text(_MAX_NUMBERS),
)
_OTHER = fields(feature=text(), type=text())
_LAG = fields(pairs=integer(1), squares=number(0))


def _channel(running: Checker) -> Checker:
    """The shape of a channel; the state of the running policy depends on the policy."""
    state = fields(
        {"lag": None},
        moments=fields(pivot=number(), mean=number(), m2=entries(number(0), number())),
        missing=fields(nulls=integer(), nans=integer(), infinite=integer()),
        running=running,
        lag=nullable(_LAG),
    )
    return fields(
        feature=text(),
        channel=integer(),
        type=text(),
        layout=nullable(text(1000)),
        count=integer(),
        missing=integer(),
        min=nullable(number()),
        max=nullable(number()),
        mean=nullable(number()),
        variance=nullable(number(0)),
        running_mean=nullable(number()),
        running_variance=nullable(number(0)),
        gamma=number(),
        beta=number(),
        constant=flag,
        state=state,
        quantiles=nullable(_SKETCH),
    )


_AFFINE = fields(mean=entries(number(0, 1), number()), variance=entries(number(0, 1), number(0)))
_SUMS = fields(
    mean=entries(number(0), number(), number()), variance=entries(number(0), number(0), number())
)
_TRAINING = fields(
    training_mean=nullable(number()),
    training_variance=nullable(number(0)),
    training_constant=flag,
)
_STATES: dict[str, Checker] = {
    "pooled": fields(),
    "exponential": _AFFINE,
    "cumulative": _SUMS,
    "algorithm2": _SUMS,
    "adapted": _TRAINING,
}


@cache
def _record(policy: str | None) -> Checker:
    """The shape of a record under a running policy; None where it has none that is known."""
    known = fields() if policy is None else _STATES[policy]
    return fields(
        {
            "profile": None,
            "covariance": None,
            "temporal": [],
            "others": [],
            "learned": None,
            "head": None,
            "by": None,
        },
        format=text(100),
        version=integer(1),
        created_by=text(1000),
        rows=integer(),
        batches=integer(),
        batch_size=integer(1),
        eps=number(0),
        eps_relative=flag,
        running=_RUNNING,
        sources=items(_SOURCE),
        channels=items(_channel(known), 1, MAX_CHANNELS),
        categories=items(_CATEGORIES),
        fit=plain(),
        profile=nullable(flag),
        covariance=nullable(_COVARIANCE),
        temporal=items(_TEMPORAL),
        others=items(_OTHER),
        learned=nullable(learned.LEARNED),
        head=nullable(learned.HEAD),
        by=nullable(by.checker(policy)),
    )


def schema() -> dict[str, Any]:
    """The shape of a record, as a JSON Schema: what ``checked`` asks of single fields."""
    return {
        **_record(None).schema,
        "allOf": [
            {
                "properties": {
                    "format": {"const": FORMAT},
                    "version": {"const": VERSION},
                    "fit": {"type": "object"},
                    "running": {"properties": {"policy": {"enum": list(POLICIES)}}},
                }
            },
            *(_of_policy(name, state.schema) for name, state in _STATES.items()),
        ],
        "$defs": plain_schemas(),
    }


def _of_policy(name: str, state: dict[str, Any]) -> dict[str, Any]:
    """Under this policy the running state of every channel has this shape."""
    policy = {"properties": {"policy": {"const": name}}, "required": ["policy"]}
    channel = {"properties": {"state": {"properties": {"running": state}}}}
    return {
        "if": {"properties": {"running": policy}, "required": ["running"]},
        "then": {
            "properties": {"channels": {"items": channel}, "by": nullable(by.checker(name)).schema}
        },
    }


def checked(record: dict[str, Any], name: str) -> dict[str, Any]:
    """The record with its known fields only, every one of the right type and in its domain.

    Raises ArtifactError naming up to ten wrong fields; warns of unknown ones.
    """
    problems = Problems()
    running = record.get("running")
    policy = running.get("policy") if isinstance(running, dict) else None
    known = isinstance(policy, str) and policy in _STATES
    clean = _record(policy if known else None)(record, "", problems)
    problems.raise_if_any(name)
    rules.check(clean, problems)
    joint_rules.check(clean, problems)
    learned.check(clean, problems)
    problems.raise_if_any(name)
    by_rules.check(clean, problems)
    problems.raise_if_any(name)
    if problems.unknown:
        shown = ", ".join(list(problems.unknown)[:10])
        text = f"{name}: left out {len(problems.unknown)} unknown fields: {shown}"
        warnings.warn(text, BncliWarning, stacklevel=2)
    return clean  # type: ignore[no-any-return]
