"""Statistics adapted to new data: those of training, mixed with those of the rows of the profile.

Per channel, with n present values in the profile and a prior of N::

    w        = n / (N + n)
    mean     = (1 - w) * mean_training     + w * mean_new
    variance = (1 - w) * variance_training + w * variance_new

and where the variance between the two counts as well (pooled), the variance gets
``w * (1 - w) * (mean_new - mean_training)**2`` on top.

Decision. The state keeps the training statistics as they were, and mixing happens when it is
read. So two adaptations of one artifact, each to its own part of the new data, merge into the
adaptation to all of it.

Source: Li et al. 2016 (AdaBN); Schneider et al. 2020, section 3, for the prior.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from bncli.stats import exact
from bncli.stats.arrays import Arrays
from bncli.stats.exact import FloatArray
from bncli.stats.moments import Moments
from bncli.stats.state import Record


@dataclass(frozen=True, slots=True, eq=False)
class Training(Arrays):
    """Mean and variance from before. Of one shape ``(..., channels)``.

    known, varied: where there is a mean, and a variance; constant: as the policy said then.
    """

    mean: FloatArray
    variance: FloatArray
    known: NDArray[np.bool_]
    varied: NDArray[np.bool_]
    constant: NDArray[np.bool_]

    @classmethod
    def of(cls, mean: FloatArray, variance: FloatArray, seen: Any, constant: Any) -> Self:
        """mean, variance: NaN where there is none; seen: where there are statistics at all."""
        known = seen & ~np.isnan(mean)
        varied = known & ~np.isnan(variance)
        zero = np.zeros(mean.shape)
        return cls(
            np.where(known, mean, zero),
            np.where(varied, variance, zero),
            known,
            varied,
            known & constant,
        )

    def merge(self, later: Self) -> Self:
        """Both are the same training statistics, or one of them is empty: the first that is not.

        Whether they are the same is for those to ask who merge (``differs``).
        """
        return self.where(self.known, later)

    def differs(self, other: Self) -> NDArray[np.bool_]:
        """Where the two are not the same statistics."""
        pairs = zip(self.arrays(), other.arrays(), strict=True)
        return np.asarray(np.any([mine != theirs for mine, theirs in pairs], axis=0))

    def to_records(self) -> list[dict[str, Any]]:
        columns = zip(*(array.tolist() for array in self.arrays()), strict=True)
        return [
            {
                "training_mean": mean if known else None,
                "training_variance": variance if varied else None,
                "training_constant": constant,
            }
            for mean, variance, known, varied, constant in columns
        ]

    @classmethod
    def from_records(cls, records: Sequence[Record]) -> Self:
        def column(name: str) -> FloatArray:
            values = (record[name] for record in records)
            return np.array([np.nan if value is None else value for value in values], np.float64)

        constant = np.array([record["training_constant"] for record in records], dtype=np.bool_)
        mean = column("training_mean")
        return cls.of(mean, column("training_variance"), np.isfinite(mean), constant)


@dataclass(frozen=True, slots=True)
class Adapted:
    """Training statistics mixed with those of new data.

    prior: what the training statistics weigh, in present values of new data; pooled: whether the
    variance between the two means counts; ddof: of the variance of new data.
    """

    prior: float = 0.0
    pooled: bool = False
    ddof: int = 0
    name: ClassVar[str] = "adapted"
    order_bound: ClassVar[bool] = False

    def of_batches(self, batches: Moments) -> Training:
        return self.empty(*batches.shape)

    def empty(self, *shape: int) -> Training:
        zero, no = np.zeros(shape), np.zeros(shape, dtype=np.bool_)
        return Training(zero, zero, no, no, no)

    def read(self, state: Training, pooled: Moments) -> tuple[FloatArray, FloatArray]:
        weight = self.weight(state, pooled)
        start = (state.mean, np.zeros(state.shape))
        gap = exact.add((pooled.pivot, pooled.mean), exact.negate(start))
        mean = exact.add(start, exact.multiply(gap, (weight, np.zeros(state.shape))))
        mixed = np.where(weight == 1, pooled.value(), mean[0] + mean[1])
        seen = self.seen(state, pooled)
        return np.where(seen, mixed, np.nan), self._variance(state, pooled, gap[0])

    def _variance(self, state: Training, pooled: Moments, gap: FloatArray) -> FloatArray:
        weight = _weight(pooled.count, self.prior, state.varied, pooled.count > self.ddof)
        new = np.where(pooled.count > self.ddof, pooled.variance(self.ddof), 0.0)
        mixed = (1 - weight) * state.variance + weight * new
        if self.pooled:
            between = np.square(np.where((weight > 0) & (weight < 1), gap, 0.0))
            mixed = mixed + weight * (1 - weight) * between
        return np.where(state.varied | (pooled.count > self.ddof), mixed, np.nan)

    def weight(self, state: Training, pooled: Moments) -> FloatArray:
        """w, the weight of the new mean: 0 where nothing new was seen, 1 where nothing before."""
        return _weight(pooled.count, self.prior, state.known, pooled.count > 0)

    def seen(self, state: Training, pooled: Moments) -> NDArray[np.bool_]:
        return state.known | (pooled.count > 0)

    def constant(self, state: Training, pooled: Moments) -> NDArray[np.bool_]:
        weight = self.weight(state, pooled)
        same = state.constant & pooled.constant & (state.mean == pooled.value())
        return np.where(weight == 1, pooled.constant, np.where(weight == 0, state.constant, same))

    def restore(self, records: Sequence[Record]) -> Training:
        return Training.from_records(records)

    def to_record(self) -> dict[str, Any]:
        return {
            "policy": self.name,
            "momentum": None,
            "ddof": self.ddof,
            "initial": None,
            "prior": self.prior,
            "pooled": self.pooled,
        }


def _weight(
    count: NDArray[np.int64],
    prior: float,
    before: NDArray[np.bool_],
    now: NDArray[np.bool_],
) -> FloatArray:
    """n / (N + n) where there is something before and now; else all of the one there is."""
    rows = np.maximum(count, 1)
    share = rows / (prior + rows)
    return np.where(now, np.where(before, share, 1.0), 0.0)
