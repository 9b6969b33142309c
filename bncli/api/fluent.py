"""A standardizer with its verbs, and where one comes from: a fit, an artifact, a data file."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeAlias

from bncli import artifact
from bncli.data.targets import refuse_input_as_output
from bncli.errors import UsageError
from bncli.standardize.standardizer import Standardizer as Record

if TYPE_CHECKING:
    from bncli.api.affine import Affine, Values
    from bncli.engine.work import Applied
    from bncli.export.model import Exported

Data: TypeAlias = Any
Given: TypeAlias = str | Path | Record
"""A standardizer that ``fit`` gave, or the path of its artifact."""


class Standardizer(Record):
    """A fitted standardizer with its verbs: ``save``, ``transform``, ``inverse`` and others."""

    __slots__ = ()

    def save(self, path: str | Path, overwrite: bool = False) -> None:
        """Write the artifact, JSON or Parquet by its suffix, whole or not at all."""
        artifact.save(self, path, overwrite=overwrite)

    def with_affine(
        self,
        affine: Affine | None = None,
        gamma: Values | None = None,
        beta: Values | None = None,
    ) -> Self:
        """The same with gamma and beta as given; the options are those of ``fit``."""
        from bncli.api.affine import ByHand

        return ByHand.of(affine, gamma, beta).applied(self)

    def adapt(self, data: Data, **options: Any) -> Standardizer:
        """``bncli.adapt`` of this standardizer."""
        from bncli.api.adapting import adapt

        return adapt(data, self, **options)

    def export(self, to: str, output: str | Path | None = None, **options: Any) -> Exported:
        """``bncli.export`` of this standardizer."""
        from bncli.api.exporting import export

        return export(self, to, output, **options)

    def transform(self, data: Data, output: str | Path, **options: Any) -> Applied:
        """``bncli.transform`` with this standardizer."""
        from bncli.api.applying import transform

        return transform(data, self, output, **options)

    def inverse(self, data: Data, output: str | Path, **options: Any) -> Applied:
        """``bncli.inverse`` with this standardizer."""
        from bncli.api.applying import inverse

        return inverse(data, self, output, **options)


def load(path: str | Path) -> Standardizer:
    """Read an artifact. Raises ArtifactError."""
    return fluent(artifact.load(path))


def convert(
    source: str | Path,
    target: str | Path,
    overwrite: bool = False,
    *,
    affine: Affine | None = None,
    gamma: Values | None = None,
    beta: Values | None = None,
) -> None:
    """Write an artifact in the other format; nothing is lost either way.

    affine, gamma, beta: as of ``fit``, to set them without fitting again.
    """
    refuse_as_output(target, source, affine)
    load(source).with_affine(affine, gamma, beta).save(target, overwrite=overwrite)


def fluent(record: Record) -> Standardizer:
    """The same record, with its verbs."""
    return Standardizer(**{field.name: getattr(record, field.name) for field in fields(record)})


def record_of(given: Given) -> Record:
    """Raises ArtifactError where a path names none."""
    return given if isinstance(given, Record) else artifact.load(given)


def refuse_as_output(target: str | Path | None, *given: Any) -> None:
    """Refuse an output that is one of the files that a verb was given besides its data.

    given: what may be a path, or None, or a value. Raises UsageError.
    """
    if target is not None:
        refuse_input_as_output(filter(is_path, given), target)


def is_path(data: Data) -> bool:
    return isinstance(data, (str, Path)) and str(data) != "-"


def carried(data: Data) -> Record:
    """The standardizer inside a Parquet file that ``transform`` wrote."""
    found = artifact.embedded(data) if is_path(data) and Path(data).is_file() else None
    if found is None:
        raise UsageError(
            f"'{data}' carries no standardizer", fix="name the artifact with -s stats.json"
        )
    return found
