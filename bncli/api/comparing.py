"""``shift``: two distributions compared."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bncli import artifact
from bncli.api.fitting import DEFAULT_BATCH_SIZE
from bncli.api.fluent import Data, is_path
from bncli.data.dataset import Dataset, open_dataset
from bncli.data.formats import ReadOptions
from bncli.data.retyping import with_retyping
from bncli.engine.fitting import FitTask, NonFinitePolicy, Progress, fold_dataset
from bncli.engine.planning import Choice, plan_for
from bncli.standardize.standardizer import Standardizer as Record
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
    options: ReadOptions | None = None,
    progress: Progress | None = None,
    **comparing: Any,
) -> ShiftReport:
    """Compare two distributions; either side is data, an artifact's path, or a standardizer.

    Further options are those of ``ShiftOptions``: bins, psi_floor, alpha, thresholds, fail_on,
    seed. Infinities count as missing.
    """
    # SciPy is slow to import, and only this verb needs it.
    from bncli.shift.compare import compare
    from bncli.shift.options import ShiftOptions

    settings = ShiftOptions(**comparing)
    choice = Choice.of(columns, column, exclude, target)
    read = options or ReadOptions()
    first, second = (_side(side, choice, nonfinite, read, progress) for side in (train, test))
    return compare(first, second, settings)


def _side(
    side: Data,
    choice: Choice,
    nonfinite: NonFinitePolicy,
    options: ReadOptions,
    progress: Progress | None,
) -> Side:
    from bncli.shift.model import Side

    if isinstance(side, Record):
        return Side("artifact", side.profile.rows, side.profile)
    if is_path(side) and artifact.is_artifact(side):
        profile = artifact.load(side).profile
        return Side(Path(side).name, profile.rows, profile)

    def work(dataset: Dataset) -> Side:
        plan = plan_for(dataset, choice, DEFAULT_BATCH_SIZE, Pooled(), numbers_needed=False)
        measured = fold_dataset(FitTask(dataset, plan, nonfinite=nonfinite, progress=progress))
        return Side(dataset.name, measured.rows, measured)

    return with_retyping(open_dataset(side, options), work)
