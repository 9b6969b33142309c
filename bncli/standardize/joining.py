"""The profile of the rows of many parts: what merging does to every state of a profile."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

from bncli.standardize.parts import joined_groups
from bncli.stats.balanced import folded, merged_tree
from bncli.stats.categories import Categories
from bncli.stats.covariance import Covariance
from bncli.stats.groups import Groups
from bncli.stats.lag import Lag
from bncli.stats.profile import Channel, Profile
from bncli.stats.quantiles import Quantiles
from bncli.stats.temporal import Temporal
from bncli.stats.tree import A

_Key = tuple[str, int]


def joined_profiles(parts: Sequence[Profile]) -> Profile:
    """The profile of the rows of all parts, in order; their channels must be the same, in any
    order. States of plain arrays merge for all channels and many parts at a time."""
    first = parts[0]
    orders = [order_of(first, part) for part in parts]
    pairs = list(zip(parts, orders, strict=True))

    def merged(states: Iterable[A]) -> A:
        columns = [
            (state if order == orders[0] else state[order])[None]
            for state, order in zip(states, orders, strict=True)
        ]
        return merged_tree(type(columns[0]).stack(columns))

    rest = folded([_Rest.of(part, order) for part, order in pairs], _Rest.merge)
    return Profile(
        tuple(_common_channels(pairs)),
        sum(part.rows for part in parts),
        sum(part.batches for part in parts),
        first.batch_size,
        merged(part.moments for part in parts),
        merged(part.missing for part in parts),
        merged(part.running for part in parts),  # type: ignore[type-var]
        rest.quantiles,
        rest.categories,
        rest.category_types,
        rest.covariance,
        merged(map(_lag, parts)),
        rest.temporal,
        rest.other_types,
        rest.groups,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Rest:
    """What of a profile merges one by one: its fields, channels in the order of the whole."""

    quantiles: tuple[Quantiles, ...]
    categories: Mapping[str, Categories]
    category_types: Mapping[str, str]
    covariance: Covariance | None
    temporal: Mapping[str, Temporal]
    other_types: Mapping[str, str]
    groups: Groups | None

    @classmethod
    def of(cls, part: Profile, order: Sequence[int]) -> Self:
        return cls(
            tuple(part.quantiles[at] for at in order) if part.quantiles else (),
            part.categories,
            part.category_types,
            _reordered(part.covariance, order),
            part.temporal,
            part.other_types,
            None if part.groups is None else part.groups.of_channels(order),
        )

    def merge(self, later: Self) -> Self:
        kept = bool(self.quantiles and later.quantiles)
        names = [name for name in self.categories if name in later.categories] if kept else []
        times = [name for name in self.temporal if name in later.temporal]
        others = {*times, *(later.other_types.keys() - later.temporal.keys())}
        pairs = zip(self.quantiles, later.quantiles, strict=True) if kept else ()
        return type(self)(
            tuple(ours.merge(theirs).sealed() for ours, theirs in pairs),
            {name: self.categories[name].merge(later.categories[name]) for name in names},
            {name: self.category_types[name] for name in names},
            _joined_covariances(self.covariance, later.covariance),
            {name: self.temporal[name].merge(later.temporal[name]) for name in times},
            {name: kind for name, kind in self.other_types.items() if name in others},
            joined_groups(self.groups, later.groups),
        )


def _reordered(found: Covariance | None, order: Sequence[int]) -> Covariance | None:
    """Its channels called by their places in the whole, in which ``order[place]`` is theirs."""
    if found is None:
        return None
    places = {theirs: place for place, theirs in enumerate(order)}
    return Covariance(tuple(places[at] for at in found.channels), found.rows, found.groups)


def _joined_covariances(first: Covariance | None, second: Covariance | None) -> Covariance | None:
    """Of the channels that both sides keep; None where there is none."""
    if first is None or second is None:
        return None
    theirs = set(second.channels)
    common = [channel for channel in first.channels if channel in theirs]
    if not common:
        return None
    return first.select(common).merge(second.select(common)).finite()


def _common_channels(parts: Sequence[tuple[Profile, Sequence[int]]]) -> Iterator[Channel]:
    """Those of the first part, each of a type that holds the values of all."""
    for place, channel in enumerate(parts[0][0].channels):
        types = [part.channels[order[place]].type for part, order in parts]
        if len(set(types)) == 1:
            yield channel
        else:
            yield replace(channel, type=folded(types, _common_type))


def _lag(part: Profile) -> Lag:
    """Of consecutive rows; nothing is known where an older program fitted the part."""
    return part.lag if part.lag.shape == part.moments.shape else Lag.empty(*part.moments.shape)


def order_of(first: Profile, second: Profile) -> list[int]:
    """Where each channel of ``first`` stands in ``second``."""
    if first.channels == second.channels:
        return list(range(len(first.channels)))
    places = {key_of(channel): at for at, channel in enumerate(second.channels)}
    return [places[key_of(channel)] for channel in first.channels]


def key_of(channel: Channel) -> _Key:
    """What a channel is known by in every part."""
    return channel.feature, channel.channel


def _common_type(ours: str, theirs: str) -> str:
    """The type of a column that is of one type here and another there, as datasets unify it."""
    if ours == theirs:
        return ours
    for family in ("Int", "UInt", "Float"):
        if ours.startswith(family) and theirs.startswith(family):
            return max(ours, theirs, key=lambda kind: (len(kind), kind))
    return "Float64"
