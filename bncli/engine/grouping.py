"""``fit --by``: statistics per group, from the same pass over the rows as those of all rows."""

from __future__ import annotations

import numpy as np
import polars as pl

from bncli.data.batches import Chunk, Tail
from bncli.data.dataset import Dataset
from bncli.data.keys import Key, Numbers
from bncli.data.tensors import flat
from bncli.engine.fitting import channel_columns
from bncli.errors import DataError, listed
from bncli.stats.batches import Column
from bncli.stats.exact import IntArray
from bncli.stats.fold import Plan
from bncli.stats.grouping import Absent, Grouping
from bncli.stats.groups import MOST_CELLS, Groups
from bncli.stats.integers import Mask
from bncli.stats.layout import Layout

_VALUES = 1 << 22
"""Values measured together: states of many groups merge once for so many, and 32 MB wait."""


class Grouper:
    """Onlooker of a ``FitTask``: measures the rows it sees by the group they belong to."""

    def __init__(self, dataset: Dataset, plan: Plan, column: str) -> None:
        self.columns = (column,)
        self._dataset = dataset
        self._plan = plan
        self._key = Key.of(dataset, column)
        self._numbers = Numbers()
        self._grouping = Grouping(len(plan.channels), plan.batch_size, plan.policy)
        self._waiting: list[pl.DataFrame] = []
        self._rows = 0

    def see(self, chunk: Chunk) -> None:
        """Take in the rows of a chunk. Raises DataError: a fraction as key, too many groups."""
        self._key.check(chunk.frame[self._key.column], self._dataset, chunk.first_row)
        self._waiting.append(chunk.frame)
        self._rows += chunk.frame.height
        if self._rows * sum(self._plan.positions) >= _VALUES:
            self._take_in()

    def groups(self, tail: Tail) -> Groups:
        """The statistics of all groups. Raises DataError when a variance overflows."""
        self._take_in()
        key, known = self._key, self._numbers.known
        found = self._grouping.groups(key.column, key.type, list(known), tail)
        over = np.asarray(found.moments.overflowed.any(axis=0)).tolist()
        names = [c.label for c, bad in zip(self._plan.channels, over, strict=True) if bad]
        if names:
            raise DataError(
                listed(f"column '{n}': a group's variance overflows" for n in names),
                where=self._dataset.name,
                fix="divide it by a power of ten first, or leave it out with --exclude",
            )
        return found

    def _take_in(self) -> None:
        if not self._waiting:
            return
        frame = pl.concat(self._waiting)
        self._waiting, self._rows = [], 0
        numbers = self._numbers.of(self._key.texts(frame[self._key.column]))
        self._check_size()
        if (numbers < 0).any():
            having = numbers >= 0
            frame, numbers = frame.filter(having), numbers[having]
        nulls = _nulls(frame, self._plan)
        columns = channel_columns(frame, self._plan)
        pairs = [_parted(*pair) for pair in zip(columns, nulls, strict=True)]
        self._grouping.add(numbers, [column for column, _ in pairs], [gone for _, gone in pairs])

    def _check_size(self) -> None:
        channels = max(1, len(self._plan.channels))
        if len(self._numbers.known) * channels > MOST_CELLS:
            raise DataError(
                f"column '{self._key.column}' has more than {MOST_CELLS // channels:,} different "
                f"values, too many groups for {channels} columns",
                where=self._dataset.name,
                fix="group by a column with fewer values, or choose fewer columns with --columns",
            )


def _nulls(frame: pl.DataFrame, plan: Plan) -> list[Mask | None]:
    """Per channel which values are null, shape (rows * positions,); None where none is."""
    found: dict[str, list[Mask]] = {}
    for name, layout in {channel.feature: channel.layout for channel in plan.channels}.items():
        column = frame[name] if layout is None else flat(frame[name])
        if column.null_count():
            mask = column.is_null().to_numpy()
            found[name] = [mask] if layout is None else Layout.parse(layout).split(mask)
    return [found[c.feature][c.channel] if c.feature in found else None for c in plan.channels]


def _parted(column: Column, nulls: Mask | None) -> tuple[Column, Absent]:
    """The column, finite where not missing, and what is missing of it per row."""
    values, missing = column.values, column.missing
    infinite = None
    if values.dtype == np.float64:
        finite = np.isfinite(values)
        if finite.all():
            return column, Absent()
        infinite, missing = np.isinf(values), ~finite
        if infinite.any():
            values = np.where(infinite, np.nan, values)
    if missing is None:
        return column, Absent()
    nans = missing if nulls is None else missing & ~nulls
    nans = nans if infinite is None else nans & ~infinite
    kinds = (_per_row(kind, column.positions) for kind in (nulls, nans, infinite))
    return Column(values, missing, 0, column.positions), Absent(*kinds)


def _per_row(mask: Mask | None, positions: int) -> IntArray | None:
    if mask is None or not mask.any():
        return None
    counts: IntArray = mask.reshape(-1, positions).sum(axis=1)
    return counts
