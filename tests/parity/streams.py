"""The two streams that bncli and its peers are compared on: one real, one with hard offsets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

SAMPLE_DATA = Path(__file__).resolve().parents[2] / "sample_data"
GOLDEN_RATIO = 0.6180339887498949
# column -> offset in units of its own scale, and the scale
OFFSETS = {"near": (0.0, 1.0), "far": (1e4, 3.0), "tiny": (-50.0, 1e-6), "huge": (7.0, 1e9)}


def weather() -> pl.DataFrame:
    """Seven numeric columns of the winter weather, rows with a missing value left out.

    PyTorch has no missing values: one NaN would poison its running statistics.
    """
    columns = ["temp", "dewp", "humid", "wind_speed", "precip", "pressure", "visib"]
    return pl.read_parquet(SAMPLE_DATA / "weather_winter.parquet", columns=columns).drop_nulls()


def offsets(rows: int = 1003) -> pl.DataFrame:
    """Columns whose mean and spread differ widely, evenly spread by multiples of the golden ratio.

    No random generator is used, so that every numpy makes the same doubles.
    """
    columns = {}
    for step, (name, (offset, scale)) in enumerate(OFFSETS.items(), start=1):
        spread = np.arange(1, rows + 1, dtype=np.float64) * (GOLDEN_RATIO * step) % 1.0
        columns[name] = (spread + offset) * scale
    return pl.DataFrame(columns)


STREAMS = {"weather": weather, "offsets": offsets}


def batches(frame: pl.DataFrame, size: int) -> list[np.ndarray]:
    """Consecutive mini-batches of ``size`` rows, the last one ragged."""
    values = frame.to_numpy()
    return [values[start : start + size] for start in range(0, len(values), size)]
