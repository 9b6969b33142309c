"""Merging standardizers that were fitted apart: of several files, days or machines.

Decisions. Parts merge only when their mini-batches mean the same: batch size, policy with its
numbers, eps and channels must be equal. Gamma and beta are no statistics, so they do not add
up: a part that still has the defaults takes those of the other, two learned ones must be equal,
and so must the heads; the record of the learning comes along with them.
Mini-batches stay as they were cut: where a part ends in the middle of one, policies that weigh
mini-batches give other numbers than one fit would, which is said in a warning. Many parts merge
as a balanced tree, which keeps the rank errors of quantiles smaller than one after the other.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Self

import numpy as np

from bncli.errors import BncliWarning, UsageError, listed
from bncli.standardize.parts import interrupted, joined_groups
from bncli.standardize.standardizer import Standardizer
from bncli.stats.adapted import Training
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


def merge(first: Standardizer, second: Standardizer) -> Standardizer:
    """The standardizer of the rows of ``first`` followed by those of ``second``.

    Raises UsageError when the two do not fit together; warns (BncliWarning) when something is
    lost by merging.
    """
    return merge_all([first, second])


def merge_all(parts: Sequence[Standardizer], names: Sequence[str] = ()) -> Standardizer:
    """The standardizer of the rows of all parts, in order. names: what messages call them.

    Raises UsageError when there are no parts, or they do not fit together.
    """
    if not parts:
        raise UsageError("there is nothing to merge")
    called = names or [f"part {at}" for at in range(1, len(parts) + 1)]
    problems = [
        problem
        for part, name in zip(parts[1:], called[1:], strict=True)
        for problem in _differences(parts[0], part, called[0], name)
    ]
    if problems:
        raise UsageError(
            listed(["these cannot be merged:", *problems], most=11),
            fix="fit the parts again with the same options and columns",
        )
    learned = _learned(parts, called)
    for text in _losses(parts):
        warnings.warn(text, BncliWarning, stacklevel=2)
    return _whole(parts).replace(
        gamma=learned.gamma, beta=learned.beta, head=learned.head, learned=learned.learned
    )


def _whole(parts: Sequence[Standardizer]) -> Standardizer:
    first = parts[0]
    return first.replace(
        profile=joined_profiles([part.profile for part in parts]),
        sources=tuple(source for part in parts for source in part.sources),
        fit={
            key: value
            for key, value in first.fit.items()
            if all(part.fit.get(key) == value for part in parts[1:])
        },
    )


def joined_profiles(parts: Sequence[Profile]) -> Profile:
    """The profile of the rows of all parts, in order; their channels must be the same, in any
    order. States of plain arrays merge for all channels and many parts at a time."""
    first = parts[0]
    orders = [_order(first, part) for part in parts]
    pairs = list(zip(parts, orders, strict=True))

    def merged(states: Iterable[A]) -> A:
        columns = [state[order][None] for state, order in zip(states, orders, strict=True)]
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


def _order(first: Profile, second: Profile) -> list[int]:
    """Where each channel of ``first`` stands in ``second``."""
    if first.channels == second.channels:
        return list(range(len(first.channels)))
    places = {_key(channel): at for at, channel in enumerate(second.channels)}
    return [places[_key(channel)] for channel in first.channels]


def _key(channel: Channel) -> _Key:
    return channel.feature, channel.channel


def _common_type(ours: str, theirs: str) -> str:
    """The type of a column that is of one type here and another there, as datasets unify it."""
    if ours == theirs:
        return ours
    for family in ("Int", "UInt", "Float"):
        if ours.startswith(family) and theirs.startswith(family):
            return max(ours, theirs, key=lambda kind: (len(kind), kind))
    return "Float64"


def _differences(
    first: Standardizer, second: Standardizer, ours: str, theirs: str
) -> Iterator[str]:
    """One line for each reason why the two cannot be merged."""
    mine, other = _settings(first), _settings(second)
    for name in mine:
        if name in other and mine[name] != other[name]:
            yield f"{name} is {mine[name]} in {ours} and {other[name]} in {theirs}"
    if first.channels == second.channels:
        yield from _other_training(first, second, theirs)
        return
    mine_by, other_by = ({_key(c): c for c in s.channels} for s in (first, second))
    for lacking, have, label in ((other_by, mine_by, theirs), (mine_by, other_by, ours)):
        missing = [channel.label for key, channel in have.items() if key not in lacking]
        if missing:
            yield f"{label} lacks {_quoted(missing)}"
    yield from _other_training(first, second, theirs)
    for key, channel in mine_by.items():
        if key in other_by and channel.layout != other_by[key].layout:
            yield f"the layout of '{channel.feature}' differs in {theirs}"


def _other_training(first: Standardizer, second: Standardizer, theirs: str) -> Iterator[str]:
    """Adapted parts add up only where they come from the same training statistics."""
    mine, other = first.profile.running, second.profile.running
    same_keys = {_key(c) for c in first.channels} == {_key(c) for c in second.channels}
    if same_keys and isinstance(mine, Training) and isinstance(other, Training):
        differs = mine.differs(other[_order(first.profile, second.profile)])
        pairs = zip(first.channels, differs.tolist(), strict=True)
        names = [channel.label for channel, is_other in pairs if is_other]
        if names:
            yield f"{theirs} was adapted from other statistics of {_quoted(names)}"


def _settings(standardizer: Standardizer) -> dict[str, Any]:
    """What must be equal for mini-batches, and what is read from them, to mean the same.

    The numbers of a policy are told only where both have that policy.
    """
    policy = standardizer.policy.to_record()
    kind = policy.pop("policy")
    groups = standardizer.profile.groups
    return {
        "the column that names groups": "none" if groups is None else f"'{groups.column}'",
        "batch size": standardizer.profile.batch_size,
        "running policy": kind,
        **{f"{name} of {kind}": value for name, value in policy.items()},
        "eps": standardizer.eps,
        "eps_relative": standardizer.eps_relative,
    }


def _learned(parts: Sequence[Standardizer], names: Sequence[str]) -> Standardizer:
    """The part with the gamma, beta and head of the whole, its channels in the whole's order."""
    found: tuple[str, Standardizer] | None = None
    for part, name in zip(parts, names, strict=True):
        if _is_default(part):
            continue
        # An empty gamma stands for the defaults, in any order.
        order = _order(parts[0].profile, part.profile) if part.gamma.size else []
        ours = part.replace(gamma=part.gamma[order], beta=part.beta[order])
        different = _difference_learned(found[1], ours) if found else None
        if found is not None and different is not None:
            raise UsageError(
                f"{found[0]} and {name} have different {different}, which do not add up",
                fix="merge before 'bncli learn', and learn on the whole",
            )
        found = found or (name, ours)
    return found[1] if found else parts[0]


