"""How the values of columns fall into cells, block of rows by block: the state of block tests.

Counts of whole numbers add up exactly, in any order and whatever the threads.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from bncli.stats.exact import FloatArray, IntArray
from bncli.stats.integers import Mask, Numbers
from bncli.stats.profile import Channel


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Where the values of one column are put; a last cell beyond ``width`` holds missing ones.

    label: as a report calls it. feature: the column. channel: of numeric ones. edges: ascending
    inner edges of numeric ones; cells are open left, closed right, the outer two open-ended.
    values: of categorical ones, as text, a cell each and one more for any other value. Neither: it
    is only told whether there is a value.
    """

    label: str
    feature: str
    channel: Channel | None = None
    edges: FloatArray = field(default_factory=lambda: np.zeros(0))
    values: tuple[str, ...] = ()

    @property
    def width(self) -> int:
        return len(self.values) + 1 if self.values else self.edges.size + 1

    def places(self, values: Numbers, missing: Mask | None) -> IntArray:
        """The cell of every value, shape of ``values``. missing: of integers; floats say it."""
        places: IntArray = np.searchsorted(self.edges, values, side="left")
        if values.dtype == np.float64:
            missing = ~np.isfinite(values)
        if missing is not None:
            places[missing] = self.width
        return places


@dataclass(frozen=True, slots=True, eq=False)
class BlockCounts:
    """Values per block and cell: shape (blocks, width + 1), from block ``first`` on."""

    first: int
    rows: IntArray

    @classmethod
    def of(cls, blocks: IntArray, places: IntArray, width: int) -> BlockCounts:
        """Count values. blocks: the block of each, negative where it is in none; places: its
        cell; both of shape (values,)."""
        inside = blocks >= 0
        if not inside.all():
            blocks, places = blocks[inside], places[inside]
        if not blocks.size:
            return cls(0, np.zeros((0, width + 1), np.int64))
        first = int(blocks.min())
        size = int(blocks.max()) - first + 1
        flat = (blocks - first) * (width + 1) + places
        counted = np.bincount(flat, minlength=size * (width + 1))
        return cls(first, counted.reshape(size, width + 1))

    def add_to(self, whole: IntArray) -> None:
        """``whole``: counts of all blocks, shape (all blocks, width + 1); changed in place."""
        whole[self.first : self.first + len(self.rows)] += self.rows
