"""The loop of learning: epochs of mini-batches, a look at the held-out rows after each of them.

Where rows come from, and what becomes of the steps, is the caller's: an epoch is any iterable of
mini-batches, a watch gets every step. A loss that is not finite ends the loop, and the parameters
with the best held-out loss so far, the first ones included, are the result.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

import numpy as np

from bncli.errors import DataError
from bncli.standardize.network import Batch, Network
from bncli.standardize.optimizers import Optimizer
from bncli.standardize.schedules import Schedule
from bncli.stats.exact import FloatArray

Epoch: TypeAlias = Callable[[int], Iterable[Batch]]
"""The mini-batches of an epoch, counted from 0; each is used before the next one is asked for."""
Reason: TypeAlias = Literal["epochs", "steps", "patience", "diverged"]


@dataclass(frozen=True, slots=True)
class Stop:
    """When to end: after so many epochs or steps, or epochs without a better held-out loss.

    None: never for that reason. Without epochs there must be steps.
    """

    epochs: int | None = None
    steps: int | None = None
    patience: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Descent:
    """Where a run is. steps: taken so far; loss: of the last mini-batch, before its step."""

    parameters: FloatArray
    state: Any
    steps: int = 0
    loss: float = math.nan

    @property
    def good(self) -> bool:
        return math.isfinite(self.loss) and bool(np.isfinite(self.parameters).all())


Watch: TypeAlias = Callable[[Batch, Descent], None]


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What a run came to. before, after: held-out loss of the first and the final parameters.

    steps, epochs: taken (an epoch that was begun counts); kept: the step whose parameters these
    are; reason: why it ended.
    """

    parameters: FloatArray
    before: float
    after: float
    steps: int
    epochs: int
    kept: int
    reason: Reason


@dataclass(frozen=True, slots=True)
class Limit:
    """goal: a held-out loss; budget: steps; every: after how many the loss is looked at;
    patience: steps without any fall of the loss that make a run hopeless."""

    goal: float
    budget: int
    every: int
    patience: int


@dataclass(frozen=True, slots=True)
class Reached:
    """steps: after how many the goal was seen to be reached, None where it was not; tried: steps
    that were taken; best: the lowest held-out loss seen; hopeless: the loss became infinite, or
    never fell."""

    steps: int | None
    tried: int
    best: float
    hopeless: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """A network on its way down. held: the rows that losses are told of."""

    network: Network
    optimizer: Optimizer
    schedule: Schedule
    held: Batch

    def descent(self, parameters: FloatArray) -> Descent:
        return Descent(parameters, self.optimizer.start(parameters.size))

    def steps(self, descent: Descent, batches: Iterable[Batch]) -> Iterator[tuple[Batch, Descent]]:
        """A step for each mini-batch; one of a single row, which has no variance, is skipped.

        The last one may not be ``good``: nothing comes after it.
        """
        for batch in batches:
            if len(batch.y) < 2:
                continue
            loss, gradient = self.network.loss_and_gradient(descent.parameters, batch)
            with np.errstate(over="ignore", invalid="ignore"):
                moved, state = self.optimizer.step(
                    descent.parameters, gradient, descent.state, self.schedule.rate(descent.steps)
                )
            descent = Descent(moved, state, descent.steps + 1, loss)
            yield batch, descent
            if not descent.good:
                return

    def learn(
        self, parameters: FloatArray, epoch: Epoch, stop: Stop, watches: Sequence[Watch] = ()
    ) -> Outcome:
        """Descend until ``stop`` says so. With patience the best parameters are kept, else the
        last ones; those before the fault where the loss is not finite any more."""
        descent = self.descent(parameters)
        before = self.network.loss(parameters, self.held)
        if not math.isfinite(before):
            raise DataError("the loss of the first weights is not finite", fix="give smaller ones")
        best = _Seen(parameters, before, 0, 0)
        epochs = 0
        while True:
            for batch, descent in self.steps(descent, epoch(epochs)):  # noqa: B020
                for watch in watches if descent.good else ():
                    watch(batch, descent)
                if descent.steps == stop.steps:
                    break
            if not descent.steps:
                raise DataError("no mini-batch has two rows", fix="--batch-size 256")
            epochs += 1
            now = self._seen(descent, epochs)
            best = now if now.loss < best.loss else best
            reason = _reason(stop, descent, now, best)
            if reason is not None:
                final = best if stop.patience or reason == "diverged" else now
                kept = (final.parameters, before, final.loss)
                return Outcome(*kept, descent.steps, epochs, final.step, reason)

    def steps_to_reach(self, parameters: FloatArray, epoch: Epoch, limit: Limit) -> Reached:
        """Descend until the held-out loss is seen at or below the goal, or the limit is met."""
        descent = self.descent(parameters)
        first = self.network.loss(parameters, self.held)
        reached, epochs = Reached(None, 0, first), 0
        while descent.steps < limit.budget:
            for _, descent in self.steps(descent, epoch(epochs)):  # noqa: B020
                if not descent.good:
                    return replace(reached, hopeless=True)
                if descent.steps % limit.every == 0 or descent.steps >= limit.budget:
                    reached = self._look(descent, reached, limit.goal)
                    hopeless = descent.steps >= limit.patience and not reached.best < first
                    if reached.steps is not None or hopeless:
                        return replace(reached, hopeless=hopeless)
                if descent.steps >= limit.budget:
                    break
            epochs += 1
        return reached

    def _look(self, descent: Descent, before: Reached, goal: float) -> Reached:
        loss = self.network.loss(descent.parameters, self.held)
        best = min(loss, before.best) if math.isfinite(loss) else before.best
        return Reached(descent.steps if loss <= goal else None, descent.steps, best)

    def _seen(self, descent: Descent, epoch: int) -> _Seen:
        loss = self.network.loss(descent.parameters, self.held) if descent.good else math.nan
        return _Seen(descent.parameters, loss, descent.steps, epoch)


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """Parameters and the held-out loss they have."""

    parameters: FloatArray
    loss: float
    step: int
    epoch: int


def _reason(stop: Stop, descent: Descent, now: _Seen, best: _Seen) -> Reason | None:
    if not math.isfinite(now.loss):
        return "diverged"
    if stop.steps is not None and descent.steps >= stop.steps:
        return "steps"
    if stop.epochs is not None and now.epoch >= stop.epochs:
        return "epochs"
    if stop.patience and now.epoch - best.epoch >= stop.patience:
        return "patience"
    return None
