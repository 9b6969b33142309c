"""First weights of a head that somebody gives: ``{"weight": [[...], ...], "bias": [...]}``."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from bncli.errors import DataError
from bncli.stats.exact import FloatArray


def first_weights(record: Any, outputs: int, inputs: int) -> tuple[FloatArray, FloatArray]:
    """(weight, bias), shapes (outputs, inputs) and (outputs,), of a JSON value of any origin.

    Raises DataError where it is anything else.
    """
    if not isinstance(record, dict) or not {"weight", "bias"} <= record.keys():
        raise DataError('first weights are an object with "weight" and "bias"')
    weight, bias = record["weight"], record["bias"]
    if not isinstance(weight, list) or len(weight) != outputs:
        raise DataError(f"weight must be a list of {outputs}, one list for each output")
    rows = [_numbers(row, inputs, f"weight[{at}]") for at, row in enumerate(weight)]
    return np.array(rows), np.array(_numbers(bias, outputs, "bias"))


def _numbers(values: Any, count: int, what: str) -> list[float]:
    if not isinstance(values, list) or len(values) != count:
        raise DataError(f"{what} must be a list of {count} numbers")
    wrong = [v for v in values if isinstance(v, bool) or not isinstance(v, int | float)]
    if wrong or not all(math.isfinite(value) for value in values):
        raise DataError(f"{what} must hold finite numbers only")
    return [float(value) for value in values]
