"""What every state made of parallel arrays shares: indexing, stacking, its shape."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import fields
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray


class Arrays:
    """Base of frozen dataclasses whose fields are all arrays of one shape ``(..., channels)``."""

    __slots__ = ()

    def arrays(self) -> list[NDArray[Any]]:
        return [getattr(self, field.name) for field in fields(self)]  # type: ignore[arg-type]

    @property
    def shape(self) -> tuple[int, ...]:
        return self.arrays()[0].shape

    def __getitem__(self, index: Any) -> Self:
        return type(self)(*(array[index] for array in self.arrays()))

    @classmethod
    def stack(cls, states: Sequence[Self], axis: int = 0) -> Self:
        """Concatenate along ``axis``."""
        columns = zip(*(state.arrays() for state in states), strict=True)
        return cls(*(np.concatenate(column, axis=axis) for column in columns))

    def replaced(self, channels: Sequence[int], other: Self) -> Self:
        """With the states of some channels from ``other``, which has only these."""
        arrays = [array.copy() for array in self.arrays()]
        for mine, theirs in zip(arrays, other.arrays(), strict=True):
            mine[..., channels] = theirs
        return type(self)(*arrays)

    def with_rows(self, rows: Any, other: Self) -> Self:
        """With some entries of the first axis from ``other``, which has only these."""
        arrays = [array.copy() for array in self.arrays()]
        for mine, theirs in zip(arrays, other.arrays(), strict=True):
            mine[rows] = theirs
        return type(self)(*arrays)

    @abstractmethod
    def merge(self, later: Self) -> Self:
        """Merge elementwise with the states of the rows that come after."""

    def where(self, condition: NDArray[np.bool_], other: Self) -> Self:
        """Elementwise: this state where ``condition`` holds, ``other`` elsewhere."""
        pairs = zip(self.arrays(), other.arrays(), strict=True)
        return type(self)(*(np.where(condition, mine, theirs) for mine, theirs in pairs))


def numbers_of(written: str | NDArray[np.float64]) -> NDArray[np.float64]:
    """Numbers that a record holds as a text, parted by spaces, or that were read out of it."""
    if isinstance(written, str):
        return np.array(list(map(float, written.split())), dtype=np.float64)
    return written
