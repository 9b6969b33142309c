"""Standardizers with statistics chosen number by number, and exact arithmetic to compare with."""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from bncli.standardize.standardizer import Standardizer
from bncli.stats.missing import Missing
from bncli.stats.moments import Moments
from bncli.stats.profile import Channel, Profile
from bncli.stats.running import Pooled


class Statistics(NamedTuple):
    """One channel as an artifact would hold it."""

    mean: float = 0.0
    variance: float = 1.0
    gamma: float = 1.0
    beta: float = 0.0
    seen: bool = True
    constant: bool = False


def standardizer(
    channels: Mapping[str, Statistics],
    eps: float = 0.0,
    eps_relative: bool = False,
    batch_size: int = 8192,
) -> Standardizer:
    """A standardizer with exactly these statistics."""
    each = list(channels.values())
    zeros = np.zeros(len(each))
    mean = np.array([s.mean for s in each])
    flat = np.array([s.constant for s in each])
    moments = Moments(
        # A count of 1 makes the variance m2 itself.
        np.array([int(s.seen) for s in each]),
        mean,
        zeros,
        np.array([0.0 if s.constant else s.variance for s in each]),
        zeros,
        np.where(flat, mean, -np.inf),
        np.where(flat, mean, np.inf),
    )
    profile = Profile(
        channels=tuple(Channel(name) for name in channels),
        rows=1,
        batches=1,
        batch_size=batch_size,
        moments=moments,
        missing=Missing.empty(len(each)),
        running=Pooled().empty(len(each)),
    )
    return Standardizer(
        profile,
        Pooled(),
        eps,
        eps_relative,
        np.array([s.gamma for s in each]),
        np.array([s.beta for s in each]),
    )


def exact_root(value: Fraction, bits: int = 200) -> Fraction:
    """Square root, far more precise than any float64."""
    scale = 1 << (2 * bits)
    shift = max(0, value.denominator.bit_length() - value.numerator.bit_length())
    scale <<= 2 * shift
    return Fraction(math.isqrt(value.numerator * scale // value.denominator)) / (
        1 << (bits + shift)
    )


def exact_forward(x: float | int, s: Statistics, eps: float) -> Fraction:
    """The value that step (3) and (4) define, on the float64 statistics as they are stored."""
    spread = exact_root(Fraction(s.variance) + Fraction(eps))
    return (Fraction(x) - Fraction(s.mean)) * Fraction(s.gamma) / spread + Fraction(s.beta)


def ulps(found: float, exact: Fraction, *sizes: float) -> float:
    """How far ``found`` is off, in units in the last place of the largest of ``sizes``."""
    unit = np.spacing(max(abs(size) for size in sizes))
    return float(abs(Fraction(found) - exact) / Fraction(float(unit)))
