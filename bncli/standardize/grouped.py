"""Standardizing rows by the statistics of their groups, forth and back.

The same steps as in ``affine.py``, with a mean and a scale for every group and channel. A row of no
known group takes the statistics of all rows, and so does a channel of which a group had no value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from bncli.errors import DataError, UsageError
from bncli.standardize.affine import BoolArray, coefficients
from bncli.standardize.standardizer import Standardizer
from bncli.stats import exact
from bncli.stats.exact import FloatArray, IntArray
from bncli.stats.profile import Channel

_SMALLEST = float(np.finfo(np.float64).smallest_normal)


@dataclass(frozen=True, slots=True, eq=False)
class GroupCoefficients:
    """All arrays but gamma and beta of shape (groups + 1, channels); the last row is of all rows.

    own: where a group's own statistics hold. flat: where every value standardizes to beta,
    unknown: to missing, as in ``Coefficients``; their scale is 1.
    """

    channels: tuple[Channel, ...]
    mean: FloatArray
    scale: FloatArray
    flat: BoolArray
    unknown: BoolArray
    own: BoolArray
    gamma: FloatArray
    beta: FloatArray

    @classmethod
    def of(cls, standardizer: Standardizer) -> Self:
        """Raises DataError where gamma / sqrt(variance + eps) does not fit a float64."""
        groups, policy = standardizer.profile.groups, standardizer.policy
        assert groups is not None
        whole = coefficients(standardizer)
        mean, variance = policy.read(groups.running, groups.moments)
        unknown = ~policy.seen(groups.running, groups.moments) | np.isnan(mean)
        constant = policy.constant(groups.running, groups.moments) & ~unknown
        unknown |= np.isnan(variance) & ~constant
        plain = ~(unknown | constant)
        eps, relative = standardizer.eps, standardizer.eps_relative
        level = plain & ((variance if relative else variance + eps) <= 0)
        flat, plain = constant | level, plain & ~level
        scale = scales(np.where(plain, variance, 1.0), standardizer.gamma, eps, relative)
        lost = plain & (standardizer.gamma != 0)
        lost &= ~((np.abs(scale) >= _SMALLEST) & np.isfinite(scale))
        _refuse(lost, standardizer.channels)

        def stacked(own: NDArray[Any], all_rows: NDArray[Any]) -> NDArray[Any]:
            return np.concatenate((np.where(unknown, all_rows, own), all_rows[None]))

        nothing = whole.flat | whole.unknown
        return cls(
            standardizer.channels,
            stacked(mean, np.where(whole.unknown, 0.0, whole.mean)),
            stacked(np.where(plain, scale, 1.0), np.where(nothing, 1.0, whole.scale)),
            stacked(flat, whole.flat),
            stacked(np.zeros_like(flat), whole.unknown),
            np.concatenate((~unknown, np.zeros((1, len(whole.mean)), dtype=np.bool_))),
            whole.gamma,
            whole.beta,
        )

    def forward(self, values: NDArray[Any], groups: IntArray, channel: int) -> FloatArray:
        """Standardize values of one channel: float64, int64 or uint64, shape (rows,).

        groups: the number of each value's group, -1 for those of none. NaN where unknown.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            centred = _difference(values, self.mean[groups, channel])
            y: FloatArray = centred * self.scale[groups, channel] + self.beta[channel]
        return self._spreading(y, values, groups, channel, self.beta[channel])

    def backward(self, values: NDArray[Any], groups: IntArray, channel: int) -> FloatArray:
        """The way back of ``forward``."""
        mean = self.mean[groups, channel]
        with np.errstate(all="ignore"):
            centred = _difference(values, np.full(len(values), self.beta[channel]))
            x: FloatArray = centred / self.scale[groups, channel] + mean
        return self._spreading(x, values, groups, channel, mean)

    def check_invertible(self) -> None:
        """Raises UsageError, by name, where gamma is 0 and something but beta would come out."""
        lost = (self.gamma == 0) & ~(self.flat | self.unknown).all(axis=0)
        names = _named(lost, self.channels)
        if names:
            raise UsageError(
                f"gamma is 0, so nothing is left to bring back, in {', '.join(names[:10])}",
                fix="read these columns from the original data",
            )

    def _spreading(
        self, computed: FloatArray, values: NDArray[Any], groups: IntArray, channel: int, level: Any
    ) -> FloatArray:
        if self.flat[:, channel].any():
            present = np.where(np.isnan(values), np.nan, level)
            computed = np.where(self.flat[groups, channel], present, computed)
        if self.unknown[:, channel].any():
            computed = np.where(self.unknown[groups, channel], np.nan, computed)
        return computed


def scales(variance: FloatArray, gamma: FloatArray, eps: float, relative: bool) -> FloatArray:
    """gamma / sqrt(variance + eps), or / sqrt(variance * (1 + eps)), in twice the digits of a
    float64 and rounded in the end. variance: shape (..., channels), positive with its eps."""
    zero = np.zeros_like(variance)
    _, power = np.frexp(variance if relative else variance + eps)
    half = np.asarray(power // 2)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        small = np.ldexp(variance, -2 * half)
        if relative:
            one = exact.two_sum(np.ones_like(variance), np.full_like(variance, eps))
            high, low = exact.multiply((small, zero), one)
        else:
            high, low = exact.two_sum(small, np.ldexp(np.full_like(variance, eps), -2 * half))
        root = np.sqrt(high)
        square, error = exact.two_product(root, root)
        rest = ((high - square) - error + low) / (2 * root)
        mantissa, shift = np.frexp(np.broadcast_to(gamma, variance.shape))
        quotient = mantissa / root
        product, error = exact.two_product(quotient, root)
        quotient += ((mantissa - product) - error - quotient * rest) / root
        found: FloatArray = np.ldexp(quotient, shift - half)
    return found


def _difference(values: NDArray[Any], centre: FloatArray) -> FloatArray:
    """``values - centre`` rounded once, also where a value is an integer that no float64 holds."""
    if values.dtype == np.float64:
        return np.asarray(values - centre)
    whole = np.rint(centre)
    modular = np.where(whole >= 2.0**63, whole - 2.0**64, whole).astype(np.int64)
    steps = (np.ascontiguousarray(values).view(np.int64) - modular).astype(np.float64)
    # Differences wrap around modulo 2**64: right while they are below 2**63.
    wide = values.astype(np.float64) - whole
    steps = np.where(np.abs(wide) > 2.0**62, wide, steps)
    return np.asarray(steps - (centre - whole))


def _refuse(lost: BoolArray, channels: tuple[Channel, ...]) -> None:
    names = _named(np.asarray(lost.any(axis=0)), channels)
    if names:
        raise DataError(
            "gamma / sqrt(variance + eps) of a group does not fit a float64 in "
            + ", ".join(names[:5])
        )


def _named(chosen: BoolArray, channels: tuple[Channel, ...]) -> list[str]:
    return [f"'{c.label}'" for c, bad in zip(channels, chosen.tolist(), strict=True) if bad]
