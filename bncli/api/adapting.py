"""``adapt``: the statistics of new data in place of those of training, or mixed with them."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from bncli.api.fluent import Data, Given, Standardizer, fluent, record_of
from bncli.data.columns import is_categorical, is_temporal
from bncli.data.dataset import Dataset, open_dataset
from bncli.data.formats import ReadOptions
from bncli.data.retyping import with_retyping
from bncli.engine.applicable import applicable_columns
from bncli.engine.fitting import FitTask, NonFinitePolicy, Progress, fold_dataset
from bncli.engine.planning import Choice, plan_for
from bncli.errors import BncliWarning, DataError
from bncli.standardize.adapt import adapted, adapting_notes, check_adaptable
from bncli.standardize.by_group import refuse_groups
from bncli.standardize.standardizer import Standardizer as Record
from bncli.stats.fold import Plan
from bncli.stats.running import Pooled

if TYPE_CHECKING:
    import polars as pl

    from bncli.shift.adaptation import Adaptation


def adapt(
    data: Data,
    standardizer: Given,
    *,
    prior: float = 0.0,
    pooled: bool = False,
    nonfinite: NonFinitePolicy = "error",
    sketch_size: int = 1024,
    options: ReadOptions | None = None,
    progress: Progress | None = None,
) -> Standardizer:
    """Estimate mean and variance again on new data; gamma and beta stay.

    prior: how many present values of new data the old statistics weigh; 0 replaces them. pooled:
    the variance between the old and the new mean counts as well. nonfinite: stop at infinities or
    take them as missing. sketch_size: points of a channel's quantile sketch. The result's profile
    is that of the new data.

    Raises DataError, ArtifactError, UsageError; warns with BncliWarning of channels that the new
    data says little about.
    """
    before = record_of(standardizer)
    check_adaptable(before, prior)
    name = "the artifact" if isinstance(standardizer, Record) else Path(standardizer).name
    refuse_groups(before, "adapt", name)

    def work(dataset: Dataset) -> Record:
        plan = _plan(dataset, before, name)
        measured = fold_dataset(FitTask(dataset, plan, nonfinite=nonfinite, progress=progress))
        sources = dataset.sources_with_rows(measured.rows)
        return adapted(before, measured.sealed(sketch_size), prior, pooled, sources)

    after = with_retyping(open_dataset(data, options or ReadOptions()), work)
    for note in adapting_notes(before, after):
        warnings.warn(note, BncliWarning, stacklevel=2)
    return fluent(after)


def adaptation(before: Given, after: Given) -> Adaptation:
    """How far ``adapt`` moved the statistics of each channel, and what is left of its shift.

    before: what was adapted; after: what came out.
    """
    from bncli.shift.adaptation import adaptation as told

    return told(record_of(before), record_of(after))


def _plan(dataset: Dataset, before: Record, name: str) -> Plan:
    """The features of the artifact that the new data has, and its other columns of the same kind.

    Raises ColumnMissing, DataError.
    """
    schema = dataset.schema
    there = applicable_columns(dataset, before, before.features, name)
    features = [feature for feature in there if str(schema[feature]) != "Null"]
    if not features:
        raise DataError(f"has values of no feature of {name}", where=dataset.name)
    choice = Choice.of(None, features, None, None)
    layouts = {c.feature: c.layout for c in before.channels if c.layout and c.feature in features}
    told = replace(dataset.options, tensors={**dataset.options.tensors, **layouts})
    alike = replace(dataset, options=told)
    kept = before.profile.covariance
    joint = frozenset(before.channels[at].label for at in kept.channels) if kept else frozenset()
    plan = plan_for(alike, choice, before.profile.batch_size, Pooled(), joint=joint)
    profile = before.profile
    return replace(
        plan,
        categories=_alike(schema, profile.categories, is_categorical),
        times=_alike(schema, profile.temporal, is_temporal),
        others=_alike(schema, profile.other_types.keys() - profile.temporal.keys(), _any),
    )


def _alike(
    schema: pl.Schema, names: Iterable[str], fits: Callable[[pl.DataType], bool]
) -> tuple[tuple[str, str], ...]:
    """(name, type) of the columns of the new data that are of these and of that kind."""
    wanted = set(names)
    return tuple((n, str(kind)) for n, kind in schema.items() if n in wanted and fits(kind))


def _any(kind: pl.DataType) -> bool:
    return True
