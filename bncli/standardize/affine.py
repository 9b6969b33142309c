"""Normalize, scale and shift: steps (3) and (4) of the paper's Algorithm 1, forth and back.

Always ``(x - mean) * scale + beta`` with ``scale = gamma / sqrt(variance + eps)``; folding the
mean into the shift would lose digits where it is far larger than the spread. ``scale`` is the
float64 nearest to its exact value, and the way back divides by that same number, so that each
direction rounds three times and no more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from decimal import Context, Decimal
from itertools import groupby
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bncli.errors import DataError, UsageError, listed
from bncli.standardize.standardizer import Standardizer
from bncli.stats.exact import FloatArray
from bncli.stats.moments import Moments
from bncli.stats.profile import Channel

BoolArray: TypeAlias = NDArray[np.bool_]
_DIGITS = Context(prec=60)
_SMALLEST = float(np.finfo(np.float64).smallest_normal)


@dataclass(frozen=True, slots=True, eq=False)
class Coefficients:
    """What running mode needs per channel; all arrays of shape (channels,).

    constant: max equals min in the data behind the statistics; level: the running variance and
    eps are both 0 although it is not constant. Both standardize to beta. unknown: there are no
    statistics, and it standardizes to missing. Their scale is 0.
    """

    channels: tuple[Channel, ...]
    mean: FloatArray
    scale: FloatArray
    gamma: FloatArray
    beta: FloatArray
    constant: BoolArray
    level: BoolArray
    unknown: BoolArray

    @property
    def features(self) -> tuple[str, ...]:
        """The column of every channel."""
        return tuple(channel.feature for channel in self.channels)

    def alone(self, channel: int) -> Coefficients:
        """Those of one channel."""
        only = slice(channel, channel + 1)
        return Coefficients(*(getattr(self, field.name)[only] for field in fields(self)))

    @property
    def flat(self) -> BoolArray:
        """Where every present value standardizes to beta, whatever it is."""
        return self.constant | self.level

    def forward(self, values: FloatArray) -> FloatArray:
        """Standardize one value per channel; shape (..., channels)."""
        with np.errstate(over="ignore", invalid="ignore"):
            y: FloatArray = (values - self.mean) * self.scale + self.beta
            return self._spreading(values, y, self.beta)

    def backward(self, values: FloatArray) -> FloatArray:
        """Bring one value per channel back; shape (..., channels)."""
        with np.errstate(all="ignore"):
            x: FloatArray = (values - self.beta) / self.scale + self.mean
            return self._spreading(values, x, self.mean)

    def _spreading(self, values: FloatArray, computed: FloatArray, level: FloatArray) -> FloatArray:
        """``computed`` where there is a spread; elsewhere one level, or missing. What is infinite
        stays so everywhere, and is seen."""
        if not (self.unknown | self.flat).any():
            return computed
        flat = np.where(self.unknown, np.nan, values * 0 + level)
        flat = np.where(np.isinf(values), values, flat)
        return np.where(self.unknown | self.flat, flat, computed)

    def of_inputs(self, features: Sequence[str], positions: NDArray[np.int64]) -> Coefficients:
        """Those of every input of some features, in the order given.

        positions: inputs of each of their channels.
        """
        own = [[at for at, name in enumerate(self.features) if name == one] for one in features]
        places = np.repeat([at for channels in own for at in channels], positions)
        channels = tuple(self.channels[at] for at in places.tolist())
        arrays = (getattr(self, field.name)[places] for field in fields(self)[1:])
        return Coefficients(channels, *arrays)

    def labels(self, chosen: BoolArray) -> list[str]:
        """The names of some of the channels, quoted."""
        pairs = zip(self.channels, chosen.tolist(), strict=True)
        return [f"'{channel.label}'" for channel, is_chosen in pairs if is_chosen]

    def check_invertible(self) -> None:
        """Raises UsageError, by name, where gamma is 0: everything became beta."""
        lost = self.labels((self.gamma == 0) & ~self.flat & ~self.unknown)
        if lost:
            raise UsageError(
                f"gamma is 0, so nothing is left to bring back, in {', '.join(lost[:10])}",
                fix="read these columns from the original data",
            )


def coefficients(standardizer: Standardizer) -> Coefficients:
    """The coefficients of running mode.

    Raises DataError where gamma / sqrt(variance + eps) does not fit a float64.
    """
    mean, variance = standardizer.mean, standardizer.variance
    unknown = ~standardizer.seen | np.isnan(mean)
    constant = standardizer.constant & ~unknown
    unknown |= np.isnan(variance) & ~constant
    spread = variance if standardizer.eps_relative else variance + standardizer.eps
    level = ~unknown & ~constant & (spread <= 0)
    scale = np.zeros(len(mean))
    for at in np.flatnonzero(~(unknown | constant | level)).tolist():
        scale[at] = _scale(standardizer, float(variance[at]), float(standardizer.gamma[at]))
    found = Coefficients(
        standardizer.channels,
        mean,
        scale,
        standardizer.gamma,
        standardizer.beta,
        constant,
        level,
        unknown,
    )
    _check_scale(found)
    return found


def divisor(standardizer: Standardizer, channel: int) -> float:
    """sqrt(variance + eps) / gamma of one channel with a spread, rounded once."""
    root = _root(standardizer, float(standardizer.variance[channel]))
    return float(_DIGITS.divide(root, Decimal(float(standardizer.gamma[channel]))))


def _scale(standardizer: Standardizer, variance: float, gamma: float) -> float:
    """gamma / sqrt(variance + eps), rounded once."""
    return float(_DIGITS.divide(Decimal(gamma), _root(standardizer, variance)))


def _root(standardizer: Standardizer, variance: float) -> Decimal:
    """sqrt(variance + eps), to 60 digits."""
    exactly, eps = Decimal(variance), Decimal(standardizer.eps)
    if standardizer.eps_relative:
        return _DIGITS.sqrt(_DIGITS.multiply(exactly, _DIGITS.add(1, eps)))
    return _DIGITS.sqrt(_DIGITS.add(exactly, eps))


def _check_scale(found: Coefficients) -> None:
    size = np.abs(found.scale)
    lost = (found.gamma != 0) & ~found.flat & ~found.unknown
    lost &= ~((size >= _SMALLEST) & np.isfinite(size))
    if lost.any():
        raise DataError(
            "gamma / sqrt(variance + eps) does not fit a float64 in "
            + listed(found.labels(lost), most=5)
        )


@dataclass(frozen=True, slots=True)
class BatchAffine:
    """What batch mode needs of one channel besides the values: gamma, beta and eps."""

    gamma: float
    beta: float
    eps: float
    eps_relative: bool = False

    def __call__(
        self,
        values: NDArray[Any],
        missing: BoolArray | None,
        moments: Moments,
        sizes: Sequence[int],
    ) -> FloatArray:
        """Standardize consecutive mini-batches, each by its own mean and biased variance.

        values: float64, int64 or uint64, shape (rows,); missing: where there is no value, same
        shape, or None; moments: shape (batches,); sizes: rows per mini-batch.
        Gives shape (rows,), NaN where missing; a constant mini-batch becomes beta.
        """
        scale = self._scales(moments)
        out = np.empty(len(values))
        for batches, rows, size in _equal_runs(sizes):
            part = values[rows].reshape(-1, size)
            centred = _centred(part, moments[batches])
            np.multiply(centred, scale[batches, None], out=centred)
            np.add(centred, self.beta, out=out[rows].reshape(-1, size))
        if missing is not None:
            out[missing] = np.nan
        return out

    def _scales(self, moments: Moments) -> FloatArray:
        """gamma / sqrt(variance + eps) per mini-batch; 0 where there is no spread."""
        variance = moments.variance()
        total = variance * (1 + self.eps) if self.eps_relative else variance + self.eps
        flat = moments.constant | ~(total > 0)
        return np.where(flat, 0.0, self.gamma / np.sqrt(np.where(flat, 1.0, total)))


def _equal_runs(sizes: Sequence[int]) -> Iterator[tuple[slice, slice, int]]:
    """Runs of mini-batches of one size, as (which batches, which rows, size)."""
    batch = row = 0
    for size, same in groupby(sizes):
        count = len(list(same))
        yield slice(batch, batch + count), slice(row, row + count * size), size
        batch, row = batch + count, row + count * size


def _centred(values: NDArray[Any], moments: Moments) -> FloatArray:
    """``values - mean`` in float64, shape (batches, rows); mean to twice the digits of a float64.

    64-bit integers have an integer subtracted as integers first. Differences wrap around modulo
    2**64, so they are right while a mini-batch spans less than 2**63; a wider one loses nothing
    that its spread would show by being widened first.
    """
    mean, low = moments.pivot[:, None], moments.mean[:, None]
    if values.dtype == np.float64:
        centred = values - mean
        return np.subtract(centred, low, out=centred)
    whole = np.rint(mean)
    modular = np.where(whole >= 2.0**63, whole - 2.0**64, whole).astype(np.int64)
    steps = np.subtract(np.ascontiguousarray(values).view(np.int64), modular)
    centred = steps.astype(np.float64)
    wide = moments.max - moments.min > 2.0**62
    if wide.any():
        centred[wide] = values[wide].astype(np.float64) - whole[wide]
    return np.subtract(centred, (mean - whole) + low, out=centred)
