"""``shift``: two distributions compared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bncli import artifact
from bncli.api.fitting import DEFAULT_BATCH_SIZE
from bncli.api.fluent import Data, is_path
from bncli.api.overtime import Overtime, asked_slicing
from bncli.data.dataset import Dataset, open_dataset
from bncli.data.formats import ReadOptions
from bncli.data.retyping import with_retyping
from bncli.engine.fitting import FitTask, NonFinitePolicy, Progress, fold_dataset
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
    options: ReadOptions | None = None,
    progress: Progress | None = None,
    **comparing: Any,
) -> ShiftReport:
    """Compare two distributions; either side is data, an artifact's path, or a standardizer.

    by_batch: also compare the test side in slices of so many rows; or over, every: cut over a
    column of dates, datetimes, ISO text or whole numbers, every "1d", "1w", "1mo", or so much of
    the number. Further options are those of ``ShiftOptions``: bins, psi_floor, alpha, thresholds,
    fail_on, seed. Infinities count as missing.
    """
    # SciPy is slow to import, and only this verb needs it.
    from bncli.shift.compare import compare
    from bncli.shift.options import ShiftOptions

    settings = ShiftOptions(**comparing)
    slicing = asked_slicing(by_batch, over, every)
    if slicing is not None:
        _refuse_artifact(test)
    choice = Choice.of(columns, column, exclude, target)
    read = options or ReadOptions()
    most = DEFAULT_CHANNELS if settings.joint is None else settings.joint
    first = _side(train, choice, nonfinite, read, progress, most)
    joint = _jointly(first, settings.joint)
    if slicing is None:
        return compare(first, _side(test, choice, nonfinite, read, progress, joint), settings)
    overtime = Overtime(slicing, first, settings)
    second = _side(test, choice, nonfinite, read, progress, joint, overtime.fold)
    return replace(compare(first, second, settings), timeline=overtime.timeline(second.rows))


def _refuse_artifact(test: Data) -> None:
    """A timeline needs rows. Raises UsageError."""
    if isinstance(test, Record) or (is_path(test) and artifact.is_artifact(test)):
        name = "the test side" if isinstance(test, Record) else f"'{Path(test).name}'"
        raise UsageError(
            f"{name} is an artifact: it holds no rows to cut into slices",
            fix="give the data itself as TEST; TRAIN may be an artifact",
        )


def _jointly(first: Side, most: int | None) -> frozenset[str]:
    """The columns of the test side whose covariance is of use: those that the training side keeps,
    in whatever order they come; of these the first ``most``, None for all."""
    kept = first.profile.covariance
    channels = () if kept is None else kept.channels[:most]
    return frozenset(first.profile.channels[at].label for at in channels)


def _side(
    side: Data,
    choice: Choice,
    nonfinite: NonFinitePolicy,
    options: ReadOptions,
    progress: Progress | None,
    joint: Joint,
    fold: Callable[[FitTask], Profile] = fold_dataset,
) -> Side:
    from bncli.shift.model import Side

    if isinstance(side, Record):
        return Side("artifact", side.profile.rows, side.profile)
    if is_path(side) and artifact.is_artifact(side):
        profile = artifact.load(side).profile
        return Side(Path(side).name, profile.rows, profile)

    def work(dataset: Dataset) -> Side:
        plan = plan_for(
            dataset, choice, DEFAULT_BATCH_SIZE, Pooled(), joint=joint, numbers_needed=False
        )
        measured = fold(FitTask(dataset, plan, nonfinite=nonfinite, progress=progress))
        return Side(dataset.name, measured.rows, measured)

    return with_retyping(open_dataset(side, options), work)
