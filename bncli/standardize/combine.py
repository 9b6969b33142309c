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
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from bncli.errors import BncliWarning, UsageError, listed
from bncli.standardize.joining import joined_profiles, key_of, order_of
from bncli.standardize.parts import interrupted
from bncli.standardize.standardizer import Standardizer
from bncli.stats.adapted import Training


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
    mine_by, other_by = ({key_of(c): c for c in s.channels} for s in (first, second))
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
    if not isinstance(mine, Training) or not isinstance(other, Training):
        return
    if {key_of(c) for c in first.channels} == {key_of(c) for c in second.channels}:
        differs = mine.differs(other[order_of(first.profile, second.profile)])
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
        order = order_of(parts[0].profile, part.profile) if part.gamma.size else []
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
