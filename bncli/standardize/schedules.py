"""Learning rates over the steps of a run: values that give the rate of a step."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

from bncli.registry import Registry

# Each is made with the first rate and the number of steps that are planned.
SCHEDULES = Registry(
    "learning rate schedule",
    constant="bncli.standardize.schedules:Constant",
    cosine="bncli.standardize.schedules:Cosine",
    step="bncli.standardize.schedules:Staircase",
)


class Schedule(Protocol):
    def rate(self, step: int) -> float:
        """The learning rate of a step, counted from 0."""


@dataclass(frozen=True, slots=True)
class Constant:
    first: float
    steps: int

    def rate(self, step: int) -> float:
        return self.first


@dataclass(frozen=True, slots=True)
class Cosine:
    """Half a cosine, from the first rate down to 0 after ``steps`` steps.

    Source: Loshchilov & Hutter 2017; torch.optim.lr_scheduler.CosineAnnealingLR.
    """

    first: float
    steps: int

    def rate(self, step: int) -> float:
        share = min(1.0, step / max(1, self.steps))
        return self.first * 0.5 * (1.0 + math.cos(math.pi * share))


@dataclass(frozen=True, slots=True)
class Staircase:
    """A tenth of the rate after each third of the steps.

    Source: torch.optim.lr_scheduler.StepLR with gamma 0.1.
    """

    first: float
    steps: int

    def rate(self, step: int) -> float:
        third = max(1, math.ceil(self.steps / 3))
        return self.first * 0.1 ** min(2, step // third)
