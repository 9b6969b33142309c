"""Whether contenders found the same: the comparison is to be of equal work.

A check takes the results by label and a tolerance. It says of each contender that has a result
how far it is from the first one of bncli: "reference", "to 2e-15", or "DIFFERS: ...".
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

DIFFERS = "DIFFERS"
REFERENCE = "reference"


@dataclass(frozen=True, slots=True)
class Result:
    """What a contender printed, and the file or folder it wrote, if any."""

    printed: Path
    written: Path | None

    @property
    def file(self) -> Path:
        return self.written or self.printed

    def json(self) -> Any:
        """None where there is no result: the contender only had to take its time."""
        text = self.file.read_text(encoding="utf-8")
        return json.loads(text) if text.strip() else None


Results = Mapping[str, Result]
Check = Callable[[Results, float], dict[str, str]]


def moments(results: Results, tolerance: float) -> dict[str, str]:
    """Means, in standard deviations, and relative variances."""
    found = {label: _moments(record) for label, record in _records(results).items()}
    return _against_first(found, tolerance, _largest_gap)


def rows(results: Results, tolerance: float) -> dict[str, str]:
    """The number of rows, and the values of the first and last thousand."""
    found = {
        label: pl.scan_parquet(_files(result.written))
        for label, result in results.items()
        if result.written is not None
    }
    return _against_first(found, tolerance, _table_gap)


def bytes_(results: Results, tolerance: float) -> dict[str, str]:
    """Every byte that was written, or printed."""
    found = {label: _digest(result.file) for label, result in results.items()}
    return _against_first(found, 0.0, lambda one, other: 0.0 if one == other else math.inf)


def shift(results: Results, tolerance: float) -> dict[str, str]:
    """The distances that both know, and the columns that are said to have shifted."""
    found = {label: _distances(record) for label, record in _records(results).items()}
    return _against_first(found, tolerance, _distance_gap)


CHECKS: dict[str, Check] = {"moments": moments, "rows": rows, "bytes": bytes_, "shift": shift}


def _against_first(
    found: Mapping[str, Any], tolerance: float, gap: Callable[[Any, Any], float]
) -> dict[str, str]:
    first = next((label for label in found if label.startswith("bncli")), None)
    if first is None:
        return {}
    said = {label: _said(gap(found[first], other), tolerance) for label, other in found.items()}
    return {**said, first: REFERENCE}


def _said(gap: float, tolerance: float) -> str:
    if not gap <= tolerance:
        return DIFFERS if math.isinf(gap) else f"{DIFFERS} by {gap:.0e}"
    return f"to {gap:.0e}" if gap else "the same"


def _records(results: Results) -> dict[str, Any]:
    records = {label: result.json() for label, result in results.items()}
    return {label: record for label, record in records.items() if record is not None}


def _moments(record: Any) -> dict[str, tuple[float, float]]:
    if "channels" in record:
        return {c["feature"]: (c["mean"], c["variance"]) for c in record["channels"]}
    return {name: (column["mean"], column["variance"]) for name, column in record.items()}


def _largest_gap(
    ours: Mapping[str, tuple[float, float]], theirs: Mapping[str, tuple[float, float]]
) -> float:
    if ours.keys() != theirs.keys():
        return math.inf
    gaps = (
        max(abs(mean - theirs[name][0]) / variance**0.5, abs(theirs[name][1] / variance - 1))
        for name, (mean, variance) in ours.items()
    )
    return float(max(gaps))


def _distances(record: Any) -> dict[str, dict[str, Any]]:
    if record.get("format") != "bncli.shift":
        return dict(record)
    return {
        column["name"]: {**column["measures"], "shifted": column["severity"] != "none"}
        for column in record["columns"]
    }


def _distance_gap(
    ours: Mapping[str, dict[str, Any]], theirs: Mapping[str, dict[str, Any]]
) -> float:
    if ours.keys() != theirs.keys():
        return math.inf
    both = [(ours[name], column) for name, column in theirs.items()]
    if any(column.get("shifted", our["shifted"]) != our["shifted"] for our, column in both):
        return math.inf
    compared = ("ks", "w1_sd")
    gaps = (abs(our[m] - column[m]) for our, column in both for m in compared if m in column)
    return float(max(gaps, default=0.0))


def _table_gap(ours: pl.LazyFrame, theirs: pl.LazyFrame) -> float:
    if ours.select(pl.len()).collect().item() != theirs.select(pl.len()).collect().item():
        return math.inf
    ends = ((ours.head(1000), theirs.head(1000)), (ours.tail(1000), theirs.tail(1000)))
    return max(_value_gap(one.collect(), other.collect()) for one, other in ends)


def _files(written: Path) -> Path:
    """Spark writes a folder, with other things in it."""
    return written / "*.parquet" if written.is_dir() else written


def _value_gap(ours: pl.DataFrame, theirs: pl.DataFrame) -> float:
    one, other = (frame.fill_nan(None) for frame in (ours, theirs))
    if one.columns != other.columns or not one.null_count().equals(other.null_count()):
        return math.inf
    gaps = ((one[name] - other[name]).abs().max() for name in one.columns)
    return max((gap for gap in gaps if isinstance(gap, float)), default=0.0)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
