"""Small checkers that together describe what a record must look like.

A ``Checker`` takes a value of unknown kind and its path, returns the value cleaned (known
fields only, numbers of the right type), and tells ``Problems`` what is wrong. It never raises
and never recurses deeper than the description does. Beside that it says the same as a JSON
Schema, which is what ``export --to json-schema`` writes.

A list of many alike is first looked at column by column, field after field over all entries, which
takes a fraction of the time (``Checker.many``). That look only ever says "all in order", or that it
cannot tell: then every entry is checked by itself, which also finds the words for what is wrong.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from bncli.artifact.parse import shortened
from bncli.errors import ArtifactError, listed

MAX_INTEGER = 2**63 - 1
MAX_TEXT = 1_000_000  # characters: a name or a category as data may hold it
_TOLD = 10


@dataclass(slots=True)
class Problems:
    """What is wrong in one record, and which fields nobody knows."""

    told: list[str] = field(default_factory=list)
    total: int = 0
    unknown: dict[str, None] = field(default_factory=dict)

    def add(self, path: str, text: str) -> None:
        self.total += 1
        if len(self.told) < _TOLD:
            self.told.append(f"{path} {text}")

    def add_unknown(self, path: str) -> None:
        # One entry for all channels: which one is of no use.
        if len(self.unknown) < 1000:
            self.unknown[re.sub(r"\[\d+\]", "[]", path)] = None

    def raise_if_any(self, name: str) -> None:
        """Raises ArtifactError naming ``name`` and up to ten field paths."""
        if self.total == 1:
            raise ArtifactError(self.told[0], where=name)
        if self.total:
            rest = [f"... and {self.total - len(self.told)} more"]
            lines = self.told + rest * (self.total > len(self.told))
            text = listed([f"{self.total} fields are wrong", *lines], most=_TOLD + 2)
            raise ArtifactError(text, where=name)


Check: TypeAlias = Callable[[Any, str, Problems], Any]
Many: TypeAlias = Callable[[list[Any]], list[Any] | None]
Schema: TypeAlias = dict[str, Any]


def _unsure(values: list[Any]) -> None:
    """The look at many that never can tell."""


@dataclass(frozen=True, slots=True, eq=False)
class Checker:
    """check: the function; schema: what it asks for, as JSON Schema (draft 2020-12) can say it;
    many: the same values cleaned where all of them are in order, else None."""

    check: Check
    schema: Schema
    many: Many = _unsure

    def __call__(self, value: Any, path: str, problems: Problems) -> Any:
        return self.check(value, path, problems)


def integer(low: int = 0, high: int = MAX_INTEGER) -> Checker:
    def check(value: Any, path: str, problems: Problems) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            problems.add(path, f"must be an integer, and is {shortened(value)}")
        elif not low <= value <= high:
            problems.add(path, f"must be from {low} to {high}, and is {shortened(value)}")
        else:
            return value
        return low

    def many(values: list[Any]) -> list[Any] | None:
        # A type of its own is what a truth value has: it is no integer here.
        if set(map(type, values)) <= {int} and low <= min(values, default=low):
            return values if max(values, default=low) <= high else None
        return None

    return Checker(check, {"type": "integer", "minimum": low, "maximum": high}, many)


def number(low: float = -math.inf, high: float = math.inf) -> Checker:
    """A finite number, given back as float."""

    def check(value: Any, path: str, problems: Problems) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            problems.add(path, f"must be a number, and is {shortened(value)}")
        elif isinstance(value, int) and abs(value) > MAX_INTEGER:
            problems.add(path, "is an integer too long for a number")
        elif not math.isfinite(value):
            problems.add(path, f"must be finite, and is {value}")
        elif not low <= value <= high:
            bounds = f"at least {low:g}" if high == math.inf else f"from {low:g} to {high:g}"
            problems.add(path, f"must be {bounds}, and is {value}")
        else:
            return float(value)
        return 0.0

    ends = {"minimum": low, "maximum": high}
    bounds = {name: end for name, end in ends.items() if math.isfinite(end)}

    def many(values: list[Any]) -> list[Any] | None:
        # Not even integers: their length is for the other check. The sum of what is finite may
        # overflow, which that check then clears up; what is not finite makes no finite sum.
        if set(map(type, values)) <= {float} and math.isfinite(sum(values)):
            ends = min(values, default=low), max(values, default=low)
            return values if low <= ends[0] and ends[1] <= high else None
        return None

    return Checker(check, {"type": "number", **bounds}, many)


def text(most: int = MAX_TEXT) -> Checker:
    def check(value: Any, path: str, problems: Problems) -> str:
        if not isinstance(value, str):
            problems.add(path, f"must be text, and is {shortened(value)}")
        elif len(value) > most:
            problems.add(path, f"has {len(value):,} characters, more than {most:,}")
        elif not _encodable(value):
            problems.add(path, "holds half of a surrogate pair, which is no text")
        else:
            return value
        return ""

    def many(values: list[Any]) -> list[Any] | None:
        if not set(map(type, values)) <= {str}:
            return None
        plain = "".join(values)
        longest = len(plain) <= most or max(map(len, values)) <= most
        return values if longest and _encodable(plain) else None

    return Checker(check, {"type": "string", "maxLength": most}, many)


def _encodable(value: str) -> bool:
    return value.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in value)


def _flag(value: Any, path: str, problems: Problems) -> bool:
    if not isinstance(value, bool):
        problems.add(path, f"must be true or false, and is {shortened(value)}")
        return False
    return value


def _flags(values: list[Any]) -> list[Any] | None:
    return values if set(map(type, values)) <= {bool} else None


flag = Checker(_flag, {"type": "boolean"}, _flags)


def nullable(checker: Checker) -> Checker:
    check = checker.check

    def many(values: list[Any]) -> list[Any] | None:
        if None not in values:
            return checker.many(values)
        there = checker.many([value for value in values if value is not None])
        if there is None:
            return None
        found = iter(there)
        return [None if value is None else next(found) for value in values]

    return Checker(
        lambda value, path, problems: None if value is None else check(value, path, problems),
        {"anyOf": [{"type": "null"}, checker.schema]},
        many,
    )


def items(checker: Checker, least: int = 0, most: int = 10_000_000) -> Checker:
    """A list of ``least`` to ``most`` values, each checked alike."""
    check = checker.check

    def check_list(value: Any, path: str, problems: Problems) -> list[Any]:
        if not isinstance(value, list):
            problems.add(path, f"must be a list, and is {shortened(value)}")
            return []
        if not least <= len(value) <= most:
            problems.add(path, f"must have {least:,} to {most:,} entries, and has {len(value):,}")
            return []
        found = checker.many(value)
        if found is not None:
            return found
        return [check(item, f"{path}[{at}]", problems) for at, item in enumerate(value)]

    bounds = {"minItems": least, "maxItems": most}
    return Checker(check_list, {"type": "array", "items": checker.schema, **bounds})


def entries(*checks: Checker) -> Checker:
    """A list of fixed length, each place with a checker of its own."""

    def check_entries(value: Any, path: str, problems: Problems) -> list[Any]:
        if not isinstance(value, list) or len(value) != len(checks):
            told = f"must be a list of {len(checks)}, and is {shortened(value)}"
            problems.add(path, told)
            return [None] * len(checks)
        pairs = enumerate(zip(checks, value, strict=True))
        return [check(item, f"{path}[{at}]", problems) for at, (check, item) in pairs]

    def many(values: list[Any]) -> list[Any] | None:
        if not set(map(type, values)) <= {list} or not set(map(len, values)) <= {len(checks)}:
            return None
        columns = zip(checks, zip(*values, strict=True), strict=True) if values else ()
        found = _each(checker.many(list(column)) for checker, column in columns)
        return None if found is None else list(map(list, zip(*found, strict=True)))

    size = {"minItems": len(checks), "maxItems": len(checks)}
    places = [check.schema for check in checks]
    return Checker(check_entries, {"type": "array", "prefixItems": places, **size}, many)


def _each(columns: Iterable[list[Any] | None]) -> list[list[Any]] | None:
    """All columns; None as soon as one of them cannot be told."""
    found = []
    for column in columns:
        if column is None:
            return None
        found.append(column)
    return found


def fields(_optional: Mapping[str, Any] | None = None, /, **checks: Checker) -> Checker:
    """An object with these fields; those in ``_optional`` have a default, others are dropped."""
    optional = _optional or {}
    called = {name: checker.check for name, checker in checks.items()}

    def check_fields(value: Any, path: str, problems: Problems) -> dict[str, Any]:
        if not isinstance(value, dict):
            problems.add(path or "the record", f"must be an object, and is {shortened(value)}")
            return {}
        dot = f"{path}." if path else ""
        for name in sorted(value.keys() - checks.keys(), key=str):
            problems.add_unknown(f"{dot}{shortened(name)}")
        clean: dict[str, Any] = {}
        for name, check in called.items():
            if name in value:
                clean[name] = check(value[name], dot + name, problems)
            elif name in optional:
                clean[name] = optional[name]
            else:
                problems.add(dot + name, "is missing")
        return clean

    def many(values: list[Any]) -> list[Any] | None:
        """Where all have the same fields, none of them unknown."""
        if not set(map(type, values)) <= {dict}:
            return None
        shapes = set(map(tuple, values))
        if len(shapes) != 1:
            return None if shapes else []
        (names,) = shapes
        absent = checks.keys() - names
        if not checks.keys() >= set(names) or not optional.keys() >= absent:
            return None
        held = {name: [optional[name]] * len(values) for name in absent}
        columns = zip(names, zip(*map(dict.values, values), strict=True), strict=False)
        cleaned = _each(checks[name].many(list(column)) for name, column in columns)
        if cleaned is None:
            return None
        held |= zip(names, cleaned, strict=True)
        if not held:
            return [{} for _ in values]
        rows = zip(*(held[name] for name in checks), strict=True)
        return [dict(zip(checks, row, strict=True)) for row in rows]

    return Checker(
        check_fields,
        {
            "type": "object",
            "properties": {name: checker.schema for name, checker in checks.items()},
            "required": [name for name in checks if name not in optional],
        },
        many,
    )
