"""All that one learning needs, settled by one pass over the rows.

The head starts at weight 0 and at the bias that answers with the target's mean, or with the shares
of the classes, so the loss before is that of knowing the target's distribution and no feature.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from bncli.data.columns import require_columns
from bncli.data.dataset import Dataset
from bncli.data.inputs import Inputs
from bncli.data.naming import column as by_name
from bncli.engine.applicable import applicable_columns
from bncli.engine.epochs import InOrder, Shuffled, Training
from bncli.engine.samples import Samples, open_samples
from bncli.engine.survey import Aside, Survey, kind_of
from bncli.errors import BncliWarning, ColumnMissing, DataError, UsageError
from bncli.standardize.backprop import Epsilon
from bncli.standardize.by_group import refuse_groups
from bncli.standardize.heads import HEADS
from bncli.standardize.initial import first_weights
from bncli.standardize.learning import Epoch
from bncli.standardize.network import Batch, Network, Shape
from bncli.standardize.options import LearnOptions
from bncli.standardize.standardizer import Standardizer
from bncli.standardize.target import Kind, Target, check_classes, ordered, task_for
from bncli.stats.exact import FloatArray


@dataclass(frozen=True, slots=True)
class Given:
    """What is learned from. artifact: what messages call the standardizer; init: first weights,
    as read from JSON, or None."""

    dataset: Dataset
    standardizer: Standardizer
    target: str
    options: LearnOptions
    artifact: str
    init: Any = None


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """features: the columns learned from; places: of their channels among
    all; epoch: the
    mini-batches; held: the rows that losses are told of; start: the first weight and bias."""

    given: Given
    features: tuple[str, ...]
    places: tuple[int, ...]
    survey: Survey
    target: Target
    network: Network
    epoch: Epoch
    held: Batch
    start: tuple[FloatArray, FloatArray]

    @property
    def options(self) -> LearnOptions:
        return self.given.options

    @property
    def planned(self) -> int:
        """How many steps there will be, unless something ends them earlier."""
        size = self.options.batch_size
        whole, ragged = divmod(self.survey.rows, size)
        per_epoch = whole + (ragged > 1)
        if not self.options.shuffle:
            per_epoch = math.ceil(self.survey.samples.rows / size)
        return self.options.planned_steps(max(1, per_epoch))


def prepared(given: Given, stack: ExitStack) -> Lesson:
    """Read the rows once; what that needs on disk goes when ``stack`` ends.

    Raises ColumnMissing, DataError, NonFinite, UsageError.
    """
    options, standardizer = given.options, given.standardizer
    features = _features(given)
    kind = _kind(given)
    infinite_as_missing = options.nonfinite == "missing"
    inputs = Inputs.of(standardizer.channels, features)
    samples = open_samples(given.dataset, inputs, given.target, infinite_as_missing, stack)
    places = _places(standardizer, features)
    mean, scale = _running(standardizer, places)
    centre = np.repeat(mean, inputs.positions)
    survey = _surveyed(samples, kind, centre, options)
    target = _target(given, survey)
    samples = samples.learning(_numeric(target))
    head = HEADS[target.task]()
    eps = Epsilon(standardizer.eps, standardizer.eps_relative)
    shape = Shape.of(inputs.positions.tolist(), head.outputs(len(target.values)))
    network = Network(head, shape, eps, centre, np.repeat(scale, inputs.positions))
    training = Training(samples, survey.aside, centre, *survey.handling)
    start = _start(network, target, survey, given.init)
    return Lesson(
        given,
        features,
        places,
        survey,
        target,
        network,
        _epoch(training, options),
        survey.held(samples),
        start,
    )


def _features(given: Given) -> tuple[str, ...]:
    """The columns to learn from; the target is none of them."""
    dataset, target, artifact = given.dataset, given.target, given.artifact
    refuse_groups(given.standardizer, "learn", artifact)
    require_columns(dataset.schema, [target], dataset.name)
    known = given.standardizer.features
    features = tuple(name for name in known if name != target)
    if not features:
        raise UsageError(f"{artifact} holds no feature besides the target '{target}'")
    if len(features) < len(known):
        _warn(
            f"the target '{target}' is a feature of {artifact}: it is left out of the learning"
            f"\n  fit with --target {target}, and it is none"
        )
    present = applicable_columns(dataset, given.standardizer, features, artifact)
    if len(present) < len(features):
        absent = [f"'{name}'" for name in features if name not in present]
        raise ColumnMissing(
            f"learning needs every column of {artifact}, and {', '.join(absent[:10])} is not there",
            where=dataset.name,
            fix="fit again on the columns both have",
        )
    return features


def _places(standardizer: Standardizer, features: Sequence[str]) -> tuple[int, ...]:
    """Of the features' channels, in the order of the features, among all channels."""
    at: dict[str, list[int]] = {}
    for place, channel in enumerate(standardizer.channels):
        at.setdefault(channel.feature, []).append(place)
    return tuple(place for name in features for place in at[name])


