"""Which columns stand on both sides, and which are of another kind on the other side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from bncli.shift.model import NotCompared, SchemaChange, TypeChange
from bncli.stats.profile import Channel, Profile


@dataclass(frozen=True, slots=True)
class Pairing:
    """What to compare, and how.

    numeric: a channel and its index on both sides; categorical, temporal: names; emptied: columns
    without a single value on one side, whose type there says nothing; the rest is only told.
    """

    numeric: tuple[tuple[Channel, int, int], ...]
    categorical: tuple[str, ...]
    temporal: tuple[str, ...]
    emptied: tuple[str, ...]
    schema: SchemaChange
    unsupported: tuple[NotCompared, ...]

    @property
    def columns(self) -> int:
        """How many there are to measure."""
        return sum(map(len, (self.numeric, self.categorical, self.temporal, self.emptied)))


def pair(train: Profile, test: Profile) -> Pairing:
    """Match columns by name and kind, in the training side's order.

    The key of an artifact's groups is no feature of it: the other side has no column more.
    """
    ours, theirs = dict(_types(train)), dict(_types(test))
    both = [name for name in ours if name in theirs]
    differing = [name for name in both if kind_of(ours[name]) != kind_of(theirs[name])]
    emptied = [name for name in differing if _is_empty(train, name) or _is_empty(test, name)]
    changed = [name for name in differing if name not in emptied]
    numeric = _channels(train, test, set(differing))
    categories = [
        name for name in train.categories if name in test.categories and name not in emptied
    ]
    times = [name for name in train.temporal if name in test.temporal and name not in differing]
    matched = {channel.feature for channel, _, _ in numeric} | {*categories, *times, *differing}
    uncounted = (*_uncounted(train, test, "test"), *_uncounted(test, train, "training"))
    skipped = {one.name for one in uncounted}
    left = [name for name in both if name not in matched]
    return Pairing(
        numeric,
        tuple(categories),
        tuple(times),
        tuple(emptied),
        SchemaChange(
            tuple(
                name for name in ours if name not in theirs and name not in skipped | _keys(test)
            ),
            tuple(
                name for name in theirs if name not in ours and name not in skipped | _keys(train)
            ),
            tuple(TypeChange(name, ours[name], theirs[name]) for name in changed),
        ),
        (*uncounted, *(NotCompared(name, _why_left(ours[name])) for name in left)),
    )


def _keys(profile: Profile) -> set[str]:
    return set() if profile.groups is None else {profile.groups.column}


def _why_left(type_name: str) -> str:
    if kind_of(type_name) == "numeric":
        return "a row number is no feature"
    return f"type {type_name} is not compared"


def rows_of(profile: Profile, name: str) -> tuple[int, int]:
    """Present and missing values of a column, whatever its kind."""
    if name in profile.categories:
        return profile.categories[name].count, profile.categories[name].missing
    if name in profile.temporal:
        return profile.temporal[name].count, profile.temporal[name].missing
    at = [at for at, channel in enumerate(profile.channels) if channel.feature == name]
    return int(profile.moments.count[at].sum()), int(profile.missing.total[at].sum())


def _is_empty(profile: Profile, name: str) -> bool:
    """No value, in some rows: a reader can only have guessed the type."""
    present, missing = rows_of(profile, name)
    return not present and bool(missing)


def _uncounted(counted: Profile, bare: Profile, side: str) -> Iterator[NotCompared]:
    """What is not numeric, and the other side may well have: it kept moments only."""
    if bare.channels and not bare.quantiles:
        reason = f"no counts on the {side} side: moments only"
        known = {*dict(_types(bare)), *_keys(bare)}
        names = (*counted.categories, *counted.other_types)
        yield from (NotCompared(name, reason) for name in names if name not in known)


def kind_of(type_name: str) -> str:
    """What a change of type is judged by: width and signedness of numbers are no change.

    A reader may infer Int64 in one file and Float64 in another from the same column (one null
    or one decimal point is enough), and an Enum is a String with a list.
    """
    head = type_name.partition("(")[0].partition("[")[0]
    if head.startswith(("Int", "UInt", "Float", "Decimal")):
        return "numeric" if "[" not in type_name else "tensor"
    if head in ("String", "Utf8", "Categorical", "Enum"):
        return "text"
    if head in ("Array", "List"):
        return "tensor"
    if head in ("Date", "Datetime"):
        return "date"
    return head


def _types(profile: Profile) -> Iterator[tuple[str, str]]:
    sizes = Counter(channel.feature for channel in profile.channels)
    for channel in profile.channels:
        if channel.layout is not None:
            yield channel.feature, f"{channel.type}[{sizes[channel.feature]} channels]"
        else:
            yield channel.feature, channel.type
    yield from profile.category_types.items()
    yield from profile.other_types.items()
    for name in profile.categories:
        if name not in profile.category_types:
            yield name, "String"


def _channels(
    train: Profile, test: Profile, changed: set[str]
) -> tuple[tuple[Channel, int, int], ...]:
    there = {(channel.feature, channel.channel): at for at, channel in enumerate(test.channels)}
    return tuple(
        (channel, at, there[channel.feature, channel.channel])
        for at, channel in enumerate(train.channels)
        if (channel.feature, channel.channel) in there and channel.feature not in changed
    )
