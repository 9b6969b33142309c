"""``fit`` and ``merge``: from data, or from the fits of its parts, to a standardizer."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Literal, TypeAlias

from bncli.api.affine import Affine, ByHand, Values
from bncli.api.fluent import Data, Given, Standardizer, fluent, record_of, refuse_as_output
from bncli.data.dataset import Dataset, open_dataset
from bncli.data.formats import ReadOptions
from bncli.data.retyping import with_retyping
from bncli.engine.fitting import FitTask, NonFinitePolicy, Progress, Watch, fold_dataset
from bncli.engine.grouping import Grouper
from bncli.engine.planning import Choice, check_eps, plan_for, running_policy
from bncli.errors import BncliWarning, UsageError
from bncli.standardize import combine
from bncli.standardize.notes import notes
from bncli.standardize.presets import preset as preset_options
from bncli.standardize.standardizer import DEFAULT_EPS, unlearned
from bncli.standardize.standardizer import Standardizer as Record

Tail: TypeAlias = Literal["keep", "merge", "drop"]
DEFAULT_BATCH_SIZE = 8192


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
    affine: Affine | None = None,
    gamma: Values | None = None,
    beta: Values | None = None,
    columns: str | Sequence[str] | None = None,
    column: Sequence[str] = (),
    exclude: str | Sequence[str] | None = None,
    target: str | Sequence[str] | None = None,
    by: str | None = None,
    tail: Tail = "keep",
    nonfinite: NonFinitePolicy = "error",
    batch_stats: str | Path | None = None,
    update: Given | None = None,
    profile: bool = True,
    sketch_size: int = 1024,
    max_categories: int = 10_000,
    joint: int = 64,
    options: ReadOptions | None = None,
    progress: Progress | None = None,
    overwrite: bool = False,
) -> Standardizer:
    """Fit the statistics of training data.

    batch_size: rows per mini-batch. running: pooled (default), exponential, cumulative or
    algorithm2; momentum: weight of the new mini-batch (exponential only, default 0.1); ddof: what
    the running variance's divisor is short of the count. eps: added to the variance (default
    1e-8), a share of it with eps_relative. preset: paper, torch, keras, sklearn or onnx sets these
    four. affine "identity": gamma and beta that bring the input back; or a table (in memory, or
    its path) of feature, channel, gamma and beta, or an artifact to take them from. gamma, beta:
    single values by feature, which go over those. columns, exclude: patterns; column: literal
    names; target: labels, never standardized. by: a column whose values name groups, each of which
    gets statistics of its own beside those of all rows. batch_stats: a file for one row per
    mini-batch and channel. update: go on from this artifact. profile: keep quantile sketches
    (about sketch_size points a channel), category counts (max_categories a column) and the
    covariance of the first ``joint`` numeric columns in file order (up to 512; 0: none).

    Raises DataError, ArtifactError, UsageError; warns with BncliWarning of columns that are
    constant, all missing, dominated by rounding or drowned by eps.
    """
    chosen = dict(preset_options(preset)) if preset else {}
    if running is not None and running != chosen.get("running"):
        # The momentum of a preset belongs to its policy; eps and ddof hold for any.
        chosen.pop("momentum", None)
    policy = running_policy(
        running or chosen.get("running", "pooled"),
        chosen.get("momentum") if momentum is None else momentum,
        chosen.get("ddof") if ddof is None else ddof,
    )
    check_eps(eps)
    by_hand = ByHand.of(affine, gamma, beta)
    earlier = None if update is None else record_of(update)
    if earlier is not None and earlier.policy.name == "adapted":
        raise UsageError(
            "adapted statistics are mixed, and cannot go on",
            fix="adapt to the more data as well and merge the two, or update what was adapted",
        )
    choice = Choice.of(columns, column, exclude, target, by)
    refuse_as_output(batch_stats, update, affine)

    def work(dataset: Dataset) -> Record:
        plan = plan_for(dataset, choice, batch_size, policy, profile, max_categories, joint)
        grouper = None if by is None else Grouper(dataset, plan, by)
        by_hand.check(plan.channels)
        with ExitStack() as stack:
            watch: tuple[Watch, ...] = ()
            if batch_stats is not None:
                from bncli.engine.batch_stats import batch_stats as collect

                context = collect(plan, dataset, batch_stats, overwrite)
                watch = (stack.enter_context(context).add,)
            onlookers = () if grouper is None else (grouper,)
            task = FitTask(dataset, plan, tail, nonfinite, watch, progress, onlookers)
            measured = fold_dataset(task)
        if grouper is not None:
            measured = replace(measured, groups=grouper.groups(tail))
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
                "affine": by_hand.name,
                "gamma": dict(gamma or {}),
                "beta": dict(beta or {}),
                "profile": profile,
                "sketch_size": sketch_size,
                "max_categories": max_categories,
                "joint": joint,
            },
        )

    fitted = with_retyping(open_dataset(data, options or ReadOptions()), work)
    if earlier is not None:
        fitted = combine.merge(earlier, fitted)
    fitted = by_hand.applied(fitted)
    for note in notes(fitted):
        warnings.warn(note, BncliWarning, stacklevel=2)
    return fluent(fitted)


def merge(artifacts: Iterable[Given]) -> Standardizer:
    """One standardizer of all the rows of several, in the order given."""
    return fluent(combine.merge_all([record_of(each) for each in artifacts]))
