"""The standardizer: what an artifact file holds and what ``transform`` applies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bncli.standardize.kept import KeptHead
from bncli.stats.exact import FloatArray
from bncli.stats.profile import Channel, Profile, Source
from bncli.stats.running import Policy, Pooled

DEFAULT_EPS = 1e-8

BoolArray: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Standardizer:
    """Per-channel mean, variance, gamma and beta, and the profile they came from.

    gamma, beta: shape (channels,). eps: in squared column units, or a share of the variance
    when eps_relative. fit: the options that fitted it, as plain JSON values. head: a head that was
    learned with gamma and beta; learned: the record of that, as plain JSON values.
    """

    profile: Profile
    policy: Policy = field(default_factory=Pooled)
    eps: float = DEFAULT_EPS
    eps_relative: bool = False
    gamma: FloatArray = field(default_factory=lambda: np.ones(0))
    beta: FloatArray = field(default_factory=lambda: np.zeros(0))
    sources: tuple[Source, ...] = ()
    fit: Mapping[str, Any] = field(default_factory=dict)
    head: KeptHead | None = None
    learned: Mapping[str, Any] | None = None

    @property
    def channels(self) -> tuple[Channel, ...]:
        return self.profile.channels

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the standardized columns, each once, in file order."""
        return tuple(dict.fromkeys(channel.feature for channel in self.channels))

    @property
    def mean(self) -> FloatArray:
        """Running mean per channel, NaN where nothing was seen. Shape (channels,)."""
        return self.policy.read(self.profile.running, self.profile.moments)[0]

    @property
    def variance(self) -> FloatArray:
        """Running variance per channel, NaN where none was seen. Shape (channels,)."""
        return self.policy.read(self.profile.running, self.profile.moments)[1]

    @property
    def seen(self) -> BoolArray:
        """Where there are statistics; elsewhere values standardize to missing."""
        return self.policy.seen(self.profile.running, self.profile.moments)

    @property
    def constant(self) -> BoolArray:
        """Where everything the statistics come from is one value; it standardizes to beta."""
        return self.policy.constant(self.profile.running, self.profile.moments)

    @property
    def spread(self) -> FloatArray:
        """``sqrt(variance + eps)``, or ``sqrt(variance * (1 + eps))``. Shape (channels,)."""
        variance = self.variance
        return np.sqrt(variance * (1 + self.eps) if self.eps_relative else variance + self.eps)

    def identity(self) -> Self:
        """gamma and beta that bring the input back (Ioffe & Szegedy 2015, section 3)."""
        mean, spread = self.mean, self.spread
        known = np.isfinite(mean) & np.isfinite(spread)
        gamma, beta = np.where(known, spread, 1.0), np.where(known, mean, 0.0)
        return self.replace(gamma=gamma, beta=beta)

    def replace(self, **changes: Any) -> Self:
        return replace(self, **changes)


def unlearned(channels: int) -> tuple[FloatArray, FloatArray]:
    """gamma 1 and beta 0, shape (channels,) each."""
    return np.ones(channels), np.zeros(channels)
