"""Merging the statistics per group of parts that were fitted apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bncli.stats.groups import Groups
from bncli.stats.profile import Profile

_NUMBERS = ("Int", "UInt", "Float", "Decimal")


def joined_groups(first: Groups | None, second: Groups | None) -> Groups | None:
    """Of the groups of both, their channels in one order; None where a part has none."""
    if first is None or second is None:
        return None
    return replace(first.merge(second), type=_common(first.type, second.type))


def interrupted(profiles: Sequence[Profile]) -> int:
    """How many groups go on in a later part after a mini-batch that was not full."""
    found: set[str] = set()
    later: set[str] = set()
    for profile in reversed(profiles):
        if profile.groups is not None:
            ragged = (profile.groups.rows % profile.batch_size > 0).tolist()
            pairs = zip(profile.groups.keys, ragged, strict=True)
            found |= {key for key, is_ragged in pairs if is_ragged and key in later}
            later |= set(profile.groups.keys)
    return len(found)


def _common(ours: str, theirs: str) -> str:
    """A type of keys that reads those of both: text names the same groups as numbers do."""
    if ours == theirs:
        return ours
    return "Float64" if ours.startswith(_NUMBERS) and theirs.startswith(_NUMBERS) else "String"
