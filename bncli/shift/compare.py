"""Compare two profiles: the covariate-shift report."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from bncli.shift.blocks import BlockTest
from bncli.shift.categorical import measure_categorical, not_comparable
from bncli.shift.finding import measure_missing
from bncli.shift.gate import gate, parse_rule
from bncli.shift.joint import measure_joint
from bncli.shift.model import Kind, Measured, NotCompared, Origin, ShiftReport, Side
from bncli.shift.numeric import measure_numeric
from bncli.shift.options import ShiftOptions
from bncli.shift.schema import Pairing, pair, rows_of
from bncli.shift.severity import worst
from bncli.shift.sides import NumericSide, constant_on_both
from bncli.shift.temporal import measure_temporal
from bncli.shift.verdict import judge
from bncli.shift.wholes import Joint
from bncli.stats.profile import Channel

if TYPE_CHECKING:
    from bncli.shift.by_group import ByGroup

__all__ = ["ShiftOptions", "ShiftReport", "Side", "compare"]

Outcome = Measured | NotCompared
Progress = Callable[[int, int | None], None]


def compare(
    train: Side,
    test: Side,
    options: ShiftOptions | None = None,
    blocks: BlockTest | None = None,
    progress: Progress | None = None,
) -> ShiftReport:
    """Measure every column that both sides have, judge them together, and apply the gate.

    blocks: p-values to judge by, in place of those that take rows for independent. progress: told
    how many columns are done, and of how many. Neither profile is changed; the same profiles and
    options give the same report. Raises UsageError when a gate rule cannot be read.
    """
    options = options or ShiftOptions()
    rules = {text: parse_rule(text) for text in options.fail_on}  # before any work
    pairing = pair(train.profile, test.profile)
    outcomes = measure(train, test, pairing, options, progress)
    measured = [one for one in outcomes if isinstance(one, Measured)]
    if blocks is not None:
        measured = [blocks.applied(one, options) for one in measured]
    columns = judge(measured, options)
    return ShiftReport(
        worst(column.severity for column in columns),
        columns,
        (*(one for one in outcomes if isinstance(one, NotCompared)), *pairing.unsupported),
        pairing.schema,
        gate(rules, columns, pairing.schema),
        Origin(train.name, train.rows),
        Origin(test.name, test.rows),
        options,
        *_jointly(train, test, pairing, options),
        blocks=None if blocks is None else blocks.about,
    )


def with_groups(report: ShiftReport, found: ByGroup) -> ShiftReport:
    """The report with what was found in groups, which the gate then looks at, too."""
    rules = {text: parse_rule(text) for text in report.options.fail_on}
    reached = gate(rules, report.columns, report.schema, found.columns)
    return replace(report, groups=found, gate=reached)


def measure(
    train: Side,
    test: Side,
    pairing: Pairing,
    options: ShiftOptions,
    progress: Progress | None = None,
) -> list[Outcome]:
    """Every column that both sides have, as measured, in the order of ``pairing``."""
    numeric = (
        _numeric(
            channel, NumericSide.of(train.profile, at), NumericSide.of(test.profile, there), options
        )
        for channel, at, there in pairing.numeric
    )
    categorical = (_categorical(train, test, name, options) for name in pairing.categorical)
    temporal = (_temporal(train, test, name, options) for name in pairing.temporal)
    emptied = (_emptied(train, test, name, options) for name in pairing.emptied)
    found: list[Outcome] = []
    for outcome in chain(numeric, categorical, temporal, emptied):
        found.append(outcome)
        if progress:
            progress(len(found), pairing.columns)
    return found


def _jointly(
    train: Side, test: Side, pairing: Pairing, options: ShiftOptions
) -> tuple[Joint | None, str]:
    """The joint part, or why there is none; a fault in it is told, and no more."""
    if options.joint == 0:
        return None, ""
    try:
        with np.errstate(all="ignore"):
            found = measure_joint(train.profile, test.profile, pairing.numeric, options.joint)
    except Exception as failure:
        found = f"failed: {type(failure).__name__}: {failure}"
    return (None, found) if isinstance(found, str) else (found, "")


def _numeric(
    channel: Channel, ours: NumericSide, theirs: NumericSide, options: ShiftOptions
) -> Outcome:
    reason = _empty(ours.rows, theirs.rows, ours.count, theirs.count)
    reason = reason or constant_on_both(ours, theirs)
    if reason:
        return NotCompared(channel.label, reason)
    rng = _rng(options, channel.label)
    return _guarded(channel.label, lambda: measure_numeric(channel, ours, theirs, options, rng))


def _categorical(train: Side, test: Side, name: str, options: ShiftOptions) -> Outcome:
    ours, theirs = train.profile.categories[name], test.profile.categories[name]
    rows = (ours.count + ours.missing, theirs.count + theirs.missing)
    reason = _empty(*rows, ours.count, theirs.count) or not_comparable(ours, theirs)
    if reason:
        return NotCompared(name, reason)
    rng = _rng(options, name)
    return _guarded(name, lambda: measure_categorical(name, ours, theirs, options, rng))


def _temporal(train: Side, test: Side, name: str, options: ShiftOptions) -> Outcome:
    ours, theirs = train.profile.temporal[name], test.profile.temporal[name]
    rows = (ours.count + ours.missing, theirs.count + theirs.missing)
    reason = _empty(*rows, ours.count, theirs.count)
    if reason:
        return NotCompared(name, reason)
    kinds = (train.profile.other_types[name], test.profile.other_types[name])
    return _guarded(name, lambda: measure_temporal(name, kinds, ours, theirs, options.alpha))


def _emptied(train: Side, test: Side, name: str, options: ShiftOptions) -> Outcome:
    ours, theirs = rows_of(train.profile, name), rows_of(test.profile, name)
    reason = _empty(sum(ours), sum(theirs), ours[0], theirs[0])
    if reason:
        return NotCompared(name, reason)
    there = train.profile if ours[0] else test.profile
    kind: Kind = "numeric"
    if name in there.categories or name in there.temporal:
        kind = "categorical" if name in there.categories else "temporal"
    return measure_missing(name, kind, ours, theirs, options.alpha)


def _empty(train_rows: int, test_rows: int, train_count: int, test_count: int) -> str | None:
    """Why there is nothing to compare. Values on one side only are still compared: as missing."""
    sides = [name for name, rows in (("training", train_rows), ("test", test_rows)) if not rows]
    if sides:
        return f"no rows on the {' and '.join(sides)} side"
    return None if train_count or test_count else "all values are missing on both sides"


def _guarded(name: str, measure: Callable[[], Measured]) -> Outcome:
    """A column that fails is told, and never takes the rest of the report down."""
    try:
        with np.errstate(all="ignore"):  # what overflows is left out of the measures
            return measure()
    except Exception as failure:  # a fault in one column
        return NotCompared(name, f"failed: {type(failure).__name__}: {failure}")


def _rng(options: ShiftOptions, name: str) -> np.random.Generator:
    """Draws depend on the seed and the column's name: other columns never change them."""
    return np.random.default_rng([options.seed, zlib.crc32(name.encode("utf-8", "replace"))])
