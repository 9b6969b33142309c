"""Matrix products of mini-batches, whose last bit does not depend on the number of threads.

OpenBLAS shares large products out among its threads, and where a sum is cut its last bits change.
It leaves small ones to a single thread, so the rows are taken some at a time.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bncli.stats.exact import FloatArray

# Where OpenBLAS starts to use threads: matrix by vector, and matrix by matrix.
_VECTOR, _MATRIX = 9_216, 262_144
_MOST_ROWS = 4096


def logits_of(weight: FloatArray, y: FloatArray) -> FloatArray:
    """``weight @ y``. weight: (outputs, inputs); y: (inputs, rows)."""
    found = np.empty((len(weight), y.shape[1]))
    for rows in _some_rows(weight, y.shape[1]):
        np.matmul(weight, y[:, rows], out=found[:, rows])
    return found


def weight_gradient(g: FloatArray, y: FloatArray) -> FloatArray:
    """``g @ y.T``. g: (outputs, rows); y: (inputs, rows)."""
    found = np.zeros((len(g), len(y)))
    for rows in _some_rows(found, y.shape[1]):
        found += g[:, rows] @ y[:, rows].T
    return found


def back_to_inputs(weight: FloatArray, g: FloatArray, out: FloatArray) -> FloatArray:
    """``weight.T @ g``, written to ``out`` of shape (inputs, rows)."""
    if len(weight) == 1:
        return np.multiply(weight.T, g, out=out)
    for rows in _some_rows(weight, g.shape[1]):
        np.matmul(weight.T, g[:, rows], out=out[:, rows])
    return out


def _some_rows(weight: FloatArray, rows: int) -> Iterator[slice]:
    bound = _VECTOR if len(weight) == 1 else _MATRIX
    step = min(_MOST_ROWS, max(1, (bound - 1) // weight.size))
    return (slice(start, start + step) for start in range(0, rows, step))
