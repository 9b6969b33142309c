"""Small networks and mini-batches for the tests of learning, and slopes measured by differences."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from bncli.standardize.backprop import Epsilon
from bncli.standardize.heads import HEADS
from bncli.standardize.network import Batch, Network, Shape

CLASSES = {"regression": 0, "binary": 2, "multiclass": 4}


def network(task: str, channels: int, positions: int = 1, eps: Epsilon | None = None) -> Network:
    return mixed(task, [positions] * channels, eps)


def mixed(task: str, positions: Sequence[int], eps: Epsilon | None = None) -> Network:
    """positions: of each channel."""
    head = HEADS[task]()
    shape = Shape.of(positions, head.outputs(CLASSES[task]))
    ones = np.ones(shape.inputs)
    return Network(head, shape, eps or Epsilon(1e-5), 0 * ones, ones)


def raw_network(task: str, centre: np.ndarray) -> Network:
    """The same head without batch normalization."""
    head = HEADS[task]()
    shape = Shape.of([1] * len(centre), head.outputs(CLASSES[task]))
    return Network(head, shape, None, centre, np.ones(len(centre)))


def batch(task: str, shape: tuple[int, int, int], seed: int, missing: float = 0.0) -> Batch:
    """shape: (channels, positions, rows). missing: share of x that is NaN."""
    random = np.random.default_rng(seed)
    scales = 10.0 ** random.integers(-2, 3, size=(shape[0], 1, 1))
    x = random.normal(size=shape) * scales + random.normal(size=(shape[0], 1, 1))
    x[random.random(shape) < missing] = np.nan
    classes = CLASSES[task]
    y = random.integers(0, classes, shape[2]) if classes else random.normal(size=shape[2])
    flat = x.reshape(-1, shape[2])
    return Batch(flat, y.astype(np.float64), gaps=missing > 0)


def values(shape: tuple[int, int, int], seed: int, missing: float = 0.0) -> np.ndarray:
    """x of such a batch, shape (channels, positions, rows)."""
    return batch("regression", shape, seed, missing).x.reshape(shape)


def copied(given: Batch) -> Batch:
    """Training overwrites x."""
    return Batch(given.x.copy(), given.y, given.rows, given.gaps)


def parameters(net: Network, seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    affine = 2 * net.shape.channels if net.eps else 0
    return random.normal(size=affine + net.shape.outputs * (net.shape.inputs + 1))


def slopes(function: Callable[[np.ndarray], float], at: np.ndarray) -> np.ndarray:
    """The gradient by central differences of fourth order."""
    found = np.empty(at.size)
    for place in range(at.size):
        step = np.zeros(at.size)
        step[place] = 1e-4 * max(1.0, abs(at.ravel()[place]))
        near, far = step.reshape(at.shape), 2 * step.reshape(at.shape)
        inner = function(at + near) - function(at - near)
        outer = function(at + far) - function(at - far)
        found[place] = (8 * inner - outer) / (12 * step[place])
    return found.reshape(at.shape)
