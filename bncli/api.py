"""The verbs of bncli, the same from Python and from the shell.

Data is a path, a glob, a directory, several of them, ``-`` for standard input, a polars frame,
or an Arrow table. A standardizer is one that ``fit`` gave, or the path of its artifact.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from bncli import artifact
from bncli.data.dataset import Dataset, open_dataset
from bncli.data.formats import ReadOptions
from bncli.data.retyping import with_retyping
from bncli.engine import apply
from bncli.engine.fitting import FitTask, NonFinitePolicy, Progress, Watch, fold_dataset
from bncli.engine.planning import Choice, plan_for, running_policy
from bncli.engine.work import Applied
from bncli.errors import BncliWarning, UsageError
from bncli.standardize import combine
from bncli.standardize.notes import notes
from bncli.standardize.presets import preset as preset_options
from bncli.standardize.standardizer import DEFAULT_EPS, unlearned
from bncli.standardize.standardizer import Standardizer as Record
from bncli.stats.running import Pooled

if TYPE_CHECKING:
    from bncli.shift.model import ShiftReport, Side

Data: TypeAlias = Any
Tail: TypeAlias = Literal["keep", "merge", "drop"]
DEFAULT_BATCH_SIZE = 8192


class Standardizer(Record):
    """A fitted standardizer with its verbs: ``save``, ``transform``, ``inverse``."""

    __slots__ = ()

    def save(self, path: str | Path, overwrite: bool = False) -> None:
        """Write the artifact, JSON or Parquet by its suffix, whole or not at all."""
        artifact.save(self, path, overwrite=overwrite)

    def transform(self, data: Data, output: str | Path, **options: Any) -> Applied:
        """``bncli.transform`` with this standardizer."""
        return transform(data, self, output, **options)

    def inverse(self, data: Data, output: str | Path, **options: Any) -> Applied:
        """``bncli.inverse`` with this standardizer."""
        return inverse(data, self, output, **options)


def fit(
    data: Data,
    *,
    batch_size: int = DEFAULT_BATCH_SIZE,
    running: str | None = None,
    momentum: float | None = None,
    ddof: int | None = None,
    eps: float | None = None,
    eps_relative: bool = False,
    preset: str | None = None,
    affine: Literal["identity"] | None = None,
    columns: str | Sequence[str] | None = None,
    column: Sequence[str] = (),
    exclude: str | Sequence[str] | None = None,
    target: str | Sequence[str] | None = None,
    tail: Tail = "keep",
    nonfinite: NonFinitePolicy = "error",
    batch_stats: str | Path | None = None,
    update: str | Path | Record | None = None,
    profile: bool = True,
    sketch_size: int = 1024,
    max_categories: int = 10_000,
    options: ReadOptions | None = None,
    progress: Progress | None = None,
    overwrite: bool = False,
) -> Standardizer:
    """Fit the statistics of training data.

    batch_size: rows per mini-batch. running: pooled (default), exponential, cumulative or
    algorithm2; momentum: weight of the new mini-batch (exponential only, default 0.1); ddof: what
    the running variance's divisor is short of the count. eps: added to the variance (default
    1e-8), a share of it with eps_relative. preset: paper, torch, keras, sklearn or onnx sets these
    four. affine "identity": gamma and beta that bring the input back. columns, exclude: patterns;
    column: literal names; target: labels, never standardized. batch_stats: a file for one row per
    mini-batch and channel. update: go on from this artifact. profile: keep quantile sketches
    (about sketch_size points a channel) and category counts (max_categories a column).

    Raises DataError, ArtifactError, UsageError; warns with BncliWarning of columns that are
    constant, all missing, dominated by rounding or drowned by eps.
    """
    chosen = dict(preset_options(preset)) if preset else {}
    policy = running_policy(
        running or chosen.get("running", "pooled"),
        chosen.get("momentum") if momentum is None else momentum,
        chosen.get("ddof") if ddof is None else ddof,
    )
    earlier = None if update is None else _standardizer(update)
    choice = Choice.of(columns, column, exclude, target)

    def work(dataset: Dataset) -> Record:
        plan = plan_for(dataset, choice, batch_size, policy, profile, max_categories)
        with ExitStack() as stack:
            watch: tuple[Watch, ...] = ()
            if batch_stats is not None:
                from bncli.engine.batch_stats import batch_stats as collect

                context = collect(plan, batch_stats, overwrite)
                watch = (stack.enter_context(context).add,)
            task = FitTask(dataset, plan, tail, nonfinite, watch, progress)
            measured = fold_dataset(task)
        return Record(
            measured.sealed(sketch_size),
            policy,
            chosen.get("eps", DEFAULT_EPS) if eps is None else eps,
            eps_relative,
            *unlearned(len(plan.channels)),
            dataset.sources_with_rows(measured.rows),
            {
                **choice.to_record(),
                "tail": tail,
                "nonfinite": nonfinite,
                "preset": preset,
                "affine": affine,
                "profile": profile,
                "sketch_size": sketch_size,
                "max_categories": max_categories,
            },
        )

    fitted = with_retyping(open_dataset(data, options or ReadOptions()), work)
    if earlier is not None:
        fitted = combine.merge(earlier, fitted)
    if affine is not None:
        fitted = fitted.identity()
    for note in notes(fitted):
        warnings.warn(note, BncliWarning, stacklevel=2)
    return _fluent(fitted)


def transform(
    data: Data, standardizer: str | Path | Record, output: str | Path, **options: Any
) -> Applied:
    """Standardize rows; other columns pass through untouched, in place.

    Options are those of ``engine.apply.transform``. Parquet output carries the standardizer.
    """
    return _applied(apply.transform, data, standardizer, output, options)


def inverse(
    data: Data,
    standardizer: str | Path | Record | None = None,
    output: str | Path | None = None,
    **options: Any,
) -> Applied:
    """Bring standardized rows back; without a standardizer, by the one the Parquet file carries.

    Options are those of ``engine.apply.inverse``.
    """
    if output is None:
        raise UsageError("inverse needs an output", fix="-o FILE")
    found = _carried(data) if standardizer is None else standardizer
    return _applied(apply.inverse, data, found, output, options)


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


def merge(artifacts: Iterable[str | Path | Record]) -> Standardizer:
    """One standardizer of all the rows of several, in the order given."""
    return _fluent(combine.merge_all([_standardizer(each) for each in artifacts]))


def load(path: str | Path) -> Standardizer:
    """Read an artifact. Raises ArtifactError."""
    return _fluent(artifact.load(path))


def convert(source: str | Path, target: str | Path, overwrite: bool = False) -> None:
    """Write an artifact in the other format; nothing is lost either way."""
    load(source).save(target, overwrite=overwrite)


def _fluent(record: Record) -> Standardizer:
    return Standardizer(**{field.name: getattr(record, field.name) for field in fields(record)})


def _standardizer(given: str | Path | Record) -> Record:
    return given if isinstance(given, Record) else artifact.load(given)


def _is_path(data: Data) -> bool:
    return isinstance(data, (str, Path)) and str(data) != "-"


def _carried(data: Data) -> Record:
    """The standardizer inside a Parquet file that ``transform`` wrote."""
    found = artifact.embedded(data) if _is_path(data) and Path(data).is_file() else None
    if found is None:
        raise UsageError(
            f"'{data}' carries no standardizer", fix="name the artifact with -s stats.json"
        )
    return found


def _applied(
    verb: Callable[..., Applied],
    data: Data,
    standardizer: str | Path | Record,
    output: str | Path,
    options: Mapping[str, Any],
) -> Applied:
    given = dict(options)
    read = given.pop("options", None) or ReadOptions()
    found = _standardizer(standardizer)
    given["embed"] = artifact.metadata(found)
    if not isinstance(standardizer, Record):
        given["artifact"] = Path(standardizer).name
    dataset = open_dataset(data, read)
    return with_retyping(dataset, lambda dataset: verb(dataset, found, output, **given))


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
    if _is_path(side) and artifact.is_artifact(side):
        profile = artifact.load(side).profile
        return Side(Path(side).name, profile.rows, profile)

    def work(dataset: Dataset) -> Side:
        plan = plan_for(dataset, choice, DEFAULT_BATCH_SIZE, Pooled())
        measured = fold_dataset(FitTask(dataset, plan, nonfinite=nonfinite, progress=progress))
        return Side(dataset.name, measured.rows, measured)

    return with_retyping(open_dataset(side, options), work)
