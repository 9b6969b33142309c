"""Gamma and beta that a user gives: the identity, a table or its file, single values by name."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeAlias, TypeVar

from bncli import artifact
from bncli.artifact.parse import parsed, read_bounded
from bncli.data.dataset import Dataset, open_dataset
from bncli.data.retyping import with_retyping
from bncli.data.tables import is_table
from bncli.errors import BncliWarning, Unreadable, UsageError
from bncli.standardize.by_hand import (
    Given,
    from_pairs,
    from_rows,
    from_standardizer,
    placed,
    with_values,
)
from bncli.standardize.standardizer import Standardizer as Record
from bncli.stats.profile import Channel

IDENTITY = "identity"

Affine: TypeAlias = Any
"""``"identity"``, the path of a table or an artifact, a table, or a standardizer."""
Values: TypeAlias = Mapping[str, float]
"""Values by the names of features."""

_Kind = TypeVar("_Kind", bound=Record)


@dataclass(frozen=True, slots=True)
class ByHand:
    """What a user wants gamma and beta to be; read from files before any long work.

    table: values of a table called ``name``; single: values by name, which go over those.
    """

    identity: bool
    table: tuple[Given, ...]
    name: str | None
    single: tuple[Given, ...]

    @classmethod
    def of(cls, affine: Affine | None, gamma: Values | None, beta: Values | None) -> Self:
        """Raises UsageError, DataError and ArtifactError when a file cannot be read."""
        identity = isinstance(affine, str) and affine == IDENTITY
        table = () if identity or affine is None else tuple(_values(affine))
        single = (*from_pairs(gamma or {}, "gamma"), *from_pairs(beta or {}, "beta"))
        return cls(identity, table, name_of(affine), single)

    def check(self, channels: Sequence[Channel]) -> None:
        """Raises UsageError for names and values that these channels cannot take."""
        placed(channels, self.table, self.name)
        placed(channels, self.single)

    def applied(self, standardizer: _Kind) -> _Kind:
        """Raises UsageError as ``check`` does; warns of a head that fits no more."""
        changed = standardizer.identity() if self.identity else standardizer
        changed = with_values(changed, self.table, self.name)
        changed = with_values(changed, self.single)
        return _without_misfit(changed, standardizer)


def _without_misfit(changed: _Kind, before: _Kind) -> _Kind:
    """Without the head, where it was learned on other outputs than these now are."""
    pairs = ((changed.gamma, before.gamma), (changed.beta, before.beta))
    if before.head is None or all(ours.tolist() == theirs.tolist() for ours, theirs in pairs):
        return changed
    warnings.warn(
        "the head was learned with other gamma and beta, and is left out",
        BncliWarning,
        stacklevel=4,
    )
    return changed.replace(head=None, learned=None)


def name_of(affine: Affine | None) -> str | None:
    """What an artifact and messages call it: a base name, since paths are nobody's business."""
    if affine is None:
        return None
    return Path(affine).name if isinstance(affine, str | Path) else "a table"


def _values(affine: Affine) -> list[Given]:
    if isinstance(affine, Record):
        return from_standardizer(affine)
    name = name_of(affine) or ""
    if is_table(affine):
        return from_rows(_rows(open_dataset(affine)), name)
    if artifact.is_artifact(affine):
        return from_standardizer(artifact.load(affine))
    if Path(affine).suffix.lower() == ".json":
        return from_rows(_json_rows(Path(affine), name), name)
    dataset = open_dataset(affine).verbatim(["feature"])
    return from_rows(with_retyping(dataset, lambda dataset: list(_rows(dataset))), name)


def _rows(dataset: Dataset) -> Iterator[dict[str, Any]]:
    for chunk in dataset.chunks(8192):
        yield from chunk.frame.to_dicts()


def _json_rows(path: Path, name: str) -> list[dict[str, Any]]:
    """The objects of a JSON list. Raises UsageError when it is something else."""
    try:
        with path.open("rb") as file:
            rows = parsed(read_bounded(file, name), name, "a table")
    except OSError as error:
        reason = (error.strerror or "not readable").lower()
        raise Unreadable(f"cannot be read: {reason}", where=name) from error
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise UsageError(
            "is no list of objects",
            where=name,
            fix='[{"feature": "temp", "gamma": 2, "beta": 1}]',
        )
    return rows