def _running(standardizer: Standardizer, places: Sequence[int]) -> tuple[FloatArray, FloatArray]:
    """Running mean and 1 / sqrt(variance + eps) of the features; 0 where there is none."""
    chosen = list(places)
    mean, spread = standardizer.mean[chosen], standardizer.spread[chosen]
    flat = (standardizer.constant | ~standardizer.seen)[chosen] | ~(spread > 0)
    scale = np.where(flat, 0.0, 1.0 / np.where(flat, 1.0, spread))
    return np.where(np.isnan(mean), 0.0, mean), scale


def _kind(given: Given) -> Kind:
    dtype = given.dataset.schema[given.target]
    kind = kind_of(dtype)
    if kind is None:
        raise DataError(
            f"column '{given.target}' is {dtype}, which is no target",
            where=given.dataset.name,
            fix="a target is text, truth values or numbers",
        )
    return kind


def _surveyed(samples: Samples, kind: Kind, centre: FloatArray, options: LearnOptions) -> Survey:
    """With rows held out; where chance drew none of a few rows, with none held out."""
    rows, width = samples.rows, samples.inputs.count
    aside = Aside.of(options.held_out, rows, width, options.seed)
    found = Survey(samples, kind, options.missing, centre, aside).run()
    if found.rows and not found.held_rows and not aside.in_training:
        _warn(f"none of {rows} rows was drawn to be held out: losses are of those learned from")
        aside = Aside.of(0.0, rows, width, options.seed)
        found = Survey(samples, kind, options.missing, centre, aside).run()
    found.check()
    return found


def _target(given: Given, survey: Survey) -> Target:
    name, kind, counts = given.target, survey.kind, survey.counts
    asked = given.options.task
    task = task_for(name, kind, counts) if asked == "auto" else asked
    check_classes(name, task, kind, counts)
    if task != "regression":
        return Target(name, kind, task, ordered(counts or {}, kind))
    if given.options.scaled(given.init is not None):
        return Target(name, kind, task, (), survey.mean, survey.spread)
    return Target(name, kind, task)


def _numeric(target: Target) -> pl.Expr:
    """What is learned of the target: a number, or the number of a class."""
    column = by_name(target.name)
    if target.task == "regression":
        return (column.cast(pl.Float64) - target.shift) / target.scale
    numbers = [float(number) for number in range(len(target.values))]
    values = list(target.values)
    return column.replace_strict(values, numbers, default=None, return_dtype=pl.Float64)


def _start(
    network: Network, target: Target, survey: Survey, init: Any
) -> tuple[FloatArray, FloatArray]:
    """The first weight and bias, in the units of learning."""
    if init is not None:
        weight, bias = first_weights(init, network.shape.outputs, network.shape.inputs)
        return weight / target.scale, (bias - target.shift) / target.scale
    counts = [float((survey.counts or {}).get(value, 0)) for value in target.values]
    bias = network.head.prior(np.array(counts))
    if target.task == "regression":
        bias = bias + (survey.mean - target.shift) / target.scale
    return np.zeros((network.shape.outputs, network.shape.inputs)), bias


def _epoch(training: Training, options: LearnOptions) -> Epoch:
    if options.shuffle:
        return Shuffled(training, options.batch_size, options.seed)
    return InOrder(training, options.batch_size)


def _warn(text: str) -> None:
    warnings.warn(text, BncliWarning, stacklevel=5)
