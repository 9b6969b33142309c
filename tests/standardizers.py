"""Standardizers made of plain arrays, for the tests of artifacts and of merging."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any

import numpy as np

from bncli.standardize.kept import KeptHead
from bncli.standardize.standardizer import Standardizer
from bncli.stats.batches import Column
from bncli.stats.categories import Categories
from bncli.stats.covariance import Covariance
from bncli.stats.grouping import Absent, Grouping
from bncli.stats.groups import Groups
from bncli.stats.missing import Missing
from bncli.stats.moments import Moments
from bncli.stats.profile import Channel, Profile, Source
from bncli.stats.quantiles import Quantiles
from bncli.stats.running import Policy, Pooled

POOLED = Pooled()


def moments_of(values: np.ndarray) -> Moments:
    """Moments of each channel of ``values``, shape (rows, channels), NaN missing; exact enough."""
    columns = [column[~np.isnan(column)] for column in values.T]
    means = [column.mean() if column.size else 0.0 for column in columns]
    squares = [((c - m) ** 2).sum() for c, m in zip(columns, means, strict=True)]
    zeros = np.zeros(len(columns))
    return Moments(
        np.array([column.size for column in columns]),
        np.array(means),
        zeros,
        np.array(squares),
        zeros,
        np.array([column.min(initial=np.inf) for column in columns]),
        np.array([column.max(initial=-np.inf) for column in columns]),
    )


def sketch_of(values: np.ndarray) -> Quantiles:
    return Quantiles.of(values[~np.isnan(values)]).sealed()


def covariance_of(values: np.ndarray) -> Covariance:
    columns = [Column(column, np.isnan(column)) for column in np.ascontiguousarray(values.T)]
    return Covariance.of(tuple(range(len(columns))), columns)


def groups_of(
    values: np.ndarray, keys: Sequence[str | None], batch_size: int = 8, policy: Policy = POOLED
) -> Groups:
    """Of ``values``, shape (rows, channels), NaN missing. keys: of every row, None for none."""
    names = list(dict.fromkeys(key for key in keys if key is not None))
    numbers = np.array([-1 if key is None else names.index(key) for key in keys], dtype=np.int64)
    values = values[numbers >= 0]
    columns = [Column(column, np.isnan(column)) for column in np.ascontiguousarray(values.T)]
    grouping = Grouping(len(columns), batch_size, policy)
    absent = [Absent(nans=column.missing.astype(np.int64)) for column in columns]
    grouping.add(numbers[numbers >= 0], columns, absent)
    return grouping.groups("store", "String", names)


def counted(values: Sequence[str | None]) -> Categories:
    present = Counter(value for value in values if value is not None)
    return Categories(present.total(), len(values) - present.total(), dict(present))


def fitted(
    columns: Mapping[str, Any],
    batch_size: int = 8,
    policy: Policy | None = None,
    profile: bool = True,
    categories: Mapping[str, Sequence[str | None]] | None = None,
    joint: bool = False,
    by: Sequence[str | None] | None = None,
    **changes: Any,
) -> Standardizer:
    """Fit on float columns (NaN missing) and text columns (None missing) of one length.

    joint: keep the covariance of all float columns; by: the key of every row.
    """
    policy = policy or Pooled()
    values = np.array(list(columns.values()), dtype=np.float64).T
    rows = len(values)
    batches = [moments_of(values[at : at + batch_size]) for at in range(0, rows, batch_size)]
    none = Moments.empty(len(columns))
    nans = np.isnan(values).sum(axis=0)
    texts = {} if categories is None or not profile else categories
    measured = Profile(
        tuple(Channel(name) for name in columns),
        rows,
        len(batches),
        batch_size,
        reduce(Moments.merge, batches, none),
        Missing(nans * 0, nans, nans * 0),
        reduce(
            lambda state, batch: state.merge(policy.of_batches(batch)),
            batches,
            policy.empty(len(columns)),
        ),
        tuple(sketch_of(column) for column in values.T) if profile else (),
        {name: counted(column) for name, column in texts.items()},
        dict.fromkeys(texts, "String"),
        covariance_of(values) if joint else None,
        groups=None if by is None else groups_of(values, by, batch_size, policy),
    )
    return Standardizer(measured, policy).replace(**changes)


STORES = [["7", "12", None, "néw, 'x'\t\x1b[31m", ""][at % 11 % 5] for at in range(50)]
"""Keys of fifty rows: whole numbers, none, odd text, and the empty one."""


def rich(rows: int = 50, seed: int = 0, **changes: Any) -> Standardizer:
    """A bit of everything: missing values, a constant, an all-missing column, odd names."""
    random = np.random.default_rng(seed)
    holes = random.normal(12.0, 3.0, rows)
    holes[::7] = np.nan
    columns = {
        "temp": random.normal(55.26, 17.8, rows),
        "with holes": holes,
        "constant": np.full(rows, 1e12),
        "nothing": np.full(rows, np.nan),
        'größe "m²"\t\x1b[31m': random.standard_cauchy(rows) * 1e-9,
    }
    words = random.choice(["EWR", "JFK", "LGA", "näh, 'x'", ""], rows).tolist()
    given: dict[str, Any] = {
        "categories": {"origin": [word or None for word in words], "one": ["a"] * rows},
        "sources": (Source("weather.parquet", 68959, rows, "0f1e2d"),),
        "fit": {"columns": ["temp"], "tail": "keep", "limit": None, "share": 0.1, "deep": {"a": 1}},
        "gamma": np.array([1.0, 0.5, 1.0, 1.0, -3.5e-7]),
        "beta": np.array([0.0, 0.1, 0.0, 0.0, 1e300]),
    }
    return fitted(columns, **{**given, **changes})


def kept_head(**changes: Any) -> KeptHead:
    """A head of three classes over two of the channels of ``rich``."""
    found: dict[str, Any] = {
        "task": "multiclass",
        "target": "origin",
        "kind": "text",
        "classes": ("EWR", "JFK", "näh, 'x'"),
        "features": ("with holes", "temp"),
        "missing": "mean",
        "weight": np.array([[0.5, -1.5], [1e-9, 2.0], [0.1, 1 / 3]]),
        "bias": np.array([0.25, -3.0, 0.0]),
    }
    return KeptHead(**{**found, **changes})


def learning(**changes: Any) -> dict[str, Any]:
    """The record of a learning, as the engine writes it."""
    found = {
        "target": "origin",
        "task": "multiclass",
        "features": ["with holes", "temp"],
        "loss": "cross-entropy",
        "before": 1.0986122886681098,
        "after": 0.25,
        "steps": 120,
        "epochs": 30,
        "kept_step": 80,
        "stopped": "patience",
        "rows": 40,
        "held_out": 4,
        "without_target": 1,
        "incomplete": 5,
        "compared": {
            "steps": 70,
            "raw_steps": None,
            "budget": 1200,
            "raw_loss": 0.5,
            "raw_lr": 3e-4,
        },
        "options": {"optimizer": "adam", "lr": 0.03, "seed": 7, "patience": 10},
    }
    return {**found, **changes}
