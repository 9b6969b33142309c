"""The descents that bncli and PyTorch are compared on: real rows, first weights, optimizers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import polars as pl
from parity.streams import GOLDEN_RATIO, SAMPLE_DATA

STEPS = 200
EPS = 1e-8


@dataclass(frozen=True)
class Rows:
    """frame: features first, then the target. classes: how many; 0 for regression. shape: of a row
    of the one feature that is a tensor, channels first, () where there is none."""

    frame: pl.DataFrame
    target: str
    classes: int = 0
    shape: tuple[int, ...] = ()

    @property
    def features(self) -> list[str]:
        return [name for name in self.frame.columns if name != self.target]

    @property
    def outputs(self) -> int:
        return self.classes if self.classes > 2 else 1

    @property
    def inputs(self) -> int:
        return prod(self.shape) if self.shape else len(self.features)

    def values(self) -> np.ndarray:
        """The features as float64, shape (rows, inputs) or (rows, *shape)."""
        if self.shape:
            return self.frame[self.features[0]].to_numpy().reshape(-1, *self.shape).astype(float)
        return self.frame[self.features].to_numpy().astype(float)


def weather() -> Rows:
    """Dew point; one row in ten lacks the pressure."""
    columns = ["temp", "humid", "wind_speed", "pressure", "visib", "dewp"]
    frame = pl.read_parquet(SAMPLE_DATA / "weather_winter.parquet", columns=columns)
    return Rows(frame, "dewp")


def penguins() -> Rows:
    """Male or female; 333 rows, so that mini-batches of 83 leave a single one."""
    columns = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g", "sex"]
    frame = pl.read_parquet(SAMPLE_DATA / "penguins.parquet", columns=columns).drop_nulls()
    return Rows(frame, "sex", 2)


def digits() -> Rows:
    """Ten digits of 8 x 8 pixels, some of which are always 0."""
    table = pl.read_parquet(SAMPLE_DATA / "digits_train.parquet")
    pixels = table["image"].to_numpy().reshape(len(table), 64).astype(np.float64)
    columns = {f"p{at:02}": pixels[:, at] for at in range(64)}
    return Rows(pl.DataFrame({**columns, "label": table["label"]}), "label", 10)


def digit_images() -> Rows:
    """The same as images of one channel."""
    frame = pl.read_parquet(SAMPLE_DATA / "digits_train.parquet", columns=["image", "label"])
    return Rows(frame, "label", 10, (1, 8, 8))


def patches() -> Rows:
    """Crops of three colours of two photographs."""
    frame = pl.read_parquet(SAMPLE_DATA / "patches_daylight.parquet", columns=["image", "source"])
    return Rows(frame, "source", frame["source"].n_unique(), (3, 32, 32))


def cancer() -> Rows:
    """Benign or not, scikit-learn's bundled set."""
    from sklearn.datasets import load_breast_cancer

    return bundled(load_breast_cancer(), 2)


def diabetes() -> Rows:
    """A score after a year, scikit-learn's bundled set in its original units."""
    from sklearn.datasets import load_diabetes

    return bundled(load_diabetes(scaled=False), 0)


def bundled(found: Any, classes: int) -> Rows:
    columns = dict(zip(found.feature_names, found.data.T, strict=True))
    return Rows(pl.DataFrame({**columns, "y": found.target}), "y", classes)


SETS: Mapping[str, tuple[Callable[[], Rows], int]] = {
    "weather": (weather, 100),
    "diabetes": (diabetes, 64),
    "penguins": (penguins, 83),
    "cancer": (cancer, 64),
    "digits": (digits, 128),
    "digit images": (digit_images, 128),
    "patches": (patches, 32),
}
"""Name -> rows, and how many a mini-batch has."""

OPTIMIZERS: Mapping[str, Mapping[str, float]] = {
    "sgd": {"lr": 0.02, "momentum": 0.9, "weight_decay": 1e-3},
    "adam": {"lr": 0.05, "weight_decay": 1e-3},
}
RATES = {
    ("diabetes", "sgd"): 2e-5,
    ("weather", "sgd"): 1e-3,
    ("patches", "sgd"): 1e-3,
    ("patches", "adam"): 1e-3,
}
"""Learning rates that differ: a target far from 1 makes gamma's gradient large."""


def options(name: str, optimizer: str) -> dict[str, float]:
    found = dict(OPTIMIZERS[optimizer])
    return {**found, "lr": RATES.get((name, optimizer), found["lr"])}


def some(values: list | np.ndarray) -> list:
    """Of many values every so many, so that the golden file stays small."""
    flat = np.ravel(values)
    return flat[:: max(1, len(flat) // 150)].tolist()


def first_weights(rows: Rows) -> dict[str, list]:
    """Small weights of both signs, the same for every generator of random numbers."""
    inputs = rows.inputs
    places = np.arange(1, rows.outputs * (inputs + 1) + 1, dtype=np.float64)
    values = (places * GOLDEN_RATIO % 1.0 - 0.5) / np.sqrt(inputs)
    weight = values[: rows.outputs * inputs].reshape(rows.outputs, inputs)
    return {"weight": weight.tolist(), "bias": values[rows.outputs * inputs :].tolist()}
