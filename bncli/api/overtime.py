"""``shift`` over time: the test side in slices, each compared with the whole training side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from bncli.data.dataset import Dataset
from bncli.engine.cutting import Cut, by_rows, by_time
from bncli.engine.fitting import FitTask, fold_dataset
from bncli.engine.slicing import Sliced, Slicer
from bncli.errors import UsageError
from bncli.stats.profile import Profile

if TYPE_CHECKING:
    from bncli.shift.model import Measured, Side
    from bncli.shift.options import ShiftOptions
    from bncli.shift.wholes import Slice, Timeline


@dataclass(frozen=True, slots=True)
class Slicing:
    """How the test side is cut: by so many rows, or over a column every so often."""

    rows: int | None = None
    over: str | None = None
    every: str | None = None

    @property
    def by(self) -> str:
        """For people."""
        if self.over is None:
            return f"{self.rows:,} rows each"
        return f"'{self.over}' every {self.every}"

    def cut(self, dataset: Dataset) -> Cut:
        """Raises what ``by_rows`` and ``by_time`` do."""
        if self.over is None or self.every is None:
            return by_rows(dataset, self.rows or 0)
        return by_time(dataset, self.over, self.every)


def asked_slicing(by_batch: int | None, over: str | None, every: str | None) -> Slicing | None:
    """None where no timeline is asked for. Raises UsageError when the three do not go together."""
    if by_batch is not None and (over is not None or every is not None):
        raise UsageError("--by-batch and --over cut the test side in two ways", fix="give one")
    if (over is None) != (every is None):
        missing, example = ("--every", "1mo") if every is None else ("--over", "COLUMN")
        raise UsageError(f"{missing} is missing", fix=f"for example {missing} {example}")
    if by_batch is None and over is None:
        return None
    if by_batch is not None and by_batch < 1:
        raise UsageError(f"slices of {by_batch} rows are none", fix="--by-batch 8192")
    return Slicing(by_batch, over, every)


@dataclass(slots=True, eq=False)
class Overtime:
    """Measures slices of the test side as they come in; ``timeline`` is what they add up to."""

    slicing: Slicing
    train: Side
    options: ShiftOptions
    _measured: dict[int, tuple[Slice, tuple[Measured, ...]]] = field(default_factory=dict)
    _rows: int = 0

    def fold(self, task: FitTask) -> Profile:
        """The profile of the whole test side; its slices are measured on the way."""
        self._measured.clear()
        slicer = Slicer(task, self.slicing.cut(task.dataset), self._add)
        profile = fold_dataset(replace(task, onlookers=(slicer,)))
        slicer.finish()
        self._rows = slicer.rows
        return profile

    def timeline(self, rows: int, notes: Sequence[str] = ()) -> Timeline:
        """rows: of the whole test side; notes: to be said of it."""
        from bncli.shift.timeline import timeline

        pairs = [self._measured[place] for place in sorted(self._measured)]
        slices, measured = [piece for piece, _ in pairs], [many for _, many in pairs]
        left, slicing = rows - self._rows, self.slicing
        if left:
            notes = (f"{left:,} rows have no time in '{slicing.over}': in no slice", *notes)
        return timeline(slicing.by, slicing.over, slices, measured, self.options, notes)

    def _add(self, sliced: Sliced) -> None:
        from bncli.shift.model import Side
        from bncli.shift.schema import pair
        from bncli.shift.timeline import measure_slice
        from bncli.shift.wholes import Slice

        rows, over = sliced.profile.rows, self.slicing.over
        side = Side(sliced.label, rows, sliced.profile)
        pairing = pair(self.train.profile, side.profile)
        found = measure_slice(self.train, side, pairing, self.options, over)
        piece = Slice(sliced.label, sliced.first, sliced.last + 1, rows)
        self._measured[sliced.place] = (piece, found)
