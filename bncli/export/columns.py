"""The channels of a standardizer as exporters write them down."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bncli.errors import UsageError
from bncli.standardize.affine import coefficients
from bncli.standardize.standardizer import Standardizer
from bncli.stats.layout import Layout
from bncli.stats.profile import Channel

Kind: TypeAlias = Literal["spread", "level", "absent"]

WIDE = ("Int64", "UInt64", "Int128")
_EXACT = 2.0**53
_NAMED = 10


@dataclass(frozen=True, slots=True)
class Term:
    """One channel: ``(x - mean) * scale + beta``.

    kind: "level" where every value becomes beta, "absent" where every one becomes missing; their
    mean and scale are 0. place: of the channel in the standardizer.
    """

    channel: Channel
    place: int
    kind: Kind
    mean: float
    scale: float
    beta: float

    @property
    def name(self) -> str:
        return self.channel.feature


@dataclass(frozen=True, slots=True)
class Group:
    """Channels that one tensor holds: all plain columns together, or one tensor column.

    axes: letters of the axes of one row, empty for the plain columns, ``CHW`` for an image; sizes:
    of those axes.
    """

    name: str
    axes: str
    sizes: tuple[int, ...]
    terms: tuple[Term, ...]

    @property
    def places(self) -> list[int]:
        return [term.place for term in self.terms]

    def column(self, field: Literal["mean", "scale", "beta"]) -> NDArray[np.float64]:
        """One number of every term, NaN scales where all becomes missing. Shape (channels,)."""
        absent = np.nan if field == "scale" else 0.0
        values = [absent if t.kind == "absent" else getattr(t, field) for t in self.terms]
        return np.array(values, dtype=np.float64)


def terms(standardizer: Standardizer) -> tuple[Term, ...]:
    """Every channel, in order.

    Raises DataError where a scale does not fit a float64, UsageError where there are groups.
    """
    if standardizer.profile.groups is not None:
        raise UsageError(
            f"statistics per group of '{standardizer.profile.groups.column}' are not exported",
            fix="export what was fitted without --by, or --to sql or polars",
        )
    return _of_all_rows(standardizer)


def _of_all_rows(standardizer: Standardizer) -> tuple[Term, ...]:
    found = coefficients(standardizer)
    rows = zip(
        found.channels,
        found.mean.tolist(),
        found.scale.tolist(),
        found.beta.tolist(),
        found.unknown.tolist(),
        (found.flat | (found.scale == 0)).tolist(),
        strict=True,
    )
    return tuple(
        Term(channel, at, "absent", 0.0, 0.0, beta)
        if unknown
        else Term(channel, at, "level", 0.0, 0.0, beta)
        if flat
        else Term(channel, at, "spread", mean, scale, beta)
        for at, (channel, mean, scale, beta, unknown, flat) in enumerate(rows)
    )


def plain_terms(standardizer: Standardizer, target: str) -> tuple[Term, ...]:
    """Every channel, each a column of its own. Raises UsageError, by name, for tensors."""
    tensors = _names(c for c in standardizer.channels if c.layout is not None)
    if tensors:
        raise UsageError(
            f"--to {target} has no tensor columns, and these are: {quoted(tensors)}",
            fix="export them with --to onnx or --to torch",
        )
    return terms(standardizer)


def groups(standardizer: Standardizer) -> tuple[Group, ...]:
    """The plain columns as one group named ``features``, and each tensor column as one."""
    every = terms(standardizer)
    plain = tuple(term for term in every if term.channel.layout is None)
    tensors = [term for term in every if term.channel.layout is not None]
    name = "features"
    while any(term.name == name for term in tensors):
        name += "_"
    found = [Group(name, "", (), plain)] if plain else []
    for name, members in groupby(tensors, key=lambda term: term.name):
        held = tuple(members)
        layout = Layout.parse(held[0].channel.layout or "")
        found.append(Group(name, layout.axes, layout.sizes, held))
    return tuple(found)


def notes(standardizer: Standardizer) -> Iterator[str]:
    """What somebody should know who lets another system do the work."""
    every = _of_all_rows(standardizer)
    absent = _names(term.channel for term in every if term.kind == "absent")
    if absent:
        yield f"all of {quoted(absent)} comes out missing: there are no statistics"
    moments = standardizer.profile.moments
    large = np.maximum(np.abs(moments.min), np.abs(moments.max)) > _EXACT
    wide = _names(
        channel
        for channel, is_large, count in zip(
            standardizer.channels, large.tolist(), moments.count.tolist(), strict=True
        )
        if count and is_large and channel.type in WIDE
    )
    if wide:
        yield f"integers beyond 2**53 of {quoted(wide)} are rounded to a double first"


def quoted(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(f"'{name}'" for name in names[:_NAMED]) + more


def _names(channels: Iterator[Channel]) -> list[str]:
    return list(dict.fromkeys(channel.label for channel in channels))
