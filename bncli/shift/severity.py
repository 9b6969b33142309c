"""How far a column moved, in one word."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, TypeAlias

Severity: TypeAlias = Literal["none", "minor", "major"]

RANK: Mapping[Severity, int] = {"none": 0, "minor": 1, "major": 2}


def worst(severities: Iterable[Severity]) -> Severity:
    """The worst of some; none of none."""
    return max(severities, key=RANK.__getitem__, default="none")
