"""``--fail-on``: the rules a CI job can stop at, ``minor|major|share=0.3|psi=0.2|schema``.

Where groups were compared too, a rule about severity or about a measure looks at the columns of
every group as well; a share is that of the columns over all rows.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from bncli.errors import UsageError
from bncli.shift.model import Column, Gate, SchemaChange
from bncli.shift.options import THRESHOLDS
from bncli.shift.severity import RANK, worst

Columns: TypeAlias = Sequence[Column]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What rules look at. columns: over all rows; in_groups: those of every group."""

    columns: Columns
    schema: SchemaChange
    in_groups: Columns = ()

    @property
    def everywhere(self) -> Columns:
        return [*self.columns, *self.in_groups]


Rule: TypeAlias = Callable[[Evidence], bool]


def parse_rule(text: str) -> Rule:
    """Read one rule. Raises UsageError when it is none."""
    name, equals, number = text.strip().partition("=")
    if not equals and name in ("minor", "major"):
        return lambda found: worst_rank(found.everywhere) >= RANK[name]  # type: ignore[index]
    if not equals and name == "schema":
        return lambda found: bool(found.schema)
    if name == "share":
        share = _limit(text, number)
        return lambda found: shifted_share(found.columns) >= share
    if name in THRESHOLDS:
        limit = _limit(text, number)
        return lambda found: any(_reaches(column, name, limit) for column in found.everywhere)
    raise UsageError(
        f"no gate rule '{text}'",
        fix=f"known: minor, major, schema, share=0.3, or one of {', '.join(THRESHOLDS)} as psi=0.2",
    )


def gate(
    rules: Mapping[str, Rule], columns: Columns, schema: SchemaChange, in_groups: Columns = ()
) -> Gate:
    """Which of the rules, parsed and by their text, this report reaches, in the order given."""
    evidence = Evidence(columns, schema, in_groups)
    failed = (text for text, rule in rules.items() if rule(evidence))
    return Gate(tuple(rules), tuple(failed))


def worst_rank(columns: Columns) -> int:
    return RANK[worst(column.severity for column in columns)]


def shifted_share(columns: Columns) -> float:
    """Share of the compared columns that are minor or major; 0 when none was compared."""
    shifted = sum(column.severity != "none" for column in columns)
    return shifted / len(columns) if columns else 0.0


def _reaches(column: Column, measure: str, limit: float) -> bool:
    """As for severity, an effect that chance explains stops nothing."""
    return any(
        effect.measure == measure and effect.beyond_chance and effect.value >= limit
        for effect in column.effects
    )


def _limit(text: str, number: str) -> float:
    try:
        value = float(number)
    except ValueError:
        value = math.nan
    if not 0.0 < value < math.inf:
        raise UsageError(f"gate rule '{text}' needs a number above 0", fix="for example psi=0.2")
    return value
