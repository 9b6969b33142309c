"""What a running policy is: a value that says how mini-batches become the running statistics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from bncli.stats.exact import FloatArray
from bncli.stats.moments import Moments
from bncli.stats.state import Record


class Running(Protocol):
    """The state of a policy, an ``ArrayState`` of shape ``(..., channels)``."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    def __getitem__(self, index: Any) -> Self: ...

    def merge(self, later: Self) -> Self: ...

    def to_records(self) -> list[dict[str, Any]]: ...


class Policy(Protocol):
    """A running policy: a value with a name and a few numbers."""

    name: ClassVar[str]
    order_bound: ClassVar[bool]

    @property
    def ddof(self) -> int: ...

    def of_batches(self, batches: Moments) -> Running:
        """One state per mini-batch: shape (batches, channels) in and out."""

    def empty(self, *shape: int) -> Running: ...

    def read(self, state: Any, pooled: Moments) -> tuple[FloatArray, FloatArray]:
        """Running mean and variance, NaN where there is none yet."""

    def seen(self, state: Any, pooled: Moments) -> NDArray[np.bool_]:
        """Where there are statistics at all; elsewhere values standardize to missing."""

    def constant(self, state: Any, pooled: Moments) -> NDArray[np.bool_]:
        """Where all values that the statistics come from are one value."""

    def restore(self, records: Sequence[Record]) -> Running: ...

    def to_record(self) -> dict[str, Any]:
        """The artifact's ``running`` object: policy, momentum, ddof, initial."""


class OfRows:
    """Base of the policies whose statistics come from the rows of the profile and nothing else."""

    __slots__ = ()

    def seen(self, state: Any, pooled: Moments) -> NDArray[np.bool_]:
        # Under the exponential policy a channel that saw nothing still has the initial values.
        return np.asarray(pooled.count > 0)

    def constant(self, state: Any, pooled: Moments) -> NDArray[np.bool_]:
        return pooled.constant
