"""Steps downhill, as PyTorch takes them: frozen values, their state explicit.

A step takes all parameters as one vector and gives the next one. Weight decay is added to the
gradient of every parameter, gamma and beta included.

Source: torch.optim.SGD (dampening 0, no Nesterov) and torch.optim.Adam (no AMSGrad), PyTorch
2.13; Kingma & Ba 2015.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from bncli.registry import Registry
from bncli.stats.exact import FloatArray

OPTIMIZERS = Registry(
    "optimizer",
    sgd="bncli.standardize.optimizers:SGD",
    adam="bncli.standardize.optimizers:Adam",
)


class Optimizer(Protocol):
    def start(self, size: int) -> Any:
        """The state before the first step."""

    def step(
        self, parameters: FloatArray, gradient: FloatArray, state: Any, rate: float
    ) -> tuple[FloatArray, Any]:
        """(the next parameters, the next state); nothing is changed in place."""


@dataclass(frozen=True, slots=True)
class SGD:
    """Stochastic gradient descent. state: the velocity, None before the first step."""

    momentum: float = 0.0
    weight_decay: float = 0.0

    def start(self, size: int) -> FloatArray | None:
        return None

    def step(
        self, parameters: FloatArray, gradient: FloatArray, state: FloatArray | None, rate: float
    ) -> tuple[FloatArray, FloatArray | None]:
        down = _decayed(gradient, parameters, self.weight_decay)
        if self.momentum:
            # PyTorch starts with the gradient itself, not with a velocity of 0.
            down = down if state is None else self.momentum * state + down
            state = down
        return parameters - rate * down, state


@dataclass(frozen=True, slots=True, eq=False)
class Moving:
    """Adam's state: steps taken, moving averages of the gradient and of its square."""

    steps: int
    first: FloatArray
    second: FloatArray


@dataclass(frozen=True, slots=True)
class Adam:
    """Adaptive moments, with weight decay in the gradient (L2), as torch.optim.Adam has it."""

    weight_decay: float = 0.0
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8

    def start(self, size: int) -> Moving:
        return Moving(0, np.zeros(size), np.zeros(size))

    def step(
        self, parameters: FloatArray, gradient: FloatArray, state: Moving, rate: float
    ) -> tuple[FloatArray, Moving]:
        down = _decayed(gradient, parameters, self.weight_decay)
        keep, keep_second = self.betas
        steps = state.steps + 1
        first = state.first + (1.0 - keep) * (down - state.first)
        second = keep_second * state.second + (1.0 - keep_second) * down * down
        length = rate / (1.0 - keep**steps)
        spread = np.sqrt(second) / np.sqrt(1.0 - keep_second**steps) + self.eps
        return parameters - length * (first / spread), Moving(steps, first, second)


def _decayed(gradient: FloatArray, parameters: FloatArray, decay: float) -> FloatArray:
    return gradient + decay * parameters if decay else gradient
