"""What an artifact holds of a learning: the record of it, and the head where it was kept.

Both are optional, and absent rather than null in what is written, so that artifacts without them
are what they were before there was learning.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from bncli.artifact.parse import shortened
from bncli.artifact.plain import plain
from bncli.artifact.shape import (
    MAX_INTEGER,
    Problems,
    fields,
    integer,
    items,
    nullable,
    number,
    text,
)
from bncli.standardize.heads import HEADS
from bncli.standardize.kept import KeptHead
from bncli.standardize.standardizer import Standardizer
from bncli.standardize.target import MAX_CLASSES
from bncli.stats.layout import Layout
from bncli.stats.state import Record

_MAX_FEATURES = 1_000_000
_LONGEST_NUMBER = 40
_KINDS = ("text", "boolean", "integer", "number")
_GAPS = ("drop", "mean")
_REASONS = ("epochs", "steps", "patience", "diverged")

_COMPARED = fields(
    steps=nullable(integer()),
    raw_steps=nullable(integer()),
    budget=integer(1),
    raw_loss=nullable(number(0)),
    raw_lr=number(0),
)
LEARNED = fields(
    target=text(),
    task=text(100),
    features=items(text(), 1, _MAX_FEATURES),
    loss=text(100),
    before=number(0),
    after=number(0),
    steps=integer(1),
    epochs=integer(1),
    kept_step=integer(),
    stopped=text(100),
    rows=integer(2),
    held_out=integer(),
    without_target=integer(),
    incomplete=integer(),
    compared=nullable(_COMPARED),
    options=plain(),
)
HEAD = fields(
    task=text(100),
    target=text(),
    kind=text(100),
    classes=items(text(), 0, MAX_CLASSES),
    features=items(text(), 1, _MAX_FEATURES),
    missing=text(100),
    weight=items(items(number(), 1, _MAX_FEATURES), 1, MAX_CLASSES),
    bias=items(number(), 1, MAX_CLASSES),
)


def to_records(standardizer: Standardizer) -> dict[str, Any]:
    """The fields of the record that are there at all."""
    found: dict[str, Any] = {}
    if standardizer.learned is not None:
        found["learned"] = dict(standardizer.learned)
    if standardizer.head is not None:
        head = asdict(standardizer.head)
        plain_lists = {name: list(head[name]) for name in ("classes", "features")}
        arrays = {name: head[name].tolist() for name in ("weight", "bias")}
        found["head"] = {**head, **plain_lists, **arrays}
    return found


def head_of(record: Record | None) -> KeptHead | None:
    """The head of a checked record."""
    if record is None:
        return None
    lists = {name: tuple(record[name]) for name in ("classes", "features")}
    arrays = {name: np.array(record[name], dtype=np.float64) for name in ("weight", "bias")}
    return KeptHead(**{**record, **lists, **arrays})


def check(record: Record, problems: Problems) -> None:
    """Tell ``problems`` about rules that the learned parts of a well-shaped record break."""
    known = {channel["feature"] for channel in record["channels"]}
    for name in ("learned", "head"):
        part = record[name]
        if part is not None:
            _choice(part, "task", tuple(HEADS), name, problems)
            _check_features(part["features"], known, f"{name}.features", problems)
    if record["learned"] is not None:
        _choice(record["learned"], "stopped", _REASONS, "learned", problems)
        if not isinstance(record["learned"]["options"], dict):
            problems.add("learned.options", "must be an object")
    if record["head"] is not None:
        _check_head(record["head"], _inputs(record["channels"]), problems)


def _choice(
    part: Mapping[str, Any], field: str, known: tuple[str, ...], path: str, problems: Problems
) -> None:
    if part[field] not in known:
        told = f"is {shortened(part[field])}, and must be one of {', '.join(known)}"
        problems.add(f"{path}.{field}", told)


def _check_features(names: list[str], known: set[str], path: str, problems: Problems) -> None:
    unknown = [name for name in names if name not in known]
    if unknown:
        problems.add(path, f"name {shortened(unknown[0])}, which no channel is of")
    if len(set(names)) < len(names):
        problems.add(path, "name a column twice")


def _inputs(channels: list[Record]) -> dict[str, int]:
    """How many numbers of a row each feature has; 0 where its layout is none, told elsewhere."""
    found: dict[str, int] = {}
    for channel in channels:
        layout = channel["layout"]
        try:
            values = 1 if layout is None else Layout.parse(layout).values
        except ValueError:
            values = 0
        found[channel["feature"]] = values
    return found


def _check_head(head: Record, known: Mapping[str, int], problems: Problems) -> None:
    _choice(head, "kind", _KINDS, "head", problems)
    _choice(head, "missing", _GAPS, "head", problems)
    classes = len(head["classes"])
    if len(set(head["classes"])) < classes:
        problems.add("head.classes", "name a class twice")
    if head["task"] not in HEADS:
        return
    least, most = {"regression": (0, 0), "binary": (2, 2)}.get(head["task"], (2, MAX_CLASSES))
    if not least <= classes <= most:
        problems.add("head.classes", f"are {classes}, which no {head['task']} head has")
    outputs = HEADS[head["task"]]().outputs(classes)
    inputs = sum(known.get(name, 0) for name in head["features"])
    if len(head["bias"]) != outputs:
        problems.add("head.bias", f"must have {outputs} numbers, and has {len(head['bias'])}")
    if len(head["weight"]) != outputs or any(len(row) != inputs for row in head["weight"]):
        problems.add("head.weight", f"must be {outputs} lists of {inputs} numbers")
    _check_class_names(head, problems)


def _check_class_names(head: Record, problems: Problems) -> None:
    """Numbers and truth values must read back as such."""
    for name in head["classes"]:
        if not _reads_back(name, head["kind"]):
            problems.add("head.classes", f"name {shortened(name)}, which is no {head['kind']}")
            return


def _reads_back(name: str, kind: str) -> bool:
    if kind == "boolean":
        return name in ("true", "false")
    if kind not in ("integer", "number"):
        return True
    try:
        value = int(name) if kind == "integer" else float(name)
    except ValueError:
        return False
    return len(name) <= _LONGEST_NUMBER and abs(value) <= MAX_INTEGER
