"""The shift report for machines: ``shift --json``, version 1 of the documented schema."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from bncli.report import overtime
from bncli.shift.by_group import ByGroup, GroupShift
from bncli.shift.measures import MEASURES
from bncli.shift.model import Column, Gate, SchemaChange, ShiftReport
from bncli.shift.options import THRESHOLDS, ShiftOptions
from bncli.shift.wholes import Blocking, Joint

FORMAT = "bncli.shift"
VERSION = 1


def to_json(report: ShiftReport) -> dict[str, Any]:
    """The report as plain JSON values; a part that was not asked for is None."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "verdict": report.verdict,
        "shifted": report.shifted,
        "compared": report.compared,
        "not_compared": [{"name": one.name, "reason": one.reason} for one in report.not_compared],
        "schema": _schema(report.schema),
        "gate": _gate(report.gate),
        "train": {"name": report.train.name, "rows": report.train.rows},
        "test": {"name": report.test.name, "rows": report.test.rows},
        "columns": [_column(column) for column in report.columns],
        "joint": None if report.joint is None else _joint(report.joint),
        "joint_absent": report.joint_absent or None,
        "timeline": overtime.cells_json(report.timeline),
        "onsets": overtime.onsets_json(report.timeline),
        "over_time": overtime.about_json(report.timeline),
        "groups": _groups(report.groups),
        "labels": report.labels,
        "options": {**_options(report.options), "block": _block(report.blocks)},
    }


def to_text(report: ShiftReport) -> str:
    """The same as JSON text that ends in a line break: ASCII only, no NaN or Infinity tokens.

    The same report gives the same bytes.
    """
    return json.dumps(to_json(report), indent=2, allow_nan=False) + "\n"


def _schema(schema: SchemaChange) -> dict[str, Any]:
    return {
        "only_train": list(schema.only_train),
        "only_test": list(schema.only_test),
        "type_changed": [
            {"name": one.name, "train": one.train, "test": one.test} for one in schema.type_changed
        ],
    }


def _options(options: ShiftOptions) -> dict[str, Any]:
    return {
        "binning": options.binning,
        "bins": getattr(options.binning_policy, "bins", None),
        "psi_floor": options.psi_floor,
        "js_base": 2,
        "alpha": options.alpha,
        "thresholds": {name: list(options.limits(name)) for name in THRESHOLDS},
        "seed": options.seed,
        "joint": options.joint,
    }


def _block(blocks: Blocking | None) -> dict[str, Any] | None:
    """Where p-values come from permutations of blocks; ``joined``: blocks as asked for in each."""
    if blocks is None:
        return None
    return {
        "asked": blocks.asked,
        "over": blocks.over,
        "joined": blocks.joined,
        "blocks": list(blocks.blocks),
        "rows_outside": list(blocks.outside),
        "permutations": blocks.draws,
    }


def _joint(joint: Joint) -> dict[str, Any]:
    """``auc`` and ``auc_p`` are those of a classifier, which was not asked for."""
    return {
        "rows": list(joint.rows),
        "columns": list(joint.columns),
        "left_out": [{"name": name, "reason": reason} for name, reason in joint.left_out],
        "auc_linear": joint.auc_linear,
        "auc_expected": joint.auc_expected,
        "auc_linear_restandardized": joint.auc_restandardized,
        "frechet": joint.frechet,
        "frechet_mean": joint.frechet_mean,
        "frechet_variance": joint.frechet_variance,
        "frechet_correlation": joint.frechet_correlation,
        "frechet_expected": joint.frechet_expected,
        "frechet_restandardized": joint.frechet_restandardized,
        "auc": None,
        "auc_p": None,
        "pairs": [asdict(one) for one in joint.pairs],
        "notes": list(joint.notes),
    }


def _groups(found: ByGroup | None) -> dict[str, Any] | None:
    """The groups, the worst first; those of one side by name with their rows."""
    if found is None:
        return None
    return {
        "by": found.by,
        "verdict": found.verdict,
        "shifted": found.shifted,
        "compared": len(found.groups),
        "groups": [_group(one) for one in found.groups],
        "only_train": [{"key": key, "rows": rows} for key, rows in found.only_train],
        "only_test": [{"key": key, "rows": rows} for key, rows in found.only_test],
        "keyless": list(found.keyless),
        "notes": list(found.notes),
    }


def _group(group: GroupShift) -> dict[str, Any]:
    return {
        "key": group.key,
        "together": group.together,
        "rows": list(group.rows),
        "severity": group.severity,
        "shifted": group.shifted,
        "compared": len(group.columns),
        "too_few_rows": group.too_few_rows,
        "columns": [_column_of_group(column) for column in group.columns],
    }


def _column_of_group(column: Column) -> dict[str, Any]:
    measured = column.measured
    return {
        "name": measured.name,
        "channel": measured.channel,
        "kind": measured.kind,
        "n_train": measured.n_train,
        "n_test": measured.n_test,
        "severity": column.severity,
        "too_few_rows": column.too_few_rows,
        "reasons": list(column.reasons),
        "measures": {name: column.measures[name] for name in ordered(column)},
        "p_adjusted": column.p_adjusted,
        "notes": [*column.notes, *measured.cautions],
    }


def _gate(gate: Gate) -> dict[str, Any]:
    return {"rules": list(gate.rules), "failed": list(gate.failed)}


def _column(column: Column) -> dict[str, Any]:
    measured = column.measured
    found: dict[str, Any] = {
        "name": measured.name,
        "channel": measured.channel,
        "n_train": measured.n_train,
        "n_test": measured.n_test,
        "min_detectable": dict(measured.min_detectable),
        "kind": measured.kind,
        "severity": column.severity,
        "too_few_rows": column.too_few_rows,
        "reasons": list(column.reasons),
        "measures": {name: column.measures[name] for name in ordered(column)},
        "p_adjusted": column.p_adjusted,
        "rank_error": measured.rank_error,
        "notes": [*column.notes, *measured.cautions],
    }
    if measured.kind == "temporal":
        sides = zip(("train", "test"), measured.spans, strict=True)
        found["range"] = {side: span and [span.first, span.last] for side, span in sides}
    if measured.kind == "categorical":
        found["moved"] = [
            {"value": one.value, "train": one.train, "test": one.test} for one in measured.moved
        ]
    return found


def ordered(column: Column) -> list[str]:
    """Measures in the documented order; one that does not apply to a column is absent."""
    known = [name for name in MEASURES if name in column.measures]
    return known + sorted(set(column.measures) - set(MEASURES))
