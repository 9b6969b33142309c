"""Many numbers as one text, parted by single spaces, and back, of any origin."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bncli.artifact.shape import MAX_INTEGER, Checker, Problems, Schema, text

# float() takes more than JSON does: underscores, other digits, "nan", a megabyte of zeros.
# The longest repr of a float has 24 characters, the longest int64 19 digits.
_LETTERS, _LONGEST = b"0123456789.e+- ", 32
_FLOATS = re.compile(r"[0-9.e+-]{1,32}(?: [0-9.e+-]{1,32})*")
_INTEGERS = re.compile(r"[0-9]{1,19}(?: [0-9]{1,19})*")

_NO_TEXT = "must be a text of numbers parted by single spaces"


def as_text(values: NDArray[Any]) -> str:
    """The numbers, or the first of them where all are the same to the bit."""
    same = values.size > 1 and bool((values.view(np.int64) == values.view(np.int64)[0]).all())
    return " ".join(map(repr, (values[:1] if same else values).tolist()))


def floats(low: float = -math.inf, high: float = math.inf) -> Checker:
    """A text of finite numbers, given back as an array."""

    def check(value: Any, path: str, problems: Problems) -> NDArray[np.float64]:
        found = scanned(value) if isinstance(value, str) else None
        if found is None:
            problems.add(path, _NO_TEXT)
        array = np.array(found or [], dtype=np.float64)
        if not np.isfinite(array).all():
            problems.add(path, "must be finite")
        elif array.size and not (low <= array.min() and array.max() <= high):
            bounds = f"at least {low:g}" if high == math.inf else f"from {low:g} to {high:g}"
            problems.add(path, f"must be {bounds}")
        return array

    return Checker(check, _schema(_FLOATS))


def sequence(most: int) -> Checker:
    """A text of finite numbers, of at most ``most`` characters, given back as an array."""
    plain = text(most)

    def check(value: Any, path: str, problems: Problems) -> NDArray[np.float64]:
        before = problems.total
        found = scanned(plain(value, path, problems))
        if problems.total > before:
            return np.zeros(0)
        if found is None:
            problems.add(path, "must be numbers parted by single spaces")
            return np.zeros(0)
        array = np.array(found, dtype=np.float64)
        if not np.isfinite(array).all():
            problems.add(path, "must be finite")
        return array

    def many(values: list[Any]) -> list[Any] | None:
        if plain.many(values) is None:
            return None
        problems = Problems()
        arrays = [check(value, "", problems) for value in values]
        return None if problems.total else arrays

    return Checker(check, {**plain.schema, **_schema(_FLOATS)}, many)


def scanned(text: str) -> list[float] | None:
    """The numbers of a text, parted by single spaces; None where anything else is in it."""
    if not text:
        return []
    tokens = text.split(" ")
    # An empty one stands beside a space too many.
    if not text.isascii() or text.encode().translate(None, _LETTERS) or "" in tokens:
        return None
    if len(max(tokens, key=len)) > _LONGEST:
        return None
    try:
        return list(map(float, tokens))
    except ValueError:
        return None


def integers(low: int = 0) -> Checker:
    """A text of integers, given back as an array."""

    def check(value: Any, path: str, problems: Problems) -> NDArray[np.int64]:
        fitting = isinstance(value, str) and (not value or _INTEGERS.fullmatch(value))
        if not fitting:
            problems.add(path, _NO_TEXT)
        found = list(map(int, value.split())) if fitting else []
        if found and not low <= min(found) <= max(found) <= MAX_INTEGER:
            problems.add(path, f"must be from {low} to {MAX_INTEGER}")
            found = [low] * len(found)
        return np.array(found, dtype=np.int64)

    return Checker(check, _schema(_INTEGERS))


def _schema(pattern: re.Pattern[str]) -> Schema:
    return {"type": "string", "pattern": f"^(?:{pattern.pattern})?$"}
