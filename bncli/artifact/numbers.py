"""Many numbers as one text, parted by single spaces, and back, of any origin."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bncli.artifact.shape import MAX_INTEGER, Checker, Problems, Schema

# float() takes more than JSON does: underscores, other digits, "nan", a megabyte of zeros.
# The longest repr of a float has 24 characters, the longest int64 19 digits.
_FLOATS = re.compile(r"[0-9.e+-]{1,32}(?: [0-9.e+-]{1,32})*")
_INTEGERS = re.compile(r"[0-9]{1,19}(?: [0-9]{1,19})*")


def as_text(values: NDArray[Any]) -> str:
    """The numbers, or the first of them where all are the same to the bit."""
    same = values.size > 1 and bool((values.view(np.int64) == values.view(np.int64)[0]).all())
    return " ".join(map(repr, (values[:1] if same else values).tolist()))


def floats(low: float = -math.inf, high: float = math.inf) -> Checker:
    """A text of finite numbers, given back as an array."""

    def check(value: Any, path: str, problems: Problems) -> NDArray[np.float64]:
        found = _parsed(value, _FLOATS, float, path, problems)
        array = np.array(found, dtype=np.float64)
        if not np.isfinite(array).all():
            problems.add(path, "must be finite")
        elif array.size and not (low <= array.min() and array.max() <= high):
            bounds = f"at least {low:g}" if high == math.inf else f"from {low:g} to {high:g}"
            problems.add(path, f"must be {bounds}")
        return array

    return Checker(check, _schema(_FLOATS))


def integers(low: int = 0) -> Checker:
    """A text of integers, given back as an array."""

    def check(value: Any, path: str, problems: Problems) -> NDArray[np.int64]:
        found = _parsed(value, _INTEGERS, int, path, problems)
        if found and not low <= min(found) <= max(found) <= MAX_INTEGER:
            problems.add(path, f"must be from {low} to {MAX_INTEGER}")
            found = [low] * len(found)
        return np.array(found, dtype=np.int64)

    return Checker(check, _schema(_INTEGERS))


def _schema(pattern: re.Pattern[str]) -> Schema:
    return {"type": "string", "pattern": f"^(?:{pattern.pattern})?$"}


def _parsed(
    value: Any, pattern: re.Pattern[str], kind: Any, path: str, problems: Problems
) -> list[Any]:
    if not isinstance(value, str) or (value and not pattern.fullmatch(value)):
        problems.add(path, "must be a text of numbers parted by single spaces")
        return []
    try:
        return list(map(kind, value.split()))
    except ValueError:
        problems.add(path, "must be a text of numbers parted by single spaces")
        return []
