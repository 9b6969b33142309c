"""The target of a head: what its values mean, and in which units the head is learned.

A column with classes gives each row the number of its class. A number is learned as
``(y - shift) / scale``, so that a learning rate means the same for dollars and for millions of
them; everything that is told or kept is in the column's own units.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from bncli.errors import DataError, UsageError
from bncli.standardize.network import Parameters

Kind: TypeAlias = Literal["text", "boolean", "integer", "number"]
Task: TypeAlias = Literal["regression", "binary", "multiclass"]
Value: TypeAlias = str | bool | int | float

MAX_CLASSES = 1000
_FEW = 20


@dataclass(frozen=True, slots=True)
class Target:
    """name: of the column. values: the classes in order, as they stand in the column; empty for
    regression. shift, scale: of regression, in the column's units."""

    name: str
    kind: Kind
    task: Task
    values: tuple[Value, ...] = ()
    shift: float = 0.0
    scale: float = 1.0

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes as text."""
        return tuple(map(class_name, self.values))

    def loss(self, learned: float) -> float:
        """A loss in the target's units, squared for regression."""
        return learned * self.scale**2 if self.task == "regression" else learned

    def parameters(self, learned: Parameters) -> Parameters:
        """Weights and bias in the target's units."""
        if self.task != "regression":
            return learned
        weight, bias = learned.weight * self.scale, learned.bias * self.scale + self.shift
        return learned._replace(weight=weight, bias=bias)


def class_name(value: Value) -> str:
    """A class as text: true and false, whole numbers without a point."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def ordered(values: Mapping[Value, int], kind: Kind) -> tuple[Value, ...]:
    """Classes in the order of their numbers: text by its code points, numbers by size."""
    found: list[Any] = list(values)
    return tuple(sorted(found))


def task_for(name: str, kind: Kind, values: Mapping[Value, int] | None) -> Task:
    """What ``--task auto`` means for a column.

    values: the distinct ones with their counts, None where they are very many. Text and truth
    values are classes. So are numbers that take two values only, or up to 20 whole ones that
    follow each other from 0 or 1 on; all others are a regression's.
    """
    if values is not None and len(values) == 2:
        return "binary"
    if kind in ("text", "boolean"):
        return "multiclass"
    return "multiclass" if values is not None and _are_numbers_of_classes(values) else "regression"


def check_classes(name: str, task: Task, kind: Kind, values: Mapping[Value, int] | None) -> None:
    """Raises DataError, UsageError where a column cannot be the target of the task."""
    if task == "regression":
        if kind == "text":
            raise DataError(
                f"column '{name}' holds text, which no regression predicts",
                fix="--task binary or multiclass",
            )
        return
    if values is None:
        raise DataError(
            f"column '{name}' has more than {MAX_CLASSES} classes",
            fix="--task regression, or another --target",
        )
    if len(values) < 2:
        raise DataError(f"column '{name}' has one class only: there is nothing to learn")
    if task == "binary" and len(values) > 2:
        raise UsageError(
            f"column '{name}' has {len(values)} classes, and --task binary takes two",
            fix="--task multiclass",
        )


def _are_numbers_of_classes(values: Mapping[Value, int]) -> bool:
    if not 2 < len(values) <= _FEW:
        return False
    low, high = min(map(float, values)), max(map(float, values))
    whole = all(float(value).is_integer() for value in values)
    return whole and low in (0.0, 1.0) and high - low == len(values) - 1
