"""Running statistics over mini-batches: policies, as values behind one protocol.

A policy says how the statistics of mini-batches 1..k become the mean and variance that
inference uses. Each starts a state that absorbs the moments of mini-batches, merges in order,
and is read at the end. Per channel a mini-batch with no present value changes nothing, and one
with a single value changes the mean but not the variance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from bncli.registry import Registry
from bncli.stats import exact
from bncli.stats.arrays import Arrays
from bncli.stats.exact import FloatArray
from bncli.stats.moments import Moments
from bncli.stats.policy import OfRows, Policy, Running
from bncli.stats.state import Record

__all__ = ["POLICIES", "Algorithm2", "Cumulative", "Exponential", "Policy", "Pooled", "Running"]

POLICIES = Registry(
    "running policy",
    pooled="bncli.stats.running:Pooled",
    exponential="bncli.stats.running:Exponential",
    cumulative="bncli.stats.running:Cumulative",
    algorithm2="bncli.stats.running:Algorithm2",
    adapted="bncli.stats.adapted:Adapted",
)


@dataclass(frozen=True, slots=True, eq=False)
class Nothing(Arrays):
    """The state of the pooled policy, which reads the pooled moments instead."""

    nothing: FloatArray

    def merge(self, later: Self) -> Self:
        return type(self)(np.zeros(np.broadcast_shapes(self.shape, later.shape)))

    def to_records(self) -> list[dict[str, Any]]:
        return [{} for _ in range(self.shape[-1])]


@dataclass(frozen=True, slots=True)
class Pooled(OfRows):
    """Mean and variance of all rows together."""

    ddof: int = 0
    name: ClassVar[str] = "pooled"
    order_bound: ClassVar[bool] = False

    def of_batches(self, batches: Moments) -> Nothing:
        return self.empty(*batches.shape)

    def empty(self, *shape: int) -> Nothing:
        return Nothing(np.zeros(shape))

    def read(self, state: Nothing, pooled: Moments) -> tuple[FloatArray, FloatArray]:
        return pooled.value(), pooled.variance(self.ddof)

    def restore(self, records: Sequence[Record]) -> Nothing:
        return self.empty(len(records))

    def to_record(self) -> dict[str, Any]:
        return {"policy": self.name, "momentum": None, "ddof": self.ddof, "initial": None}


@dataclass(frozen=True, slots=True, eq=False)
class Affine(Arrays):
    """Running mean and variance as maps ``r -> keep * r + add``, which compose in order."""

    keep_mean: FloatArray
    add_mean: FloatArray
    keep_variance: FloatArray
    add_variance: FloatArray

    def merge(self, later: Self) -> Self:
        return type(self)(
            self.keep_mean * later.keep_mean,
            self.add_mean * later.keep_mean + later.add_mean,
            self.keep_variance * later.keep_variance,
            self.add_variance * later.keep_variance + later.add_variance,
        )

    def to_records(self) -> list[dict[str, Any]]:
        columns = zip(*(array.tolist() for array in self.arrays()), strict=True)
        return [{"mean": [km, am], "variance": [kv, av]} for km, am, kv, av in columns]


@dataclass(frozen=True, slots=True)
class Exponential(OfRows):
    """``r <- (1 - momentum) * r + momentum * batch``, the batch variance unbiased (ddof 1).

    ``momentum`` is the weight of the *new* mini-batch, as in PyTorch (torch.nn.BatchNorm1d).
    """

    momentum: float = 0.1
    ddof: int = 1
    initial: tuple[float, float] = (0.0, 1.0)
    name: ClassVar[str] = "exponential"
    order_bound: ClassVar[bool] = True

    def of_batches(self, batches: Moments) -> Affine:
        seen, varied = batches.count > 0, batches.count > self.ddof
        # PyTorch stores the unbiased variance but normalizes with the biased one.
        variance = batches.variance(self.ddof)
        return Affine(
            np.where(seen, 1.0 - self.momentum, 1.0),
            np.where(seen, self.momentum * batches.value(), 0.0),
            np.where(varied, 1.0 - self.momentum, 1.0),
            np.where(varied, self.momentum * variance, 0.0),
        )

    def empty(self, *shape: int) -> Affine:
        return Affine(np.ones(shape), np.zeros(shape), np.ones(shape), np.zeros(shape))

    def read(self, state: Affine, pooled: Moments) -> tuple[FloatArray, FloatArray]:
        mean, variance = self.initial
        return (
            state.keep_mean * mean + state.add_mean,
            state.keep_variance * variance + state.add_variance,
        )

    def restore(self, records: Sequence[Record]) -> Affine:
        rows = [[*record["mean"], *record["variance"]] for record in records]
        return Affine(*np.array(rows, dtype=np.float64).reshape(-1, 4).T.copy())

    def to_record(self) -> dict[str, Any]:
        return {
            "policy": self.name,
            "momentum": self.momentum,
            "ddof": self.ddof,
            "initial": list(self.initial),
        }


@dataclass(frozen=True, slots=True, eq=False)
class Sums(Arrays):
    """Sums over mini-batches of their means and variances (double-doubles), and how many."""

    means: FloatArray
    mean_sum: FloatArray
    mean_low: FloatArray
    variances: FloatArray
    variance_sum: FloatArray
    variance_low: FloatArray

    def merge(self, later: Self) -> Self:
        mean = exact.add((self.mean_sum, self.mean_low), (later.mean_sum, later.mean_low))
        variance = exact.add(
            (self.variance_sum, self.variance_low), (later.variance_sum, later.variance_low)
        )
        means, variances = self.means + later.means, self.variances + later.variances
        return type(self)(means, *mean, variances, *variance)

    def to_records(self) -> list[dict[str, Any]]:
        columns = zip(*(array.tolist() for array in self.arrays()), strict=True)
        return [{"mean": [n, m, ml], "variance": [k, v, vl]} for n, m, ml, k, v, vl in columns]


@dataclass(frozen=True, slots=True)
class Cumulative(OfRows):
    """The plain average over mini-batches of (mean, unbiased variance): PyTorch's momentum None."""

    ddof: int = 1
    name: ClassVar[str] = "cumulative"
    order_bound: ClassVar[bool] = True

    def of_batches(self, batches: Moments) -> Sums:
        seen, varied = batches.count > 0, batches.count > self.ddof
        zero = np.zeros(batches.shape)
        return Sums(
            seen.astype(np.float64),
            np.where(seen, batches.pivot, 0.0),
            np.where(seen, batches.mean, 0.0),
            varied.astype(np.float64),
            np.where(varied, batches.variance(self.ddof), 0.0),
            zero,
        )

    def empty(self, *shape: int) -> Sums:
        return Sums(*(np.zeros(shape) for _ in range(6)))

    def read(self, state: Sums, pooled: Moments) -> tuple[FloatArray, FloatArray]:
        mean = exact.divide((state.mean_sum, state.mean_low), np.maximum(state.means, 1.0))
        variance = exact.divide(
            (state.variance_sum, state.variance_low), np.maximum(state.variances, 1.0)
        )
        return (
            np.where(state.means > 0, mean[0] + mean[1], np.nan),
            np.where(state.variances > 0, variance[0] + variance[1], np.nan),
        )

    def restore(self, records: Sequence[Record]) -> Sums:
        rows = [[*record["mean"], *record["variance"]] for record in records]
        return Sums(*np.array(rows, dtype=np.float64).reshape(-1, 6).T.copy())

    def to_record(self) -> dict[str, Any]:
        return {"policy": self.name, "momentum": None, "ddof": self.ddof, "initial": None}


@dataclass(frozen=True, slots=True)
class Algorithm2(Cumulative):
    """The paper's inference statistics: ``E[mean_B]`` and ``E[m/(m-1) * variance_B]``.

    As numbers they are the cumulative averages. Source: Ioffe & Szegedy 2015, Algorithm 2.
    """

    name: ClassVar[str] = "algorithm2"
