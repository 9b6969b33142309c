"""A head that is kept in the artifact, for scoring rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bncli.standardize.heads import HEADS
from bncli.standardize.products import logits_of
from bncli.standardize.target import Kind, Task
from bncli.stats.exact import FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class KeptHead:
    """A linear head over standardized features.

    target, kind: the column it was learned from. classes: as text, in order, empty for
    regression. features: the columns it reads, in the order of the weights; a tensor column has a
    weight for each of its values. missing: what becomes of a row that lacks one: no score, or the
    mean in its place. weight: (outputs, inputs), bias: (outputs,), in the target's units.
    """

    task: Task
    target: str
    kind: Kind
    classes: tuple[str, ...]
    features: tuple[str, ...]
    missing: Literal["drop", "mean"]
    weight: FloatArray
    bias: FloatArray

    def scores(self, y: FloatArray) -> FloatArray:
        """Values, or a probability per class. y: standardized inputs, (inputs, rows).

        Shape (scores, rows); NaN where a feature is.
        """
        found: FloatArray = HEADS[self.task]().scores(
            logits_of(self.weight, y) + self.bias[:, None]
        )
        return found

    def same_as(self, other: KeptHead | None) -> bool:
        """Whether both give every row the same scores, bit for bit."""
        if other is None:
            return False
        mine, theirs = ((h.task, h.target, h.classes, h.features, h.missing) for h in (self, other))
        same = (self.weight == other.weight).all() and (self.bias == other.bias).all()
        return mine == theirs and bool(same)
