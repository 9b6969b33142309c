"""Statistics per group as exporters write them down: a mean and a scale for every key.

A row of no known group takes the numbers of all rows, and so does a channel of which a group had no
value, as in ``transform``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bncli.errors import UsageError
from bncli.export.columns import quoted
from bncli.standardize.grouped import GroupCoefficients
from bncli.standardize.standardizer import Standardizer
from bncli.stats.profile import Channel

MOST_CELLS = 20_000
"""Groups times columns at most: each is two numbers of a text that a database must parse."""

_WHOLE = ("Int", "UInt", "Float", "Decimal")


@dataclass(frozen=True, slots=True)
class GroupedTerm:
    """One channel: ``(x - mean) * scale + beta`` by group.

    mean, scale: of every group in the order of the keys, then of all rows; a scale of 0 where every
    value becomes beta, None where every one becomes missing.
    """

    channel: Channel
    mean: tuple[float, ...]
    scale: tuple[float | None, ...]
    beta: float

    @property
    def name(self) -> str:
        return self.channel.feature


@dataclass(frozen=True, slots=True)
class Grouped:
    """key: the column whose values name the groups; type: its type when it was fitted; keys: as
    text; terms: of the channels, in order."""

    key: str
    type: str
    keys: tuple[str, ...]
    terms: tuple[GroupedTerm, ...]

    @property
    def numbers(self) -> bool:
        """Whether keys were whole numbers, not text."""
        return self.type.startswith(_WHOLE)


def grouped(standardizer: Standardizer, target: str) -> Grouped | None:
    """The groups of a standardizer; None where it has none.

    Raises UsageError, by name, for tensors and for more groups than a text should hold; DataError
    where a scale does not fit a float64.
    """
    groups = standardizer.profile.groups
    if groups is None:
        return None
    tensors = [c.label for c in standardizer.channels if c.layout is not None]
    if tensors:
        raise UsageError(f"--to {target} has no tensor columns, and these are: {quoted(tensors)}")
    count, channels = len(groups), len(standardizer.channels)
    if count * channels > MOST_CELLS:
        raise UsageError(
            f"{count:,} groups of {channels:,} columns are more than the {MOST_CELLS:,} pairs that "
            f"--to {target} writes",
            fix="join with the artifact: bncli convert stats.json stats.parquet",
        )
    found = GroupCoefficients.of(standardizer)
    scale = found.scale.T.tolist()
    kinds = zip(found.flat.T.tolist(), found.unknown.T.tolist(), strict=True)
    scales = (
        tuple(
            None if no else 0.0 if flat else each for each, flat, no in zip(own, *kind, strict=True)
        )
        for own, kind in zip(scale, kinds, strict=True)
    )
    columns: Any = zip(
        found.channels, map(tuple, found.mean.T.tolist()), scales, found.beta.tolist(), strict=True
    )
    terms = tuple(GroupedTerm(*column) for column in columns)
    return Grouped(groups.column, groups.type, groups.keys, terms)