def _is_default(part: Standardizer) -> bool:
    plain = bool((part.gamma == 1.0).all() and (part.beta == 0.0).all())
    return plain and part.head is None and part.learned is None


def _difference_learned(first: Standardizer, second: Standardizer) -> str | None:
    """What of the learned differs; None where nothing does."""
    gammas = np.array_equal(first.gamma, second.gamma)
    if not gammas or not np.array_equal(first.beta, second.beta):
        return "gamma or beta"
    if first.head is None or second.head is None:
        return None if first.head is second.head else "heads"
    return None if first.head.same_as(second.head) else "heads"


def _losses(parts: Sequence[Standardizer]) -> Iterator[str]:
    """What the whole will lack that a fit on all the data would have had."""
    profiles = [part.profile for part in parts if part.profile.rows]
    ragged = sum(earlier.rows % earlier.batch_size > 0 for earlier, _ in pairwise(profiles))
    if ragged and parts[0].policy.order_bound:
        yield (
            f"{ragged} of {len(parts)} parts do not end on a mini-batch boundary: mini-batches "
            f"stay as they were, so the {parts[0].policy.name} statistics differ a little from "
            "those of one fit"
        )
    cut = interrupted(profiles) if parts[0].policy.order_bound else 0
    if cut:
        yield (
            f"{cut} group{'s go' if cut > 1 else ' goes'} on after a mini-batch that was not full: "
            f"mini-batches stay as they were, so {'their' if cut > 1 else 'its'} "
            f"{parts[0].policy.name} statistics differ a little from those of one fit"
        )
    kept = {bool(part.profile.quantiles) for part in parts}
    if len(kept) > 1:
        yield "a part has no profile (fit --no-profile), so the merged artifact has none"
    elif kept == {True}:
        profiles = [part.profile for part in parts]
        yield from _dropped([{**one.categories, **one.temporal} for one in profiles])
        yield from _dropped_covariance(parts)


def _dropped(columns: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    every = dict.fromkeys(name for names in columns for name in names)
    dropped = [name for name in every if not all(name in names for names in columns)]
    if dropped:
        yield f"not all parts have {_quoted(dropped)}: left out of the merged profile"


def _dropped_covariance(parts: Sequence[Standardizer]) -> Iterator[str]:
    """Columns whose covariance some parts keep and others do not."""
    kept = [
        {part.channels[at].label for at in part.profile.covariance.channels}
        if part.profile.covariance is not None
        else set()
        for part in parts
    ]
    common, every = set.intersection(*kept), set.union(*kept)
    if every and not common:
        yield "not all parts keep a covariance (fit --joint), so the merged artifact has none"
    elif every > common:
        lost = [
            label
            for label in dict.fromkeys(c.label for p in parts for c in p.channels)
            if label in every - common
        ]
        yield f"not all parts keep the covariance of {_quoted(lost)}: left out of the merged one"


def _quoted(names: Sequence[str]) -> str:
    rest = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(f"'{name}'" for name in names[:5]) + rest
