"""What presets are compared on: three seeded columns, in mini-batches, the last one ragged."""

from __future__ import annotations

import numpy as np

BATCH_SIZE = 8
ROWS = 45


def values() -> np.ndarray:
    """Shape (45, 3), float64."""
    random = np.random.default_rng(5)
    return random.normal([3.0, -20.0, 0.5], [2.0, 9.0, 0.8], (ROWS, 3))


def batches() -> list[np.ndarray]:
    return [values()[at : at + BATCH_SIZE] for at in range(0, ROWS, BATCH_SIZE)]
