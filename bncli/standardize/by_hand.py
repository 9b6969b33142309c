"""Gamma and beta by hand: values given by name, for a few channels or for all of them.

A name means a column, all channels of it where it is a tensor, or one channel as messages call
it (``image[1]``). What is not named keeps what it has: 1 and 0 after a fit.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self, TypeAlias, TypeVar

from bncli.errors import UsageError, listed
from bncli.standardize.standardizer import Standardizer
from bncli.stats.profile import Channel

Parameter: TypeAlias = Literal["gamma", "beta"]
PARAMETERS: tuple[Parameter, ...] = ("gamma", "beta")
Place: TypeAlias = tuple[Parameter, int]
"""A parameter, and the place of a channel among the channels."""

_COLUMNS = ("feature", "channel", *PARAMETERS)
_Kind = TypeVar("_Kind", bound=Standardizer)


@dataclass(frozen=True, slots=True)
class Given:
    """One value of one parameter.

    channel: of the column ``name``; None where the name stands for all of them, or is a label.
    """

    parameter: Parameter
    name: str
    channel: int | None
    value: float

    def __str__(self) -> str:
        place = f"[{self.channel}]" if self.channel else ""
        return f"'{self.name}{place}'"


def with_values(standardizer: _Kind, values: Iterable[Given], where: str | None = None) -> _Kind:
    """The same with these values of gamma and beta. Raises UsageError as ``placed`` does."""
    changed = {parameter: getattr(standardizer, parameter).copy() for parameter in PARAMETERS}
    for (parameter, place), value in placed(standardizer.channels, values, where).items():
        changed[parameter][place] = value
    return standardizer.replace(**changed)


def placed(
    channels: Sequence[Channel], values: Iterable[Given], where: str | None = None
) -> dict[Place, float]:
    """Each value at its channel. where: what messages call the origin of the values.

    Raises UsageError naming all names that are no channel, that are given twice, or whose value
    is not finite.
    """
    names = _Names.of(channels)
    found: dict[Place, float] = {}
    problems: list[str] = []
    for given in values:
        chosen: list[Place] = [(given.parameter, place) for place in names.places(given)]
        if not chosen:
            problems.append(f"no feature is named {given}{names.hint(given.name)}")
        elif not math.isfinite(given.value):
            problems.append(f"{given.parameter} of {given} is {given.value}, which is not finite")
        elif any(place in found for place in chosen):
            problems.append(f"{given.parameter} of {given} is given twice")
        found |= dict.fromkeys(chosen, given.value)
    if problems:
        raise UsageError(listed(problems), where=where, fix="bncli inspect shows the features")
    return found


def from_rows(rows: Iterable[Mapping[str, Any]], where: str) -> list[Given]:
    """Values out of a table with the columns feature, channel, gamma and beta.

    Without a channel it is 0; an empty cell of gamma or beta gives no value. Raises UsageError
    naming columns that are not known and cells that hold something else.
    """
    rows = list(rows)
    _check_columns(dict.fromkeys(key for row in rows for key in row), where)
    problems: list[str] = []
    found: list[Given] = []
    for at, row in enumerate(rows, start=1):
        name, channel = row.get("feature"), row.get("channel") or 0
        if not isinstance(name, str):
            problems.append(f"row {at}: feature is {name!r}")
            continue
        wrong = [p for p in ("channel", *PARAMETERS) if not _is_number(row.get(p))]
        problems += [f"row {at}: {p} of '{name}' is {row[p]!r}" for p in wrong]
        if not wrong and (channel < 0 or channel != int(channel)):
            problems.append(f"row {at}: channel of '{name}' is {channel!r}")
        elif not wrong:
            told = (p for p in PARAMETERS if row.get(p) is not None)
            found += [Given(p, name, int(channel), float(row[p])) for p in told]
    if problems:
        raise UsageError(listed(problems), where=where, fix="a cell holds a number, or nothing")
    return found


def from_pairs(values: Mapping[str, float], parameter: Parameter) -> list[Given]:
    """Values of one parameter by name."""
    return [Given(parameter, name, None, float(value)) for name, value in values.items()]


def from_standardizer(standardizer: Standardizer) -> list[Given]:
    """The gamma and beta of another standardizer, every channel of it."""
    return [
        Given(parameter, channel.feature, channel.channel, value)
        for parameter in PARAMETERS
        for channel, value in zip(
            standardizer.channels, getattr(standardizer, parameter).tolist(), strict=True
        )
    ]


def parse_pairs(texts: Iterable[str], parameter: Parameter) -> dict[str, float]:
    """``["temp=2"]`` as ``{"temp": 2.0}``; a name may hold ``=``, a number does not.

    Raises UsageError.
    """
    found: dict[str, float] = {}
    for text in texts:
        name, equals, number = text.rpartition("=")
        try:
            value = float(number)
        except ValueError:
            equals, value = "", math.nan
        if not equals:
            raise UsageError(
                f"'{text}' is no NAME=NUMBER", where=f"--{parameter}", fix=f"--{parameter} temp=2"
            )
        if name in found:
            raise UsageError(f"'{name}' is given twice", where=f"--{parameter}")
        found[name] = value
    return found


@dataclass(frozen=True, slots=True)
class _Names:
    """Where each name stands. columns: the places of a column by its channel numbers."""

    columns: Mapping[str, Mapping[int, int]]
    labels: Mapping[str, int]

    @classmethod
    def of(cls, channels: Sequence[Channel]) -> Self:
        columns: dict[str, dict[int, int]] = {}
        for at, channel in enumerate(channels):
            columns.setdefault(channel.feature, {})[channel.channel] = at
        return cls(columns, {channel.label: at for at, channel in enumerate(channels)})

    def places(self, given: Given) -> list[int]:
        """The channels that a name means; none where there is no such name."""
        column = self.columns.get(given.name, {})
        if given.channel is not None:
            return [column[given.channel]] if given.channel in column else []
        if column:
            return list(column.values())
        return [self.labels[given.name]] if given.name in self.labels else []

    def hint(self, name: str) -> str:
        near = difflib.get_close_matches(name, self.labels, n=1)
        return f"; did you mean '{near[0]}'?" if near and near[0] != name else ""


def _check_columns(columns: Iterable[str], where: str) -> None:
    columns = list(columns)
    fix = "its columns are feature, channel (0 where there is none), gamma and beta"
    unknown = [f"'{name}'" for name in columns if name not in _COLUMNS]
    if unknown:
        raise UsageError(f"has columns named {', '.join(unknown[:10])}", where=where, fix=fix)
    if columns and ("feature" not in columns or not set(PARAMETERS) & set(columns)):
        raise UsageError(f"has only {', '.join(columns)}", where=where, fix=fix)


def _is_number(value: Any) -> bool:
    """A number, or nothing."""
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))
