"""What may be chosen about learning, with its defaults, checked before any work is done."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal

from bncli.errors import UsageError
from bncli.standardize.learning import Stop
from bncli.standardize.optimizers import OPTIMIZERS, Optimizer
from bncli.standardize.schedules import SCHEDULES, Schedule
from bncli.standardize.target import Task

RATES = {"sgd": 0.1, "adam": 0.03}
EPOCHS = 30
VALIDATION = 0.1


@dataclass(frozen=True, slots=True)
class LearnOptions:
    """batch_size: rows of a mini-batch. epochs: times through the rows (default 30, or as many as
    ``steps`` take); steps: mini-batches in all. lr: learning rate (default 0.03 of adam, 0.1 of
    sgd). momentum_sgd: of sgd's velocity. validation: share of rows held out (default 0.1; 0
    without shuffling, so that every mini-batch is whole). patience: epochs without a better
    held-out loss before it stops; the best parameters are then kept. seed: of what is held out
    and of the order. missing: rows that lack a feature are left out, or the mean takes its place.
    target_scale: learn a number in its standard deviations, or as it is (default "sd"; "none"
    where the first weights are given). compare: also count the steps on the raw columns.

    Raises UsageError for what cannot be meant.
    """

    task: Literal["auto"] | Task = "auto"
    batch_size: int = 256
    epochs: int | None = None
    steps: int | None = None
    optimizer: str = "adam"
    lr: float | None = None
    momentum_sgd: float | None = None
    weight_decay: float = 0.0
    lr_schedule: str = "constant"
    validation: float | None = None
    patience: int | None = None
    seed: int = 0
    shuffle: bool = True
    missing: Literal["drop", "mean"] = "drop"
    nonfinite: Literal["error", "missing"] = "error"
    target_scale: Literal["sd", "none"] | None = None
    keep_head: bool = False
    compare: bool = True

    def __post_init__(self) -> None:
        OPTIMIZERS[self.optimizer], SCHEDULES[self.lr_schedule]  # raise for an unknown name
        _at_least(2, batch_size=self.batch_size)
        _at_least(1, epochs=self.epochs, steps=self.steps, patience=self.patience)
        _at_least(0, seed=self.seed)
        if not (math.isfinite(self.rate) and self.rate > 0):
            raise UsageError(f"--lr {self.rate:g} is no step downhill", fix="--lr 0.01")
        if not (math.isfinite(self.weight_decay) and self.weight_decay >= 0):
            raise UsageError(f"--weight-decay {self.weight_decay:g} is not 0 or more")
        if not 0 <= self.held_out < 1:
            raise UsageError(f"--validation {self.held_out:g} is not from 0 to below 1")
        if self.momentum_sgd is not None:
            if self.optimizer != "sgd":
                raise UsageError("--momentum-sgd is for --optimizer sgd")
            if not 0 <= self.momentum_sgd < 1:
                raise UsageError(f"--momentum-sgd {self.momentum_sgd:g} is not from 0 to below 1")
        if self.patience and not self.held_out:
            raise UsageError("--patience looks at held-out rows", fix="--validation 0.1")

    @property
    def rate(self) -> float:
        return RATES[self.optimizer] if self.lr is None else self.lr

    @property
    def held_out(self) -> float:
        if self.validation is None:
            return VALIDATION if self.shuffle else 0.0
        return self.validation

    @property
    def stop(self) -> Stop:
        endless = self.epochs is None and self.steps is not None
        epochs = None if endless else self.epochs or EPOCHS
        return Stop(epochs, self.steps, self.patience)

    def scaled(self, first_weights_given: bool) -> bool:
        """Whether a number is learned in its standard deviations."""
        if self.target_scale is None:
            return not first_weights_given
        return self.target_scale == "sd"

    def descent(self) -> Optimizer:
        decay = {"weight_decay": self.weight_decay}
        if self.optimizer == "sgd":
            decay["momentum"] = self.momentum_sgd or 0.0
        found: Optimizer = OPTIMIZERS[self.optimizer](**decay)
        return found

    def schedule(self, rate: float, steps: int) -> Schedule:
        found: Schedule = SCHEDULES[self.lr_schedule](rate, steps)
        return found

    def planned_steps(self, per_epoch: int) -> int:
        """How many steps there will be, unless something ends them earlier."""
        stop = self.stop
        epochs = math.inf if stop.epochs is None else stop.epochs * per_epoch
        return int(min(epochs, math.inf if stop.steps is None else stop.steps))

    def to_record(self, scale: float) -> dict[str, Any]:
        """As plain JSON values, the defaults that depend on others filled in.

        scale: what the target was divided by.
        """
        settled = {
            "lr": self.rate,
            "validation": self.held_out,
            "epochs": self.stop.epochs,
            "target_scale": scale,
        }
        left_out = ("keep_head", "compare")
        plain = {name: value for name, value in asdict(self).items() if name not in left_out}
        return {**plain, **settled}


def _at_least(least: int, **values: int | None) -> None:
    for name, value in values.items():
        if value is not None and value < least:
            option = name.replace("_", "-")
            raise UsageError(f"--{option} {value} is less than {least}")
