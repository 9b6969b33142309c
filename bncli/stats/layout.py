"""How the values of a tensor column lie in a row: which axis holds the channels.

Batch normalization of images keeps one mean and one variance per channel, pooled over rows and
positions, as ``torch.nn.BatchNorm2d`` does. Source: Ioffe & Szegedy 2015, section 3.2.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import prod
from typing import Self

import numpy as np

from bncli.stats.integers import Numbers

_TEXT = re.compile(r"([A-Z]+):([0-9]+(?:x[0-9]+)*)")
MOST_VALUES = 1 << 24
"""Values a row at most: a layout may come from a stranger's artifact."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Axes by their letters, one of them ``C`` for the channels, and their sizes, slowest first.

    >>> layout = Layout.parse("CHW:3x32x32")
    >>> layout.channels, layout.positions
    (3, 1024)
    """

    axes: str
    sizes: tuple[int, ...]

    def __post_init__(self) -> None:
        """Raises ValueError, saying why, where these are no axes with sizes."""
        if self.axes.count("C") != 1:
            raise ValueError("exactly one axis is the channels', C")
        if len(set(self.axes)) != len(self.axes):
            raise ValueError("an axis is named twice")
        if len(self.sizes) != len(self.axes):
            raise ValueError(f"{len(self.axes)} axes, but {len(self.sizes)} sizes")
        if min(self.sizes) < 1 or prod(self.sizes) > MOST_VALUES:
            raise ValueError(f"a row has 1 to {MOST_VALUES} values")

    @classmethod
    def parse(cls, text: str) -> Self:
        """From ``CHW:3x32x32``. Raises ValueError."""
        found = _TEXT.fullmatch(text)
        if found is None or len(text) > 200:
            raise ValueError("it is not of the form CHW:3x32x32")
        return cls(found[1], tuple(map(int, found[2].split("x"))))

    def __str__(self) -> str:
        return f"{self.axes}:{'x'.join(map(str, self.sizes))}"

    @property
    def values(self) -> int:
        """Values in a row."""
        return prod(self.sizes)

    @property
    def channels(self) -> int:
        return self.sizes[self.axes.index("C")]

    @property
    def positions(self) -> int:
        """Values of one channel in a row."""
        return self.values // self.channels

    def of_channel(self, channel: int) -> tuple[slice | int, ...]:
        """What picks one channel out of an array of shape (rows, *sizes)."""
        axis = self.axes.index("C")
        return (
            slice(None),
            *(channel if at == axis else slice(None) for at in range(len(self.axes))),
        )

    def split(self, flat: Numbers) -> list[Numbers]:
        """The values of each channel, row after row, shape (rows * positions,) each.

        flat: the values of all rows, shape (rows * values,).
        """
        rows = flat.reshape(-1, *self.sizes)
        return [rows[self.of_channel(at)].reshape(-1) for at in range(self.channels)]

    def joined(self, channels: list[Numbers]) -> Numbers:
        """The inverse of ``split``: shape (rows * values,)."""
        rows = channels[0].size // self.positions
        out = np.empty((rows, *self.sizes), dtype=channels[0].dtype)
        for at, channel in enumerate(channels):
            place = self.of_channel(at)
            out[place] = channel.reshape(out[place].shape)
        return out.reshape(-1)
