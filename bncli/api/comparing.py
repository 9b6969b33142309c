"""``shift``: two distributions compared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bncli import artifact
from bncli.api.blocking import Stages, asked_block, block_test, check_blocks
from bncli.api.by_group import Groupwise
from bncli.api.fitting import DEFAULT_BATCH_SIZE
from bncli.api.fluent import Data, is_path
from bncli.api.overtime import Overtime, asked_slicing
from bncli.data.dataset import Dataset, open_dataset
from bncli.data.formats import ReadOptions
from bncli.data.retyping import with_retyping
from bncli.engine.fitting import FitTask, NonFinitePolicy, fold_dataset
from bncli.engine.planning import Choice, Joint, plan_for
from bncli.errors import UsageError
from bncli.standardize.standardizer import Standardizer as Record
from bncli.stats.covariance import DEFAULT_CHANNELS
from bncli.stats.profile import Profile
from bncli.stats.running import Pooled

if TYPE_CHECKING:
    from bncli.shift.model import ShiftReport, Side


def shift(
    train: Data,
    test: Data,
    *,
    columns: str | Sequence[str] | None = None,
    column: Sequence[str] = (),
    exclude: str | Sequence[str] | None = None,
    target: str | Sequence[str] | None = None,
    nonfinite: NonFinitePolicy = "missing",
    by_batch: int | None = None,
    over: str | None = None,
    every: str | None = None,
    by: str | None = None,
    block: int | str | None = None,
    options: ReadOptions | None = None,
    stages: Stages | None = None,
    **comparing: Any,
) -> ShiftReport:
    """Compare two distributions; either side is data, an artifact's path, or a standardizer.

    by_batch: also compare the test side in slices of so many rows; or over, every: cut over a
    column of dates, datetimes, ISO text or whole numbers, every "1d", "1w", "1mo", or so much of
    the number. by: also compare every group of rows that this column names; an artifact must have
    been fitted by it. block: take p-values from permutations of blocks of so many rows, or of "1d",
    "1w" of the column ``over``; both sides must be data then. stages: told what is being done, and
    how far it is. Further options are those of ``ShiftOptions``: bins, psi_floor, alpha,
    thresholds, fail_on, seed. Infinities count as missing.
    """
    # SciPy is slow to import, and only this verb needs it.
    from bncli.shift.compare import compare, with_groups
    from bncli.shift.options import ShiftOptions

    settings = ShiftOptions(**comparing)
    blocks = asked_block(block, over)
    times_of_blocks_only = blocks is not None and blocks.over is not None and every is None
    slicing = asked_slicing(by_batch, None if times_of_blocks_only else over, every)
    if slicing is not None:
        _refuse_artifact(test)
        _refuse_both(by)
    read = options or ReadOptions()
    sides = _opened(train, read), _opened(test, read)
    if blocks is not None:
        check_blocks([(side.name, side.held) for side in sides])
    measuring = Measuring(Choice.of(columns, column, exclude, target, by), nonfinite, stages)
    most = DEFAULT_CHANNELS if settings.joint is None else settings.joint
    folds: tuple[Fold, Fold] = (Fold(), Fold())
    overtime = groupwise = None
    if by is not None:
        groupwise = Groupwise.of(by, sides[0].held, sides[1].held, settings)
        folds = (
            Fold(groupwise.fold_train, groupwise.take_train),
            Fold(groupwise.fold_test, groupwise.take_test),
        )
    first = measuring.side(sides[0], most, folds[0])
    if slicing is not None:
        overtime = Overtime(slicing, first, settings)
        folds = folds[0], Fold(overtime.fold)
    second = measuring.side(sides[1], _jointly(first, settings.joint), folds[1])
    chances = None
    if blocks is not None:
        held = (sides[0].held, first), (sides[1].held, second)
        chances = block_test(blocks, *held, settings, stages)
    told = stages("comparing", "columns") if stages else None
    report = compare(first, second, settings, chances, told)
    if groupwise is not None:
        return with_groups(report, groupwise.result(_BY_ROWS if blocks else ()))
    if overtime is not None:
        line = overtime.timeline(second.rows, _BY_ROWS if blocks else ())
        return replace(report, timeline=line)
    return report


_BY_ROWS = ("these p-values take rows for independent: --block is for the whole",)


def _refuse_artifact(test: Data) -> None:
    """A timeline needs rows. Raises UsageError."""
    if isinstance(test, Record) or (is_path(test) and artifact.is_artifact(test)):
        name = "the test side" if isinstance(test, Record) else f"'{Path(test).name}'"
        raise UsageError(
            f"{name} is an artifact: it holds no rows to cut into slices",
            fix="give the data itself as TEST; TRAIN may be an artifact",
        )


def _refuse_both(by: str | None) -> None:
    if by is not None:
        raise UsageError(
            "--by and the options over time cut the test side in two ways",
            fix="give one, or select the rows of a group first",
        )


def _jointly(first: Side, most: int | None) -> frozenset[str]:
    """The columns of the test side whose covariance is of use: those that the training side keeps,
    in whatever order they come; of these the first ``most``, None for all."""
    kept = first.profile.covariance
    channels = () if kept is None else kept.channels[:most]
    return frozenset(first.profile.channels[at].label for at in channels)


@dataclass(frozen=True, slots=True)
class Opened:
    """A side before any of its rows is read: data, or the profile of an artifact."""

    name: str
    held: Dataset | Profile


def _opened(side: Data, options: ReadOptions) -> Opened:
    if isinstance(side, Record):
        return Opened("artifact", side.profile)
    if is_path(side) and artifact.is_artifact(side):
        return Opened(Path(side).name, artifact.load(side).profile)
    dataset = open_dataset(side, options)
    return Opened(dataset.name, dataset)


@dataclass(frozen=True, slots=True)
class Fold:
    """of, take: what makes a profile of data, and what becomes of one that is there."""

    of: Callable[[FitTask], Profile] = fold_dataset
    take: Callable[[Profile], Profile] | None = None


@dataclass(frozen=True, slots=True)
class Measuring:
    """How a side that is data becomes a profile."""

    choice: Choice
    nonfinite: NonFinitePolicy
    stages: Stages | None

    def side(self, opened: Opened, joint: Joint, fold: Fold) -> Side:
        from bncli.shift.model import Side

        if isinstance(opened.held, Profile):
            profile = opened.held if fold.take is None else fold.take(opened.held)
        else:
            work = lambda dataset: fold.of(self._task(dataset, joint))  # noqa: E731
            profile = with_retyping(opened.held, work)
        return Side(opened.name, profile.rows, profile)

    def _task(self, dataset: Dataset, joint: Joint) -> FitTask:
        plan = plan_for(
            dataset, self.choice, DEFAULT_BATCH_SIZE, Pooled(), joint=joint, numbers_needed=False
        )
        told = self.stages(dataset.name, "rows") if self.stages else None
        return FitTask(dataset, plan, nonfinite=self.nonfinite, progress=told)
