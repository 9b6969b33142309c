"""From a dataset and what the user chose to the plan of a fit."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

from bncli.data.columns import Selection, select_columns
from bncli.data.dataset import Dataset
from bncli.data.rownumber import row_number_columns
from bncli.data.tensors import inner_of, tensor_layouts
from bncli.errors import BncliWarning, UsageError
from bncli.stats.categories import DEFAULT_CAPACITY
from bncli.stats.covariance import DEFAULT_CHANNELS, MOST_CHANNELS
from bncli.stats.fold import Plan
from bncli.stats.profile import Channel
from bncli.stats.running import POLICIES, Policy

if TYPE_CHECKING:
    import polars as pl

Names = str | Sequence[str] | None
Joint = int | frozenset[str]
"""Whose covariance is kept: the first so many numeric columns in file order, or these by label."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Columns as the user names them: patterns, literal names, patterns left out, labels.

    key: the column that names groups, which is no feature; None where there are no groups.
    """

    columns: tuple[str, ...] = ()
    column: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    target: tuple[str, ...] = ()
    key: str | None = None

    @classmethod
    def of(
        cls, columns: Names, column: Names, exclude: Names, target: Names, key: str | None = None
    ) -> Self:
        """From single names, several, or None."""
        return cls(_several(columns), _several(column), _several(exclude), _several(target), key)

    def to_record(self) -> dict[str, list[str]]:
        return {
            "columns": list(self.columns),
            "column": list(self.column),
            "exclude": list(self.exclude),
            "target": list(self.target),
        }

    def select(self, dataset: Dataset, numbers_needed: bool = True) -> Selection:
        """The columns to measure; by default without row numbers, which are no feature."""
        chosen = select_columns(
            dataset.schema,
            self.columns,
            self.exclude,
            self.target,
            self.column,
            dataset.name,
            tensor_layouts(dataset.schema, dataset.options.tensors, dataset.name),
            numbers_needed,
        )
        if self.key is not None:
            chosen = chosen.without(self.key, dataset.name, numbers_needed)
        if self.columns or self.column:
            return chosen
        numbers = row_number_columns(dataset, chosen.numeric)
        kept = tuple(name for name in chosen.numeric if name not in numbers)
        if not numbers or not kept:
            return chosen
        told = ", ".join(f"'{name}'" for name in numbers)
        warnings.warn(
            f"{dataset.name}: left out {told}: a row number is no feature"
            "\n  to standardize it, choose it with --columns or --column",
            BncliWarning,
            stacklevel=2,
        )
        left_out = tuple((name, str(dataset.schema[name])) for name in numbers)
        return replace(chosen, numeric=kept, unsupported=chosen.unsupported + left_out)


def plan_for(
    dataset: Dataset,
    choice: Choice,
    batch_size: int,
    policy: Policy,
    profile: bool = True,
    max_categories: int = DEFAULT_CAPACITY,
    joint: Joint = DEFAULT_CHANNELS,
    numbers_needed: bool = True,
) -> Plan:
    """What is measured of a dataset. Raises UsageError, ColumnMissing, DataError."""
    if batch_size < 1:
        raise UsageError(f"a mini-batch of {batch_size} rows is none", fix="--batch-size 8192")
    selection = choice.select(dataset, numbers_needed)
    types = {name: str(dtype) for name, dtype in dataset.schema.items()}
    channels = tuple(_channels(dataset.schema, selection))
    others = (
        (name, kind) for name, kind in selection.unsupported if name not in selection.temporal
    )
    return Plan(
        channels,
        batch_size,
        policy,
        tuple((name, types[name]) for name in selection.categorical) if profile else (),
        profile,
        max_categories,
        _jointly(channels, joint) if profile else (),
        tuple((name, types[name]) for name in selection.temporal) if profile else (),
        tuple(others) if profile else (),
    )


def _channels(schema: pl.Schema, selection: Selection) -> Iterator[Channel]:
    for name in selection.numeric:
        layout = selection.layouts.get(name)
        kind = str(inner_of(schema[name]))
        if layout is None:
            yield Channel(name, type=kind)
        else:
            yield from (Channel(name, at, kind, str(layout)) for at in range(layout.channels))


def _jointly(channels: Sequence[Channel], joint: Joint) -> tuple[int, ...]:
    """The channels whose covariance is kept: of those with one value in a row."""
    single = [at for at, channel in enumerate(channels) if channel.positions == 1]
    if isinstance(joint, int):
        if not 0 <= joint <= MOST_CHANNELS:
            raise UsageError(
                f"the covariance of {joint} columns cannot be kept",
                fix=f"--joint takes up to {MOST_CHANNELS}, and --no-joint none",
            )
        return tuple(single[:joint])
    return tuple(at for at in single if channels[at].label in joint)


def running_policy(name: str, momentum: float | None, ddof: int | None) -> Policy:
    """Raises UsageError for an unknown policy, or numbers that it has no use for."""
    if name == "adapted":
        raise UsageError(
            "no fit gives adapted statistics", fix="bncli adapt NEW -s stats.json -o adapted.json"
        )
    if ddof not in (None, 0, 1):
        raise UsageError(f"ddof {ddof} is neither 0 (biased) nor 1 (unbiased)", fix="--ddof 1")
    given: dict[str, Any] = {} if ddof is None else {"ddof": ddof}
    if momentum is not None:
        if name != "exponential":
            raise UsageError(
                f"momentum has no meaning for the {name} policy", fix="--running exponential"
            )
        if not 0 < momentum <= 1:
            raise UsageError(f"momentum {momentum} is not above 0 and at most 1")
        given["momentum"] = momentum
    policy: Policy = POLICIES[name](**given)
    return policy


def check_eps(eps: float | None) -> None:
    """Raises UsageError for an eps that no artifact holds."""
    if eps is not None and not 0 <= eps < math.inf:
        raise UsageError(f"eps {eps} is not 0 or more, and finite", fix="--eps 1e-8")


def _several(names: Names) -> tuple[str, ...]:
    if names is None:
        return ()
    return (names,) if isinstance(names, str) else tuple(names)
